// The first serial port: National Semiconductor PC16550D data sheet, section 8. Uses the port only;
// the callers hold the locks.

#include <kern/serial.h>

#include <inc/x86.h>

enum {
	COM1 = 0x3f8,
	DATA = COM1 + 0,       // with DIVISOR_LATCH: divisor, low byte
	INTERRUPTS = COM1 + 1, // with DIVISOR_LATCH: divisor, high byte
	FIFO = COM1 + 2,
	FIFO_ENABLE_AND_CLEAR = 0x07,
	LINE_CONTROL = COM1 + 3,
	DIVISOR_LATCH = 0x80,
	EIGHT_BITS = 0x03,
	MODEM_CONTROL = COM1 + 4,
	READY_TO_TALK = 0x03, // DTR and RTS
	LINE_STATUS = COM1 + 5,
	RECEIVED = 0x01,
	CAN_SEND = 0x20,

	DIVISOR_115200 = 1,
	MAX_POLLS = 20000, // a line that does not move must not stop the kernel
};

static bool present;
static int early; // a byte that came before serial_init, 0 for none

void serial_init(void)
{
	// Enabling the FIFO empties it: first save what was typed ahead.
	uint8_t status = inb(LINE_STATUS);
	present = status != 0xff; // an empty bus reads as ones
	if (present && (status & RECEIVED))
		early = inb(DATA);

	outb(INTERRUPTS, 0);
	outb(LINE_CONTROL, DIVISOR_LATCH);
	outb(DATA, DIVISOR_115200);
	outb(INTERRUPTS, 0);
	outb(LINE_CONTROL, EIGHT_BITS);
	outb(FIFO, FIFO_ENABLE_AND_CLEAR);
	outb(MODEM_CONTROL, READY_TO_TALK);
}

void serial_putc(int c)
{
	if (!present)
		return;
	for (int i = 0; i < MAX_POLLS && !(inb(LINE_STATUS) & CAN_SEND); i++)
		pause();
	outb(DATA, c);
}

int serial_getc(void)
{
	int c = early;

	early = 0;
	if (c)
		return c;
	if (!present || !(inb(LINE_STATUS) & RECEIVED))
		return 0;
	return inb(DATA);
}

// The first serial port (National Semiconductor PC16550D data sheet, section 8). The callers hold
// the locks.

#include <kern/serial.h>

#include <inc/x86.h>

enum {
	COM1 = 0x3f8,
	DATA = COM1 + 0,       // with DIVISOR_LATCH: divisor, low byte
	INTERRUPTS = COM1 + 1, // with DIVISOR_LATCH: divisor, high byte
	LINE_CONTROL = COM1 + 3,
	DIVISOR_LATCH = 0x80,
	EIGHT_BITS = 0x03,
	MODEM_CONTROL = COM1 + 4,
	DTR_AND_RTS = 0x03, // ready to send and receive
	LINE_STATUS = COM1 + 5,
	RECEIVED = 0x01,
	CAN_SEND = 0x20,

	DIVISOR_115200 = 1,
	MAX_POLLS = 20000, // so that a port that never becomes ready does not stop the kernel
};

static bool present; // set by serial_init, then constant

// The FIFO stays as it is, off after a reset: enabling it would lose what has been received. An
// emulator keeps what is typed until there is room.
void serial_init(void)
{
	present = inb(LINE_STATUS) != 0xff; // where there is no port, all bits are read as 1
	outb(INTERRUPTS, 0);
	outb(LINE_CONTROL, DIVISOR_LATCH);
	outb(DATA, DIVISOR_115200);
	outb(INTERRUPTS, 0);
	outb(LINE_CONTROL, EIGHT_BITS);
	outb(MODEM_CONTROL, DTR_AND_RTS);
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
	if (!present || !(inb(LINE_STATUS) & RECEIVED))
		return 0;
	return inb(DATA);
}

#include <inc/memlayout.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/console.h>

enum {
	COLUMNS = 80,
	ROWS = 25,
	CELLS = COLUMNS * ROWS,
	BLANK = 0x0700 | ' ', // grey on black
	TAB_STOP = 8,

	// The CRT controller: write a register's number, then its value (Motorola MC6845).
	CRTC_INDEX = 0x3d4,
	CRTC_DATA = 0x3d5,
	CURSOR_HIGH = 14,
	CURSOR_LOW = 15,
};

// Each cell is a character and, in the high byte, its colours.
static uint16_t *const screen = (uint16_t *) (KERNBASE + 0xb8000);
static int cursor; // index of the cell

static uint8_t crtc_read(int reg)
{
	outb(CRTC_INDEX, reg);
	return inb(CRTC_DATA);
}

static void crtc_write(int reg, uint8_t value)
{
	outb(CRTC_INDEX, reg);
	outb(CRTC_DATA, value);
}

void cga_init(void)
{
	// Go on below what the BIOS has written.
	cursor = crtc_read(CURSOR_HIGH) << 8 | crtc_read(CURSOR_LOW);
	if (cursor >= CELLS)
		cursor = 0;
}

static void scroll(void)
{
	memmove(screen, screen + COLUMNS, (CELLS - COLUMNS) * sizeof(*screen));
	for (int i = CELLS - COLUMNS; i < CELLS; i++)
		screen[i] = BLANK;
	cursor -= COLUMNS;
}

void cga_putc(int c)
{
	switch (c) {
	case '\b':
		if (cursor % COLUMNS > 0)
			cursor--;
		break;
	case '\r':
		cursor -= cursor % COLUMNS;
		break;
	case '\n':
		cursor += COLUMNS - cursor % COLUMNS;
		break;
	case '\t':
		cursor += TAB_STOP - cursor % TAB_STOP;
		break;
	default:
		screen[cursor++] = (BLANK & 0xff00) | (c & 0xff);
	}
	if (cursor >= CELLS)
		scroll();
}

void cga_flush(void)
{
	crtc_write(CURSOR_HIGH, cursor >> 8);
	crtc_write(CURSOR_LOW, cursor);
}

// The text screen of a CGA or VGA card. The callers hold the console lock.

#include <kern/cga.h>

#include <inc/memlayout.h>
#include <inc/string.h>
#include <inc/x86.h>

enum {
	COLUMNS = 80,
	ROWS = 25,
	CELLS = COLUMNS * ROWS,       // on the screen
	MEMORY_CELLS = 32 * 1024 / 2, // in all; any of them can be the first one shown
	BLANK = 0x0700 | ' ',         // grey on black
	TAB_STOP = 8,

	// The CRT controller: write a register's number, then its value (Motorola MC6845).
	CRTC_INDEX = 0x3d4,
	CRTC_DATA = 0x3d5,
	START_HIGH = 12, // the cell shown first; high and low byte
	START_LOW = 13,
	CURSOR_HIGH = 14,
	CURSOR_LOW = 15,
};

// Each cell is a character and, in the high byte, its colours.
static uint16_t *const memory = (uint16_t *) (KERNBASE + 0xb8000);

// Protected by the console lock.
static int start;     // index of the first cell on the screen
static int cursor;    // where the next character goes, in cells from there
static bool scrolled; // start has changed, and the controller does not know it yet

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
	// Continue after what the BIOS has written.
	start = crtc_read(START_HIGH) << 8 | crtc_read(START_LOW);
	cursor = (crtc_read(CURSOR_HIGH) << 8 | crtc_read(CURSOR_LOW)) - start;
	if (start + CELLS > MEMORY_CELLS || cursor < 0 || cursor >= CELLS)
		start = cursor = 0;
	scrolled = true;
}

// Move the screen down by one line in the memory. At the end of the memory, copy the screen to its
// beginning.
static void scroll(void)
{
	start += COLUMNS;
	if (start + CELLS > MEMORY_CELLS) {
		memcpy(memory, memory + start, (CELLS - COLUMNS) * sizeof(*memory));
		start = 0;
	}
	rep_stosl(memory + start + CELLS - COLUMNS, BLANK << 16 | BLANK, COLUMNS / 2);
	cursor -= COLUMNS;
	scrolled = true;
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
		memory[start + cursor++] = (BLANK & 0xff00) | (c & 0xff);
	}
	if (cursor >= CELLS)
		scroll();
}

void cga_flush(void)
{
	if (scrolled) {
		crtc_write(START_HIGH, start >> 8);
		crtc_write(START_LOW, start);
		scrolled = false;
	}
	crtc_write(CURSOR_HIGH, (start + cursor) >> 8);
	crtc_write(CURSOR_LOW, start + cursor);
}

// The text screen. Needs the console lock.

#ifndef JOS_KERN_CGA_H
#define JOS_KERN_CGA_H

// Continue where the BIOS has left the cursor.
void cga_init(void);

// Show a character, and scroll when the screen is full.
void cga_putc(int c);

// Tell the screen's controller what the first cell is now, and where the cursor is.
void cga_flush(void);

#endif

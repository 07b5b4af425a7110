// The text screen. Needs the lock of the console.

#ifndef JOS_KERN_CGA_H
#define JOS_KERN_CGA_H

// Go on where the BIOS has left the cursor.
void cga_init(void);

// Show a character, and scroll when the screen is full.
void cga_putc(int c);

// Let the screen's controller know where the cursor is now.
void cga_flush(void);

#endif

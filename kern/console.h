// The console: output goes to the serial line and the screen, input comes from the serial line and
// the keyboard. Output has a lock of its own, so that any CPU may print at any time; input needs
// the kernel lock.
//
// Each line of output has one author, an env or a CPU. If the last line has another author and is
// not complete, the next byte begins a new line. So texts of different authors never share a line.

#ifndef JOS_KERN_CONSOLE_H
#define JOS_KERN_CONSOLE_H

#include <inc/types.h>

// Set up the devices.
void cons_init(void);

// Write len bytes. No output of other CPUs comes in between.
void cons_write(const char *s, size_t len);

// The same in steps: cons_begin takes the lock, cons_putc writes a byte, cons_end releases the
// lock.
void cons_begin(void);
void cons_putc(int c);
void cons_end(void);

// Return the next byte of input, 0 if there is none. Needs the kernel lock.
int cons_getc(void);

// Release the lock, whichever CPU holds it. For panics, when all other CPUs have stopped.
void cons_take_over(void);

#endif

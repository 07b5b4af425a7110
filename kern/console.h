// The console: what is written goes to the serial line and the screen, input comes from the
// serial line and the keyboard. Output has a lock of its own, so that any CPU may print at any
// time; input needs the kernel lock.
//
// A line of output has one author, an env or the kernel. Who writes while another one's line is
// still open begins a new line: nobody's text ends up within somebody else's line.

#ifndef JOS_KERN_CONSOLE_H
#define JOS_KERN_CONSOLE_H

#include <inc/types.h>

// Set up the devices.

void cons_init(void);

// Write len bytes in one piece.
void cons_write(const char *s, size_t len);

// Between these two, cons_putc writes one byte; nobody else's come in between.
void cons_begin(void);
void cons_putc(int c);
void cons_end(void);

// Return the next byte of input, 0 when there is none.
int cons_getc(void);

// Take the console away from whoever uses it. For panic, when all other CPUs have stopped.
void cons_take_over(void);

#endif

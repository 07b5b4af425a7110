#ifndef JOS_KERN_CONSOLE_H
#define JOS_KERN_CONSOLE_H

#include <inc/types.h>

// The console: what is written goes to the serial line and the screen, input comes from the
// serial line and the keyboard. Output has a lock of its own, so that any CPU may print at any
// time; input needs the kernel lock.
//
// A line of output has one author, an env or the kernel. Who writes while another one's line is
// still open begins a new line: nobody's text ends up within somebody else's line.

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

// kern/serial.c: the first serial port, 115200 baud, 8N1, polled.
void serial_init(void);
void serial_putc(int c);
int serial_getc(void); // 0: nothing there

// kern/cga.c: the text screen. Positions of the cursor on the screen follow at cga_flush.
void cga_init(void);
void cga_putc(int c);
void cga_flush(void);

// kern/kbd.c: the PS/2 keyboard, polled.
int kbd_getc(void); // 0: nothing there

#endif

#ifndef JOS_INC_STDIO_H
#define JOS_INC_STDIO_H

#include <inc/types.h>

// Console, lib/console.c for programs and kern/console.c in the kernel.

// Write one byte.
void cputchar(int c);

// Wait for a byte from the console and return it.
int getchar(void);

// Whether input comes from a terminal and wants its characters echoed: 1.
int iscons(int fd);

// Formatting, lib/printfmt.c. The conversions are
//	%d %u %o %x %p %c %s %%   as in C, with flags - and 0, width, precision, *, l and ll
//	%e                        the text of an error code, given either sign (inc/error.h)
// Any other letter is printed as it stands.

// Call putch(c, arg) for every byte of the formatted text.
void printfmt(void (*putch)(int, void *), void *arg, const char *fmt, ...);
void vprintfmt(void (*putch)(int, void *), void *arg, const char *fmt, va_list ap);

// Format into buf[n], always terminated when n > 0; returns the length the whole text has,
// or -E_INVAL without a buffer.
int snprintf(char *buf, int n, const char *fmt, ...);
int vsnprintf(char *buf, int n, const char *fmt, va_list ap);

// Print to the console; returns the number of bytes printed.
int cprintf(const char *fmt, ...);
int vcprintf(const char *fmt, va_list ap);

// Show prompt, read a line with editing (backspace, Ctrl-U, Ctrl-C) and return it without its
// newline. The buffer is static: the next call overwrites it. NULL when input fails.
char *readline(const char *prompt);

#endif

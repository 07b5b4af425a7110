// Input, output and formatting, for the kernel and for programs.

#ifndef JOS_INC_STDIO_H
#define JOS_INC_STDIO_H

#include <inc/types.h>

// ---- The console (kern/console.c, lib/console.c) ----

// Write one byte.
void cputchar(int c);

// Wait for a byte from the console and return it.
int getchar(void);

// ---- Formatting (lib/printfmt.c; printing: kern/printf.c, lib/printf.c) ----
//
// The conversions are
//	%d %i %u %o %x %X %p %c %s %%   as in C, with flags - 0 + # and space, width, precision, *,
//	                                and the sizes hh h l ll j z t
//	%e                              the text of an error code of either sign (inc/error.h)
// Any other one is printed as it is. If C has it, for example %f, it takes its argument all the
// same. The compiler compares formats with their arguments (for %e see check_formats in
// GNUmakefile).

// Declare that a function's argument number fmt is a format, and that its arguments begin with
// number args (0: they are in a va_list).
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

// Call putch(c, arg) for every byte of the formatted text.
void vprintfmt(void (*putch)(int, void *), void *arg, const char *fmt, va_list ap)
	PRINTF_LIKE(3, 0);

// Format into buf, which has n bytes, and end the text with a 0 byte. What does not fit is left
// out. Returns the length of the whole text, or
//	-E_INVAL	buf is NULL or n is below 1
int snprintf(char *buf, int n, const char *fmt, ...) PRINTF_LIKE(3, 4);
int vsnprintf(char *buf, int n, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

// Print to the console. Returns the number of bytes printed.
int cprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
int vcprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

// ---- Reading a line (lib/readline.c) ----

// Show prompt, if it is not NULL, and read a line with editing (backspace, Ctrl-U, Ctrl-C). Returns
// the line without its newline, or NULL if input fails. The buffer is static: the next call
// overwrites it.
char *readline(const char *prompt);

// ---- Kept for programs written for JOS; nothing here uses these ----

// Return 1: input comes from a terminal, and its characters have to be echoed.
int iscons(int fd);

// As vprintfmt.
void printfmt(void (*putch)(int, void *), void *arg, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif

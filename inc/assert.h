// Assertions, panics and warnings, for the kernel (kern/panic.c) and for programs (lib/panic.c).

#ifndef JOS_INC_ASSERT_H
#define JOS_INC_ASSERT_H

#include <inc/stdio.h>

// Print what is wrong and where in the source, and stop: the kernel stops every CPU and enters the
// monitor, a program takes a breakpoint trap.
#define panic(...) _panic(__FILE__, __LINE__, __VA_ARGS__)
__attribute__((noreturn))
PRINTF_LIKE(3, 4) void _panic(const char *file, int line, const char *fmt, ...);

#define assert(x)                                                                                  \
	do {                                                                                       \
		if (!(x))                                                                          \
			panic("assertion failed: %s", #x);                                         \
	} while (0)

// As in C, a text may follow the condition.
#define static_assert(x, ...) _Static_assert(x, #x " " __VA_ARGS__)

// Kept for code written for JOS; nothing here uses it: print a warning and where in the source it
// is, and go on.
#define warn(...) _warn(__FILE__, __LINE__, __VA_ARGS__)
void _warn(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif

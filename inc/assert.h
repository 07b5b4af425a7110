#ifndef JOS_INC_ASSERT_H
#define JOS_INC_ASSERT_H

#include <inc/stdio.h>

// Print a warning with its place in the source, and go on.
void _warn(const char *file, int line, const char *fmt, ...);

// Print what is wrong with its place in the source, and stop: the kernel stops every CPU and
// enters the monitor, a user program takes a breakpoint trap.
void _panic(const char *file, int line, const char *fmt, ...) __attribute__((noreturn));

#define warn(...)  _warn(__FILE__, __LINE__, __VA_ARGS__)
#define panic(...) _panic(__FILE__, __LINE__, __VA_ARGS__)

#define assert(x)                                                                                  \
	do {                                                                                       \
		if (!(x))                                                                          \
			panic("assertion failed: %s", #x);                                         \
	} while (0)

#define static_assert(x) _Static_assert(x, #x)

#endif

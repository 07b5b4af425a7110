// What is said when kernel and contract differ.

#ifndef JOS_FUZZ_REPORT_H
#define JOS_FUZZ_REPORT_H

#include <inc/stdio.h>

// Say what is wrong, show the last calls, and end the sequence.
void fail(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

#define require(condition, ...)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail(__VA_ARGS__);                                                         \
	} while (0)

#endif

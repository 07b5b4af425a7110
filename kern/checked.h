// The checking build: the report of a mistake.

#ifndef JOS_KERN_CHECKED_H
#define JOS_KERN_CHECKED_H

#include <inc/stdio.h>

// Panic at that line of the source, after the checks of accesses have been ended.
void checked_panic(const char *file, int line, const char *fmt, ...) __attribute__((noreturn))
PRINTF_LIKE(3, 4);

#endif

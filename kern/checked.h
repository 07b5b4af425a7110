// The checking build: the report of a mistake.

#ifndef JOS_KERN_CHECKED_H
#define JOS_KERN_CHECKED_H

#include <inc/stdio.h>
#include <inc/types.h>

// Panic at that line of the source, after the checks of accesses have been ended.
void checked_panic(const char *file, int line, const char *fmt, ...) __attribute__((noreturn))
PRINTF_LIKE(3, 4);

#ifdef JOS_ORDERS
// If set, called when a CPU that does not hold the kernel lock is about to access memory that
// others may change, or accesses memory atomically. The code that does so goes on at pc. Set before
// other CPUs start, then constant.
extern void (*checked_outside)(uintptr_t pc);
#endif

#endif

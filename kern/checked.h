// The checking build: the report of a mistake.

#ifndef JOS_KERN_CHECKED_H
#define JOS_KERN_CHECKED_H

#include <inc/stdio.h>
#include <inc/types.h>

// Panic at that line of the source, after the checks of accesses have been ended.
void checked_panic(const char *file, int line, const char *fmt, ...) __attribute__((noreturn))
PRINTF_LIKE(3, 4);

// In the build for orders, where the code that goes on at pc is about to access memory atomically,
// or memory that no CPU has for itself alone: call the function that is in checked_outside. It is
// set before other CPUs start, then constant. NOTED also makes the access.
#ifdef JOS_ORDERS
extern void (*checked_outside)(uintptr_t pc);
#define note_outside(pc) (checked_outside ? checked_outside(pc) : (void) 0)
#else
#define note_outside(pc) ((void) 0)
#endif
#define NOTED(pc, access) (note_outside(pc), access)

#endif

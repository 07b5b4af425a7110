// What lib/fork.c needs of the page-fault code.

#ifndef JOS_LIB_PGFAULT_H
#define JOS_LIB_PGFAULT_H

#include <inc/lib.h>

// The page-fault entry point of a program (lib/pfentry.S).
void _pgfault_upcall(void);

// Make sure that there is an exception stack, and make _pgfault_upcall the entry point of this env.
// Returns 0, or
//	-E_NO_MEM
int pgfault_install(void);

// Called first on every page fault, unless it is NULL. It returns whether it has resolved the
// fault; otherwise the program's handler is called. Set by fork.
extern bool (*pgfault_resolve)(struct UTrapframe *utf);

#endif

#ifndef JOS_LIB_PGFAULT_H
#define JOS_LIB_PGFAULT_H

#include <inc/lib.h>

// What fork needs of the page-fault code.

// lib/pfentry.S: where the kernel makes this env go on a page fault.
void _pgfault_upcall(void);

// Make sure there is an exception stack and let the kernel call _pgfault_upcall. Returns 0, or
//	-E_NO_MEM
int pgfault_install(void);

// Called first for every fault: returns whether it has resolved it. Set by fork.
extern bool (*pgfault_resolve)(struct UTrapframe *utf);

#endif

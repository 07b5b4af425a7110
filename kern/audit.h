// Checking that the kernel's data structures agree with each other. Needs the kernel lock.

#ifndef JOS_KERN_AUDIT_H
#define JOS_KERN_AUDIT_H

#include <inc/types.h>

// Check that page tables, reference counts, free lists, env states and the run queue agree exactly.
// Prints each error, or one line if there is none. Returns whether there is none. Needs the kernel
// lock.
bool audit(void);

#endif

// Checking that the kernel's books agree.

#ifndef JOS_KERN_AUDIT_H
#define JOS_KERN_AUDIT_H

#include <inc/types.h>

// Walk all page tables, reference counts, free lists, env states and the run queue, and check
// that they agree exactly. Prints what does not, or one line that all does. Returns whether it
// does. Needs the kernel lock.
bool audit(void);

#endif

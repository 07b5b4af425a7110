// Double faults: what is reported when a kernel stack has overflowed.

#ifndef JOS_KERN_DOUBLEFAULT_H
#define JOS_KERN_DOUBLEFAULT_H

// Set up the task that handles double faults. To be called when the kernel's page directory is
// complete.
void double_fault_init(void);

#endif

// Double faults: how the kernel reports that one of its stacks has overflowed.

#ifndef JOS_KERN_DOUBLEFAULT_H
#define JOS_KERN_DOUBLEFAULT_H

// Set up the task that handles double faults. To be called after mem_init.
void double_fault_init(void);

#endif

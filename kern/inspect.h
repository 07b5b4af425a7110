// Checks of what is set up once at boot, for the monitor.

#ifndef JOS_KERN_INSPECT_H
#define JOS_KERN_INSPECT_H

// Check how device registers are mapped, the frame in which CPUs start, kernel stacks, and task
// state segments; and whether this CPU has the kernel lock, and interrupts off. Prints for each
// that it is OK, or FAIL with each error. The kernel may be incompletely set up or have panicked.
// Each call uses a few pages of the space for device registers.
void inspect(void);

#endif

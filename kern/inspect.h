// Checks of what is set up once at boot, for the monitor.

#ifndef JOS_KERN_INSPECT_H
#define JOS_KERN_INSPECT_H

// Check how device registers are mapped, the frame in which CPUs start, kernel stacks, and task
// state segments; and whether this CPU has the kernel lock, and interrupts off. Prints for each
// that it is OK, or FAIL with each error. The kernel may be incompletely set up or have panicked.
// Each call uses a few pages of the space for device registers.
//
// With a name, check only the part called so. The part "limit", which checks that there is an end
// to the space for device registers, is checked only then: the kernel has to panic.
void inspect(const char *name);

#endif

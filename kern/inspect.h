// A close look at what is set up once, for the monitor.

#ifndef JOS_KERN_INSPECT_H
#define JOS_KERN_INSPECT_H

// Look closely at what is set up once: how device registers are mapped, the frame that CPUs start
// in, kernel stacks, task state segments; and whether this CPU has the kernel lock, and interrupts
// off. Prints for each that it is OK, or FAIL and what is wrong first. The kernel may be half set
// up, or have panicked. Uses up a few pages of the space for device registers.
void inspect(void);

#endif

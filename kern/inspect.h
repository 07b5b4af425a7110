#ifndef JOS_KERN_INSPECT_H
#define JOS_KERN_INSPECT_H

// Look closely at what is set up once: how device registers are mapped, the frame that CPUs start
// in, kernel stacks, task state segments, and whether the caller has the kernel lock. Prints for
// each that it is OK, or FAIL and what is wrong. To be called with interrupts off; the kernel may
// be half set up, or have panicked. Uses up a few pages of the space for device registers.
void inspect(void);

#endif

// Panics, in addition to inc/assert.h. No lock: any CPU may panic at any time.

#ifndef JOS_KERN_PANIC_H
#define JOS_KERN_PANIC_H

#include <inc/types.h>

struct Trapframe;

// Panic because of a trap in the kernel.
void panic_trap(const struct Trapframe *tf) __attribute__((noreturn));

// The first part of a panic, before the message: stop all other CPUs. Returns false if this CPU was
// panicking already; the second time that happens, end here.
bool panic_begin(void);

// The last part: leave QEMU if options.exit says so, or enter the monitor for good.
void panic_end(void) __attribute__((noreturn));

// Stop here for ever if another CPU has panicked. Called on every NMI.
void panic_stop_if_asked(void);

#endif

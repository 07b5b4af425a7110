// Panics, beyond inc/assert.h. No lock: a panic may come at any time, on any CPU.

#ifndef JOS_KERN_PANIC_H
#define JOS_KERN_PANIC_H

#include <inc/types.h>

struct Trapframe;

// Panic because of a trap in the kernel.
void panic_trap(const struct Trapframe *tf) __attribute__((noreturn));

// What _panic does before and after its message. Become the only CPU that goes on; returns false if
// this CPU was panicking already.
bool panic_begin(void);
// Leave QEMU, or enter the monitor for good.
void panic_end(void) __attribute__((noreturn));

// Stop here for ever if another CPU has panicked. Called on every NMI.
void panic_stop_if_asked(void);

#endif

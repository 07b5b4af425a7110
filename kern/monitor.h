// The kernel monitor: commands for whoever looks at the system.

#ifndef JOS_KERN_MONITOR_H
#define JOS_KERN_MONITOR_H

struct Trapframe;

// Read and run commands from the console until one of them lets the system go on. tf: the
// registers of an env that has reached a breakpoint, or NULL. Needs the kernel lock and keeps
// it: meanwhile other CPUs go on only as long as they stay in user mode.
void monitor(struct Trapframe *tf);

// The same after a panic, for ever: nothing runs any more.
void monitor_for_good(void) __attribute__((noreturn));

#endif

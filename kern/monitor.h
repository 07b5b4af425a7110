// The kernel monitor: commands to look at the system and to run programs.

#ifndef JOS_KERN_MONITOR_H
#define JOS_KERN_MONITOR_H

struct Trapframe;

// Read and run commands from the console until one of them lets the system go on. tf has the
// registers of the current env, which has reached a breakpoint. Or it is NULL, and the command
// `continue' goes on with the code of the kernel that calls this. Needs the kernel lock and does
// not release it: meanwhile other CPUs run only as long as they stay in user mode. With
// options.exit this ends the run instead.
void monitor(struct Trapframe *tf);

// The same when no env can run. Returns when there may be some again.
void monitor_when_done(void);

// The same after a panic. Does not return, and runs no programs.
void monitor_after_panic(void) __attribute__((noreturn));

#endif

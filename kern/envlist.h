// The list of all environments. Needs the kernel lock.

#ifndef JOS_KERN_ENVLIST_H
#define JOS_KERN_ENVLIST_H

struct Env;

// Print a line for each env: its state, and what it waits for. If one has stopped at a breakpoint,
// and the monitor is asked how it is to go on, it is at_breakpoint; otherwise that is NULL.
void print_envs(const struct Env *at_breakpoint);

#endif

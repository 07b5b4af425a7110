#ifndef JOS_KERN_SCHED_H
#define JOS_KERN_SCHED_H

#include <inc/types.h>

struct Env;

// Choose the next env, round robin in the order of envs[] from the one this CPU ran last, and
// run it. If there is none, the current env goes on if it can; otherwise the CPU halts until
// there is. When no CPU has anything to run, say so and enter the monitor. Needs the kernel
// lock.
void sched_yield(void) __attribute__((noreturn));

// The set of runnable envs. Only env_set_state calls these.
void sched_add(struct Env *e);
void sched_remove(struct Env *e);

// Whether e is in it.
bool sched_contains(const struct Env *e);

#endif

#ifndef JOS_KERN_SCHED_H
#define JOS_KERN_SCHED_H

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/types.h>

#include <kern/cpu.h>

// Choose the next env for cpu, this CPU, and make it the current one: the one cpu_next names, or
// round robin in the order of envs[] from the one whose turn it was here last. If there is none,
// the current env stays if it can go on; otherwise the CPU halts until there is. When no CPU has
// anything to run, say so and enter the monitor. Needs the kernel lock.
void sched_choose(struct CpuInfo *cpu);

// The same, and run it.
void sched_yield(void) __attribute__((noreturn));

// The same, on a CPU that has just started.
void sched_join(void) __attribute__((noreturn));

// The set of envs that are ENV_RUNNABLE: bit i of word w is env RUN_BITS w + i, and bit w of the
// summary tells whether word w has any. Protected by the kernel lock; halted CPUs look at the
// summary without it, as a hint.
enum { RUN_BITS = 32, RUN_WORDS = NENV / RUN_BITS };
_Static_assert(RUN_WORDS <= RUN_BITS, "or the summary must grow");

extern struct RunQueue {
	uint32_t words[RUN_WORDS];
	volatile uint32_t summary;
} run_queue;

// Whether e is in the run queue.
bool sched_contains(const struct Env *e);

// Put e into it; take it out. For env_set_state alone.
static inline void sched_add(const struct Env *e)
{
	uint32_t i = ENVX(e->env_id);

	run_queue.words[i / RUN_BITS] |= 1U << i % RUN_BITS;
	run_queue.summary |= 1U << i / RUN_BITS;
}

static inline void sched_remove(const struct Env *e)
{
	uint32_t i = ENVX(e->env_id), *word = &run_queue.words[i / RUN_BITS];

	*word &= ~(1U << i % RUN_BITS);
	if (!*word)
		run_queue.summary &= ~(1U << i / RUN_BITS);
}

#endif

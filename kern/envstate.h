// The states of envs, and the queue of those that can run. All of this needs the kernel lock, once
// there is more than one CPU. Inline functions: two states change with every message and yield.

#ifndef JOS_KERN_ENVSTATE_H
#define JOS_KERN_ENVSTATE_H

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/types.h>

#include <kern/cpu.h>
#include <kern/kick.h>

extern struct Env *envs; // NENV of them

// ---- The run queue ----

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
bool run_queue_has(const struct Env *e);

// Put e into it; take it out. For env_set_state alone.
static inline void run_queue_add(const struct Env *e)
{
	uint32_t i = ENVX(e->env_id);

	run_queue.words[i / RUN_BITS] |= 1U << i % RUN_BITS;
	run_queue.summary |= 1U << i / RUN_BITS;
}

static inline void run_queue_remove(const struct Env *e)
{
	uint32_t i = ENVX(e->env_id), *word = &run_queue.words[i / RUN_BITS];

	*word &= ~(1U << i % RUN_BITS);
	if (!*word)
		run_queue.summary &= ~(1U << i / RUN_BITS);
}

// ---- States ----

// Panic: e may not go to that status.
void env_state_illegal(const struct Env *e, unsigned status) __attribute__((noreturn, cold));

// Move e to another status. Panics if that transition is not legal. Every change of env_status
// is made here: what depends on it, the run queue and idle CPUs, is told.
static inline void __attribute__((always_inline)) env_set_state(struct Env *e, unsigned status)
{
	// For each status, the ones it may turn into.
	static const uint8_t legal[] = {
		[ENV_FREE] = 1 << ENV_NOT_RUNNABLE,
		[ENV_DYING] = 1 << ENV_FREE,
		[ENV_RUNNABLE] = 1 << ENV_RUNNING | 1 << ENV_NOT_RUNNABLE | 1 << ENV_DYING,
		[ENV_RUNNING] = 1 << ENV_RUNNABLE | 1 << ENV_NOT_RUNNABLE | 1 << ENV_DYING,
		[ENV_NOT_RUNNABLE] = 1 << ENV_RUNNABLE | 1 << ENV_DYING,
	};
	unsigned old = e->env_status;

	if (!(legal[old] & 1 << status))
		env_state_illegal(e, status);

	e->env_status = status;
	if (old == ENV_RUNNING)
		cpus[e->env_cpunum].cpu_resched = true;
	if (old == ENV_RUNNABLE)
		run_queue_remove(e);
	if (status == ENV_RUNNABLE) {
		run_queue_add(e);
		if (old != ENV_RUNNING)
			cpu_wake_one();
	}
}

#endif

// The states of envs, and the queues of those that can run. All of this needs the kernel lock, once
// there is more than one CPU. Inline functions: each message and each yield changes two states.

#ifndef JOS_KERN_ENVSTATE_H
#define JOS_KERN_ENVSTATE_H

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/types.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/kick.h>

extern struct Env *envs; // NENV of them; set at boot, then constant

// ---- Run queues ----

// A set of envs that are ENV_RUNNABLE: bit i of word w stands for envs[RUN_BITS * w + i], and bit w
// of the summary for any of word w. Protected by the kernel lock.
enum { RUN_BITS = 32, RUN_WORDS = NENV / RUN_BITS };
_Static_assert(RUN_WORDS <= RUN_BITS, "the summary is one word");

extern struct RunQueue {
	uint32_t words[RUN_WORDS];
	uint32_t summary; // halted CPUs read it without the lock, as a hint
	uint32_t count;   // how many envs are in it
} run_queue,              // the envs that have time left in this round (kern/sched.c),
	spent_queue;      // and those that have used more than they had

// Whether e is in q.
bool queue_has(const struct RunQueue *q, const struct Env *e);

static inline void queue_add(struct RunQueue *q, const struct Env *e)
{
	uint32_t i = ENVX(e->env_id);

	btsl(q->words, i);
	q->summary |= 1U << i / RUN_BITS;
	q->count++;
}

static inline void queue_remove(struct RunQueue *q, const struct Env *e)
{
	uint32_t i = ENVX(e->env_id);

	btrl(q->words, i);
	if (!q->words[i / RUN_BITS])
		q->summary &= ~(1U << i / RUN_BITS);
	q->count--;
}

// The same for spent_queue.
void spent_queue_add(const struct Env *e) __attribute__((cold));
void spent_queue_remove(const struct Env *e) __attribute__((cold));

// Add e to its queue, or remove it. For env_set_state, and where a round begins. While e is in a
// queue, its env_time_left does not change.
static inline void run_queue_add(const struct Env *e)
{
	if (e->env_time_left >= 0)
		queue_add(&run_queue, e);
	else
		spent_queue_add(e);
}

static inline void run_queue_remove(const struct Env *e)
{
	if (e->env_time_left >= 0)
		queue_remove(&run_queue, e);
	else
		spent_queue_remove(e);
}

// ---- States ----

// Panic because e may not change to that status.
void env_state_illegal(const struct Env *e, unsigned status) __attribute__((noreturn, cold));

// Change the status of e, and with it the queues. Wakes an idle CPU if there is more to run.
// Panics if the change is not legal. No other function changes env_status.
static inline void __attribute__((always_inline)) env_set_state(struct Env *e, unsigned status)
{
	// For each status, the set of those that may follow it.
	static const uint8_t legal[] = {
		[ENV_FREE] = 1 << ENV_NOT_RUNNABLE,
		[ENV_DYING] = 1 << ENV_FREE,
		[ENV_RUNNABLE] = 1 << ENV_RUNNING | 1 << ENV_NOT_RUNNABLE | 1 << ENV_DYING,
		[ENV_RUNNING] = 1 << ENV_RUNNABLE | 1 << ENV_NOT_RUNNABLE | 1 << ENV_DYING,
		[ENV_NOT_RUNNABLE] = 1 << ENV_RUNNABLE | 1 << ENV_RUNNING | 1 << ENV_DYING,
	};
	unsigned old = e->env_status;

	if (!(legal[old] & 1 << status))
		env_state_illegal(e, status);

	e->env_status = status;
	if (old == ENV_RUNNING && status != ENV_RUNNABLE)
		cpus[e->env_cpunum].cpu_resched = true;
	if (old == ENV_RUNNABLE)
		run_queue_remove(e);
	if (status == ENV_RUNNABLE) {
		run_queue_add(e); // [H5]
		if (old != ENV_RUNNING)
			cpu_wake_one();
	}
}

#endif

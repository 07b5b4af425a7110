// The scheduler: which env runs next on this CPU, and what the CPU does when no env can run. Needs
// the kernel lock, and releases it while the CPU sleeps.

#include <kern/sched.h>

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/x86.h>

#include <kern/audit.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/envlist.h>
#include <kern/envstate.h>
#include <kern/kernellock.h>
#include <kern/kick.h>
#include <kern/lapic.h>
#include <kern/monitor.h>
#include <kern/options.h>
#include <kern/pmap.h>
#include <kern/power.h>
#include <kern/trace.h>

//{ Exercise 6, helper: mask off the bits that the search has passed
// Return the bits of word above bit i.
static uint32_t above(uint32_t word, uint32_t i)
{
	return word & (~1U << i);
}
//}

// Return the first env of run_queue after `from' in envs[], going round; `from' itself comes last.
// Returns NULL if there is none.
static inline struct Env *next_runnable(const struct Env *from)
{
	//{ Exercise 6: find the env whose turn it is, round robin
	const struct RunQueue *q = &run_queue;
	uint32_t last = from - envs, w = last / RUN_BITS;
	uint32_t bits = above(q->words[w], last % RUN_BITS);

	if (!bits) {
		uint32_t words = above(q->summary, w);
		if (!words)
			words = q->summary;
		if (!words)
			return NULL;
		w = __builtin_ctz(words);
		bits = q->words[w];
	}
	return &envs[w * RUN_BITS + __builtin_ctz(bits)];
	//}
}

// End QEMU, with an exit status that says how the run has gone.
static void end_run(bool blocked)
{
	if (env_has_failed) {
		cprintf("A program was killed, or could not be started: the run has failed.\n");
		power_off_failed(PROGRAM_FAILED);
	} else if (blocked) {
		power_off_failed(PROGRAMS_BLOCKED);
	} else {
		power_off();
	}
}

// Say that no env can run on any CPU, and end QEMU or enter the monitor.
static void all_done(void)
{
	int blocked = 0;

	for (int i = 0; i < NENV; i++)
		blocked += envs[i].env_status != ENV_FREE;
	trace_end();
	cprintf("No runnable environments in the system!\n");
	if (blocked)
		cprintf("%d blocked for ever%s\n", blocked,
			options.exit ? ":" : "; 'envs' lists them.");
	if (blocked && options.exit)
		print_envs(NULL);
	if (options.audit && !audit())
		panic("the audit failed");
	if (options.exit)
		end_run(blocked);
	monitor_when_done();
}

static bool any_cpu_has_env(void)
{
	for (int i = 0; i < ncpu; i++)
		if (cpus[i].cpu_env)
			return true;
	return false;
}

enum { IDLE_TICKS = 40 }; // between interrupts of an idle CPU, which cost the host time

// Whether no env waits for a CPU. Without the lock, a hint.
static bool queues_empty(void)
{
	return !run_queue.summary && !spent_queue.summary;
}

// Begin another tick of this CPU: waits so far do not count.
static void begin_tick(struct CpuInfo *cpu)
{
	cpu->cpu_tick = cpu_ticks(cpu);
	cpu->cpu_hindered = false;
	kernel_lock_waits = 0;
}

// Whether cpu, which is this CPU and rests since the tick with this number, goes on: there has been
// no other, or other CPUs use the lock. If it came back then, it might be hindered again.
static bool rests_on(const struct CpuInfo *cpu, uint32_t since)
{
	return cpu_ticks(cpu) == since || kernel_lock_is_busy();
}

// Sleep until there may be an env to run. With rest, sleep for a tick, or longer (rests_on).
static void sched_halt(struct CpuInfo *cpu, bool rest)
{
	uint32_t begin = cpu_ticks(cpu);

	tlb_load(cpu, kern_pgdir);                         // [K25]
	cpu->cpu_woken = false;                            // [H6]
	ncpu_halted += !rest;                              // [H7]
	cpu->cpu_status = rest ? CPU_RESTING : CPU_HALTED; // [H8]
	trace(TRACE_HALT, rest);
	//{ Exercise 5: release the kernel lock, going to sleep
	unlock_kernel(); // [H9]
	//}

	// If another CPU makes an env runnable and wakes this one after the condition has been
	// checked, its kick ends hlt. A CPU that has been woken must leave the loop, even if there
	// is no env for it any more: otherwise it would sleep and not be woken again.
	lapic_tick_every(rest ? 1 : IDLE_TICKS);
	//{ Exercise 13: sleep with interrupts on
	while (!__atomic_load_n(&cpu->cpu_woken, __ATOMIC_RELAXED) && // [H10]
	       (rest ? rests_on(cpu, begin) : queues_empty()))        // [H11]
		sti_hlt_cli();                                        // [H12]
	//}
	lapic_tick_every(1);

	cpu->cpu_status = CPU_KERNEL; // [H13]
	trace(TRACE_AWAKE, 0);
	//{ Exercise 5: take the kernel lock again, after sleeping
	lock_kernel(); // [H14]
	//}
	ncpu_halted -= !rest && !cpu->cpu_woken; // [H15]
	if (cpu_ticks(cpu) != begin)
		begin_tick(cpu);
	if (!rest && queues_empty() && kernel_lock_waits++ == FEW_WAITS)
		cpu->cpu_hindered = true; // another CPU runs the env already
}

// ---- Rounds ----

// Time is shared in rounds. In each round every env has a share of as long as a tick, however it
// uses that: all at once, or little by little, because it yields or waits for messages. A new env
// has its first share in the next round, so that nobody gets more by having children. While there
// are others that have time left, an env that has used up its share does not run; it waits in
// spent_queue. A CPU for which there is no other one runs it nevertheless, and what it uses then is
// missing in later rounds. A round begins when no env that can run has time left, or none but one
// that yields. Within a round the envs take turns, round robin; a turn ends at a tick, if not
// earlier.

// Forget what e owes beyond some shares.
static void limit_debt(struct Env *e)
{
	enum { MOST = 20 };

	e->env_time_left = MAX(e->env_time_left, -MOST * (int) tick_length);
}

// Give e another share.
static void give_share(struct Env *e)
{
	limit_debt(e);
	e->env_time_left = MIN(e->env_time_left + (int) tick_length, (int) tick_length);
}

// Begin a round, for all envs that can run.
static void begin_round(void)
{
	for (int i = 0; i < ncpu; i++)
		if (cpus[i].cpu_env)
			give_share(cpus[i].cpu_env);
	for (uint32_t words = spent_queue.summary; words; words &= words - 1) {
		uint32_t w = __builtin_ctz(words);

		for (uint32_t bits = spent_queue.words[w]; bits; bits &= bits - 1) {
			struct Env *e = &envs[w * RUN_BITS + __builtin_ctz(bits)];

			run_queue_remove(e);
			give_share(e);
			run_queue_add(e);
		}
	}
}

// Whether an env runs on another CPU that has time left.
static bool other_has_time(const struct CpuInfo *self)
{
	for (const struct CpuInfo *cpu = cpus; cpu < cpus + ncpu; cpu++)
		if (cpu != self && cpu->cpu_env && cpu->cpu_env->env_time_left >= 0)
			return true;
	return false;
}

// Return an env that has no time left but may run nevertheless, round robin. The queue is not
// empty.
static struct Env *next_spent(const struct Env *from)
{
	uint32_t i = from - envs;

	do
		i = (i + 1) % NENV;
	while (!queue_has(&spent_queue, &envs[i]));
	limit_debt(&envs[i]);
	return &envs[i];
}

// Give e, the only env that waits, a new share: there is a CPU for it, so it has taken nothing from
// others, and owes nothing.
static void forgive(struct Env *e)
{
	queue_remove(&spent_queue, e);
	e->env_time_left = tick_length;
	queue_add(&run_queue, e);
}

// Return the env that runs next on cpu, which is this CPU, when no env in run_queue can: one with
// which a round begins, or one that has no time left. Returns NULL if there is none.
static __attribute__((cold)) struct Env *next_without_time(const struct CpuInfo *cpu)
{
	if (!spent_queue.summary)
		return NULL;
	if (!other_has_time(cpu))
		begin_round();
	else if (!cpu->cpu_env && spent_queue.count == 1)
		forgive(next_spent(cpu->cpu_last));
	return run_queue.summary ? next_runnable(cpu->cpu_last) : next_spent(cpu->cpu_last);
}

// Give up the current env, sleep until there is an env to run, and return it.
//
// While envs are mostly in the kernel, or mostly send each other messages, one more CPU does not
// help. It waits for the lock, and makes others wait; or it is woken, and meanwhile another CPU
// runs the env. When that has happened a few times in a tick (kernel_lock_waits), the CPU to which
// it happens next is hindered: if another CPU runs an env, it leaves its own to the others, and
// rests until a tick at which nobody uses the lock. Then the others are not hindered before the
// same has happened again. So of the CPUs that would only wait, one after the other rests, until
// one is left that works.
static __attribute__((cold)) struct Env *wait_for_work(struct CpuInfo *cpu)
{
	struct Env *current = cpu->cpu_env;

	if (current) {
		env_charge(cpu, current);
		if (current->env_status == ENV_RUNNING)
			env_set_state(current, ENV_RUNNABLE);
		cpu->cpu_env = NULL;
	}
	for (;;) {
		while (env_reap()) {     // another CPU may take the lock in between
			unlock_kernel(); // [K26]
			lock_kernel();
		}
		bool others_run = any_cpu_has_env();
		if (cpu->cpu_hindered && others_run && cpu_ticks(cpu) > 0) {
			kernel_lock_waits = 0;
			if (!queues_empty())
				cpu_wake_one(); // [H16]
			sched_halt(cpu, true);
			continue; // meanwhile the last env may have ended: there is memory to free
		}

		struct Env *next = next_runnable(cpu->cpu_last);
		if (!next)
			next = next_without_time(cpu);
		if (next)
			return next;
		if (others_run)
			sched_halt(cpu, false);
		else
			all_done();
	}
}

// Return the env that runs next by round robin; sleep while there is none.
static struct Env *choose(struct CpuInfo *cpu)
{
	struct Env *current = cpu->cpu_env;
	bool tick = cpu_ticks(cpu) != cpu->cpu_tick;

	if (tick) {
		begin_tick(cpu);
		if (current)
			env_charge(cpu, current);
		// If current cannot go on, wait_for_work does this: it may make current runnable.
		if (current && current->env_status == ENV_RUNNING)
			env_reap();
	}
	if (!current || current->env_status != ENV_RUNNING || cpu->cpu_hindered)
		return wait_for_work(cpu);
	struct Env *next = run_queue.summary ? next_runnable(cpu->cpu_last) : NULL;
	// At a tick, only others that have time left follow one that has time left.
	if (!next && !(tick && current->env_time_left >= 0))
		next = next_without_time(cpu);
	if (next)
		return next;
	if (current->env_time_left < 0) // it has taken nothing from others, so it owes nothing
		current->env_time_left = tick_length;
	return current;
}

IN_REGISTERS void sched_choose(struct CpuInfo *cpu)
{
	struct Env *next = cpu->cpu_next;

	cpu->cpu_next = NULL;
	// An env that has just got a message is often the only one that has time left: then it is
	// not searched for.
	if (!next || next->env_status != ENV_RUNNABLE || next->env_time_left < 0 ||
	    run_queue.count > 1 || cpu->cpu_hindered)
		next = choose(cpu);
	cpu->cpu_last = next;
	if (next != cpu->cpu_env)
		env_run(cpu, next);
	cpu->cpu_resched = false;
}

void sched_yield(void)
{
	sched_choose(thiscpu);
	env_resume(thiscpu);
}

void sched_join(void)
{
	begin_tick(thiscpu);
	sched_yield();
}

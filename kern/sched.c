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

// Return the first runnable env after `from' in envs[], going round; `from' itself comes last.
// Returns NULL if there is none.
static struct Env *next_runnable(const struct Env *from)
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

enum {
	IDLE_TICKS = 40,    // between interrupts of an idle CPU, which cost the host time
	FEW_WAITS = 4,      // waits in about a tick that do not count as many
	FEW_SWITCHES = 512, // switches in a tick, at most, if envs mostly compute
};

// If envs spend their time in the kernel or send each other messages, one more CPU does not help.
// It waits for the lock, and other CPUs wait for it. Or it is woken, and meanwhile another CPU runs
// the env. Return whether most of what this CPU has done lately was such waiting.
static bool mostly_waits(const struct CpuInfo *cpu)
{
	return cpu->cpu_waits > FEW_WAITS && cpu->cpu_waits > cpu->cpu_lock_takes / 2;
}

// Reset the counts so that one more wait makes mostly_waits() true.
static void restart_counts(struct CpuInfo *cpu)
{
	cpu->cpu_waits = FEW_WAITS;
	cpu->cpu_lock_takes = 0;
}

// Return for how many ticks this CPU is to rest: 1; or four times as many as the last time, if that
// was just before.
static uint32_t rest_ticks(struct CpuInfo *cpu)
{
	bool again = cpu->cpu_rest > 0 && cpu_ticks(cpu) - cpu->cpu_rest_end <= 3;

	cpu->cpu_rest = again ? MIN(4 * cpu->cpu_rest, (uint32_t) IDLE_TICKS) : 1;
	return cpu->cpu_rest;
}

// Begin to count the switches of this CPU's current tick.
static void begin_tick(struct CpuInfo *cpu)
{
	cpu->cpu_tick = cpu_ticks(cpu);
	cpu->cpu_switches = 0;
}

// Sleep until there may be an env to run. With rest, sleep for some ticks, or until a busy CPU
// wakes this one.
static void sched_halt(struct CpuInfo *cpu, bool rest)
{
	uint32_t begin = cpu_ticks(cpu), ticks = rest ? rest_ticks(cpu) : IDLE_TICKS;

	tlb_load(cpu, kern_pgdir);
	cpu->cpu_woken = false;
	ncpu_halted += !rest;
	cpu->cpu_status = rest ? CPU_RESTING : CPU_HALTED;
	trace(TRACE_HALT, rest);
	//{ Exercise 5: release the kernel lock, going to sleep
	unlock_kernel();
	//}

	// If another CPU makes an env runnable and wakes this one after the condition has been
	// checked, its kick ends hlt. A CPU that has been woken must leave the loop, even if there
	// is no env for it any more: otherwise it would sleep and not be woken again.
	lapic_tick_every(ticks);
	//{ Exercise 13: sleep with interrupts on
	while (!__atomic_load_n(&cpu->cpu_woken, __ATOMIC_RELAXED) &&
	       (rest ? cpu_ticks(cpu) == begin : !run_queue.summary))
		sti_hlt_cli();
	//}
	lapic_tick_every(1);

	cpu->cpu_status = CPU_KERNEL;
	trace(TRACE_AWAKE, 0);
	//{ Exercise 5: take the kernel lock again, after sleeping
	lock_kernel();
	//}
	begin_tick(cpu);
	ncpu_halted -= !rest && !cpu->cpu_woken;
	if (rest) {
		cpu->cpu_rest_end = cpu_ticks(cpu);
		restart_counts(cpu);
	} else if (!run_queue.summary) {
		cpu->cpu_waits++;
	}
}

// Sleep until there is an env to run, and return it. A CPU that mostly waits rests first, if
// another CPU runs an env.
static struct Env *wait_for_work(struct CpuInfo *cpu)
{
	cpu->cpu_env = NULL;
	for (;;) {
		while (env_reap()) { // another CPU may take the lock in between
			unlock_kernel();
			lock_kernel();
		}
		if (mostly_waits(cpu) && any_cpu_has_env()) {
			if (run_queue.summary)
				cpu_wake_one(); // another CPU runs the env instead
			sched_halt(cpu, true);
			continue; // meanwhile the last env may have ended: there is memory to free
		}

		struct Env *next = next_runnable(cpu->cpu_last);
		if (next)
			return next;
		if (any_cpu_has_env())
			sched_halt(cpu, false);
		else
			all_done();
	}
}

// Return the env that runs next by round robin; sleep while there is none.
static struct Env *choose(struct CpuInfo *cpu)
{
	struct Env *current = cpu->cpu_env;

	if (cpu_ticks(cpu) != cpu->cpu_tick) {
		// If envs compute for most of the time, resting CPUs are of use.
		if (cpu->cpu_switches <= FEW_SWITCHES && run_queue.summary)
			cpu_wake_resting();
		begin_tick(cpu);
		env_reap();
	}
	struct Env *next = next_runnable(cpu->cpu_last);
	if (current && current->env_status == ENV_RUNNING)
		return next ? next : current;
	return next && !mostly_waits(cpu) ? next : wait_for_work(cpu);
}

IN_REGISTERS void sched_choose(struct CpuInfo *cpu)
{
	struct Env *next = cpu->cpu_next;

	cpu->cpu_next = NULL;
	// An env that has just got a message is often the only one that can run: then it is not
	// searched for.
	if (!next || next->env_status != ENV_RUNNABLE || run_queue.count > 1 || mostly_waits(cpu))
		next = choose(cpu);
	cpu->cpu_last = next;
	if (next != cpu->cpu_env) {
		cpu->cpu_switches++;
		env_run(cpu, next);
	}
	cpu->cpu_resched = false;
}

void sched_yield(void)
{
	sched_choose(thiscpu);
	env_resume(thiscpu);
}

void sched_join(void)
{
	restart_counts(thiscpu);
	sched_yield();
}

// Who runs next on this CPU, and what it does when nobody can. Needs the kernel lock, and releases it
// while the CPU sleeps.

#include <kern/sched.h>

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/x86.h>

#include <kern/audit.h>
#include <kern/cpu.h>
#include <kern/env.h>
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
// The bits of word above bit i.
static uint32_t above(uint32_t word, uint32_t i)
{
	return word & (~1U << i);
}
//}

// The first runnable env after `from' in envs[], going round; NULL if there is none.
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

// Nothing is left to run on any CPU.
static void all_done(void)
{
	int blocked = 0;

	for (int i = 0; i < NENV; i++)
		blocked += envs[i].env_status != ENV_FREE;
	trace_end();
	cprintf("No runnable environments in the system!\n");
	if (blocked)
		cprintf("%d blocked for ever; 'envs' lists them.\n", blocked);
	if (options.audit && !audit())
		panic("the audit failed");
	if (options.exit)
		power_off();
	monitor(NULL);
}

static bool any_cpu_has_env(void)
{
	for (int i = 0; i < ncpu; i++)
		if (cpus[i].cpu_env)
			return true;
	return false;
}

enum {
	IDLE_TICKS = 40,    // between interrupts of an idle CPU's timer, as they cost a host time
	FEW_WAITS = 4,      // within about a tick: they tell nothing
	FEW_SWITCHES = 512, // within a tick: the envs compute for far longer than a switch takes
};

// Where envs spend their time in the kernel or with each other, a further CPU does not help: it
// waits for the lock, and others wait for it; or it is woken, and the env it was to run has got
// another CPU meanwhile. This is whether that is what happens to this CPU more often than not.
static bool hindered(const struct CpuInfo *cpu)
{
	return cpu->cpu_waits > FEW_WAITS && cpu->cpu_waits > cpu->cpu_lock_takes / 2;
}

// Forget what this CPU has met, and take it for hindered as soon as it has to wait once.
static void begin_on_trial(struct CpuInfo *cpu)
{
	cpu->cpu_waits = FEW_WAITS;
	cpu->cpu_lock_takes = 0;
}

// How many ticks this CPU is to rest: 1, and four times as long when it has only just done so.
static uint32_t rest_ticks(struct CpuInfo *cpu)
{
	bool again = cpu->cpu_rest > 0 && cpu_ticks(cpu) - cpu->cpu_rest_end <= 3;

	cpu->cpu_rest = again ? MIN(4 * cpu->cpu_rest, (uint32_t) IDLE_TICKS) : 1;
	return cpu->cpu_rest;
}

static void begin_tick(struct CpuInfo *cpu)
{
	cpu->cpu_tick = cpu_ticks(cpu);
	cpu->cpu_switches = 0;
}

// Sleep until there may be something to run; when resting, for some ticks, or until a busy CPU
// wants help.
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

	// Who makes an env runnable or chooses this CPU to be woken after this look has sent a
	// kick, which ends hlt. A CPU that was chosen has to show up, even if it comes too late:
	// else it would count as woken while it sleeps on.
	lapic_tick_every(ticks);
	//{ Exercise 13: sleep with interrupts on
	while (!__atomic_load_n(&cpu->cpu_woken, __ATOMIC_RELAXED) &&
	       (rest ? cpu_ticks(cpu) == begin : !run_queue.summary))
		sti_hlt_cli();
	//}
	lapic_tick_every(1);

	cpu->cpu_status = CPU_KERNEL;
	trace(TRACE_AWAKE, 0);
	//{ Exercise 5: take it again
	lock_kernel();
	//}
	begin_tick(cpu);
	ncpu_halted -= !rest && !cpu->cpu_woken;
	if (rest) {
		cpu->cpu_rest_end = cpu_ticks(cpu);
		begin_on_trial(cpu);
	} else if (!run_queue.summary) {
		cpu->cpu_waits++;
	}
}

// Nothing can go on here: halt until there is an env to run, and return it. A CPU that is hindered
// rests first, if there is another one at work.
static struct Env *wait_for_work(struct CpuInfo *cpu)
{
	cpu->cpu_env = NULL;
	for (;;) {
		if (hindered(cpu) && any_cpu_has_env()) {
			if (run_queue.summary)
				cpu_wake_one(); // another CPU may have better luck
			sched_halt(cpu, true);
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

// The env whose turn it is.
static struct Env *choose(struct CpuInfo *cpu)
{
	struct Env *current = cpu->cpu_env;

	if (cpu_ticks(cpu) != cpu->cpu_tick) {
		// Where there is computing to do, resting CPUs do help.
		if (cpu->cpu_switches <= FEW_SWITCHES && run_queue.summary)
			cpu_wake_resting();
		begin_tick(cpu);
	}
	struct Env *next = next_runnable(cpu->cpu_last);
	if (current && current->env_status == ENV_RUNNING)
		return next ? next : current;
	return next && !hindered(cpu) ? next : wait_for_work(cpu);
}

void sched_choose(struct CpuInfo *cpu)
{
	struct Env *next = cpu->cpu_next;

	cpu->cpu_next = NULL;
	if (!next || next->env_status != ENV_RUNNABLE || hindered(cpu))
		next = cpu->cpu_last = choose(cpu); // the round does not move for a partner
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
	begin_on_trial(thiscpu);
	sched_yield();
}

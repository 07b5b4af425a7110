#include <kern/sched.h>

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/x86.h>

#include <kern/audit.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/monitor.h>
#include <kern/options.h>
#include <kern/pmap.h>
#include <kern/power.h>
#include <kern/spinlock.h>

// Which envs are ENV_RUNNABLE: bit i of word w is env 32 w + i, and bit w of the summary tells
// whether word w has any. Protected by the kernel lock; halted CPUs look at the summary without
// it, as a hint.
enum { WORD_BITS = 32, WORDS = NENV / WORD_BITS };
static uint32_t runnable[WORDS];
static volatile uint32_t summary;
static_assert(WORDS <= WORD_BITS);

void sched_add(struct Env *e)
{
	int i = e - envs;

	runnable[i / WORD_BITS] |= 1U << i % WORD_BITS;
	summary |= 1U << i / WORD_BITS;
}

void sched_remove(struct Env *e)
{
	int i = e - envs;

	runnable[i / WORD_BITS] &= ~(1U << i % WORD_BITS);
	if (!runnable[i / WORD_BITS])
		summary &= ~(1U << i / WORD_BITS);
}

bool sched_contains(const struct Env *e)
{
	int i = e - envs;

	return runnable[i / WORD_BITS] >> i % WORD_BITS & 1;
}

// The bits of word above bit i.
static uint32_t above(uint32_t word, int i)
{
	return word & (~1U << i);
}

// The first runnable env behind index `last' of envs[], going round; NULL if there is none.
static struct Env *next_runnable(int last)
{
	int w = last / WORD_BITS;
	uint32_t bits = above(runnable[w], last % WORD_BITS);

	if (!bits) {
		uint32_t words = above(summary, w);
		if (!words)
			words = summary;
		if (!words)
			return NULL;
		w = __builtin_ctz(words);
		bits = runnable[w];
	}
	return &envs[w * WORD_BITS + __builtin_ctz(bits)];
}

// Nothing is left to run on any CPU.
static void all_done(void)
{
	int blocked = 0;

	for (int i = 0; i < NENV; i++)
		blocked += envs[i].env_status != ENV_FREE;
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

// Sleep until there may be something to run.
static void sched_halt(void)
{
	struct CpuInfo *cpu = thiscpu;

	tlb_load(kern_pgdir);
	cpu->cpu_woken = false;
	cpu->cpu_status = CPU_HALTED;
	unlock_kernel();

	// Who makes an env runnable or chooses this CPU to be woken after this look has sent a
	// kick, which ends hlt. A CPU that was chosen has to show up, even if it comes too late:
	// else it would count as woken while it sleeps on.
	while (!summary && !__atomic_load_n(&cpu->cpu_woken, __ATOMIC_RELAXED))
		sti_hlt_cli();

	cpu->cpu_status = CPU_KERNEL;
	lock_kernel();
}

void sched_yield(void)
{
	struct Env *next;

	while (!(next = next_runnable(thiscpu->cpu_last))) {
		if (curenv && curenv->env_status == ENV_RUNNING)
			env_run(curenv);
		curenv = NULL;
		if (any_cpu_has_env())
			sched_halt();
		else
			all_done();
	}
	env_run(next);
}

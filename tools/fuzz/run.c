// Playing a sequence: which CPU does what next, and comparing what the kernel has made of it.

#include "run.h"

#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/syscall.h>

#include <kern/audit.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/pmap.h>
#include <kern/syscall.h>

#include "calls.h"
#include "console.h"
#include "contracts.h"
#include "host.h"
#include "machine.h"
#include "model.h"
#include "random.h"
#include "report.h"
#include "show.h"

static const struct FuzzOptions *options_now;
static struct FuzzTold *told_now;

// ---- What has happened ----

// An event on a CPU.
static struct Event {
	int cpu;
	envid_t env;
	enum { CALL, TICK, USES_FLOATING_POINT, WRITES, READS } what;
	struct PushRegs regs; // of a call
	uint32_t va;          // of the others
	uint32_t fail_nth;
	bool done;
	int32_t result;
} events[32];
static uint32_t event_count;
static struct Event *last_of[CPUS]; // the call that the CPU makes

static struct Event *add_event(int cpu, int what)
{
	struct Event *event = &events[event_count++ % ARRAY_SIZE(events)];

	*event = (struct Event){.cpu = cpu, .what = what};
	if (cpus[cpu].cpu_env)
		event->env = cpus[cpu].cpu_env->env_id;
	return event;
}

static void print_event(const struct Event *event)
{
	host_print("CPU %d  %08x  ", event->cpu, event->env);
	switch (event->what) {
	case CALL:
		show_call(&event->regs);
		if (event->fail_nth)
			host_print(" [allocation %u fails]", event->fail_nth);
		if (event->done)
			show_result(event->regs.reg_eax, event->result);
		break;
	case TICK:
		host_print("a tick");
		break;
	case USES_FLOATING_POINT:
		host_print("uses floating point");
		break;
	default:
		host_print(event->what == WRITES ? "writes to %08x" : "reads %08x", event->va);
	}
	host_print("\n");
}

void fail(const char *fmt, ...)
{
	uint32_t n = MIN(event_count, ARRAY_SIZE(events));
	va_list ap;

	if (!options_now->show)
		for (uint32_t i = event_count - n; i < event_count; i++)
			print_event(&events[i % ARRAY_SIZE(events)]);
	host_print("*** after call %llu: ", told_now->calls);
	va_start(ap, fmt);
	host_vprint(fmt, ap);
	va_end(ap);
	host_print("\n");
	host_end(false);
}

void run_crashed(int signal)
{
	fail("the kernel ended by signal %d", signal);
}

static void shown(const struct Event *event)
{
	if (options_now->show)
		print_event(event);
}

// ---- Calls ----

void run_prepare_call(int cpu, bool alone)
{
	struct Env *e = cpus[cpu].cpu_env;
	struct ModelEnv *m = &model[e - envs];
	struct Event *event = add_event(cpu, CALL);

	if (!m->again)
		calls_choose(m, &m->tf.tf_regs, alone);
	m->again = false;
	m->tf.tf_eip += SYSCALL_SIZE;
	event->regs = m->tf.tf_regs;
	if (one_in(event->regs.reg_eax == SYS_ipc_recv ? 3 : 16))
		event->fail_nth = 1 + random_below(3);
	last_of[cpu] = event;

	e->env_tf.tf_regs = m->tf.tf_regs;
	e->env_tf.tf_eip = m->tf.tf_eip;
	if (m->tf.tf_regs.reg_eax < NSYSCALLS) {
		m->in_call = true;
	} else {
		m->tf.tf_regs.reg_eax = -E_INVAL;
		told_now->calls++;
		shown(event);
	}
}

// What kern/trap.c finds in the place of each call's function (the Makefrag sees to that).
static IN_REGISTERS int32_t serve(const struct PushRegs *regs)
{
	struct Env *e = curenv;
	struct ModelEnv *m = &model[e - envs];
	struct Event *event = last_of[thiscpu - cpus];
	uint32_t number = regs->reg_eax;
	const uint32_t args[] = {regs->reg_edx, regs->reg_ecx, regs->reg_ebx, regs->reg_edi,
				 regs->reg_esi};

	require(regs == &e->env_tf.tf_regs && m->in_call, "a call is done that nobody has made");
	model_end_orphans(); // what another CPU has done just before
	told_now->calls++;
	m->in_call = false;
	model_free_frames = page_free_count();
	model_free_slots = env_free_count();
	model_fail_nth = event->fail_nth;
	console_key = one_in(2) ? 0 : 1 + random_below(255);
	contract_begin(m, number, args);
	page_fail_nth(event->fail_nth);
	int32_t r = syscalls[number](regs);
	page_fail_nth(0);
	event->done = true;
	event->result = r;
	shown(event);
	told_now->errors += r < 0;
	contract_end(m, number, args, r);
	model_end_orphans();
	return r;
}

#define SERVE8 serve, serve, serve, serve, serve, serve, serve, serve
SystemCall *const fuzz_syscalls[] = {SERVE8, SERVE8, SERVE8};
_Static_assert(ARRAY_SIZE(fuzz_syscalls) >= NSYSCALLS, "there must be enough of them");

// ---- What else a program does ----

// The env uses a page, as its page tables say.
static void use_page(int cpu)
{
	bool write = one_in(2);
	struct Event *event = add_event(cpu, write ? WRITES : READS);
	uint32_t va = event->va = calls_page();
	uint32_t pte = *model_pte(&model[cpus[cpu].cpu_env - envs], va), word = random_word();
	uint32_t *found = machine_use_page(cpu, va, write);
	bool allowed = pte && (!write || (pte & PTE_W));

	shown(event);
	require(found == (allowed ? (uint32_t *) (KERNBASE + PTE_ADDR(pte)) : NULL),
		"%08x is found at %p", va, found);
	if (!allowed)
		return;
	if (write) {
		for (int i = 0; i < PGSIZE / 4; i++)
			found[i] = word;
		model_frames[PGNUM(pte)].content = word;
	}
	require(*found == model_frames[PGNUM(pte)].content, "%08x has other content", va);
}

static void tick(int cpu)
{
	shown(add_event(cpu, TICK));
	machine_tick(cpu);
}

static void use_floating_point(int cpu)
{
	if (cpus[cpu].cpu_fpu_loaded)
		return;
	shown(add_event(cpu, USES_FLOATING_POINT));
	machine_trap(cpu, T_DEVICE);
}

// Several CPUs want the kernel at once. Perhaps they wait so long that they sleep, and have ticks.
static void crowd(void)
{
	int first = random_below(CPUS);

	machine_lock();
	for (int i = 0; i < CPUS; i++) {
		int cpu = (first + i) % CPUS;

		if (!machine_in_user_mode(cpu) || one_in(4))
			continue;
		if (one_in(6)) {
			tick(cpu);
		} else {
			run_prepare_call(cpu, false);
			machine_trap(cpu, T_SYSCALL);
		}
	}
	for (int cpu = 0; cpu < CPUS; cpu++)
		if (one_in(3) && machine_wait_long(cpu) && one_in(2))
			tick(cpu);
	machine_unlock();
}

// ---- Sequences ----

void run_first_env(void)
{
	struct Env *e;

	model_end_orphans();
	if (env_alloc(&e, 0) < 0)
		host_end(true);
	struct ModelEnv *m = model_new_env(e->env_id, 0);
	m->tf = e->env_tf;
	m->state = RUNS;
	env_set_state(e, ENV_RUNNABLE);
}

// A CPU in user mode; -1 if there is none.
static int cpu_in_user_mode(void)
{
	int first = random_below(CPUS);

	for (int i = 0; i < CPUS; i++)
		if (machine_in_user_mode((first + i) % CPUS))
			return (first + i) % CPUS;
	return -1;
}

static void next_event(void)
{
	int cpu = cpu_in_user_mode();

	machine_pass_time(random_word() >> (8 + random_below(24)));
	if (cpu < 0 || one_in(32)) {
		tick(random_below(CPUS));
		return;
	}
	switch (random_below(16)) {
	case 0:
		crowd();
		break;
	case 1 ... 3:
		use_page(cpu);
		break;
	case 4:
		if (one_in(8)) {
			use_floating_point(cpu);
			break;
		}
		// fallthrough
	default:
		run_prepare_call(cpu, true);
		machine_trap(cpu, T_SYSCALL);
	}
}

static void check_books(void)
{
	machine_lock();
	if (!audit()) {
		console_loud = true;
		audit();
		fail("the audit failed");
	}
	machine_unlock();
	told_now->audits++;
}

// Let some slots have been used so often that the generation of their ids begins again soon.
static void age_slots(void)
{
	for (int i = 0; i < NENV; i += 2)
		envs[i].env_id = model[i].id = 0x7ffff000 - random_below(3) * 0x1000 + i;
}

// Leave only so many frames.
static void make_memory_scarce(uint32_t left)
{
	while (page_free_count() > left) {
		struct PageInfo *pp = page_alloc(0);
		pp->pp_ref = 1;
		pp->pp_link = pp;
	}
}

void run_sequence(const struct FuzzOptions *options, struct FuzzTold *told)
{
	uint32_t checked = 0;

	options_now = options;
	told_now = told;
	random_begin(options->seed);
	machine_boot();
	age_slots();
	if (one_in(4))
		make_memory_scarce(16 + random_below(40));
	calls_most_envs = one_in(16) ? NENV : 4 + random_below(10);
	calls_popular = one_in(4);
	machine_lock();
	run_first_env();
	machine_unlock();
	machine_start();
	while (told->calls < options->length) {
		next_event();
		machine_settle();
		model_end_orphans();
		bool all = told->calls >= checked + options->audit_every;
		model_compare(all);
		if (all) {
			check_books();
			checked = told->calls;
		}
	}
	model_compare(true);
	check_books();
	host_end(true);
}

// The played machine.

#include "machine.h"

#include <inc/env.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/trap.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/fpu.h>
#include <kern/kernellock.h>
#include <kern/lapic.h>
#include <kern/pmap.h>
#include <kern/sched.h>
#include <kern/trap.h>

#include "host.h"
#include "random.h"
#include "report.h"
#include "run.h"

// ---- What kern/cpu.c has ----

struct CpuInfo cpus[NCPU];
int ncpu = CPUS, ncpu_left_out;
physaddr_t lapicaddr;
uint32_t tick_length = 10000000;
uint32_t machine_cpu;

// ---- Memory ----

// The kernel's image ends where its memory, from 1 MB on, begins (the Makefrag tells the linker).
enum { MEMORY = EXTPHYSMEM + 0x80000 };

size_t i386_detect_memory(void)
{
	return MEMORY;
}

size_t trace_frames(size_t frames)
{
	return 0;
}

uint32_t machine_pte(const struct Env *e, uint32_t va)
{
	pde_t pde = e->env_pgdir[PDX(va)];

	return pde & PTE_P ? ((pte_t *) (PTE_ADDR(pde) + KERNBASE))[PTX(va)] : 0;
}

// ---- CPUs ----

static struct Played {
	void *stack_pointer; // where it has been left
	enum { NOT_STARTED, USER, WAITS, SLEEPS } state;
	bool kicked; // an interrupt by another CPU waits
	void (*enter)(void);
	uint32_t pgdir; // CR3
	struct {
		uint32_t va, pte; // va 0: unused
	} tlb[8];
	char stack[65536] __attribute__((aligned(16)));
} played[CPUS];

static void *here; // the stack pointer of the code that plays

void machine_switch(void **from, void *to);

// Leave the CPU that is played.
static void leave(int state)
{
	struct Played *p = &played[machine_cpu];

	p->state = state;
	machine_switch(&p->stack_pointer, here);
}

// Let a CPU go on.
static void go_on(int cpu)
{
	machine_cpu = cpu;
	machine_switch(&here, played[cpu].stack_pointer);
	machine_cpu = NCPU - 1; // none of them
}

// Let a CPU begin something, on an empty stack.
static void begin(int cpu, void (*what)(void))
{
	uint32_t *top = (uint32_t *) (played[cpu].stack + sizeof(played[cpu].stack)) - 8;

	top[4] = (uint32_t) what; // machine_switch takes four registers, and returns to this
	played[cpu].stack_pointer = top;
	go_on(cpu);
}

bool machine_in_user_mode(int cpu)
{
	return played[cpu].state == USER;
}

bool machine_sleeps(int cpu)
{
	return played[cpu].state == SLEEPS;
}

static void first_entry(void)
{
	lock_kernel();
	sched_join();
}

static void trap_entry(void)
{
	trap_enter(&curenv->env_tf, thiscpu);
}

IN_REGISTERS void trap_return(const struct Trapframe *tf)
{
	if (tf != &curenv->env_tf)
		fail("CPU %d enters user mode with a strange frame", machine_cpu);
	leave(USER);
	__builtin_unreachable();
}

void machine_trap(int cpu, uint32_t trapno)
{
	cpus[cpu].cpu_env->env_tf.tf_trapno = trapno;
	begin(cpu, trap_entry);
}

void machine_boot(void)
{
	host_map(KERNBASE, MEMORY);
	machine_cpu = 0;
	mem_init();
	env_init();
	for (int i = 0; i < CPUS; i++) {
		machine_cpu = i;
		cpus[i].cpu_status = CPU_KERNEL;
		tlb_load(&cpus[i], kern_pgdir);
		fpu_init_percpu();
	}
	machine_cpu = NCPU - 1;
}

void machine_start(void)
{
	for (int i = 0; i < CPUS; i++)
		begin(i, first_entry);
	machine_settle();
}

// ---- Waiting, and interrupts ----

void pause(void)
{
	leave(WAITS);
}

void sti_hlt_cli(void)
{
	struct Played *p = &played[machine_cpu];
	struct Trapframe tf = {.tf_cs = GD_KT};

	if (!p->kicked)
		leave(SLEEPS);
	p->kicked = false;
	tf.tf_trapno = IRQ_OFFSET + IRQ_KICK;
	trap_elsewhere(&tf);
}

void lapic_kick(const struct CpuInfo *cpu)
{
	played[cpu - cpus].kicked = true;
}

void machine_tick(int cpu)
{
	struct Trapframe tf = {.tf_cs = GD_KT, .tf_trapno = IRQ_OFFSET + IRQ_TIMER};

	if (played[cpu].state == USER) {
		machine_trap(cpu, IRQ_OFFSET + IRQ_TIMER);
	} else {
		machine_cpu = cpu;
		trap_elsewhere(&tf);
		machine_cpu = NCPU - 1;
		played[cpu].kicked = true;
	}
}

bool machine_wait_long(int cpu)
{
	if (played[cpu].state != WAITS)
		return false;
	while (played[cpu].state == WAITS)
		go_on(cpu);
	return played[cpu].state == SLEEPS;
}

// Let a CPU go on if it can. Returns whether it could.
static bool step(int cpu)
{
	struct Played *p = &played[cpu];

	if (p->state == USER && p->kicked && one_in(4)) {
		run_prepare_call(cpu, false); // at the same moment its env makes a call
		machine_trap(cpu, T_SYSCALL);
	} else if (p->state == USER && p->kicked) {
		p->kicked = false;
		machine_trap(cpu, IRQ_OFFSET + IRQ_KICK);
	} else if (p->state == WAITS || (p->state == SLEEPS && p->kicked)) {
		go_on(cpu);
	} else {
		return false;
	}
	return true;
}

void machine_settle(void)
{
	for (int steps = 0; steps < 100000; steps++) {
		int first = random_below(CPUS), n = 0;

		while (n < CPUS && !step((first + n) % CPUS))
			n++;
		if (n == CPUS)
			return;
	}
	fail("the CPUs wait for each other");
}

void machine_lock(void)
{
	machine_cpu = NCPU - 1;
	lock_kernel();
}

void machine_unlock(void)
{
	machine_cpu = NCPU - 1;
	unlock_kernel();
}

// ---- Time ----

static uint64_t now;

uint64_t read_tsc(void)
{
	return now;
}

void machine_pass_time(uint32_t ticks_of_tsc)
{
	now += ticks_of_tsc;
}

// ---- TLBs ----

void tlbflush(void)
{
	if (machine_cpu < CPUS)
		memset(played[machine_cpu].tlb, 0, sizeof(played[machine_cpu].tlb));
}

void lcr3(uint32_t pgdir)
{
	if (machine_cpu < CPUS)
		played[machine_cpu].pgdir = pgdir;
	tlbflush();
}

void invlpg(const void *va)
{
	if (machine_cpu < CPUS)
		for (size_t i = 0; i < ARRAY_SIZE(played->tlb); i++)
			if (PGNUM(played[machine_cpu].tlb[i].va) == PGNUM(va))
				played[machine_cpu].tlb[i].va = 0;
}

void *machine_use_page(int cpu, uint32_t va, bool write)
{
	const pte_t rights = PTE_P | PTE_U | (write ? PTE_W : 0);
	uint32_t slot = PGNUM(va) % ARRAY_SIZE(played->tlb);
	pte_t pte = machine_pte(cpus[cpu].cpu_env, va);

	if (played[cpu].tlb[slot].va == va && (played[cpu].tlb[slot].pte & rights) == rights)
		pte = played[cpu].tlb[slot].pte;
	if ((pte & rights) != rights)
		return NULL;
	played[cpu].tlb[slot].va = va;
	played[cpu].tlb[slot].pte = pte;
	return (void *) (PTE_ADDR(pte) + KERNBASE);
}

bool machine_tlbs_agree(void)
{
	for (int cpu = 0; cpu < CPUS; cpu++) {
		const struct Env *e = cpus[cpu].cpu_env;

		if (played[cpu].state != USER)
			continue;
		if (!e || played[cpu].pgdir != (uint32_t) e->env_pgdir - KERNBASE) {
			host_print("CPU %d is in user mode without the page directory of its env\n",
				   cpu);
			return false;
		}
		for (size_t i = 0; i < ARRAY_SIZE(played->tlb); i++) {
			uint32_t va = played[cpu].tlb[i].va, pte = played[cpu].tlb[i].pte;
			uint32_t now_there = machine_pte(e, va);

			if (va && (PTE_ADDR(pte) != PTE_ADDR(now_there) ||
				   (pte & (PTE_P | PTE_W) & ~now_there))) {
				host_print("CPU %d has %08x for %08x in its TLB, the page table "
					   "%08x\n",
					   cpu, pte, va, now_there);
				return false;
			}
		}
	}
	return true;
}

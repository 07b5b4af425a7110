// Traps, after their registers have been saved: handle what has happened, and decide which env goes
// on. Takes the kernel lock for traps from user mode.

#include <kern/trap.h>

#include <inc/assert.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/fpu.h>
#include <kern/kernellock.h>
#include <kern/lapic.h>
#include <kern/monitor.h>
#include <kern/panic.h>
#include <kern/pmap.h>
#include <kern/sched.h>
#include <kern/seed.h>
#include <kern/syscall.h>
#include <kern/trace.h>
#include <kern/trapframe.h>

// ---- Tables ----

#define VECTOR(entry, number, code, privilege, name) void entry(void);
#include <kern/vectors.h>
#undef VECTOR

#define KERNEL 0
#define USER   3

// An IDT for each CPU, as each has a task of its own for double faults. Vectors beyond the table
// are general protection faults, as those without a gate.
enum { VECTORS = 64 };
static struct Gatedesc idt[NCPU][VECTORS];

#define VECTOR(entry, number, code, privilege, name) static_assert((number) < VECTORS);
#include <kern/vectors.h>
#undef VECTOR

void trap_init(void)
{
	static const struct __attribute__((packed)) Vector {
		void (*entry)(void);
		uint8_t number, privilege;
	} vectors[] = {
#define VECTOR(entry, number, code, privilege, name) {entry, number, privilege},
#include <kern/vectors.h>
#undef VECTOR
	};

	for (int cpu = 0; cpu < NCPU; cpu++) {
		for (const struct Vector *v = vectors; v < vectors + ARRAY_SIZE(vectors); v++)
			idt[cpu][v->number] = INTERRUPT_GATE(GD_KT, v->entry, v->privilege);
		idt[cpu][T_DBLFLT] = TASK_GATE(GD_DOUBLE_FAULT(cpu));
	}
}

void trap_init_percpu(int cpu)
{
	struct Pseudodesc idtr = {sizeof(idt[cpu]) - 1, (uintptr_t) idt[cpu]};

	lidt(&idtr); // first, so that a trap in what follows is reported
	//{ Exercise 4: a task state segment for each CPU
	struct CpuInfo *c = &cpus[cpu];

	c->cpu_ts.ts_esp0 = KSTACKTOP_CPU(cpu);
	c->cpu_ts.ts_ss0 = GD_KD;
	c->cpu_ts.ts_iomb = sizeof(struct Taskstate);
	gdt[(GD_TSS0 >> 3) + cpu] = SEG_TSS((uintptr_t) &c->cpu_ts, sizeof(struct Taskstate) - 1);
	ltr(GD_TSS0 + (cpu << 3));
	//}
}

void trap_check_percpu(void)
{
	uint32_t selector = str_now(), cpu = (selector - GD_TSS0) >> 3;
	struct Segdesc d = gdt[selector >> 3];
	uintptr_t base = d.sd_base_15_0 | d.sd_base_23_16 << 16 | (uint32_t) d.sd_base_31_24 << 24;

	if (selector < GD_TSS0)
		panic("the task register has %x: until it is loaded, thiscpu and cpunum() are "
		      "wrong",
		      selector);
	if (base != (uintptr_t) &cpus[cpu].cpu_ts)
		panic("the task register has %x, and gdt[%u] describes %08x, not cpus[%u].cpu_ts",
		      selector, selector >> 3, base, cpu);
}

// ---- Page faults ----

// Make e enter its page-fault upcall, with a UTrapframe on the exception stack:
//
//	UXSTACKTOP ->	+-----------------------------+
//			| what the upcall that has    |  only if this fault
//			| faulted has pushed          |  is that of an upcall
//	tf_esp ->	+-----------------------------+  itself
//			| one free word, for the      |
//			| upcall's return address     |
//			+-----------------------------+
//			| struct UTrapframe           |
//	new tf_esp ->	+-----------------------------+
//
// If e may not use this part of its exception stack, or may not execute its upcall, it is
// destroyed.
static void deliver_page_fault(struct Env *e, uintptr_t fault_va)
{
	//{ Exercise 9: push what the picture above shows, and enter the upcall
	struct Trapframe *tf = &e->env_tf;
	// A stack pointer in the exception stack or in the guard below it is that of an upcall, or
	// of its handler. (USTACKTOP itself is that of an empty ordinary stack.)
	bool nested = tf->tf_esp > USTACKTOP && tf->tf_esp < UXSTACKTOP;
	uintptr_t top = nested ? tf->tf_esp - 4 : UXSTACKTOP;
	uintptr_t frame = top - sizeof(struct UTrapframe);

	// The frame lies within one page; what is mapped below that does not matter. The program
	// decides where it is, so it need not be aligned.
	typedef struct UTrapframe unaligned __attribute__((aligned(1)));
	unaligned *utf = user_mem_kva(e, (void *) frame, PTE_W);
	if (frame < UXSTACKTOP - PGSIZE || !utf) {
		env_kill_bad_memory(e, frame);
		return;
	}
	if (!user_mem_kva(e, e->env_pgfault_upcall, 0)) {
		env_kill_bad_memory(e, (uintptr_t) e->env_pgfault_upcall);
		return;
	}
	// From the top down, as a push would.
	utf->utf_esp = tf->tf_esp;
	utf->utf_eflags = tf->tf_eflags;
	utf->utf_eip = tf->tf_eip;
	utf->utf_regs = tf->tf_regs;
	utf->utf_err = tf->tf_err;
	utf->utf_fault_va = fault_va;
	tf->tf_esp = frame;
	tf->tf_eip = (uintptr_t) e->env_pgfault_upcall;
	// Compiled code expects this flag to be clear.
	tf->tf_eflags &= ~FL_DF;
	//}
}

// Destroy e because of a trap after which it cannot go on.
static void kill_for_trap(struct Env *e)
{
	print_trapframe(&e->env_tf);
	env_kill(e, e->env_tf.tf_trapno == T_PGFLT ? rcr2() : 0);
}

static void page_fault_handler(struct Env *e)
{
	uintptr_t fault_va = rcr2();

	if (e->env_pgfault_upcall) {
		deliver_page_fault(e, fault_va);
		return;
	}
	//{ Exercise 9: without an upcall, say so and destroy e
	cprintf("[%08x] user fault va %08x ip %08x\n", e->env_id, fault_va, e->env_tf.tf_eip);
	kill_for_trap(e);
	//}
}

// ---- Dispatch ----

static bool is_interrupt(uint32_t trapno)
{
	return trapno >= IRQ_OFFSET && trapno != T_SYSCALL;
}

// Handle an interrupt of the timer of cpu, which is this CPU. It may come while the CPU waits for
// the kernel lock, so this uses nothing that the lock protects.
static void handle_tick(struct CpuInfo *cpu)
{
	//{ Exercise 14: end the turn, and tell the local APIC that the interrupt is over
	cpu->cpu_resched = true;
	cpu->cpu_timer_ticks++;
	lapic_eoi();
	//}
}

// If this trap is an interrupt, or a non-maskable one, handle it. This is done before the kernel
// lock is taken: the local APIC delivers no further interrupts until it has been told that this one
// has ended.
static void handle_interrupt(uint32_t trapno)
{
	switch (trapno) {
	case T_NMI:
		panic_stop_if_asked();
		break;
	case IRQ_OFFSET + IRQ_TIMER:
		handle_tick(thiscpu);
		seed_tick();
		break;
	case IRQ_OFFSET + IRQ_KICK:
		lapic_eoi();
		break;
	case IRQ_OFFSET + IRQ_ERROR:
		cprintf("CPU %d: local APIC error %08x\n", cpunum(), lapic_error());
		lapic_eoi();
		break;
	}
	// All other interrupts are spurious, as all lines of the 8259s are masked. Neither the
	// 8259s nor the local APIC expect to be told that a spurious interrupt has ended.
}

// Handle a trap of e, the current env, whose registers are in its env_tf. It is no system call.
// (Inlined in trap(), this would make system calls longer.)
static IN_REGISTERS __attribute__((noinline)) void trap_dispatch(struct Env *e, uint32_t trapno)
{
	struct Trapframe *tf = &e->env_tf;

	// Emulators have a bug: iret in user mode can enter virtual-8086 mode. System calls cannot
	// come from there, because with I/O privilege level 0, `int' is a general protection fault.
	if (tf->tf_eflags & FL_VM) {
		kill_for_trap(e);
		return;
	}
	if (trapno == T_PGFLT) {
		page_fault_handler(e);
		return;
	}
	if (is_interrupt(trapno))
		return;
	switch (trapno) {
	case T_BRKPT:
		monitor(tf);
		return;
	case T_DEVICE:
		if (fpu_load(e) == 0)
			return;
		break;
	case T_DEBUG:
		if (e->env_stepping == ENV_STEP_NOW) {
			monitor(tf);
			return;
		}
		if (e->env_stepping == ENV_STEP_EARLIER) {
			tf->tf_eflags &= ~FL_TF;
			return;
		}
		break;
	}
	kill_for_trap(e);
}

IN_REGISTERS void (*trap_enter)(struct Trapframe *tf, struct CpuInfo *cpu)
	__attribute__((noreturn)) = trap;

IN_REGISTERS void trap(struct Trapframe *tf, struct CpuInfo *cpu)
{
	struct Env *e = cpu->cpu_env;
	uint32_t trapno = tf->tf_trapno;

	if (trapno != T_SYSCALL && trapno != T_PGFLT)
		handle_interrupt(trapno);
	if (cpu->cpu_fpu_loaded)
		fpu_store(e);
	__atomic_store_n(&cpu->cpu_status, CPU_KERNEL, __ATOMIC_RELEASE); // [K10]
	//{ Exercise 5: take the kernel lock, coming from user mode
	lock_kernel_by(cpu); // [K11]
	//}

	// While this CPU waited for the lock, another one may have taken the env away and undone
	// the trap. Then there is nothing to handle.
	if (__builtin_expect(cpu->cpu_env == e, true)) { // [K13]
		if (trapno == T_SYSCALL)
			syscall_dispatch(e);
		else
			trap_dispatch(e, trapno);
	}

	if (cpu->cpu_resched)
		sched_choose(cpu);
	env_resume(cpu);
}

void trap_elsewhere(const struct Trapframe *tf)
{
	if ((tf->tf_cs & 3) || (tf->tf_eflags & FL_VM)) { // from user mode
		curenv->env_tf = *tf;
		trap_enter(&curenv->env_tf, thiscpu);
	}
	trace(TRACE_KERNEL_TRAP, tf->tf_trapno);
	if (tracing && trace_is_full())
		trace_end();
	handle_interrupt(tf->tf_trapno);
	// Where the kernel waits with sti_hlt_cli there are interrupts, which have been handled
	// now. Any other trap is caused by a bug in the kernel.
	if (!is_interrupt(tf->tf_trapno))
		panic_trap(tf);
}

// Double faults. If a kernel stack has overflowed into its guard, the processor cannot deliver the
// page fault and raises a double fault instead. That enters the kernel through a task gate: the
// processor saves its registers in the CPU's TSS and loads those of another task, the one here,
// which has a stack of its own (SDM volume 3, sections 6.12.2 and 7.3). No lock: the kernel panics.
//
// Each CPU has a task of its own, so several CPUs may have a double fault at the same time. The
// first of them reports it, on a stack with room for that; the panic stops the others.

#include <kern/doublefault.h>

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/trap.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/panic.h>
#include <kern/pmap.h>
#include <kern/trap.h>

enum { SMALL = 384 }; // bytes of stack: to find out who is first, and for a non-maskable interrupt

static struct Taskstate tasks[NCPU];
static uint8_t small_stacks[NCPU][SMALL] __attribute__((aligned(16)));
static uint8_t stack[PGSIZE] __attribute__((aligned(16)));
static int first = -1; // the CPU that reports; set once, atomically

static void __attribute__((noreturn)) report(void)
{
	const struct Taskstate *ts = &cpus[first].cpu_ts;
	struct Trapframe tf = {
		.tf_regs = {ts->ts_edi, ts->ts_esi, ts->ts_ebp, ts->ts_esp, ts->ts_ebx, ts->ts_edx,
			    ts->ts_ecx, ts->ts_eax},
		.tf_es = ts->ts_es,
		.tf_ds = ts->ts_ds,
		.tf_trapno = T_DBLFLT,
		.tf_eip = ts->ts_eip,
		.tf_cs = ts->ts_cs,
		.tf_eflags = ts->ts_eflags,
		.tf_esp = ts->ts_esp,
		.tf_ss = ts->ts_ss,
	};

	panic_trap(&tf);
}

// Entered by the task switch, never left.
static void __attribute__((noreturn)) double_fault(void)
{
	int none = -1, cpu = (str_now() - GD_DOUBLE_FAULT(0)) >> 3;

	trap_init_percpu(cpu); // now the task register tells again which CPU this is
	if (__atomic_compare_exchange_n(&first, &none, cpu, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		call_on_stack(report, (uintptr_t) stack + sizeof(stack));
	for (;;)
		hlt();
}

void double_fault_init(void)
{
	for (int cpu = 0; cpu < NCPU; cpu++) {
		tasks[cpu] = (struct Taskstate){
			.ts_cr3 = PADDR(kern_pgdir),
			.ts_eip = (uintptr_t) double_fault,
			.ts_esp = (uintptr_t) small_stacks[cpu] + SMALL,
			.ts_cs = GD_KT,
			.ts_ds = GD_KD,
			.ts_es = GD_KD,
			.ts_ss = GD_KD,
			.ts_iomb = sizeof(struct Taskstate),
		};
		gdt[GD_DOUBLE_FAULT(cpu) >> 3] =
			SEG_TSS((uintptr_t) &tasks[cpu], sizeof(tasks[cpu]) - 1);
	}
}

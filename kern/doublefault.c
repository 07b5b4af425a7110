// When the processor cannot even deliver a fault, because the kernel's stack has overflowed into
// its guard, it raises a double fault. That one enters through a task gate: the processor saves
// its registers in the CPU's TSS and continues with the registers of another task, this one's,
// on a stack that is good. SDM volume 3, sections 6.12.2 and 7.3.
//
// There is one such task for all CPUs: two that double-fault at the same time reset the machine.

#include <kern/doublefault.h>

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/trap.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/panic.h>
#include <kern/pmap.h>
#include <kern/trap.h>

static struct Taskstate task;
static uint8_t stack[PGSIZE] __attribute__((aligned(16)));

// Entered by the task switch, never left.
static void __attribute__((noreturn)) double_fault(void)
{
	struct CpuInfo *cpu = &cpus[(task.ts_link - GD_TSS0) >> 3];
	const struct Taskstate *ts = &cpu->cpu_ts;
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

	// Be the CPU we are again: the task register tells.
	trap_init_percpu(cpu - cpus);
	panic_trap(&tf);
}

void double_fault_init(void)
{
	task = (struct Taskstate){
		.ts_cr3 = PADDR(kern_pgdir),
		.ts_eip = (uintptr_t) double_fault,
		.ts_esp = (uintptr_t) stack + sizeof(stack),
		.ts_cs = GD_KT,
		.ts_ds = GD_KD,
		.ts_es = GD_KD,
		.ts_ss = GD_KD,
		.ts_iomb = sizeof(struct Taskstate),
	};
	gdt[GD_DOUBLE_FAULT >> 3] = SEG_TSS((uintptr_t) &task, sizeof(task) - 1);
}

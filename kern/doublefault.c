// Double faults. If a kernel stack has overflowed into its guard, the processor cannot deliver the
// page fault and raises a double fault instead. That enters the kernel through a task gate: the
// processor saves its registers in the CPU's TSS and loads those of another task, the one here,
// which has a stack of its own (SDM volume 3, sections 6.12.2 and 7.3). No lock: the kernel panics.
//
// All CPUs share this task. If two of them have a double fault at the same time, the machine
// resets.

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

// The task begins here. It does not return.
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

	trap_init_percpu(cpu - cpus); // load the task register again, for thiscpu
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

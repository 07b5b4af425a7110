// Panics: stop all other CPUs, print what is wrong and a backtrace, enter the monitor. No lock: any
// CPU may panic at any time.

#include <kern/panic.h>

#include <inc/assert.h>
#include <inc/mmu.h>
#include <inc/trap.h>
#include <inc/x86.h>

#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/kdebug.h>
#include <kern/lapic.h>
#include <kern/monitor.h>
#include <kern/options.h>
#include <kern/power.h>
#include <kern/programtable.h>
#include <kern/seed.h>
#include <kern/trace.h>
#include <kern/trapframe.h>

// Number of the CPU that panicked first, -1 for none. Set once, atomically.
static int panic_cpu = -1;

// How often that CPU has panicked while panicking. Without a lock: no other CPU uses it.
static int panics;

static void __attribute__((noreturn)) stop_for_ever(void)
{
	cli();
	for (;;)
		hlt();
}

void panic_stop_if_asked(void)
{
	int cpu = __atomic_load_n(&panic_cpu, __ATOMIC_ACQUIRE);

	if (cpu >= 0 && cpu != cpunum())
		stop_for_ever();
}

// End after a panic during a panic: use as little of the kernel as possible.
static void __attribute__((noreturn)) give_up(void)
{
	cons_take_over(); // this CPU may have been printing
	cprintf("panic while panicking, stopped\n");
	if (options.exit)
		power_off_failed(KERNEL_PANICKED);
	stop_for_ever();
}

// Let this CPU, whose task register is not loaded, count as CPU 0: else it could not print. Here
// and below, lapicaddr says that no timer runs, which would end a sleep.
static void __attribute__((noinline)) count_as_first(void)
{
	lapicaddr = 0;
	gdt[GD_TSS0 >> 3] = SEG_TSS((uintptr_t) &cpus[0].cpu_ts, sizeof(struct Taskstate) - 1);
	ltr(GD_TSS0);
}

// Whether this CPU is the first that panics, and has not done so before. If another one was, stop.
static bool __attribute__((noinline)) is_first(void)
{
	int none = -1;

	if (__atomic_compare_exchange_n(&panic_cpu, &none, cpunum(), false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return true;
	panic_stop_if_asked();
	return false;
}

bool panic_begin(void)
{
	cli();
	if (str_now() == 0)
		count_as_first();
	if (!is_first()) {
		if (++panics > 1)
			give_up();
		cons_take_over(); // this CPU may have been printing
		return false;
	}
	if (!lapic_counts_per_tick() || lapic_in_interrupt())
		lapicaddr = 0;
	for (int i = 0; i < ncpu; i++)
		if (i != cpunum() && cpus[i].cpu_status >= CPU_KERNEL)
			lapic_nmi(cpus[i].cpu_id);
	microdelay(1000); // until they have stopped
	cons_take_over();
	trace_end();
	return true;
}

void panic_end(void)
{
	if (options.seeded)
		cprintf("with seed %u, in tick %u\n", options.seed, seed_ticks);
	if (options.exit)
		power_off_failed(KERNEL_PANICKED);
	monitor_after_panic();
}

// End after all has been said. A panic during a panic ends the run: the monitor may have caused it.
static void __attribute__((noreturn)) end(bool first)
{
	if (!first)
		give_up();
	panic_end();
}

// Print what this CPU was doing: for which env, and which system call or trap of it.
static void print_activity(void)
{
	const struct Env *e = curenv;

	if (!e) {
		cprintf("no environment was running on CPU %d\n", cpunum());
		return;
	}
	cprintf("for environment %08x (%s), ", e->env_id,
		e->env_program ? e->env_program->name : "?");
	if (e->env_tf.tf_trapno == T_SYSCALL)
		cprintf("in a system call: eax is %u, the call's number or already its result\n",
			e->env_tf.tf_regs.reg_eax);
	else
		cprintf("after trap %u (%s) at %08x\n", e->env_tf.tf_trapno,
			trapname(e->env_tf.tf_trapno), e->env_tf.tf_eip);
}

// Print the return address on top of the interrupted stack, if one is there. A function that calls
// no other has no frame in a backtrace, and neither has a call to where no code is.
static void print_caller(const struct Trapframe *tf)
{
	uintptr_t address = *(const uintptr_t *) &tf->tf_esp; // the kernel's frame ends here
	struct Eipdebuginfo info;

	if (tf->tf_trapno != T_DBLFLT && debuginfo_find(kernel_symbols, address - 1, &info) == 0)
		cprintf("on top of the stack: %08x %s:%d: %s+%u\n", address, info.eip_file,
			info.eip_line, info.eip_fn_name, address - info.eip_fn_addr);
}

void _panic(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	bool first = panic_begin();

	cprintf("kernel panic on CPU %d at %s:%d: ", cpunum(), file, line);
	va_start(ap, fmt);
	vcprintf(fmt, ap);
	va_end(ap);
	cprintf("\n");
	print_activity();
	print_kernel_backtrace(read_ebp(), 0);
	end(first);
}

void panic_trap(const struct Trapframe *tf)
{
	bool first = panic_begin();

	cprintf("kernel panic on CPU %d: %s in the kernel at %08x\n", cpunum(),
		trapname(tf->tf_trapno), tf->tf_eip);
	print_trapframe(tf);
	print_activity();
	print_caller(tf);
	print_kernel_backtrace(tf->tf_regs.reg_ebp, tf->tf_eip);
	end(first);
}

void _warn(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	cprintf("kernel warning on CPU %d at %s:%d: ", cpunum(), file, line);
	va_start(ap, fmt);
	vcprintf(fmt, ap);
	va_end(ap);
	cprintf("\n");
}

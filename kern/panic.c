// Panics: stop all other CPUs, print what is wrong and a backtrace, enter the monitor. No lock: any
// CPU may panic at any time.

#include <kern/panic.h>

#include <inc/assert.h>
#include <inc/trap.h>
#include <inc/x86.h>

#include <kern/console.h>
#include <kern/cpu.h>
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

bool panic_begin(void)
{
	int none = -1;

	cli();
	if (!__atomic_compare_exchange_n(&panic_cpu, &none, cpunum(), false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		panic_stop_if_asked();
		return false;
	}
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

// End after a panic during a panic: use as little of the kernel as possible.
static void __attribute__((noreturn)) give_up(void)
{
	cons_take_over(); // this CPU may have been printing
	cprintf("panic while panicking, stopped\n");
	if (options.exit)
		power_off_failed(KERNEL_PANICKED);
	stop_for_ever();
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

	if (!panic_begin())
		give_up();
	cprintf("kernel panic on CPU %d at %s:%d: ", cpunum(), file, line);
	va_start(ap, fmt);
	vcprintf(fmt, ap);
	va_end(ap);
	cprintf("\n");
	print_activity();
	print_kernel_backtrace(read_ebp(), 0);
	panic_end();
}

void panic_trap(const struct Trapframe *tf)
{
	if (!panic_begin())
		give_up();
	cprintf("kernel panic on CPU %d: %s in the kernel at %08x\n", cpunum(),
		trapname(tf->tf_trapno), tf->tf_eip);
	print_trapframe(tf);
	print_activity();
	print_caller(tf);
	print_kernel_backtrace(tf->tf_regs.reg_ebp, tf->tf_eip);
	panic_end();
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

// The build for orders, make run-X ORDER=17.40t: two CPUs take turns at given moments, so that
// every order of what they do can be tried. Not part of any other build. Needs no lock.
//
// With -icount, QEMU runs one CPU at a time, and `pause' hands over to the other. A CPU goes on
// until
//	- it sleeps or waits for the lock,
//	- it has released the lock for which the other CPU waits, or its env yields,
//	- it has run for 0.1 s, or the end of a tick has come, which here is 40 times as long,
//	- the order says so.
// Moments are numbered from 1. They are where a CPU is about to take the lock, and where it has
// released it: at entries and exits of the kernel, and before and after it sleeps. In the checking
// build, also each access to shared memory without the lock is one.
//
// The order comes after the programs to run and an @: numbers of moments, with dots in between.
// There the other CPU goes on or, with a t after the number, a tick comes. Every moment is told to
// the debug port, for tools/run/orders.py.

#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/syscall.h>
#include <inc/x86.h>

#include <kern/checked.h>
#include <kern/cpu.h>
#include <kern/envstate.h>
#include <kern/kernellock.h>
#include <kern/lapic.h>
#include <kern/options.h>
#include <kern/trace.h>
#include <kern/tracetrap.h>
#include <kern/trap.h>
#include <kern/trapframe.h>

enum { DEBUG_PORT = 0xe9 }; // QEMU's isa-debugcon

// What a CPU is about to do or has done, and what may be useful then.
enum {
	ENTER, // comes from user mode
	LEAVE, // goes there
	TAKE,  // takes the lock elsewhere
	LEFT,  // has released it elsewhere
	ACCESS,
	OTHER_READY = 0x10, // the other CPU could go on, and would not do so anyway
	ENV_WAITS = 0x20,   // an env waits for a CPU: a tick could make it run
};

void __real_trace_init(void);
void __wrap_trace_init(void);
void __real_lapic_init(void);
void __wrap_lapic_init(void);
void __real_lapic_tick_every(uint32_t ticks);
void __wrap_lapic_tick_every(uint32_t ticks);
void __real_seed_tick(void);
void __wrap_seed_tick(void);
void __real_lock_kernel(void);
void __wrap_lock_kernel(void);
void __real_unlock_kernel(void);
void __wrap_unlock_kernel(void);

static bool begun;
static uint32_t moments; // so far

// What is to happen next: when, and whether it is a tick; and the rest of the order.
static uint32_t next;
static bool next_is_tick;
static char *rest = "";

// Read what is to happen next from the order; at its end, next is 0. Without lib/string.c: in the
// checking build that would have moments of its own.
static void read_next(void)
{
	for (next = 0; *rest >= '0' && *rest <= '9'; rest++)
		next = next * 10 + *rest - '0';
	next_is_tick = *rest == 't';
	rest += next_is_tick;
	rest += *rest == '.';
}

// ---- Moments ----

// Tell the debug port a number, 7 bits at a time: the top bit of a byte says which CPU it is from.
// A trace needs the port for itself.
static void tell(uint32_t number)
{
	for (int i = 0; i < 5 && !options.trace_ms; i++, number >>= 7)
		outb(DEBUG_PORT, (number & 0x7f) | cpunum() << 7);
}

// Whether the other CPU could go on.
static bool other_ready(void)
{
	const struct CpuInfo *other = &cpus[!cpunum()];

	return other->cpu_status >= CPU_KERNEL && other->cpu_status != CPU_RESTING &&
	       (other->cpu_status != CPU_HALTED || other->cpu_woken);
}

// Whether the other CPU waits for the lock, which this CPU does not hold.
static bool other_waits(void)
{
	return kernel_lock.next_ticket != kernel_lock.now_serving;
}

// A tick comes: as in handle_tick, and the kick makes the CPU enter the kernel as soon as it has
// interrupts on.
static void tick(void)
{
	thiscpu->cpu_resched = true;
	thiscpu->cpu_timer_ticks++;
	lapic_kick(thiscpu);
}

// A moment: tell what it is, and do what the order says. what and value are details. If gives_way,
// the other CPU goes on in any case.
static void moment(int kind, uint32_t what, uint32_t value, bool gives_way)
{
	const struct Env *e = curenv;
	uint32_t n = __atomic_add_fetch(&moments, 1, __ATOMIC_RELAXED);

	if (other_ready() && !gives_way)
		kind |= OTHER_READY;
	if (run_queue.summary || spent_queue.summary)
		kind |= ENV_WAITS;
	tell(n);
	tell(kind);
	tell(e ? e->env_id : 0);
	tell(what);
	tell(value);
	if (n == next) {
		bool is_tick = next_is_tick;
		read_next();
		if (is_tick)
			tick();
		else
			pause();
	}
	if (gives_way)
		pause();
}

// ---- Ticks ----

// So long that a short program ends before, however many instructions it takes until then.
enum { LONG = 40, ORDINARY_MS = 10 };

void __wrap_lapic_tick_every(uint32_t ticks)
{
	__real_lapic_tick_every(begun ? LONG : ticks);
}

void __wrap_lapic_init(void)
{
	__real_lapic_init();
	lapic_tick_every(1);
}

// A trace ends in time also where all CPUs wait for ever, and none comes from user mode.
void __wrap_seed_tick(void)
{
	__real_seed_tick();
	if (begun && cpu_ticks(thiscpu) * LONG * ORDINARY_MS > options.trace_ms)
		trace_end();
}

// ---- Where they are ----

static IN_REGISTERS void (*real_enter)(struct Trapframe *tf, struct CpuInfo *cpu)
	__attribute__((noreturn));
static IN_REGISTERS void (*real_leave)(const struct Trapframe *tf) __attribute__((noreturn));

static IN_REGISTERS void __attribute__((noreturn)) enter(struct Trapframe *tf, struct CpuInfo *cpu)
{
	bool is_call = tf->tf_trapno == T_SYSCALL;
	uint32_t call = tf->tf_regs.reg_eax;

	moment(ENTER, tf->tf_trapno, is_call ? call : 0, is_call && call == SYS_yield);
	real_enter(tf, cpu);
}

static IN_REGISTERS void __attribute__((noreturn)) leave(const struct Trapframe *tf)
{
	moment(LEAVE, tf->tf_trapno, tf->tf_regs.reg_eax, other_waits());
	real_leave(tf);
}

void __wrap_lock_kernel(void)
{
	if (begun)
		moment(TAKE, 0, 0, false);
	__real_lock_kernel();
}

void __wrap_unlock_kernel(void)
{
	__real_unlock_kernel();
	if (begun)
		moment(LEFT, 0, 0, other_waits());
}

#ifdef JOS_CHECKED
void (*checked_outside)(uintptr_t pc);

// The code that goes on at pc accesses memory. A loop that waits makes the same access again and
// again: that is one moment.
static void access(uintptr_t pc)
{
	static uintptr_t last[NCPU];
	static uint32_t last_moment[NCPU];
	int cpu = cpunum();

	if (kernel_locked() || cpus[cpu].cpu_status < CPU_KERNEL ||
	    (pc == last[cpu] && moments == last_moment[cpu]))
		return;
	moment(ACCESS, 0, pc, false);
	last[cpu] = pc;
	last_moment[cpu] = moments;
}
#endif

// Called instead of trace_init, before there are other CPUs.
void __wrap_trace_init(void)
{
	__real_trace_init();
	rest = strfind(options.run, '@');
	if (!*rest)
		return;
	*rest++ = '\0';
	read_next();
	options.seeded = false; // it was for seed_begin
	real_enter = trap_enter;
	real_leave = trap_leave;
	trap_enter = enter;
	trap_leave = leave;
#ifdef JOS_CHECKED
	checked_outside = access;
#endif
	begun = true;
	lapic_tick_every(1);
}

// Recording traps: while events are recorded, the functions here are called instead of trap() and
// trap_return(), and then call them. They run without the kernel lock.

#include <kern/tracetrap.h>

#include <inc/memlayout.h>
#include <inc/syscall.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/lapic.h>
#include <kern/options.h>
#include <kern/pmap.h>
#include <kern/trace.h>
#include <kern/trap.h>
#include <kern/trapframe.h>

static uint64_t end_time; // of the recording, by the time-stamp counter; then constant

// For each env, the number of the system call that it makes, plus 1; 0 for none. Used without a
// lock by the CPU on which the env runs.
static uint8_t calls[NENV];

static void trace_user_trap(const struct Trapframe *tf, const struct Env *e)
{
	uint32_t call = tf->tf_regs.reg_eax;

	switch (tf->tf_trapno) {
	case T_SYSCALL:
		calls[ENVX(e->env_id)] = call < NSYSCALLS ? call + 1 : 0;
		trace(TRACE_CALL, (call & 0xff) | ENVX(tf->tf_regs.reg_edx) << 8);
		break;
	case T_PGFLT:
		trace(TRACE_FAULT, PGNUM(rcr2()) | (tf->tf_err & 7) << 20);
		break;
	default:
		trace(TRACE_TRAP, tf->tf_trapno);
	}
}

// Called instead of trap().
static IN_REGISTERS void __attribute__((noreturn))
trace_enter(struct Trapframe *tf, struct CpuInfo *cpu)
{
	trace_user_trap(tf, cpu->cpu_env);
	if (trace_is_full() || read_tsc() > end_time)
		trace_end();
	trap(tf, cpu);
}

// Called instead of trap_return(). The current env does not change here: before another CPU takes
// it away, it waits until this CPU enters the kernel again.
static IN_REGISTERS void __attribute__((noreturn)) trace_leave(const struct Trapframe *tf)
{
	uint8_t *call = &calls[ENVX(curenv->env_id)];

	if (*call == SYS_ipc_recv + 1 && tf->tf_regs.reg_eax == 0)
		trace(TRACE_RECEIVED, ENVX(curenv->env_ipc_from));
	*call = 0;
	trace(TRACE_RESUME, tf->tf_regs.reg_eax);
	trap_return(tf);
}

static uint32_t measure_tsc_khz(void)
{
	uint32_t least = UINT32_MAX;

	for (int i = 0; i < 3; i++) {
		uint64_t begin = read_tsc();
		microdelay(1000);
		least = MIN(least, (uint32_t) (read_tsc() - begin));
	}
	return least;
}

void trace_init(void)
{
	size_t frames = trace_frames(npages);

	if (frames == 0)
		return;
	uint32_t khz = measure_tsc_khz();
	end_time = read_tsc() + (uint64_t) options.trace_ms * khz;
	trap_enter = trace_enter;
	trap_leave = trace_leave;
	trace_begin(KADDR((npages - frames) * PGSIZE), frames * PGSIZE, khz);
}

#include <kern/trace.h>

#include <inc/assert.h>
#include <inc/memlayout.h>
#include <inc/string.h>
#include <inc/syscall.h>
#include <inc/x86.h>

#include <kern/env.h>
#include <kern/options.h>
#include <kern/pmap.h>
#include <kern/programs.h>
#include <kern/trap.h>

enum {
	MOST_FRAMES = 2048,
	ROOM = 8 + NCPU,   // events that a CPU may add between two looks at whether there is room
	DEBUG_PORT = 0xe9, // QEMU's isa-debugcon
	NAME_SIZE = 16,
};

// What the debug port gets first. Behind it come the names of all programs, NAME_SIZE bytes each;
// then for each CPU the number of its events, 4 bytes, and the events.
struct TraceHeader {
	char magic[8];
	uint32_t cpus;
	uint32_t programs;
	uint32_t tsc_khz; // ticks of the time-stamp counter in a millisecond
	uint32_t full;    // whether a CPU has used up its room for events
};

bool tracing;

// A CPU's own: its buffer, and how many events are there.
static struct {
	struct TraceEvent *events;
	uint32_t count;
} buffers[NCPU];

// Constant once tracing has begun.
static uint32_t capacity; // of a buffer, in events
static uint32_t tsc_khz;
static uint64_t end_time;

// For each env, the number of the system call it is in, plus 1. Written before the kernel lock is
// taken, by the CPU where the env runs, and when it goes on.
static uint8_t calls[NENV];

size_t trace_frames(size_t npages)
{
	return options.trace_ms ? MIN((size_t) MOST_FRAMES, npages / 4) : 0;
}

// ---- Recording ----

void trace_event(int type, envid_t env, uint32_t arg)
{
	typeof(&buffers[0]) buffer = &buffers[cpunum()];

	if (buffer->count == capacity)
		return;
	buffer->events[buffer->count] = (struct TraceEvent){read_tsc(), env, type, arg};
	__atomic_store_n(&buffer->count, buffer->count + 1, __ATOMIC_RELEASE);
}

static bool is_full(int cpu)
{
	return __atomic_load_n(&buffers[cpu].count, __ATOMIC_RELAXED) > capacity - ROOM;
}

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

// In the place of trap().
static void trace_enter(struct Trapframe *tf)
{
	if (!trap_from_user(tf))
		trace(TRACE_KERNEL_TRAP, tf->tf_trapno);
	else
		trace_user_trap(tf, curenv);
	if (is_full(cpunum()) || read_tsc() > end_time)
		trace_end();
	trap(tf);
}

// In the place of trap_return(). The current env stays what it is: to take it away one must wait
// until this CPU enters the kernel again.
static void __attribute__((noreturn)) trace_leave(const struct Trapframe *tf)
{
	uint8_t *call = &calls[ENVX(curenv->env_id)];

	if (*call == SYS_ipc_recv + 1 && tf->tf_regs.reg_eax == 0)
		trace(TRACE_RECEIVED, ENVX(curenv->env_ipc_from));
	*call = 0;
	trace(TRACE_RESUME, tf->tf_regs.reg_eax);
	trap_return(tf);
}

// ---- Begin and end ----

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
	capacity = frames * PGSIZE / sizeof(struct TraceEvent) / ncpu;
	for (int cpu = 0; cpu < ncpu; cpu++)
		buffers[cpu].events =
			(struct TraceEvent *) KADDR((npages - frames) * PGSIZE) + cpu * capacity;
	tsc_khz = measure_tsc_khz();
	end_time = read_tsc() + (uint64_t) options.trace_ms * tsc_khz;
	trap_enter = trace_enter;
	trap_leave = trace_leave;
	tracing = true;
}

static void send(const void *data, size_t size)
{
	outsb(DEBUG_PORT, data, size);
}

void trace_end(void)
{
	if (!__atomic_exchange_n(&tracing, false, __ATOMIC_ACQ_REL))
		return;

	struct TraceHeader header = {"JOSTRACE", ncpu, programs_end - programs, tsc_khz, false};
	uint32_t total = 0;

	for (int cpu = 0; cpu < ncpu; cpu++)
		header.full |= is_full(cpu);
	send(&header, sizeof(header));
	for (const struct Program *p = programs; p < programs_end; p++) {
		char name[NAME_SIZE] = "";
		strlcpy(name, p->name, sizeof(name));
		send(name, sizeof(name));
	}
	for (int cpu = 0; cpu < ncpu; cpu++) {
		uint32_t count = __atomic_load_n(&buffers[cpu].count, __ATOMIC_ACQUIRE);
		send(&count, sizeof(count));
		send(buffers[cpu].events, count * sizeof(struct TraceEvent));
		total += count;
	}
	cprintf("trace: %u events\n", total);
}

// Recording events.

#ifndef JOS_KERN_TRACE_H
#define JOS_KERN_TRACE_H

#include <inc/env.h>
#include <inc/types.h>

#include <kern/cpu.h>

// A record of what every CPU does, asked for with options.trace: each CPU writes events into a
// buffer of its own, without a lock, and all of it goes to the debug port when the trace ends.
// tools/trace.py makes pictures of it.

// One event. What te_arg means depends on the type; te_env is the env on this CPU, 0 for none,
// unless it is said otherwise.
struct TraceEvent {
	uint64_t te_time; // time-stamp counter
	envid_t te_env;
	uint32_t te_type : 8;
	uint32_t te_arg : 24;
};
_Static_assert(sizeof(struct TraceEvent) == 16, "tools/tracefile.py relies on that");

enum {
	TRACE_CALL = 1, // system call: number, and from bit 8 on ENVX of its first argument
	TRACE_FAULT,    // page fault: page number, and from bit 20 on bits 0..2 of the error code
	TRACE_TRAP,     // another trap from user mode: number
	TRACE_KERNEL_TRAP, // an interrupt where the kernel waits: number
	TRACE_RESUME,      // user mode is entered: the low bits of eax
	TRACE_RECEIVED,    // before that, a message has been received: ENVX of the sender
	TRACE_NEW,         // te_env begins: ENVX of its parent; its own if it has none
	TRACE_PROGRAM,     // te_env runs a program: its index in programs[]
	TRACE_END,         // te_env ends
	TRACE_HALT,        // the CPU sleeps as there is nothing to run: 1 if it rests
	TRACE_AWAKE,       // and no longer
	TRACE_LOCK_WAIT,   // the CPU waits for the kernel lock
	TRACE_LOCK_TAKEN,  // and has got it
	TRACE_KICK,        // the CPU kicks another: its number
};

// Whether events are recorded. Changes from false to true and back once.
extern bool tracing;

// Return how many of npages frames the buffers take, the last ones of memory; 0 without a trace.
size_t trace_frames(size_t npages);

// Begin to record, into the size bytes at memory, when the CPUs have been found. The time-stamp
// counter counts tsc_khz a millisecond.
void trace_begin(void *memory, size_t size, uint32_t tsc_khz);

// Whether this CPU's buffer has room for few further events only.
bool trace_is_full(void);

// End, if it has begun: send everything to the debug port.
void trace_end(void);

// Record an event with te_env = env. (While tracing; not from within another one.)
void trace_event(int type, envid_t env, uint32_t arg);

// Record an event of env e.
static inline void trace_env(int type, const struct Env *e, uint32_t arg)
{
	if (tracing)
		trace_event(type, e->env_id, arg);
}

// Record an event of this CPU. (One that waits for the kernel lock may lose its env meanwhile.)
static inline void trace(int type, uint32_t arg)
{
	if (tracing) {
		const struct Env *e = __atomic_load_n(&curenv, __ATOMIC_RELAXED);
		trace_event(type, e ? e->env_id : 0, arg);
	}
}

#endif

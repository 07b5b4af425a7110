// Recording events: each CPU writes what it does into a buffer of its own, without a lock. When the
// trace ends, all events are sent to the debug port; tools/trace/trace.py makes pictures of them.
// The boot option is options.trace_ms. Inline functions: without a trace, they only test `tracing'.

#ifndef JOS_KERN_TRACE_H
#define JOS_KERN_TRACE_H

#include <inc/env.h>
#include <inc/types.h>

#include <kern/cpu.h>

// One event. What te_arg means depends on the type. te_env is the env on this CPU, 0 for none,
// except where another meaning is given.
struct TraceEvent {
	uint64_t te_time; // time-stamp counter
	envid_t te_env;
	uint32_t te_type : 8;
	uint32_t te_arg : 24;
};
_Static_assert(sizeof(struct TraceEvent) == 16, "tools/trace/tracefile.py relies on this");

// Types of events, with the meaning of te_arg after the colon.
enum {
	TRACE_CALL = 1, // system call: number, and from bit 8 on ENVX of its first argument
	TRACE_FAULT,    // page fault: page number, and from bit 20 on bits 0..2 of the error code
	TRACE_TRAP,     // another trap from user mode: number
	TRACE_KERNEL_TRAP, // an interrupt where the kernel waits: number
	TRACE_RESUME,      // user mode is entered: the low bits of eax
	TRACE_RECEIVED,    // just before that, if a message has been received: ENVX of the sender
	TRACE_NEW,         // te_env has been made: ENVX of its parent, or its own if it has none
	TRACE_PROGRAM,     // te_env runs a program: its index in programs[]
	TRACE_END,         // te_env is destroyed
	TRACE_HALT,        // the CPU begins to sleep because it runs no env: 1 if it rests
	TRACE_AWAKE,       // the CPU has stopped sleeping
	TRACE_LOCK_WAIT,   // the CPU begins to wait for the kernel lock
	TRACE_LOCK_TAKEN,  // the CPU that waited has got the lock
	TRACE_KICK,        // the CPU kicks another one: its number
};

// Whether events are being recorded. Becomes true at most once, and then false at most once. Used
// without a lock.
extern bool tracing;

// Return how many of npages frames the buffers take, at the end of memory; 0 without a trace.
size_t trace_frames(size_t npages);

// Begin to record into the size bytes at memory. To be called after the CPUs have been found. The
// time-stamp counter counts tsc_khz ticks in a millisecond.
void trace_begin(void *memory, size_t size, uint32_t tsc_khz);

// Whether this CPU's buffer is nearly full, so that the trace should end.
bool trace_is_full(void);

// If events are being recorded, stop that and send everything to the debug port.
void trace_end(void);

// Record an event with te_env = env. To be called only while tracing, and not by an interrupt
// during another call.
void trace_event(int type, envid_t env, uint32_t arg);

// Record an event of env e, if events are being recorded.
static inline void trace_env(int type, const struct Env *e, uint32_t arg)
{
	if (tracing)
		trace_event(type, e->env_id, arg);
}

// Record an event of this CPU, if events are being recorded. (While the CPU waits for the kernel
// lock, another one may change curenv, so it is read only once.)
static inline void trace(int type, uint32_t arg)
{
	if (tracing) {
		const struct Env *e = __atomic_load_n(&curenv, __ATOMIC_RELAXED);
		trace_event(type, e ? e->env_id : 0, arg);
	}
}

#endif

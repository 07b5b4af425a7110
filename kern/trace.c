// Recording events. No lock: each CPU writes into a buffer of its own.

#include <kern/trace.h>

#include <inc/memlayout.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/options.h>
#include <kern/programtable.h>

enum {
	MOST_FRAMES = 2048,
	ROOM = 8 + NCPU,   // how many events a CPU may add between two checks for room
	DEBUG_PORT = 0xe9, // QEMU's isa-debugcon
	NAME_SIZE = 16,
};

// What is sent to the debug port first. Then come the names of all programs, NAME_SIZE bytes each;
// and for each CPU the number of its events, 4 bytes, and the events.
struct TraceHeader {
	char magic[8];
	uint32_t cpus;
	uint32_t programs;
	uint32_t tsc_khz; // ticks of the time-stamp counter in a millisecond
	uint32_t full;    // whether the buffer of a CPU was full
};

bool tracing;

// Each CPU's buffer, and how many events are in it. Written by that CPU only, without a lock.
static struct {
	struct TraceEvent *events;
	uint32_t count;
} buffers[NCPU];

// Set by trace_begin, then constant.
static uint32_t capacity; // of a buffer, in events
static uint32_t tsc_khz;  // ticks of the time-stamp counter in a millisecond

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

// Whether a CPU's buffer is full, or nearly so.
static bool is_full(int cpu)
{
	return __atomic_load_n(&buffers[cpu].count, __ATOMIC_RELAXED) > capacity - ROOM;
}

bool trace_is_full(void)
{
	return is_full(cpunum());
}

// ---- Begin and end ----

void trace_begin(void *memory, size_t size, uint32_t khz)
{
	tsc_khz = khz;
	capacity = size / sizeof(struct TraceEvent) / ncpu;
	for (int cpu = 0; cpu < ncpu; cpu++)
		buffers[cpu].events = (struct TraceEvent *) memory + cpu * capacity;
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

	struct TraceHeader header = {
		.cpus = ncpu,
		.programs = programs_end - programs,
		.tsc_khz = tsc_khz,
	};
	uint32_t total = 0;

	memcpy(header.magic, "JOSTRACE", sizeof(header.magic));
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

// Measures how long operations take, in ticks of the time-stamp counter. Under QEMU's -icount
// shift=0 a tick is exactly one guest instruction; so does tools/measure/bench.py run this.
//	bench:1000	the same with 1,000 other envs that wait for messages
//	bench:2:null-call	one operation, with 2 other envs

#include "../common.h"

enum {
	CALLS = 100,  // operations measured at a time
	FORKS = 1,    // one is enough, because it takes far more than a tick
	ATTEMPTS = 5, // the smallest result counts: others may include a timer interrupt
	CROWD_MAX = 1000,
};

static char *const window = (char *) 0x10000000; // where pages come and go

static void map_windows(int pages)
{
	for (int n = 0; n < pages; n++)
		alloc_or_panic(window + n * PGSIZE, RW);
}

static void unmap_windows(int pages)
{
	for (int n = 0; n < pages; n++) {
		int r = sys_page_unmap(0, window + n * PGSIZE);
		if (r < 0)
			panic("sys_page_unmap: %e", r);
	}
}

// ---- What is measured: each function returns the ticks of what its name says ----

// How many ticks an operation takes if it is made so many times. In it, n counts from 0.
#define TICKS(times, operation)                                                                    \
	({                                                                                         \
		uint32_t begin = read_tsc();                                                       \
		for (int n = 0; n < (times); n++)                                                  \
			operation;                                                                 \
		read_tsc() - begin;                                                                \
	})

static uint32_t null_calls(void)
{
	return TICKS(CALLS, sys_getenvid());
}

static uint32_t page_allocs_and_unmaps(void)
{
	return TICKS(CALLS, (sys_page_alloc(0, window, RW), sys_page_unmap(0, window)));
}

static uint32_t yields_alone(void)
{
	return TICKS(CALLS, sys_yield());
}

static uint32_t yields_between_two(void)
{
	envid_t other = fork_or_panic();

	while (other == 0)
		sys_yield();
	sys_yield();
	uint32_t ticks = TICKS(CALLS / 2, sys_yield()); // and back
	sys_env_destroy(other);
	return ticks;
}

static void map_faulting_page(struct UTrapframe *utf)
{
	sys_page_alloc(0, (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW);
}

static uint32_t faults_with_handler(void)
{
	set_pgfault_handler(map_faulting_page);
	uint32_t ticks = TICKS(CALLS, *(volatile char *) (window + n * PGSIZE) = 1);
	unmap_windows(CALLS);
	return ticks;
}

static uint32_t ipc_round_trips(void)
{
	envid_t echo = fork_or_panic();

	while (echo == 0) {
		envid_t from;
		int32_t value = ipc_recv(&from, NULL, NULL);
		ipc_send(from, value, NULL, 0);
	}
	ipc_send(echo, 0, NULL, 0);
	ipc_recv(NULL, NULL, NULL);
	uint32_t ticks = TICKS(CALLS, (ipc_send(echo, n, NULL, 0), ipc_recv(NULL, NULL, NULL)));
	sys_env_destroy(echo);
	return ticks;
}

static uint32_t ipc_round_trips_by_one_call(void)
{
	envid_t echo = fork_or_panic();

	if (echo == 0) {
		envid_t from;
		int32_t value = ipc_recv(&from, NULL, NULL);
		for (;;)
			value = ipc_send_recv(from, value, NULL, 0, &from, NULL, NULL);
	}
	ipc_send_recv(echo, 0, NULL, 0, NULL, NULL, NULL);
	uint32_t ticks = TICKS(CALLS, ipc_send_recv(echo, n, NULL, 0, NULL, NULL, NULL));
	sys_env_destroy(echo);
	return ticks;
}

static uint32_t writes_to_copy_on_write_pages(void)
{
	map_windows(CALLS);
	envid_t sharer = fork_or_panic();
	if (sharer == 0)
		ipc_recv(NULL, NULL, NULL);
	uint32_t ticks = TICKS(CALLS, *(volatile char *) (window + n * PGSIZE) = 1);
	sys_env_destroy(sharer);
	unmap_windows(CALLS);
	return ticks;
}

// Fork with so many KB of data to which this env has written, and wait until the child has ended.
static uint32_t fork_with(size_t kilobytes)
{
	int pages = kilobytes * 1024 / PGSIZE;

	map_windows(pages);
	for (int n = 0; n < pages; n++)
		window[n * PGSIZE] = n;

	uint32_t begin = read_tsc();
	envid_t child = fork_or_panic();
	if (child == 0)
		exit();
	wait_for_end(child);
	uint32_t ticks = read_tsc() - begin;

	unmap_windows(pages);
	return ticks;
}

static uint32_t fork_256_kb(void)
{
	return fork_with(256);
}

static uint32_t fork_1_mb(void)
{
	return fork_with(1024);
}

static uint32_t fork_4_mb(void)
{
	return fork_with(4096);
}

// ---- Running them ----

static const struct Benchmark {
	const char *name; // in tools/measure/bench.py
	uint32_t (*ticks)(void);
	uint32_t operations; // how many it makes
} benchmarks[] = {
	{"null-call", null_calls, CALLS},
	{"alloc-unmap", page_allocs_and_unmaps, CALLS},
	{"yield-alone", yields_alone, CALLS},
	{"yield-switch", yields_between_two, CALLS},
	{"fault-handler", faults_with_handler, CALLS},
	{"ipc-round-trip", ipc_round_trips, CALLS},
	{"ipc-one-call", ipc_round_trips_by_one_call, CALLS},
	{"cow-fault", writes_to_copy_on_write_pages, CALLS},
	{"fork-256k", fork_256_kb, FORKS},
	{"fork-1m", fork_1_mb, FORKS},
	{"fork-4m", fork_4_mb, FORKS},
};

static void run(const struct Benchmark *b)
{
	uint32_t least = UINT32_MAX;

	for (int i = 0; i < ATTEMPTS; i++)
		least = MIN(least, b->ticks());
	cprintf("bench: %s %u\n", b->name, (least + b->operations - 1) / b->operations);
}

// Start n envs that wait for messages.
static void start_crowd(envid_t *crowd, int n)
{
	for (int i = 0; i < n; i++) {
		crowd[i] = fork_or_panic();
		while (crowd[i] == 0)
			ipc_recv(NULL, NULL, NULL);
	}
}

void umain(int argc, char **argv)
{
	uint64_t booted = read_tsc();
	static envid_t crowd[CROWD_MAX];
	int others = argc > 1 ? strtol(argv[1], NULL, 10) : 2;

	if (others < 0 || others > CROWD_MAX)
		panic("the number of other envs must be 0 to %d", CROWD_MAX);
	cprintf("bench: boot %u\n", (uint32_t) booted);
	cprintf("bench: tick %d\n", thisenv->env_time_left); // what an env has at first
	start_crowd(crowd, others);
	for (size_t i = 0; i < ARRAY_SIZE(benchmarks); i++)
		if (argc < 3 || strcmp(argv[2], benchmarks[i].name) == 0)
			run(&benchmarks[i]);
	for (int i = 0; i < others; i++)
		sys_env_destroy(crowd[i]);
}

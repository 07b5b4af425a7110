// TLBs of several CPUs. After the kernel has unmapped a page of an env, replaced it, or made it
// read-only, the env must not reach the old frame, on whichever CPU it runs.
//
// A child writes to WINDOW without pause. The parent has the same frame mapped too. It takes the
// frame away from WINDOW in one of several ways, clears it, and checks that it stays clear. Other
// children read in WINDOW while the parent replaces the frame, and receive frames there by
// messages.

#include "../common.h"

#define PATIENCE 10 // how often we wait for a child: on one CPU that takes a time slice

#define SHARED   ((volatile struct Shared *) 0x00a00000)
#define WINDOW   ((volatile uint32_t *) 0x00b00000) // what the children access
#define FRAME    ((volatile uint32_t *) 0x00c00000) // the parent's mapping of the frame
#define SPARE    ((volatile uint32_t *) 0x00d00000) // another frame

static int rounds = 500; // for each way; argv[1] gives another number

struct Shared {
	int failures;
	uint32_t epoch; // what WINDOW must contain, 0 while that changes
	uint32_t seen;  // the last epoch that the reader has read
};

#define fail(...) (cprintf("testtlb: FAIL " __VA_ARGS__), SHARED->failures++)

static void must(int r, const char *what)
{
	if (r < 0) {
		fail("%s: %e\n", what, r);
		exit();
	}
}

// ---- Ways to take FRAME away from WINDOW of a child ----

static int unmap(envid_t child)
{
	return sys_page_unmap(child, (void *) WINDOW);
}

static int exchange(envid_t child)
{
	return sys_page_map(0, (void *) SPARE, child, (void *) WINDOW, RW);
}

static int replace_by_fresh(envid_t child)
{
	return sys_page_alloc(child, (void *) WINDOW, RW);
}

static int make_read_only(envid_t child)
{
	return sys_page_map(0, (void *) FRAME, child, (void *) WINDOW, RO);
}

// The child has the only reference. So the frame becomes free, and then it is allocated for us
// again.
static int reuse(envid_t child)
{
	sys_page_unmap(0, (void *) FRAME);
	int r = sys_page_unmap(child, (void *) WINDOW);
	return r < 0 ? r : sys_page_alloc(0, (void *) FRAME, RW);
}

static int reuse_exchanged(envid_t child)
{
	sys_page_unmap(0, (void *) FRAME);
	int r = exchange(child);
	return r < 0 ? r : sys_page_alloc(0, (void *) FRAME, RW);
}

static const struct Way {
	const char *name;
	int (*take_away)(envid_t child);
} ways[] = {
	{"sys_page_unmap", unmap},
	{"sys_page_map of another frame", exchange},
	{"sys_page_alloc", replace_by_fresh},
	{"sys_page_map without PTE_W", make_read_only},
	{"sys_page_unmap and reuse", reuse},
	{"sys_page_map and reuse", reuse_exchanged},
};

// ---- Children ----

// The page-fault handler of the children: wait until WINDOW is writable again.
static void wait_for_window(struct UTrapframe *utf)
{
	if (ROUNDDOWN(utf->utf_fault_va, PGSIZE) != (uintptr_t) WINDOW) {
		fail("a child faults at %08x\n", utf->utf_fault_va);
		exit();
	}
	for (int spins = 1; !(uvpt[PGNUM(WINDOW)] & PTE_W); spins++) {
		relax();
		if (spins % 256 == 0)
			sys_yield();
	}
}

static void write_without_pause(void)
{
	for (;;)
		*WINDOW = 0xdead;
}

// Compute for long between two writes, by code without jumps. An emulator checks for interrupts
// only between pieces of such code, so the CPU reacts late to a kick.
static void write_late(void)
{
	for (;;)
		asm volatile(".rept 16; fld1; fldpi; fpatan; fstp %%st; .endr; movl $0xdead, %0"
			     : "=m"(*WINDOW));
}

static void read_without_pause(void)
{
	for (;;) {
		uint32_t before = SHARED->epoch, value = *WINDOW, after = SHARED->epoch;

		if (before == 0 || before != after)
			continue;
		if (value != before && SHARED->failures < 10)
			fail("a child reads %u from an old frame instead of %u\n", value, before);
		SHARED->seen = before;
	}
}

// Receive messages. Each comes with a page that contains its value; write the complement there.
static void receive_pages(void)
{
	for (;;) {
		uint32_t value = ipc_recv(NULL, (void *) WINDOW, NULL);
		if (*WINDOW != value && SHARED->failures < 10)
			fail("message %u comes with the page of message %u\n", value, *WINDOW);
		*WINDOW = ~value;
	}
}

static envid_t start(void (*work)(void))
{
	envid_t child = fork();

	must(child, "fork");
	if (child == 0) {
		set_pgfault_handler(wait_for_window);
		work();
	}
	return child;
}

// ---- The parent ----

static int patience;

// Wait until *word is value or, if wanted is false, is not value. Returns whether that is so.
static bool wait_word(volatile uint32_t *word, uint32_t value, bool wanted)
{
	for (int spins = 0; (*word == value) != wanted; spins++) {
		if (spins == 5000) {
			patience--;
			sys_yield();
			return (*word == value) == wanted;
		}
		relax();
	}
	return true;
}

// Let a child write. Take FRAME away from it so many times, and then check the frame so many times.
static void test_writer(const struct Way *way, void (*write)(void), int rounds, int looks)
{
	must(sys_page_alloc(0, (void *) FRAME, RW), "sys_page_alloc");
	envid_t child = start(write);

	patience = PATIENCE;
	for (int round = 0; round < rounds && patience > 0 && SHARED->failures < 10; round++) {
		*FRAME = 0;
		must(sys_page_map(0, (void *) FRAME, child, (void *) WINDOW, RW), "sys_page_map");
		wait_word(FRAME, 0, false);
		must(way->take_away(child), way->name);
		*FRAME = 0;
		for (int look = 0; look < looks && *FRAME == 0; look++)
			relax();
		if (*FRAME != 0)
			fail("a child writes to its old frame after %s, round %d\n", way->name,
			     round);
	}
	sys_env_destroy(child);
}

static void test_reader(void)
{
	must(sys_page_map(0, (void *) SPARE, 0, (void *) WINDOW, RW), "sys_page_map");
	envid_t child = start(read_without_pause);

	patience = PATIENCE;
	for (int n = 1; n <= rounds && patience > 0; n++) {
		volatile uint32_t *frame = n % 2 ? FRAME : SPARE;
		*frame = n;
		must(sys_page_map(0, (void *) frame, child, (void *) WINDOW, RO), "sys_page_map");
		SHARED->epoch = n;
		wait_word(&SHARED->seen, n, true);
		SHARED->epoch = 0;
	}
	sys_env_destroy(child);
}

static void test_receiver(void)
{
	envid_t child = start(receive_pages);

	for (int n = 1; n <= rounds / 4; n++) {
		volatile uint32_t *frame = n % 2 ? FRAME : SPARE, *old = n % 2 ? SPARE : FRAME;
		*frame = n;
		ipc_send(child, n, (void *) frame, RW);
		if (n > 1 && *old != ~(n - 1U))
			fail("the receiver of message %d wrote %08x into its page\n", n - 1, *old);
	}
	sys_env_destroy(child);
}

// The same on one CPU, with this env's own WINDOW.
static void test_own(void)
{
	for (int n = 1; n <= rounds; n++) {
		volatile uint32_t *frame = n % 2 ? FRAME : SPARE;
		*frame = n;
		must(sys_page_map(0, (void *) frame, 0, (void *) WINDOW, RW), "sys_page_map");
		if (*WINDOW != (uint32_t) n) {
			fail("this env still reads the old frame\n");
			break;
		}
	}
	sys_page_unmap(0, (void *) WINDOW);
}

void umain(int argc, char **argv)
{
	if (argc > 1)
		rounds = strtol(argv[1], NULL, 10);
	must(sys_page_alloc(0, (void *) SHARED, RW | PTE_SHARE), "sys_page_alloc");
	must(sys_page_alloc(0, (void *) FRAME, RW | PTE_SHARE), "sys_page_alloc");
	must(sys_page_alloc(0, (void *) SPARE, RW | PTE_SHARE), "sys_page_alloc");

	test_own();
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		test_writer(&ways[i], write_without_pause, rounds, 20);
		test_writer(&ways[i], write_late, rounds / 40, 100);
	}
	test_reader();
	test_receiver();
	if (SHARED->failures == 0)
		cprintf("testtlb: OK\n");
}

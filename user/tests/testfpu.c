// Each env has its own floating-point registers. Many envs, more than there are CPUs, keep
// different values in all of them while they yield, are preempted, are stopped, and go on on other
// CPUs. fork copies the registers. In a new env they have their initial values, whichever env ran
// before.

#include "../common.h"

#define WORKERS 12
#define SHARED  ((volatile struct Shared *) 0x00a00000)

struct Shared {
	int failures;
	int loops; // how often the env that is stopped again and again has checked its registers
};

#define fail(...) (cprintf("testfpu: FAIL " __VA_ARGS__), SHARED->failures++)

// ---- The registers ----

// What fxsave stores (SDM volume 1, table 10-2): the part that is the same on every processor.
struct State {
	uint16_t control, status;
	uint8_t tags, reserved1; // one bit for each register in use
	uint16_t opcode;
	uint32_t code[2], data[2]; // addresses of the last instruction and its operand
	uint32_t mxcsr, mxcsr_mask;
	struct {
		uint8_t value[10], reserved[6];
	} st[8];
	uint8_t xmm[8][16];
	uint8_t rest[224];
} __attribute__((aligned(16)));

static_assert(sizeof(struct State) == 512);

static void fninit(void)
{
	asm volatile("fninit");
}

static void fxsave(struct State *s)
{
	asm volatile("fxsave %0" : "=m"(*s));
}

static void fxrstor(const struct State *s)
{
	asm volatile("fxrstor %0" : : "m"(*s));
}

static bool have_fxsr, have_sse;

// Make the initial state, in which every env begins.
static void make_clean(struct State *s)
{
	memset(s, 0, sizeof(*s));
	s->control = 0x37f;
	s->mxcsr = 0x1f80;
}

// Make a state from a seed: eight numbers between 1 and 2, and rounding modes.
static void make_state(struct State *s, uint32_t seed)
{
	make_clean(s);
	s->tags = 0xff;
	s->control = 0x37f ^ (seed & 3) << 10;
	s->mxcsr = 0x1f80 | (seed & 3) << 13;
	for (int i = 0; i < 8; i++) {
		uint32_t mantissa[2] = {seed * 2654435761U + i, 0x80000000 | seed << 8 | i};
		memcpy(s->st[i].value, mantissa, sizeof(mantissa));
		memcpy(s->st[i].value + 8, "\xff\x3f", 2);
		memset(s->xmm[i], seed + 16 * i, sizeof(s->xmm[i]));
	}
}

// Compare the registers with s. Returns the name of what differs, or NULL.
static const char *differs(const struct State *s)
{
	static struct State now;

	memset(&now, 0, sizeof(now));
	fxsave(&now);
	if (now.control != s->control || now.status != s->status || now.tags != s->tags)
		return "control, status or tag word";
	for (int i = 0; i < 8; i++)
		if (memcmp(now.st[i].value, s->st[i].value, sizeof(s->st[i].value)) != 0)
			return "st";
	if (!have_sse)
		return NULL;
	if (now.mxcsr != s->mxcsr)
		return "mxcsr";
	return memcmp(now.xmm, s->xmm, sizeof(s->xmm)) != 0 ? "xmm" : NULL;
}

static void expect(const struct State *s, const char *when)
{
	const char *what = differs(s);

	if (what && SHARED->failures < 10)
		fail("%s: %s is not as it was\n", when, what);
}

// What fnstenv stores (SDM volume 1, figure 8-9): also where the last instruction and its operand
// were, which fxrstor leaves as they are on some processors.
struct Pointers {
	uint32_t control, status, tags, code, code_selector_opcode, data, data_selector;
};

static float operands[WORKERS + 1];

// Leave an address of our own in the pointer to the last operand.
static void use_operand(uint32_t seed)
{
	asm volatile("flds %0; fstp %%st(0)" : : "m"(operands[seed]));
}

// The pointers are ours, or clear; with seed 0, clear.
static void expect_pointers(uint32_t seed, const char *when)
{
	struct Pointers now;

	asm volatile("fnstenv %0; fldenv %0" : "=m"(now) : : "memory");
	bool clear = !now.code && !now.data && !(now.code_selector_opcode & 0x7ff0000);
	bool ours = seed > 0 && now.data == (uintptr_t) &operands[seed];

	if (!clear && !ours && SHARED->failures < 10)
		fail("%s: the last instruction was at %08x, its operand at %08x\n", when, now.code,
		     now.data);
}

// ---- Envs ----

static void compute(int spins)
{
	for (volatile int i = 0; i < spins; i = i + 1)
		;
}

// Load one state after another, and check that each stays over yields and time slices.
static void work(uint32_t seed)
{
	static struct State state;

	make_clean(&state);
	expect(&state, "new env");
	expect_pointers(0, "new env");
	for (int round = 0; round < 20; round++) {
		make_state(&state, seed + round * WORKERS);
		for (int i = 0; i < 10; i++) {
			fninit();
			use_operand(seed);
			sys_yield();
			expect_pointers(seed, "after a yield");
		}
		fxrstor(&state);
		for (int i = 0; i < 10; i++) {
			compute(20000);
			expect(&state, "after computing");
			sys_yield();
			expect(&state, "after a yield");
		}
	}
}

// Many workers at the same time, in two waves. This env has not used the registers yet, so the
// workers begin with the initial state. The second wave runs on CPUs in which the first one has
// left values.
static void test_workers(void)
{
	envid_t workers[WORKERS];

	for (int wave = 0; wave < 2; wave++) {
		for (int n = 0; n < WORKERS; n++) {
			workers[n] = fork_or_panic();
			if (workers[n] == 0) {
				work(n + 1);
				exit();
			}
		}
		for (int n = 0; n < WORKERS; n++)
			wait_for_end(workers[n]);
	}
}

static void test_fork(void)
{
	static struct State state, other;

	make_state(&state, 77);
	make_state(&other, 88);
	fxrstor(&state);
	for (int n = 0; n < 4; n++) {
		envid_t child = fork_or_panic();
		expect(&state, child ? "parent after fork" : "child after fork");
		if (child == 0) {
			fxrstor(&other);
			sys_yield();
			expect(&other, "child");
			exit();
		}
		wait_for_end(child);
		expect(&state, "parent after its child's end");
	}
}

// A child that checks its registers all the time is stopped and started again. They must not
// change.
static void test_stop(void)
{
	static struct State state;

	make_state(&state, 99);
	envid_t child = fork_or_panic();
	if (child == 0) {
		for (fxrstor(&state);; SHARED->loops++)
			expect(&state, "after a stop");
	}
	for (int stop = 0; stop < 200; stop++) {
		int r = sys_env_set_status(child, ENV_NOT_RUNNABLE);
		int loops = SHARED->loops;

		compute(stop * 5);
		if (r < 0 || SHARED->loops != loops)
			fail("the child is not stopped: %e\n", r);
		sys_env_set_status(child, ENV_RUNNABLE);
		if (stop % 16 == 0) // on one CPU it runs only then
			sys_yield();
		compute(2000);
	}
	sys_env_destroy(child); // while it runs
}

void umain(int argc, char **argv)
{
	uint32_t features;

	alloc_or_panic(SHARED, RW | PTE_SHARE);
	cpuid(1, NULL, NULL, NULL, &features);
	have_fxsr = features & 1 << 24;
	have_sse = features & 1 << 25;
	if (have_fxsr) {
		test_workers();
		test_fork();
		test_stop();
	} else {
		cprintf("testfpu: the processor has no fxsave, nothing is tested\n");
	}
	if (SHARED->failures == 0)
		cprintf("testfpu: OK\n");
}

// Checks of exercise 12: fork.
//
// When the parent is to check or to do something, the child stops itself. To check the child's
// pages, the parent maps them.

#include "check.h"

#define XSTACK (UXSTACKTOP - PGSIZE)
#define HEAP   ((volatile uint32_t *) 0x10000000)           // some pages
#define LOW    ((volatile uint32_t *) USTABDATA)            // a page below the program
#define HIGH   ((volatile uint32_t *) (USTACKTOP - PTSIZE)) // a page below the stack
#define VICTIM 0x00a00000                                   // never mapped at first
#define WORDS  (PGSIZE / 4)                                 // of a page

static volatile uint32_t data = 1, bss;

// ---- Parent and child ----

// In a child: stop until the parent makes us runnable.
static void stop(void)
{
	sys_env_set_status(0, ENV_NOT_RUNNABLE);
}

// Map the child's page at va at UTEMP. Returns the address of va there, NULL if the child has no
// page.
static volatile uint32_t *look(envid_t child, volatile void *va)
{
	void *page = (void *) ROUNDDOWN((uintptr_t) va, PGSIZE);

	if (sys_page_map(child, page, 0, UTEMP, RO) < 0)
		return NULL;
	return UTEMP + PGOFF((uintptr_t) va);
}

// Wait until the child has stopped. Returns whether it has.
static bool stops(envid_t child)
{
	uint64_t start = read_tsc();

	while (is_alive(child) && envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE &&
	       read_tsc() - start < 3000000000U)
		sys_yield();
	if (!is_alive(child))
		fail("the child has died: does it get all pages, an exception stack, and the "
		     "upcall?");
	else if (envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE)
		fail("the child does not come to the point where it should stop");
	return is_alive(child) && envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE;
}

// Let the child go on, and wait until it has stopped again. Returns whether it has.
static bool goes_on(envid_t child)
{
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	return stops(child);
}

// Add the failures of the child, which has stopped, to ours, and end it.
static void finish(envid_t child)
{
	volatile uint32_t *theirs = look(child, &check_failures);

	if (theirs)
		check_failures += *theirs;
	sys_page_unmap(0, UTEMP);
	sys_env_destroy(child);
}

static envid_t fork_or_fail(void)
{
	return MUST(fork());
}

static pte_t pte(volatile void *va)
{
	return mapped((uintptr_t) va) ? uvpt[PGNUM(va)] : 0;
}

// ---- What is separate ----

static struct Place {
	const char *name;
	volatile uint32_t *word;
} places[] = {{"data", &data},
	      {"bss", &bss},
	      {"stack", NULL},
	      {"heap", HEAP + 5},
	      {"heap", HEAP + WORDS - 1},
	      {"page below UTEXT", LOW},
	      {"page far up", HIGH + 1}};

static void write(uint32_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (mapped((uintptr_t) places[i].word))
			*places[i].word = value + i;
}

static void expect(uint32_t value, const char *who, const char *hint)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!mapped((uintptr_t) places[i].word))
			fail("%s has no page at %08x: fork gives the child all pages below UTOP",
			     who, (uintptr_t) places[i].word);
		else if (*places[i].word != value + i)
			fail("%s finds %x, not %x, in its %s: %s", who, *places[i].word, value + i,
			     places[i].name, hint);
}

static void memory(void)
{
	volatile uint32_t on_stack;

	places[2].word = &on_stack;
	MUST(sys_page_alloc(0, (void *) HEAP, RW));
	MUST(sys_page_alloc(0, (void *) LOW, RW));
	MUST(sys_page_alloc(0, (void *) HIGH, RW));
	write(0x100);
	envid_t child = fork_or_fail();
	if (child == 0) {
		expect(0x100, "the child", "it must begin with what the parent had");
		stop();
		expect(0x100, "the child", "the parent wrote that after fork");
		write(0x200);
		stop();
		expect(0x200, "the child", "the parent wrote that after the child had written");
		stop();
	}
	if (stops(child)) {
		write(0x300);
		bool there = goes_on(child);
		expect(0x300, "the parent", "the child wrote that after fork");
		write(0x400);
		if (there && goes_on(child))
			finish(child);
	}
}

// ---- What is shared ----

// The child must have `what' in the same frame as we, and we must have it with these rights.
static void expect_shared(envid_t child, const char *what, volatile void *va, int perm)
{
	if ((pte(va) & PTE_SYSCALL) != perm)
		fail("%s: the parent's rights have changed from %x to %x", what, perm,
		     pte(va) & PTE_SYSCALL);
	if (!look(child, va) || PTE_ADDR(pte(UTEMP)) != PTE_ADDR(pte(va)))
		fail("%s: the child does not have the same frame as the parent", what);
	sys_page_unmap(0, UTEMP);
}

// In a child: `what' must be mapped with these rights.
static void expect_rights(const char *what, volatile void *va, int perm)
{
	if ((pte(va) & PTE_SYSCALL) != perm)
		fail("%s: the child's rights are %x, not %x as in the parent", what,
		     pte(va) & PTE_SYSCALL, perm);
}

static void readonly(void)
{
	int text = pte((void *) UTEXT) & PTE_SYSCALL;

	MUST(sys_page_alloc(0, (void *) HEAP, RO));
	envid_t child = fork_or_fail();
	if (child == 0) {
		expect_rights("a read-only page", HEAP, RO);
		expect_rights("the program's text", (void *) UTEXT, text);
		stop();
	}
	if (stops(child)) {
		expect_shared(child, "a read-only page", HEAP, RO);
		expect_shared(child, "the program's text", (void *) UTEXT, text);
		finish(child);
	}
}

static void share(void)
{
	MUST(sys_page_alloc(0, (void *) HEAP, RW | PTE_SHARE));
	MUST(sys_page_alloc(0, (void *) LOW, RO | PTE_SHARE));
	*HEAP = 1;
	envid_t child = fork_or_fail();
	if (child == 0) {
		expect_rights("a page with PTE_SHARE", HEAP, RW | PTE_SHARE);
		expect_rights("a read-only page with PTE_SHARE", LOW, RO | PTE_SHARE);
		*HEAP = 2;
		stop();
		if (*HEAP != 3)
			fail("the child does not see what the parent writes to a PTE_SHARE page");
		stop();
	}
	if (!stops(child))
		return;
	if (*HEAP != 2)
		fail("the parent does not see what the child writes to a PTE_SHARE page");
	expect_shared(child, "a page with PTE_SHARE", HEAP, RW | PTE_SHARE);
	expect_shared(child, "a read-only page with PTE_SHARE", LOW, RO | PTE_SHARE);
	*HEAP = 3;
	if (goes_on(child))
		finish(child);
}

// ---- Copy-on-write ----

static void expect_cow(const char *who, volatile void *va)
{
	if ((pte(va) & (PTE_COW | PTE_W)) != PTE_COW)
		fail("%s has rights %x on a page to which no env has written since fork: it must "
		     "have PTE_COW and not PTE_W",
		     who, pte(va) & PTE_SYSCALL);
}

// A page that has been copied must be writable, and mapped at one place only.
static void expect_own(const char *who, volatile void *va)
{
	if ((pte(va) & (PTE_SYSCALL & ~PTE_AVAIL)) != RW || (pte(va) & PTE_COW))
		fail("%s has rights %x instead of %x on a page to which it has written", who,
		     pte(va) & PTE_SYSCALL, RW);
	else if (references(va) != 1)
		fail("%s has written to a page, but its frame has %u references: is it still "
		     "mapped at PFTEMP?",
		     who, references(va));
}

static void cow(void)
{
	MUST(sys_page_alloc(0, (void *) HEAP, RW));
	*HEAP = 7;
	physaddr_t frame = PTE_ADDR(pte(HEAP));
	envid_t child = fork_or_fail(), second;
	if (child == 0) {
		expect_cow("the child", HEAP);
		if (PTE_ADDR(pte(HEAP)) != frame)
			fail("the child has a copy of a page to which no env has written");
		stop();
		HEAP[WORDS - 1] = 8;
		expect_own("the child", HEAP);
		if (HEAP[0] != 7)
			fail("only a part of the page has been copied");
		stop();
	}
	expect_cow("the parent", HEAP);
	if (!stops(child))
		return;
	if ((second = fork_or_fail()) == 0) { // the page is copy-on-write already
		expect_cow("a second child", HEAP);
		stop();
	}
	if (!stops(second))
		return;
	expect_cow("the parent, after its second fork,", HEAP);
	if (PTE_ADDR(pte(HEAP)) != frame || references(HEAP) != 3)
		fail("after two forks the page is mapped %u times instead of 3", references(HEAP));
	finish(second);
	if (goes_on(child)) {
		expect_cow("the parent", HEAP);
		finish(child);
	}
	HEAP[1] = 9;
	expect_own("the parent", HEAP);
	if (HEAP[0] != 7 || HEAP[WORDS - 1] != 0)
		fail("the parent's copy differs from the page");
}

// Fail if the child, which has not run yet, shares a frame that is writable for us.
static void expect_none_writable(envid_t child)
{
	for (uintptr_t va = USTACKTOP - PGSIZE; va - UMIN < USTACKTOP - UMIN; va -= PGSIZE) {
		if (!mapped(va)) {
			if (!(uvpd[PDX(va)] & PTE_P))
				va = ROUNDDOWN(va, PTSIZE);
			continue;
		}
		if (va == (uintptr_t) UTEMP || !(pte((void *) va) & PTE_W) ||
		    !look(child, (void *) va))
			continue;
		if (PTE_ADDR(pte((void *) va)) == PTE_ADDR(pte(UTEMP)) &&
		    envs[ENVX(child)].env_runs == 0)
			fail("the page at %08x is writable for the parent, and the child has the "
			     "same frame: change the child's mapping first, then the parent's",
			     va);
	}
}

static void order(void)
{
	MUST(sys_page_alloc(0, (void *) HEAP, RW));
	// Several times, because the child may run before this env can check.
	for (int round = 0; round < 10 && !check_failures; round++) {
		volatile uint32_t on_stack = 5;
		envid_t child = fork_or_fail();
		if (child == 0) {
			if (on_stack != 5)
				fail("the child sees what the parent writes to its stack after "
				     "fork");
			stop();
		}
		on_stack = 6;
		expect_none_writable(child);
		sys_page_unmap(0, UTEMP);
		if (!stops(child))
			break;
		finish(child);
	}
}

// ---- Faults ----

static int handled;

static void provide(struct UTrapframe *utf)
{
	handled++;
	if ((utf->utf_fault_va & ~0xffffU) != VICTIM && utf->utf_fault_va != (uintptr_t) LOW)
		fail("the program's handler is called for %08x, in a copy-on-write page",
		     utf->utf_fault_va);
	MUST(sys_page_alloc(0, (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW));
}

static void fault_thrice(const char *who)
{
	extern void (*_pgfault_handler)(struct UTrapframe * utf);

	if (_pgfault_handler != provide) {
		fail("%s: the program's handler has changed: fork sets only pgfault_resolve", who);
		return;
	}
	handled = 0;
	*(volatile uint32_t *) VICTIM = *(volatile uint32_t *) (VICTIM + PGSIZE);
	MUST(sys_page_alloc(0, (void *) LOW, RO));
	*LOW = 1; // a read-only page, but not a copy-on-write one
	if (handled != 3)
		fail("%s: the program's handler is called for %d of the 3 faults that it should "
		     "handle",
		     who, handled);
	for (int i = 0; i < 2; i++)
		MUST(sys_page_unmap(0, (void *) VICTIM + i * PGSIZE));
}

static void handler(void)
{
	set_pgfault_handler(provide);
	fault_thrice("before fork");
	envid_t child = fork_or_fail();
	if (child == 0) {
		fault_thrice("the child");
		data = bss = 4; // copy-on-write still works
		stop();
	}
	fault_thrice("the parent after fork");
	data = bss = 5;
	if (stops(child))
		finish(child);
}

static uintptr_t resume;      // the instruction after one that faults at
static uintptr_t skipped_va;  // this address
static const char *skip_hint; // why another address may be told

// Go on after the instruction.
static void skip(struct UTrapframe *utf)
{
	handled++;
	utf->utf_eip = resume;
	if (utf->utf_fault_va == skipped_va)
		return;
	fail("after a fault at %08x the program's handler is called for %08x: before resolve_cow "
	     "reads an entry of uvpt, %s",
	     skipped_va, utf->utf_fault_va, skip_hint);
	exit(); // the fault is not in the instruction
}

// A write to va must come to the program's handler, as fork has nothing to do with it.
static void expect_skipped(uintptr_t va, const char *hint)
{
	skipped_va = va;
	skip_hint = hint;
	handled = 0;
	asm volatile("movl $1f, %0; movl $1, (%1); 1:" : "=m"(resume) : "r"(va) : "memory");
	if (handled != 1)
		fail("for a fault at %08x the program's handler is called %d times", va, handled);
}

// For some addresses there is no entry in uvpt that may be read.
static void entries(void)
{
	set_pgfault_handler(skip);
	envid_t child = fork_or_fail();
	if (child == 0)
		exit();
	expect_skipped(VICTIM, "it looks at the error code");
	expect_skipped(0x60000000, "it looks in uvpd whether there is a page table");
	expect_skipped(KERNBASE + 0x100000, "it looks whether the address is below UTOP");
	expect_skipped(MMIOBASE, "it looks whether the address is below UTOP");
}

// The exception stack is not copied, and not shared either.
static void stack(void)
{
	envid_t child = fork_or_fail();
	if (child == 0) {
		if ((pte((void *) XSTACK) & PTE_SYSCALL) != RW)
			fail("the child's exception stack has rights %x, not %x: it must not be "
			     "copy-on-write, because copying needs it",
			     pte((void *) XSTACK) & PTE_SYSCALL, RW);
		if (references((void *) XSTACK) != 1)
			fail("the child shares its exception stack: allocate one for it");
		stop();
	}
	if (!envs[ENVX(child)].env_pgfault_upcall ||
	    envs[ENVX(child)].env_pgfault_upcall != thisenv->env_pgfault_upcall)
		fail("the child has no upcall: set it before the child may run");
	if ((pte((void *) XSTACK) & PTE_SYSCALL) != RW)
		fail("the parent's exception stack has rights %x after fork, not %x",
		     pte((void *) XSTACK) & PTE_SYSCALL, RW);
	if (stops(child))
		finish(child);
}

// ---- Families ----

// Fork, and let the child do the same, down to some depth. Each env writes its own number and must
// find it again.
static void generation(int depth)
{
	envid_t parent = sys_getenvid(), child = fork_or_fail();

	if (child == 0) {
		if (thisenv != &envs[ENVX(sys_getenvid())])
			fail("thisenv in the child is another env: set it where fork returns 0");
		if (thisenv->env_parent_id != parent)
			fail("the child's parent is %08x, not %08x", thisenv->env_parent_id,
			     parent);
		if (data != 100 + depth)
			fail("a child at depth %d finds %u, not %u", depth, data, 100 + depth);
		data = 101 + depth;
		if (depth < 3)
			generation(depth + 1);
		stop();
	}
	if (thisenv != &envs[ENVX(parent)])
		fail("thisenv in the parent is another env after fork");
	if (stops(child))
		finish(child);
	if (data != 100 + depth)
		fail("at depth %d data is %u, not %u, after descendants wrote there", depth, data,
		     100 + depth);
}

static void tree(void)
{
	data = 100;
	generation(0);
}

// ---- Errors ----

enum { TABLES = 12 }; // pages that each need a page table of their own

static volatile uint32_t *far(int i)
{
	return HEAP + i * (PTSIZE / sizeof(*HEAP));
}

static bool has_child(void)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && envs[i].env_parent_id == sys_getenvid())
			return true;
	return false;
}

// Whether the child has a page wherever we have one. (If it has ended meanwhile, that is not
// known.)
static bool has_all(envid_t child)
{
	bool all = look(child, (void *) UTEXT) && look(child, &data) &&
		   look(child, (void *) XSTACK) && look(child, (void *) (USTACKTOP - PGSIZE));

	for (int i = 0; i < TABLES; i++)
		all &= look(child, far(i)) != NULL;
	return all || !is_alive(child);
}

// What an env that forks with few frames left has found. It is in a shared page, to which one can
// write without a frame.
static volatile struct {
	bool returned; // fork has
	int result;
	bool child, all; // there is a child, and it has all pages
	int lost;        // frames
} *const found = (volatile void *) LOW;

// Make a child that never runs, and let it have all free frames but some.
static envid_t hold_all_but(uint32_t frames)
{
	envid_t holder = MUST(sys_exofork());
	uint32_t n = 0;

	while (sys_page_alloc(holder, (void *) (TAKEN + n * PGSIZE), RO) == 0)
		n++;
	while (frames-- > 0 && n > 0)
		sys_page_unmap(holder, (void *) (TAKEN + --n * PGSIZE));
	return holder;
}

// Fork with so many free frames.
static void fork_with(uint32_t frames)
{
	own_all_pages();
	envid_t holder = hold_all_but(frames);
	int before = free_frames(), r = fork();
	if (r == 0)
		for (;;)
			sys_yield();
	found->result = r;
	found->all = r < 0 || has_all(r);
	found->lost = r < 0 ? before - (int) free_frames() : 0;
	sys_page_unmap(0, UTEMP);
	if (r > 0)
		sys_env_destroy(r);
	sys_env_destroy(holder);
	found->child = has_child();
	found->returned = true;
	exit();
}

// Let a child fork with so many free frames. Returns whether its fork succeeds.
static bool tries_fork(uint32_t frames)
{
	// A page table each for TABLES pages, and few other frames: then no memory is left before
	// all pages are mapped, but enough for the pages that the parent itself writes to.
	bool in_the_middle = frames >= 7 && frames <= TABLES;

	memset((void *) found, 0, sizeof(*found));
	envid_t child = fork_or_fail();
	if (child == 0)
		fork_with(frames);
	if (!ends(child)) {
		fail("with %u free frames, fork does not return", frames);
		sys_env_destroy(child);
	} else if (!found->returned) {
		// It may be destroyed by a write to a copy-on-write page, but not otherwise.
		if (in_the_middle || envs[ENVX(child)].env_tf.tf_trapno != T_PGFLT)
			fail("with %u free frames, the env that calls fork ends: it must get the "
			     "error, and the child be destroyed",
			     frames);
	} else if (found->child) {
		fail("with %u free frames, fork returns %d (%e), but there is a child: destroy it",
		     frames, found->result, found->result);
	} else if (found->result < 0 && found->result != -E_NO_MEM) {
		fail("with %u free frames, fork returns %d, not %d (%e)", frames, found->result,
		     -E_NO_MEM, -E_NO_MEM);
	} else if (!found->all) {
		fail("with %u free frames, fork returns a child that lacks pages: look at what "
		     "each system call returns",
		     frames);
	} else if (found->lost) {
		fail("with %u free frames, fork fails and %d frames are lost", frames, found->lost);
	}
	return found->returned && found->result > 0;
}

// When fork fails, it returns the error and there is no child.
static void errors(void)
{
	set_pgfault_handler(provide);
	while (sys_exofork() > 0)
		;
	EXPECT(fork(), -E_NO_FREE_ENV, "return what sys_exofork returns");
	destroy_children();
	uint32_t n = take_frames();
	EXPECT(fork(), -E_NO_MEM, "return what sys_exofork returns");
	give_frames(n, 0);
	if (has_child())
		fail("fork has returned an error, but there is a child");
}

// When memory runs out in the middle, too.
static void middle(void)
{
	enum { ENOUGH = 60, FOR_TRIES = 300 };
	uint32_t frames = 0;

	MUST(sys_page_alloc(0, (void *) LOW, RW | PTE_SHARE));
	for (int i = 0; i < TABLES; i++)
		MUST(sys_page_alloc(0, (void *) far(i), RW));
	envid_t holder = hold_all_but(FOR_TRIES); // so that each try has less to take
	while (!check_failures && frames < ENOUGH && !tries_fork(frames))
		frames++;
	sys_env_destroy(holder);
	if (frames == ENOUGH)
		fail("with %u free frames, fork still fails", frames);
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"memory", memory}, {"readonly", readonly}, {"share", share},  {"cow", cow},
		{"order", order},   {"handler", handler},   {"stack", stack},  {"tree", tree},
		{"errors", errors}, {"entries", entries},   {"middle", middle}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}

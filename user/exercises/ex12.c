// Checks of exercise 12: fork.

#include "check.h"
#include "ex12child.h"
#include "ex12errors.h"

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

// Return the highest of our pages below va, 0 if there is none; but not where one is mapped for a
// while.
static uintptr_t page_below(uintptr_t va)
{
	while ((va -= PGSIZE) - UMIN < USTACKTOP - UMIN)
		if (!(uvpd[PDX(va)] & PTE_P))
			va = ROUNDDOWN(va, PTSIZE);
		else if (mapped(va) && va != (uintptr_t) UTEMP && va != (uintptr_t) PFTEMP)
			return va;
	return 0;
}

// Fail if the child, which has not run yet, shares a frame that is writable for us.
static void expect_none_writable(envid_t child)
{
	for (uintptr_t va = page_below(USTACKTOP); va; va = page_below(va))
		if ((pte((void *) va) & PTE_W) && look(child, (void *) va) &&
		    PTE_ADDR(pte((void *) va)) == PTE_ADDR(pte(UTEMP)) &&
		    envs[ENVX(child)].env_runs == 0)
			fail("the page at %08x is writable for the parent, and the child has the "
			     "same frame: change the child's mapping first, then the parent's",
			     va);
}

// Fail unless the child, which fork is about to make runnable, has all that it needs.
static void expect_complete(envid_t child)
{
	const char *what =
		envs[ENVX(child)].env_pgfault_upcall ? "an exception stack" : "the upcall";
	uintptr_t missing = 0;

	for (uintptr_t va = page_below(USTACKTOP); va; va = page_below(va))
		if (!look(child, (void *) va))
			missing = va;
	if (missing)
		fail("fork makes the child runnable before it gives it the page at %08x: another "
		     "CPU may run it at once",
		     missing);
	else if (!envs[ENVX(child)].env_pgfault_upcall || !look(child, (void *) XSTACK))
		fail("fork makes the child runnable before it gives it %s: another CPU may run it "
		     "at once",
		     what);
}

static bool forking; // in the check below

// In place of the library's (user/Makefrag).
int __real_sys_env_set_status(envid_t env, int status);
int __wrap_sys_env_set_status(envid_t env, int status);
int __wrap_sys_env_set_status(envid_t env, int status)
{
	if (forking && status == ENV_RUNNABLE)
		expect_complete(env);
	return __real_sys_env_set_status(env, status);
}

static void order(void)
{
	MUST(sys_page_alloc(0, (void *) HEAP, RW));
	// Several times, because the child may run before this env can check.
	for (int round = 0; round < 10 && !check_failures; round++) {
		volatile uint32_t on_stack = 5;
		forking = true;
		envid_t child = fork_or_fail();
		forking = false;
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
	if (handled != 2)
		fail("%s: the program's handler is called for %d of 2 faults where no page is: for "
		     "those resolve_cow returns false",
		     who, handled);
	handled = 0;
	MUST(sys_page_alloc(0, (void *) LOW, RO));
	*LOW = 1;
	if (handled != 1)
		fail("%s: the program's handler is not called for a write to a read-only page "
		     "without PTE_COW: for that resolve_cow returns false",
		     who);
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

static uintptr_t resume;     // the instruction after one that faults at
static uintptr_t skipped_va; // this address
static const char *skip_hint = "when it is not asked to"; // why another address may be told

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
	expect_skipped(KERNBASE + 16 * PTSIZE, "it looks whether the address is below UTOP");
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

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"memory", memory}, {"readonly", readonly}, {"share", share},  {"cow", cow},
		{"order", order},   {"handler", handler},   {"stack", stack},  {"tree", tree},
		{"errors", errors}, {"entries", entries},   {"middle", middle}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}

// Checks of exercise 11: pgfault_install and set_pgfault_handler.

#include "check.h"

#include "../../lib/pgfault.h"

#define VICTIM ((volatile uint32_t *) 0x00a00000) // the first of the pages that cause faults
#define XSTACK (UXSTACKTOP - PGSIZE)

extern void (*_pgfault_handler)(struct UTrapframe *utf);

static int first_calls, second_calls;

static void provide(struct UTrapframe *utf)
{
	MUST(sys_page_alloc(0, (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW));
}

static void first(struct UTrapframe *utf)
{
	first_calls++;
	provide(utf);
}

static void second(struct UTrapframe *utf)
{
	second_calls++;
	provide(utf);
}

// Write to the n-th missing page. Then the handlers must have been called this many times.
static void fault(int n, int firsts, int seconds)
{
	volatile uint32_t *word = VICTIM + n * PGSIZE / 4 + 5;

	*word = n + 1;
	if (*word != n + 1)
		fail("what was written to a page that the handler provides is not there");
	if (first_calls != firsts || second_calls != seconds)
		fail("after fault %d the handlers were called %d and %d times, not %d and %d: only "
		     "the one set last is to be called, once for each fault",
		     n + 1, first_calls, second_calls, firsts, seconds);
}

static void begin(void (*handler)(struct UTrapframe *utf))
{
	first_calls = second_calls = 0;
	set_first_handler(handler);
}

static physaddr_t exception_frame(void)
{
	return mapped(XSTACK) ? PTE_ADDR(uvpt[PGNUM(XSTACK)]) : 0;
}

static void upcall(void)
{
	begin(first);
	if (thisenv->env_pgfault_upcall != _pgfault_upcall)
		fail("the env's page-fault entry point is %p, not _pgfault_upcall at %p: "
		     "sys_env_set_pgfault_upcall sets it",
		     thisenv->env_pgfault_upcall, _pgfault_upcall);
	if (_pgfault_handler != first)
		fail("set_pgfault_handler does not store the handler in _pgfault_handler");
}

static void stack(void)
{
	begin(first);
	if (!mapped(XSTACK))
		fail("there is no page at %08x, just below UXSTACKTOP, for the exception stack",
		     XSTACK);
	else if ((uvpt[PGNUM(XSTACK)] & PTE_SYSCALL) != RW)
		fail("the exception stack's rights are %x, not %x: PTE_U, PTE_W, PTE_P",
		     uvpt[PGNUM(XSTACK)] & PTE_SYSCALL, RW);
	if (mapped(XSTACK - PGSIZE) || mapped(USTACKTOP - 2 * PGSIZE))
		fail("there is a page below a stack, where nothing may be mapped");
}

static void handler(void)
{
	begin(first);
	for (int n = 0; n < 3; n++)
		fault(n, n + 1, 0);
}

// The second call finds the exception stack already there.
static void twice(void)
{
	begin(first);
	physaddr_t frame = exception_frame();
	uint32_t free = free_frames();
	set_pgfault_handler(first);
	if (exception_frame() != frame || free_frames() != free)
		fail("setting a handler again gives another exception stack: allocate it only if "
		     "there is none");
	fault(0, 1, 0);
}

static void replace(void)
{
	begin(first);
	fault(0, 1, 0);
	set_pgfault_handler(second);
	fault(1, 1, 1);
	set_pgfault_handler(first);
	fault(2, 2, 1);
}

static void set_second(struct UTrapframe *utf)
{
	set_pgfault_handler(second);
	first(utf);
}

// A handler may set another one while it runs on the exception stack.
static void inside(void)
{
	begin(set_second);
	fault(0, 1, 0);
	fault(1, 1, 1);
}

static void install(void)
{
	EXPECT(pgfault_install(), 0, "there is memory for an exception stack");
	physaddr_t frame = exception_frame();
	if (!frame || thisenv->env_pgfault_upcall != _pgfault_upcall)
		fail("after pgfault_install there is no exception stack, or no entry point");
	EXPECT(pgfault_install(), 0, "the exception stack is there");
	if (exception_frame() != frame)
		fail("pgfault_install again gives another exception stack: look in uvpd and uvpt "
		     "whether there is one");
	begin(first);
	if (exception_frame() != frame)
		fail("set_pgfault_handler after pgfault_install gives another exception stack");
	EXPECT(sys_env_set_pgfault_upcall(0, NULL), 0, "exercise 8");
	EXPECT(pgfault_install(), 0, "the exception stack is there");
	if (thisenv->env_pgfault_upcall != _pgfault_upcall)
		fail("pgfault_install does not set the entry point when there is a stack already");
	fault(0, 1, 0); // the handler is still the same
}

static void memory(void)
{
	uint32_t n = take_frames();

	EXPECT(pgfault_install(), -E_NO_MEM, "return what sys_page_alloc returns");
	if (thisenv->env_pgfault_upcall)
		fail("an entry point is set, though there is no memory for a stack");
	give_frames(n, 0);
	EXPECT(pgfault_install(), 0, "now there is memory");
	begin(first);
	fault(0, 1, 0);
}

// Without memory for an exception stack there is no way to report the error.
static void panics(void)
{
	take_frames();
	may_panic = check_done = true;
	set_pgfault_handler(first);
	fail("set_pgfault_handler returns though pgfault_install has failed: it must panic");
}

// Each in an env that has not set a handler yet.
void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"upcall", upcall},   {"stack", stack},     {"handler", handler},
		{"twice", twice},     {"replace", replace}, {"inside", inside},
		{"install", install}, {"memory", memory},   {"panics", panics}};

	checks_in_children = true;
	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}

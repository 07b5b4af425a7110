// What the checks of single exercises have in common. Program exN checks exercise N of doc/lab4.md,
// and needs no later one. `make grade EX=N' runs it once for each check, with the check's name:
// `exN:NAME'. (`exN:NAME:NAME' makes several checks, one after the other.) A check prints
// `exN:NAME: FAIL ...' for each error, and `exN:NAME: OK' at the end if there was none. The
// functions are inline because each program is one source file.

#ifndef JOS_USER_EXERCISES_CHECK_H
#define JOS_USER_EXERCISES_CHECK_H

#include "../common.h"
#include "../panic.h"

// A check, and its name. Its function returns when it has checked everything.
struct Check {
	const char *name;
	void (*run)(void);
};

static const char *check_name; // of the check that runs
static int check_failures;

// Print what is wrong, and what may be the reason, and count a failure. fmt has no newline.
PRINTF_LIKE(1, 2) static inline void fail(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cprintf("%s:%s: FAIL %s\n", binaryname, check_name, text);
	check_failures++;
}

// Whether a panic is right now; then it only ends the env.
static bool may_panic;

void tell_panic(const char *text)
{
	if (!may_panic)
		fail("%s", text);
}

// Fail if a call has returned `is' instead of `want'; hint tells the possible reason.
static inline void expect_result(const char *call, int is, int want, const char *hint)
{
	if (is == want)
		return;
	if (want < 0)
		fail("%s returns %d, not %d (%e): %s", call, is, want, want, hint);
	else if (is < 0)
		fail("%s returns %d (%e), not %d: %s", call, is, is, want, hint);
	else
		fail("%s returns %d, not %d: %s", call, is, want, hint);
}
#define EXPECT(call, want, hint) expect_result(#call, call, want, hint)

// Return r, the result of a call. If it is an error, end the check.
static inline int must(const char *call, int r)
{
	if (r < 0) {
		fail("%s returns %d (%e), and the check cannot go on", call, r, r);
		exit();
	}
	return r;
}
#define MUST(call) must(#call, call)

// ---- Children without fork ----

// Map our text and data also in env. It has the same pages, so both see what the other one writes.
// It gets no stack.
static inline void share_program(envid_t env)
{
	extern char end[]; // of the program, from the linker

	for (char *va = (char *) UTEXT; va < end; va += PGSIZE)
		MUST(sys_page_map(0, va, env, va, uvpt[PGNUM(va)] & PTE_SYSCALL));
}

// Give a new child our program and a stack of its own. When it is made runnable, it begins with
// these registers.
static inline void equip_child(envid_t child, struct Trapframe *tf)
{
	share_program(child);
	MUST(sys_page_alloc(child, (void *) (USTACKTOP - PGSIZE), RW));
	MUST(sys_env_set_trapframe(child, tf));
}

// Make a child and give it that.
static inline envid_t make_child(struct Trapframe *tf)
{
	envid_t child = MUST(sys_exofork());

	equip_child(child, tf);
	return child;
}

// Wait for env to end, some seconds at most. Returns whether it has.
static inline bool ends(envid_t env)
{
	uint64_t start = read_tsc();

	for (int n = 0; is_alive(env) && (n < 500 || read_tsc() - start < 3000000000U); n++)
		sys_yield();
	return !is_alive(env);
}

// Destroy all our children.
static inline void destroy_children(void)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && envs[i].env_parent_id == sys_getenvid())
			sys_env_destroy(envs[i].env_id);
}

// ---- Running out ----

#define TAKEN 0x20000000U // where take_frames maps what it takes

// Take all free frames. Returns how many; the last one is mapped at TAKEN + (that - 1) * PGSIZE.
static inline uint32_t take_frames(void)
{
	uint32_t n = 0;
	int r;

	while ((r = sys_page_alloc(0, (void *) (TAKEN + n * PGSIZE), RO)) == 0)
		n++;
	expect_result("sys_page_alloc", r, -E_NO_MEM, "page_alloc returns NULL when none is left");
	return n;
}

// Give back all but the first `keep' of the n frames taken.
static inline void give_frames(uint32_t n, uint32_t keep)
{
	while (n > keep)
		sys_page_unmap(0, (void *) (TAKEN + --n * PGSIZE));
}

// ---- Running checks ----

// Whether each check is to run in a child of its own, so that a check that dies can be reported.
static bool checks_in_children;
static void (*check_run)(void);
static volatile bool check_done;

static inline void run_check_and_exit(void)
{
	thisenv = &envs[ENVX(sys_getenvid())];
	check_run();
	check_done = true;
	exit();
}

static inline void run_in_child(void)
{
	struct Trapframe tf = {.tf_eip = (uintptr_t) run_check_and_exit, .tf_esp = USTACKTOP - 20};
	envid_t child = make_child(&tf);
	const volatile struct Trapframe *last = &envs[ENVX(child)].env_tf;

	check_done = false;
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	bool ended = ends(child);
	if (!ended)
		sys_env_destroy(child);
	if (!check_done && check_failures == 0)
		fail("after a fault the program %s, at eip %08x with esp %08x: does it go back to "
		     "where it was?",
		     ended ? "ends too early" : "does not end", last->tf_eip, last->tf_esp);
}

// Set a page-fault handler as the first one of a program: without the one of an earlier check, with
// which we may share our data.
static inline void set_first_handler(void (*handler)(struct UTrapframe *utf))
{
	extern void (*_pgfault_handler)(struct UTrapframe * utf);

	_pgfault_handler = NULL;
	set_pgfault_handler(handler);
}

// Whether a check is asked for: its name is one of the arguments, or there are none.
static inline bool is_asked_for(const char *name, int argc, char **argv)
{
	bool found = argc < 2;

	for (int i = 1; i < argc; i++)
		found |= strcmp(argv[i], name) == 0;
	return found;
}

// Run the checks that the arguments name, or all n checks.
static inline void run_checks(int argc, char **argv, const struct Check *checks, size_t n)
{
	static char name[16]; // not on the stack: for children, too
	static envid_t self;

	self = sys_getenvid();
	strlcpy(name, binaryname, sizeof(name));
	binaryname = name;
	for (size_t i = 0; i < n; i++) {
		if (!is_asked_for(checks[i].name, argc, argv))
			continue;
		check_name = checks[i].name;
		check_failures = 0;
		may_panic = false;
		check_run = checks[i].run;
		if (checks_in_children)
			run_in_child();
		else
			check_run();
		if (sys_getenvid() != self)
			exit(); // a child that has come here by mistake
		if (check_failures == 0)
			cprintf("%s:%s: OK\n", binaryname, check_name);
	}
}

#endif

// Makes each kind of call that allocates memory. The monitor's command `fail N' makes the N-th
// allocation from then on fail. The call that makes it must return -E_NO_MEM and change nothing,
// and must succeed when it is repeated. To be run for each N from 1 on, until no failure is
// reported:
//
//	K> fail 1
//	K> run testfail
//	K> audit

#include "../common.h"

#define SHARED ((volatile struct Shared *) 0x00a00000)
#define TARGET ((void *) 0x10000000) // needs a page table of its own

struct Shared {
	int failures;
	int retries; // of page faults
	int result;  // of what a child does
};

static int failures; // not in SHARED, which may be missing

#define fail(...) (cprintf("testfail: FAIL " __VA_ARGS__), failures++)

// The page-fault handler. If the fault is a write to a copy-on-write page, there was no memory for
// the copy: try again.
static void try_again(struct UTrapframe *utf)
{
	uintptr_t va = utf->utf_fault_va;

	if (va < UTOP && (uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_COW) &&
	    SHARED->retries++ < 3)
		return;
	cprintf("testfail: FAIL page fault at %08x\n", va);
	exit();
}

// ---- Steps: each returns 0 or an error, and frees what it has allocated ----

static int make_env(void)
{
	envid_t env = sys_exofork();
	return env < 0 ? env : sys_env_destroy(env);
}

static int alloc_page(void)
{
	envid_t env = sys_exofork();
	if (env < 0)
		return env;
	int r = sys_page_alloc(env, TARGET, RW);
	sys_env_destroy(env);
	return r;
}

static int map_page(void)
{
	envid_t env = sys_exofork();
	if (env < 0)
		return env;
	int r = sys_page_map(0, (void *) SHARED, env, TARGET, RW);
	sys_env_destroy(env);
	return r;
}

static int fork_once(void)
{
	envid_t child = fork();
	if (child == 0)
		exit();
	if (child > 0)
		wait_for_end(child);
	return child < 0 ? child : 0;
}

static int sfork_once(void)
{
	envid_t child = sfork();
	if (child == 0)
		exit();
	if (child > 0)
		wait_for_end(child);
	return child < 0 ? child : 0;
}

static int send_page(void)
{
	int r;
	envid_t child = fork();

	if (child < 0)
		return child;
	if (child == 0) {
		ipc_recv(NULL, TARGET, NULL);
		exit();
	}
	while ((r = sys_ipc_try_send(child, 1, (void *) SHARED, RW)) == -E_IPC_NOT_RECV)
		sys_yield();
	if (r < 0 && !envs[ENVX(child)].env_ipc_recving)
		fail("a call that fails ends the receiver's wait\n");
	sys_env_destroy(child);
	return r;
}

// A child computes, and makes an env that gets a copy of its floating-point registers. If there is
// no memory for these at their first use, the child is destroyed.
static int compute(void)
{
	SHARED->result = -E_NO_MEM;
	envid_t child = fork();

	if (child < 0)
		return child;
	if (child == 0) {
		asm volatile("fninit; fldpi");
		SHARED->result = make_env();
		exit();
	}
	wait_for_end(child);
	return SHARED->result;
}

static const struct Step {
	const char *name;
	int (*function)(void);
} steps[] = {
	{"sys_exofork", make_env}, {"sys_page_alloc", alloc_page}, {"sys_page_map", map_page},
	{"fork", fork_once},       {"sfork", sfork_once},          {"sys_ipc_try_send", send_page},
	{"compute", compute},
};

// ---- Running them ----

static bool failed_once; // only one allocation is made to fail

// Report the result of a call if it is an error. Returns whether to make the call again.
static bool failed(const char *name, int r)
{
	if (r == 0)
		return false;
	cprintf("testfail: %s: %e\n", name, r);
	if (r != -E_NO_MEM)
		fail("%s returns %d\n", name, r);
	else if (failed_once)
		fail("%s fails a second time\n", name);
	failed_once = true;
	return r == -E_NO_MEM;
}

// Allocate a page for this env; if that fails, try once more.
static void need(void *va, int perm)
{
	int r = sys_page_alloc(0, va, perm);

	if (failed("sys_page_alloc", r))
		failed("sys_page_alloc", sys_page_alloc(0, va, perm));
}

static void take(const struct Step *step)
{
	bool again;

	do {
		uint32_t before = free_frames(), after;

		again = failed(step->name, step->function());
		own_all_pages();
		for (int patience = 0; (after = free_frames()) != before && patience < 1000;
		     patience++)
			sys_yield();
		if (after != before)
			fail("%s: %u frames free before, %u after\n", step->name, before, after);
	} while (again && failures == 0);
}

void umain(int argc, char **argv)
{
	need((void *) SHARED, RW | PTE_SHARE);
	need((void *) (UXSTACKTOP - PGSIZE), RW);
	need(PFTEMP, RW); // for its page table, which stays
	sys_page_unmap(0, PFTEMP);
	set_pgfault_handler(try_again);

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		take(&steps[i]);
	if (SHARED->retries > 0)
		cprintf("testfail: page fault: %e\n", E_NO_MEM);
	if (failures == 0)
		cprintf("testfail: OK\n");
}

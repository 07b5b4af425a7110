// A slot of envs[] that is used again: the new env has nothing of the old one, and no power over
// the children that the old one has left. And children that nobody can start any more end with
// their parent.
//
// With the argument `dirty' it only leaves odd flags and registers behind; with `clean', as the
// next program in the same slot, it looks whether it has got them.

#include "../common.h"

#define SHARED ((volatile struct Shared *) 0x00a00000)
#define PAGE   ((void *) 0x00b00000)
#define ODD    (FL_AC | FL_ID) // flags that C code leaves alone

struct Shared {
	int failures;
	envid_t child, receiver, stopped, grandchild;
	bool go_on;
};

#define expect(is, want) expect_equal(is, want, #is, __LINE__, &SHARED->failures)

// ---- The new env has nothing of the old one ----

static void test_new_env(void)
{
	envid_t old = fork_or_panic();

	if (old == 0) {
		ipc_recv(NULL, PAGE, NULL);
		exit();
	}
	alloc_or_panic(PAGE, RW);
	expect(sys_env_set_pgfault_upcall(old, PAGE), 0);
	wait_receiving(old);
	ipc_send(old, 0x1234, PAGE, RW);
	wait_for_end(old);

	envid_t new = sys_exofork();
	const volatile struct Env *e = &envs[ENVX(new)];

	if (new == 0)
		exit(); // it has no memory, and is never started
	expect(ENVX(new), ENVX(old));
	expect(new > old, true);
	expect((uintptr_t) e->env_pgfault_upcall, 0);
	expect(e->env_ipc_recving, false);
	expect((uintptr_t) e->env_ipc_dstva, 0);
	expect(e->env_ipc_value, 0);
	expect(e->env_ipc_from, 0);
	expect(e->env_ipc_perm, 0);
	expect(e->env_runs, 0);
	expect(sys_env_destroy(new), 0);
	expect(sys_page_unmap(0, PAGE), 0);
}

// Leave what a program that is started in this slot must not get.
static void leave_odd_flags(void)
{
	write_eflags(read_eflags() | ODD);
	exit();
}

static void find_no_odd_flags(void)
{
	expect(read_eflags() & ODD, 0);
}

// ---- It has no power over others' children ----

static void test_power(void)
{
	envid_t parent = fork_or_panic(), heir;

	if (parent == 0) {
		envid_t child = fork_or_panic();

		while (child == 0 && !SHARED->go_on)
			sys_yield();
		if (child > 0)
			SHARED->child = child;
		exit();
	}
	wait_for_end(parent);
	heir = fork_or_panic();
	if (heir == 0) {
		envid_t child = SHARED->child;
		struct Trapframe tf = thisenv->env_tf;

		expect(ENVX(thisenv->env_id), ENVX(parent));
		expect(sys_env_set_status(child, ENV_NOT_RUNNABLE), -E_BAD_ENV);
		expect(sys_env_set_trapframe(child, &tf), -E_BAD_ENV);
		expect(sys_env_set_pgfault_upcall(child, NULL), -E_BAD_ENV);
		expect(sys_page_alloc(child, PAGE, RW), -E_BAD_ENV);
		expect(sys_page_map(child, (void *) UTEXT, 0, PAGE, RO), -E_BAD_ENV);
		expect(sys_page_unmap(child, (void *) UTEXT), -E_BAD_ENV);
		expect(sys_env_destroy(child), -E_BAD_ENV);
		exit();
	}
	wait_for_end(heir);
	expect(is_alive(SHARED->child), true);
	SHARED->go_on = true;
	wait_for_end(SHARED->child);
}

// ---- fs and gs ----

// Load both with that selector, let others run, and see what is there then.
static void load_and_look(uint32_t selector)
{
	uint32_t fs, gs;

	asm volatile("movw %w0, %%fs; movw %w0, %%gs" : : "r"(selector));
	for (int i = 0; i < 20; i++) {
		sys_yield();
		asm volatile("movl %%fs, %0; movl %%gs, %1" : "=r"(fs), "=r"(gs));
		if ((fs & 0xffff) != selector)
			expect(fs & 0xffff, GD_UD | 3);
		if ((gs & 0xffff) != selector)
			expect(gs & 0xffff, GD_UD | 3);
	}
}

static void test_fs_gs(void)
{
	envid_t child = fork_or_panic();

	load_and_look(child ? GD_UD | 3 : GD_UT | 3);
	if (child == 0)
		exit();
	wait_for_end(child);
}

// ---- Children that nobody can start ----

static void stop(envid_t env)
{
	expect(sys_env_set_status(env, ENV_NOT_RUNNABLE), 0);
}

// Have children of all kinds, and end.
static void be_a_parent(void)
{
	for (int i = 0; i < 3; i++)
		if (sys_exofork() == 0)
			exit(); // it is never started

	envid_t receiver = fork_or_panic();
	if (receiver == 0) {
		expect(ipc_recv(NULL, NULL, NULL), 7);
		exit();
	}
	SHARED->receiver = receiver;
	envid_t stopped = fork_or_panic();
	if (stopped == 0) {
		SHARED->grandchild = sys_exofork();
		for (;;)
			sys_yield();
	}
	while (!SHARED->grandchild)
		sys_yield();
	stop(stopped);
	SHARED->stopped = stopped;
	wait_receiving(receiver);
	exit();
}

static int count_envs(void)
{
	int n = 0;

	for (int i = 0; i < NENV; i++)
		n += envs[i].env_status != ENV_FREE;
	return n;
}

static void test_orphans(void)
{
	int before = count_envs();
	envid_t parent = fork_or_panic();

	if (parent == 0)
		be_a_parent();
	wait_for_end(parent);
	for (int i = 0; i < 10; i++) // it takes some ticks at most
		sys_yield();
	expect(is_alive(SHARED->stopped), false);
	expect(is_alive(SHARED->grandchild), false);
	expect(is_alive(SHARED->receiver), true);
	expect(count_envs(), before + 1);
	ipc_send(SHARED->receiver, 7, NULL, 0);
	wait_for_end(SHARED->receiver);
}

// As many as there can be.
static void test_all_slots(void)
{
	int before = count_envs();
	envid_t parent = fork_or_panic();

	if (parent == 0) {
		envid_t child;

		while ((child = sys_exofork()) > 0)
			;
		expect(child, -E_NO_FREE_ENV);
		exit();
	}
	wait_for_end(parent);
	for (uint64_t begin = read_tsc(); count_envs() != before && is_early(begin);)
		sys_yield();
	expect(count_envs(), before);
}

// One that stops itself when its parent is gone.
static void test_stops_itself(void)
{
	int before = count_envs();
	envid_t parent = fork_or_panic();

	if (parent == 0) {
		if (fork_or_panic() == 0) {
			wait_for_end(thisenv->env_parent_id);
			stop(0);
		}
		exit();
	}
	for (uint64_t begin = read_tsc(); count_envs() != before && is_early(begin);)
		sys_yield();
	expect(count_envs(), before);
}

// Keep CPUs waiting for the kernel, so that some of them rest. Then the last env ends and leaves as
// many children as there can be: the run is not over until they are gone.
static void leave_children(void)
{
	envid_t busy[3];

	for (size_t i = 0; i < ARRAY_SIZE(busy); i++) {
		busy[i] = fork_or_panic();
		while (busy[i] == 0)
			sys_yield();
	}
	while (sys_exofork() > 0)
		;
	for (size_t i = 0; i < ARRAY_SIZE(busy); i++)
		expect(sys_env_destroy(busy[i]), 0);
}

void umain(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "dirty") == 0)
		leave_odd_flags();
	alloc_or_panic(SHARED, RW | PTE_SHARE);
	if (argc > 1 && strcmp(argv[1], "clean") == 0) {
		find_no_odd_flags();
	} else {
		test_new_env();
		test_power();
		test_fs_gs();
		test_orphans();
		test_all_slots();
		test_stops_itself();
		leave_children();
	}
	if (SHARED->failures == 0)
		cprintf("testslots: OK\n");
}

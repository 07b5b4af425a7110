// Running out of envs and of frames. Every call that needs one must return the error and change
// nothing, and in the end as many frames as before must be free.
//
// A child, the hog, takes all memory except as many frames as we tell it to leave. For each number
// of frames, from none on, we make each call that allocates, and let another child fork.

#include "../common.h"

#define LEVELS      12 // frames left; a fork needs fewer
#define PLENTY      64
#define SHARED      ((volatile struct Shared *) 0x00a00000)
#define TARGET      ((void *) 0x10000000) // at first, no env has the page table for it
#define NEIGHBOUR   (TARGET + PGSIZE)     // in the same page table
#define HOG_START   0x20000000U
#define SPARE_PAGES 0x00b00000U // where the hog can map pages without a new page table
#define PENDING     1

struct Shared {
	int failures;
	envid_t ready;          // the last child that has all the memory it needs
	uint32_t leave, left;   // how many frames the hog is to leave, and how many it has left
	uint32_t forks, forked; // how often the subject is to fork, and how often it has
	int result;             // of its last fork
};

#define fail(...) (cprintf("testexhaust: FAIL " __VA_ARGS__), SHARED->failures++)

static void must(int r, const char *what)
{
	if (r < 0) {
		fail("%s: %e\n", what, r);
		exit();
	}
}

// Wait until `expected' frames are free: a CPU may still use some. Returns how many are free.
static uint32_t settled_frames(uint32_t expected)
{
	for (int patience = 0; free_frames() != expected && patience < 200; patience++)
		sys_yield();
	return free_frames();
}

static envid_t start(void (*work)(void))
{
	envid_t env = fork();

	must(env, "fork");
	if (env == 0) {
		own_all_pages();
		SHARED->ready = sys_getenvid();
		work();
	}
	own_all_pages();
	while (SHARED->ready != env && is_alive(env))
		sys_yield();
	return env;
}

// ---- The hog ----

// Allocate or free frames until `want' are free.
static void adjust(uint32_t want)
{
	static uintptr_t top = HOG_START, spare = SPARE_PAGES;
	int32_t excess = free_frames() - want;

	for (; excess < 0 && top > HOG_START; excess++)
		must(sys_page_unmap(0, (void *) (top -= PGSIZE)), "sys_page_unmap");
	for (; excess > 0 && sys_page_alloc(0, (void *) top, RW) == 0; excess--)
		top += PGSIZE;
	// If only one frame is left, it is not enough for a page with a new page table.
	int r = free_frames() > want ? sys_page_alloc(0, (void *) spare, RW) : 0;
	if (r < 0)
		fail("sys_page_alloc returns %e to the hog, though there is a free frame\n", r);
	spare += PGSIZE;
	if (want == 0 && (r = sys_page_alloc(0, (void *) spare, RW)) != -E_NO_MEM)
		fail("sys_page_alloc without frames returns %d\n", r);
}

static void hog(void)
{
	for (;; sys_yield()) {
		uint32_t want = SHARED->leave;

		if (SHARED->left == want)
			continue;
		// Page tables change the count too, so this may take several steps.
		while (free_frames() != want && SHARED->failures < 10)
			adjust(want);
		SHARED->left = want;
	}
}

static void leave(uint32_t frames)
{
	SHARED->leave = frames;
	while (SHARED->left != frames)
		sys_yield();
	if (free_frames() != frames)
		fail("the hog leaves %u frames, not %u\n", free_frames(), frames);
}

// ---- Calls ----

void receive(void); // the code of an env without a library that waits for a page
asm(".pushsection .text\nreceive: int $48; hlt\n.popsection");
static_assert(T_SYSCALL == 48);

static int alloc_new_table(envid_t env)
{
	return sys_page_alloc(env, TARGET, RW);
}

static int alloc_old_table(envid_t env)
{
	return sys_page_alloc(env, NEIGHBOUR, RW);
}

static int map_new_table(envid_t env)
{
	return sys_page_map(0, (void *) SHARED, env, TARGET, RW);
}

static int share(envid_t env)
{
	int r = sys_page_share(0, (void *) SHARED, env, TARGET, RW | PTE_SHARE, 1);
	return r > 0 ? r - 1 : r;
}

static int copy(envid_t env)
{
	return sys_page_copy((void *) SHARED, env, TARGET, RW);
}

static int send_page(envid_t env)
{
	return sys_ipc_try_send(env, 1, (void *) SHARED, RW);
}

static int send_page_or_wait(envid_t env)
{
	return sys_ipc_send(env, 1, (void *) SHARED, RW);
}

static int make_env(envid_t env)
{
	envid_t child = sys_exofork();
	return child < 0 ? child : sys_env_destroy(child);
}

static const struct Call {
	const char *name;
	uint32_t needs; // frames
	bool table;     // the env has the page table for TARGET
	bool receives;
	int (*function)(envid_t env);
} calls[] = {
	{"sys_page_alloc", 1, true, false, alloc_old_table},
	{"sys_page_alloc with a page table", 2, false, false, alloc_new_table},
	{"sys_page_map", 0, true, false, map_new_table},
	{"sys_page_map with a page table", 1, false, false, map_new_table},
	{"sys_page_share", 0, true, false, share},
	{"sys_page_share with a page table", 1, false, false, share},
	{"sys_page_copy", 1, true, false, copy},
	{"sys_page_copy with a page table", 2, false, false, copy},
	{"sys_ipc_try_send", 0, true, true, send_page},
	{"sys_ipc_try_send with a page table", 1, false, true, send_page},
	{"sys_ipc_send", 0, true, true, send_page_or_wait},
	{"sys_ipc_send with a page table", 1, false, true, send_page_or_wait},
	{"sys_exofork", 1, false, false, make_env},
};

static envid_t make_target(const struct Call *c)
{
	envid_t env = sys_exofork();
	struct Trapframe tf = {
		.tf_regs = {.reg_eax = SYS_ipc_recv, .reg_edx = (uint32_t) TARGET},
		.tf_eip = (uintptr_t) receive,
	};
	void *text = (void *) ROUNDDOWN((uintptr_t) receive, PGSIZE);

	must(env, "sys_exofork");
	must(sys_page_map(0, text, env, text, RO), "sys_page_map");
	if (c->table)
		must(sys_page_alloc(env, TARGET, RW), "sys_page_alloc");
	must(sys_env_set_trapframe(env, &tf), "sys_env_set_trapframe");
	if (c->receives) {
		must(sys_env_set_status(env, ENV_RUNNABLE), "sys_env_set_status");
		while (!envs[ENVX(env)].env_ipc_recving)
			sys_yield();
	}
	return env;
}

static void test_call(const struct Call *c, uint32_t frames)
{
	leave(PLENTY);
	envid_t env = make_target(c);
	leave(frames);

	int r = c->function(env), wanted = frames < c->needs ? -E_NO_MEM : 0;
	if (r != wanted)
		fail("%s with %u frames left returns %d\n", c->name, frames, r);
	if (r < 0 && settled_frames(frames) != frames)
		fail("%s with %u frames left fails; then %u are free\n", c->name, frames,
		     free_frames());
	if (r < 0 && c->receives && !envs[ENVX(env)].env_ipc_recving)
		fail("%s with %u frames left fails, but ends the receiver's wait\n", c->name,
		     frames);
	sys_env_destroy(env);
}

// ---- Fork ----

// A child that forks whenever it is told to. Its fork may fail, but must return.
static void subject(void)
{
	for (;; sys_yield()) {
		if (SHARED->forks == SHARED->forked)
			continue;
		SHARED->result = fork();
		if (SHARED->result == 0) {
			SHARED->result = sys_getenvid();
			exit();
		}
		while (SHARED->result > PENDING && is_alive(SHARED->result))
			sys_yield();
		own_all_pages();
		SHARED->forked++;
	}
}

// Wait until all envs but the hog and this one have ended: a subject that has ended may have left a
// child, which has frames.
static void wait_for_children(envid_t hog_env)
{
	for (int i = 0; i < NENV; i++) {
		envid_t env = envs[i].env_id;

		if (env != hog_env && env != thisenv->env_id)
			wait_for_end(env);
	}
}

static void test_fork(uint32_t frames, envid_t hog_env)
{
	static envid_t env;

	if (env == 0) {
		wait_for_children(hog_env);
		leave(PLENTY);
		env = start(subject);
	}
	leave(frames);
	SHARED->result = PENDING;
	SHARED->forks++;
	while (SHARED->forked != SHARED->forks && is_alive(env))
		sys_yield();

	if (!is_alive(env) && SHARED->result == PENDING) {
		fail("fork with %u frames left ends its caller\n", frames);
	} else if (!is_alive(env) && SHARED->result < 0) {
		fail("fork with %u frames left returns %d, but its caller ends\n", frames,
		     SHARED->result);
	} else if (!is_alive(env)) {
		// After a successful fork, no frame may be left for a page that its caller writes
		// to.
	} else if (SHARED->result < 0 && SHARED->result != -E_NO_MEM) {
		fail("fork with %u frames left returns %d\n", frames, SHARED->result);
	} else if (settled_frames(frames) != frames) {
		fail("fork with %u frames left returns %d and leaves %u\n", frames, SHARED->result,
		     free_frames());
	}
	if (frames == 0 && SHARED->result != -E_NO_MEM)
		fail("fork without a frame does not fail\n");
	if (!is_alive(env)) {
		SHARED->forked = SHARED->forks;
		env = 0;
	}
	if (frames == LEVELS) {
		if (SHARED->result < 0)
			fail("fork does not work even with %u frames left\n", frames);
		sys_env_destroy(env);
	}
}

// ---- Floating point ----

static void use_floating_point(void)
{
	while (SHARED->result != PENDING)
		sys_yield();
	asm volatile("fld1; fstp %st(0)"); // for the first time
	SHARED->result = 2;
	exit();
}

// The first use of floating point needs no memory.
static void test_floating_point(void)
{
	SHARED->result = 0;
	envid_t env = start(use_floating_point);

	leave(0);
	SHARED->result = PENDING;
	wait_for_end(env);
	if (SHARED->result != 2)
		fail("without a free frame the first use of floating point ends an env\n");
}

// ---- Out of envs ----

static void test_envs(void)
{
	static envid_t children[NENV];
	uint32_t before = settled_frames(0);
	int n = 0, r;

	while (n < NENV && (r = sys_exofork()) >= 0)
		children[n++] = r;
	if (n == NENV || r != -E_NO_FREE_ENV)
		fail("after %d envs sys_exofork returns %d\n", n, r);
	uint32_t all = free_frames();
	if ((r = fork()) != -E_NO_FREE_ENV)
		fail("without a free env fork returns %d\n", r);
	if (free_frames() != all)
		fail("a failed fork changes the free frames from %u to %u\n", all, free_frames());
	while (n > 0)
		must(sys_env_destroy(children[--n]), "sys_env_destroy");
	if (settled_frames(before) != before)
		fail("%u frames free before all envs were used, %u after\n", before, free_frames());
}

void umain(int argc, char **argv)
{
	must(sys_page_alloc(0, (void *) SHARED, RW | PTE_SHARE), "sys_page_alloc");
	envid_t child = fork(); // allocates what the library needs
	must(child, "fork");
	if (child == 0)
		exit();
	wait_for_end(child);
	own_all_pages();

	test_envs();
	uint32_t before = free_frames();
	SHARED->left = ~0U;
	envid_t hog_env = start(hog);
	for (uint32_t frames = 0; frames <= 2; frames++)
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
			test_call(&calls[i], frames);
	for (uint32_t frames = 0; frames <= LEVELS; frames++)
		test_fork(frames, hog_env);
	test_floating_point();
	sys_env_destroy(hog_env);
	if (settled_frames(before) != before)
		fail("%u frames free before the hog started, %u after its end\n", before,
		     free_frames());
	if (SHARED->failures == 0)
		cprintf("testexhaust: OK\n");
}

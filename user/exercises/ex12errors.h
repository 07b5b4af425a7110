// The checks of errors in exercise 12, for ex12.c: fork when memory, or envs, have run out.

#ifndef JOS_USER_EXERCISES_EX12ERRORS_H
#define JOS_USER_EXERCISES_EX12ERRORS_H

#include "check.h"
#include "ex12child.h"

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
	MUST(sys_page_alloc(0, UTEMP, RW)); // look() needs its page table, which stays
	sys_page_unmap(0, UTEMP);
	sys_page_unmap(0, PFTEMP); // the fork that made us may have left a page there
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
		fail("with %u free frames, fork fails and %d frames are lost: is one still mapped "
		     "at PFTEMP?",
		     frames, found->lost);
	}
	return found->returned && found->result > 0;
}

static void give_up(struct UTrapframe *utf)
{
	exit();
}

// When fork fails, it returns the error and there is no child.
static void errors(void)
{
	set_pgfault_handler(give_up);
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

#endif

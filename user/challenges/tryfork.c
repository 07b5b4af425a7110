// The challenge `a faster fork': fork needs few system calls, and a page that nobody else has is
// not copied when it is written. user/Makefrag lets the calls that the library makes come here
// first.

#include "challenge.h"

enum { PAGES = 200, MOST_CALLS = 60 };

static volatile char area[PAGES][PGSIZE] __attribute__((aligned(PGSIZE)));

// Words in WORDS: how many pages are wrong in the child, plus 1, and how many system calls that
// concern pages this env has made. (On a page that fork makes copy-on-write, counting would cause
// calls.)
enum { WRONG, CALLS };
static bool counting; // from fork on

#define COUNTED(name, parameters, arguments)                                                       \
	int __real_##name parameters;                                                              \
	int __wrap_##name parameters;                                                              \
	int __wrap_##name parameters                                                               \
	{                                                                                          \
		if (counting && sys_getenvid() == tester)                                          \
			WORDS[CALLS]++;                                                            \
		return __real_##name arguments;                                                    \
	}

COUNTED(sys_page_alloc, (envid_t env, void *pg, int perm), (env, pg, perm))
COUNTED(sys_page_map, (envid_t src, void *src_pg, envid_t dst, void *dst_pg, int perm),
	(src, src_pg, dst, dst_pg, perm))
COUNTED(sys_page_unmap, (envid_t env, void *pg), (env, pg))
COUNTED(sys_page_copy, (void *src_pg, envid_t dst, void *dst_pg, int perm),
	(src_pg, dst, dst_pg, perm))
COUNTED(sys_page_share, (envid_t src, void *src_pg, envid_t dst, void *dst_pg, int perm, size_t n),
	(src, src_pg, dst, dst_pg, perm, n))

static void write_all(char value)
{
	for (int i = 0; i < PAGES; i++)
		area[i][0] = value;
}

// Look at what the parent had, write, and look again.
static void be_child(void)
{
	int wrong = 0;

	for (int i = 0; i < PAGES; i++)
		wrong += area[i][0] != 1;
	write_all(2);
	for (int i = 0; i < PAGES; i++)
		wrong += area[i][0] != 2;
	WORDS[WRONG] = wrong + 1;
	exit();
}

void umain(int argc, char **argv)
{
	begin();
	write_all(1);
	counting = true;
	envid_t child = fork_or_panic();
	int made = WORDS[CALLS];
	if (child == 0)
		be_child();
	WAIT_UNTIL(!is_alive(child), "the child does not end");
	if (WORDS[WRONG] != 1)
		not_there_yet("the child's memory is wrong in %d pages", WORDS[WRONG] - 1);
	for (int i = 0; i < PAGES; i++)
		if (area[i][0] != 1)
			not_there_yet("the parent reads what the child has written");
	if (made > MOST_CALLS)
		not_there_yet("a fork with %d pages made %d system calls about pages, not %d or "
			      "fewer",
			      PAGES, made, MOST_CALLS);

	// Now the parent alone has these pages.
	uint32_t frame = PGNUM(uvpt[PGNUM(area[7])]);
	area[7][0] = 3;
	if (PGNUM(uvpt[PGNUM(area[7])]) != frame)
		not_there_yet("a page that only this env has was copied when it was written");
	done();
}

// fork gives the child all memory below UTOP but the exception stack, wherever it is: a child has
// what its parent had, and neither sees what the other writes afterwards, but in shared pages.

#include "../common.h"

static int failures;

#define fail(...) (cprintf("testfork: FAIL " __VA_ARGS__), failures++)

// Addresses of pages that are mapped nowhere at first.
static const uintptr_t places[] = {
	UMIN,                   // the lowest
	UTEXT - 2 * PGSIZE,     // below the program
	0x10000000,             // far from everything
	0x10000000 + PTSIZE,    // in the next page table
	USTACKTOP - 3 * PGSIZE, // below the stack
	USTACKTOP,              // between the stacks
};

enum { BEFORE = 0x1234, PARENT = 0x2345, CHILD = 0x5678 }; // what is written, and when

static volatile uint32_t *word(size_t i)
{
	return (volatile uint32_t *) places[i];
}

// In a child, look at the pages after the parent has written there, and write there.
static void look(int perm, const char *what)
{
	ipc_recv(NULL, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint32_t want = (perm & PTE_SHARE ? PARENT : BEFORE) + i;

		if (!mapped(places[i]))
			cprintf("testfork: FAIL %s: no page at %08x in the child\n", what,
				places[i]);
		else if (*word(i) != want)
			cprintf("testfork: FAIL %s: the child reads %x at %08x\n", what, *word(i),
				places[i]);
		else if (perm & PTE_W)
			*word(i) = CHILD + i;
	}
	exit();
}

// With these rights of the pages, write there in the parent, then in a child, and look in both.
static void test(int perm, const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		alloc_or_panic(word(i), RW);
		*word(i) = BEFORE + i;
		if (perm != RW)
			sys_page_map(0, (void *) word(i), 0, (void *) word(i), perm);
	}
	envid_t child = fork_or_panic();
	if (child == 0)
		look(perm, what);
	for (size_t i = 0; i < ARRAY_SIZE(places) && (perm & PTE_W); i++)
		*word(i) = PARENT + i;
	ipc_send(child, 0, NULL, 0);
	wait_for_end(child);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint32_t want = i + (perm & PTE_SHARE ? CHILD : perm & PTE_W ? PARENT : BEFORE);

		if (*word(i) != want)
			fail("%s: the parent reads %x at %08x afterwards\n", what, *word(i),
			     places[i]);
		sys_page_unmap(0, (void *) word(i));
	}
}

void umain(int argc, char **argv)
{
	test(RW, "writable pages");
	test(RO, "read-only pages");
	test(RW | PTE_SHARE, "shared pages");
	if (failures == 0)
		cprintf("testfork: OK\n");
}

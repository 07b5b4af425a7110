// The challenge `a fork that shares': after sfork, parent and child have the same memory, but for
// their stacks; also pages that an earlier fork has made copy-on-write.

#include "challenge.h"

#define HEAP  ((volatile uint32_t *) 0x40000000) // mapped before
#define EARLY ((volatile uint32_t *) 0x41000000) // read-only

static volatile uint32_t global = 1; // written by a relative first, after a fork
static volatile uint32_t other_page[2048] = {1};
static volatile uint32_t turn; // whose turn it is to look, and to write

enum { PARENT, CHILD };

static void wait_for_turn(uint32_t whose)
{
	WAIT_UNTIL(turn == whose || !is_alive(tester), "what one writes the other does not see: %s",
		   "pages with data must be the same in both, with write rights in both");
}

// In the child: its stack is its own, the rest is the parent's.
static void be_child(volatile uint32_t *local, volatile uint32_t *result)
{
	if (thisenv->env_id != sys_getenvid()) {
		result[0] = 1;
		exit();
	}
	*local = 9;
	global = 2;
	*HEAP = 2;
	other_page[1500] = 2;
	turn = PARENT;
	wait_for_turn(CHILD);
	result[0] = *local != 9 ? 2 : global != 3 || *HEAP != 3 ? 3 : 4;
	exit();
}

void umain(int argc, char **argv)
{
	volatile uint32_t local = 5;

	begin();
	alloc_or_panic(HEAP, RW);
	alloc_or_panic(EARLY, RO);
	*HEAP = 1;

	// A relative by fork, which must see nothing of what follows.
	envid_t relative = fork_or_panic();
	if (relative == 0) {
		ipc_recv(NULL, NULL, NULL);
		WORDS[1] = global == 1 && *HEAP == 1 && other_page[1500] == 0 ? 1 : 2;
		exit();
	}

	turn = CHILD;
	envid_t child = MUST(sfork());
	if (child == 0)
		be_child(&local, WORDS);
	wait_for_turn(PARENT);
	if (local != 5)
		not_there_yet("parent and child have the same stack: local is %d, not 5", local);
	if (global != 2 || *HEAP != 2 || other_page[1500] != 2)
		not_there_yet("the parent reads %d, %d and %d, where the child has written 2",
			      global, *HEAP, other_page[1500]);
	if (thisenv->env_id != tester)
		not_there_yet("thisenv in the parent is the child");
	local = 6;
	global = 3;
	*HEAP = 3;
	turn = CHILD;
	WAIT_UNTIL(!is_alive(child), "the child does not end");
	if (WORDS[0] != 4)
		not_there_yet("%s", WORDS[0] == 1   ? "thisenv in the child is the parent"
				    : WORDS[0] == 2 ? "the child's stack has changed"
				    : WORDS[0] == 3 ? "the child does not see what the parent "
						      "writes"
						    : "the child has died");
	if ((uvpt[PGNUM(EARLY)] & PTE_SYSCALL) != RO)
		not_there_yet("a read-only page has other rights now");
	ipc_send(relative, 0, NULL, 0);
	WAIT_UNTIL(!is_alive(relative), "a child made by fork before does not end");
	if (WORDS[1] != 1)
		not_there_yet("a child made by fork before sees what is written after sfork: pages "
			      "that are copy-on-write have to be copied first");
	done();
}

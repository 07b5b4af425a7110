// Parent and child, in the checks of exercise 12.
//
// When the parent is to check or to do something, the child stops itself. To check the child's
// pages, the parent maps them.

#ifndef JOS_USER_EXERCISES_EX12CHILD_H
#define JOS_USER_EXERCISES_EX12CHILD_H

#include "check.h"

#define XSTACK (UXSTACKTOP - PGSIZE)
#define HEAP   ((volatile uint32_t *) 0x10000000)           // some pages
#define LOW    ((volatile uint32_t *) USTABDATA)            // a page below the program
#define HIGH   ((volatile uint32_t *) (USTACKTOP - PTSIZE)) // a page below the stack
#define VICTIM 0x00a00000                                   // never mapped at first
#define WORDS  (PGSIZE / 4)                                 // of a page

static volatile uint32_t data = 1, bss;

// In a child: stop until the parent makes us runnable.
static void stop(void)
{
	sys_env_set_status(0, ENV_NOT_RUNNABLE);
}

// Map the child's page at va at UTEMP. Returns the address of va there, NULL if the child has no
// page.
static volatile uint32_t *look(envid_t child, volatile void *va)
{
	void *page = (void *) ROUNDDOWN((uintptr_t) va, PGSIZE);

	if (sys_page_map(child, page, 0, UTEMP, RO) < 0)
		return NULL;
	return UTEMP + PGOFF((uintptr_t) va);
}

// Wait until the child has stopped. Returns whether it has.
static bool stops(envid_t child)
{
	uint64_t start = read_tsc();

	while (is_alive(child) && envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE &&
	       read_tsc() - start < 3000000000U)
		sys_yield();
	if (!is_alive(child))
		fail("the child has died: does it get all pages, an exception stack, and the "
		     "upcall?");
	else if (envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE)
		fail("the child does not come to the point where it should stop");
	return is_alive(child) && envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE;
}

// Let the child go on, and wait until it has stopped again. Returns whether it has.
static bool goes_on(envid_t child)
{
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	return stops(child);
}

// Add the failures of the child, which has stopped, to ours, and end it.
static void finish(envid_t child)
{
	volatile uint32_t *theirs = look(child, &check_failures);

	if (theirs)
		check_failures += *theirs;
	sys_page_unmap(0, UTEMP);
	sys_env_destroy(child);
}

static envid_t fork_or_fail(void)
{
	return MUST(fork());
}

#endif

// The challenge `blocking messages': sys_ipc_send waits in the kernel until the receiver takes the
// message, in the order of the calls, and the library's ipc_send uses it.

#include "challenge.h"

#define NO_PAGE ((void *) UTOP)
#define PAGE    ((volatile uint32_t *) 0x40000000)
#define GOT     ((volatile uint32_t *) 0x40001000)

enum { RETURNED, RESULT }; // words in WORDS

// Whether env waits, and has not been made to wait by sys_ipc_recv.
static bool waits_to_send(envid_t env)
{
	const volatile struct Env *e = &envs[ENVX(env)];

	return e->env_id == env && e->env_status == ENV_NOT_RUNNABLE && !e->env_ipc_recving;
}

// Make a child that sends value to `to'; return when it waits.
static envid_t sender(envid_t to, uint32_t value, void *pg, bool by_library)
{
	WORDS[RETURNED] = false;
	envid_t child = fork_or_panic();
	if (child == 0) {
		if (by_library)
			ipc_send(to, value, pg == NO_PAGE ? NULL : pg, RO);
		else
			WORDS[RESULT] = sys_ipc_send(to, value, pg, RO);
		WORDS[RETURNED] = true;
		exit();
	}
	WAIT_UNTIL(waits_to_send(child) || WORDS[RETURNED] || !is_alive(child),
		   "%s does not wait in the kernel: the sender is still running",
		   by_library ? "ipc_send" : "sys_ipc_send");
	if (WORDS[RETURNED])
		not_there_yet("nobody receives yet, but sys_ipc_send returns %d (%e)",
			      WORDS[RESULT], WORDS[RESULT]);
	if (!is_alive(child))
		not_there_yet("the sender has ended before its message was received");
	return child;
}

// Receive that message, and let its sender end.
static void receive(envid_t from, int value, int rights, const char *what)
{
	envid_t who;
	int perm, got = ipc_recv(&who, (void *) GOT, &perm);

	if (got != value || who != from || perm != rights)
		not_there_yet("%s: ipc_recv returns %d from %08x with rights %x, not %d from %08x "
			      "with %x",
			      what, got, who, perm, value, from, rights);
	WAIT_UNTIL(!is_alive(from), "the sender does not go on after its message was received");
}

static void waits(void)
{
	envid_t child = sender(tester, 11, NO_PAGE, false);

	receive(child, 11, 0, "a message that has waited");
	if (WORDS[RESULT] != 0)
		not_there_yet("sys_ipc_send returns %d, not 0, when the message was received",
			      WORDS[RESULT]);
}

static void keeps_the_order(void)
{
	envid_t first = sender(tester, 21, NO_PAGE, false);
	envid_t second = sender(tester, 22, NO_PAGE, false);
	envid_t third = sender(tester, 23, NO_PAGE, false);

	receive(first, 21, 0, "three wait; the one that has waited longest is first");
	receive(second, 22, 0, "the second of three that wait");
	receive(third, 23, 0, "the third of three that wait");
}

static void brings_the_page(void)
{
	alloc_or_panic(PAGE, RW);
	*PAGE = 31;
	envid_t child = sender(tester, 30, (void *) PAGE, false);

	receive(child, 30, RO, "a page that has waited");
	if (*GOT != 31)
		not_there_yet("the page received has %d, not 31", *GOT);
	sys_page_unmap(0, (void *) GOT);
	sys_page_unmap(0, (void *) PAGE);
}

static void hears_of_the_end(void)
{
	envid_t receiver = fork_or_panic();

	if (receiver == 0)
		for (;;)
			sys_yield();
	envid_t child = sender(receiver, 41, NO_PAGE, false);
	sys_env_destroy(receiver);
	WAIT_UNTIL(!is_alive(child), "the receiver has ended, and its sender waits for ever");
	if ((int) WORDS[RESULT] != -E_BAD_ENV)
		not_there_yet("sys_ipc_send returns %d, not %d (%e), when the receiver has ended",
			      WORDS[RESULT], -E_BAD_ENV, -E_BAD_ENV);
}

static void may_be_destroyed(void)
{
	envid_t first = sender(tester, 51, NO_PAGE, false);
	envid_t second = sender(tester, 52, NO_PAGE, false);

	sys_env_destroy(first);
	receive(second, 52, 0, "the first sender was destroyed while it waited");
}

static void is_used_by_the_library(void)
{
	envid_t child = sender(tester, 61, NO_PAGE, true);

	receive(child, 61, 0, "a message of ipc_send");
}

void umain(int argc, char **argv)
{
	begin();
	waits();
	keeps_the_order();
	brings_the_page();
	hears_of_the_end();
	may_be_destroyed();
	is_used_by_the_library();
	done();
}

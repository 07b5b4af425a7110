// Checks of exercise 15: messages.

#include "check.h"

#define OUT     ((volatile uint32_t *) 0x10000000) // a page to send
#define IN      ((volatile uint32_t *) 0x20000000) // where a page is to be received
#define NOWHERE ((void *) 0x40000000)              // there is no page table for it
#define NO_PAGE ((void *) UTOP)

static envid_t parent;

static const char no_page[] =
	"ipc_recv(&from, NULL, NULL) fails: NULL means no page, and to sys_ipc_recv an address at "
	"or above UTOP does";

// ---- Receivers ----

// Wait until the child has ended. It must end by itself.
static void expect_end(envid_t child)
{
	wait_for_end(child);
	if (envs[ENVX(child)].env_tf.tf_trapno == T_PGFLT)
		fail("a receiver is destroyed by a page fault, at eip %08x: ipc_recv stores "
		     "nothing where it is given NULL",
		     envs[ENVX(child)].env_tf.tf_eip);
}

// Return a child that receives one message, with a page at dst if that is below UTOP, and ends.
static envid_t receiver(void *dst)
{
	envid_t child = fork_or_panic();

	if (child == 0) {
		int r = sys_ipc_recv(dst);
		if (r != 0)
			fail("sys_ipc_recv returns %d when a message has come, not 0", r);
		exit();
	}
	wait_receiving(child);
	if (envs[ENVX(child)].env_ipc_recving && envs[ENVX(child)].env_status == ENV_RUNNABLE)
		fail("the receiver can run before a message comes: sys_ipc_recv makes it "
		     "ENV_NOT_RUNNABLE, so that it waits");
	return child;
}

// Env e, which has not received anything yet, must still wait for its first message.
static void expect_waiting(const volatile struct Env *e, const char *hint)
{
	if (!e->env_ipc_recving)
		fail("the receiver does not wait any more, though the call has failed: %s", hint);
	if (e->env_ipc_value || e->env_ipc_from || e->env_ipc_perm)
		fail("a call that fails stores value %u, sender %08x, rights %x: check all first; "
		     "%s",
		     e->env_ipc_value, e->env_ipc_from, e->env_ipc_perm, hint);
}

// ---- Messages ----

static void value(void)
{
	envid_t child = receiver(NO_PAGE);
	const volatile struct Env *e = &envs[ENVX(child)];

	EXPECT(sys_ipc_try_send(child, 0x12345678, NO_PAGE, 0), 0, "the receiver waits");
	if (e->env_ipc_value != 0x12345678)
		fail("env_ipc_value is %08x, not what was sent", e->env_ipc_value);
	if (e->env_ipc_from != sys_getenvid())
		fail("env_ipc_from is %08x, not the sender %08x", e->env_ipc_from, sys_getenvid());
	if (e->env_ipc_perm != 0)
		fail("env_ipc_perm is %x, but no page was sent", e->env_ipc_perm);
	expect_end(child);
}

// Only one message is received by each call.
static void once(void)
{
	EXPECT(sys_ipc_try_send(0, 1, NO_PAGE, 0), -E_IPC_NOT_RECV,
	       "the caller itself does not wait");
	envid_t child = fork_or_panic();
	if (child == 0)
		for (;;)
			sys_yield();
	EXPECT(sys_ipc_try_send(child, 1, NO_PAGE, 0), -E_IPC_NOT_RECV, "the child does not wait");
	if (envs[ENVX(child)].env_ipc_value || envs[ENVX(child)].env_ipc_from)
		fail("a message to an env that does not wait has been stored all the same");
	sys_env_destroy(child);
	child = fork_or_panic();
	if (child == 0) {
		sys_ipc_recv(NO_PAGE);
		for (;;)
			sys_yield();
	}
	wait_receiving(child);
	EXPECT(sys_ipc_try_send(child, 1, NO_PAGE, 0), 0, "the receiver waits");
	EXPECT(sys_ipc_try_send(child, 2, NO_PAGE, 0), -E_IPC_NOT_RECV,
	       "one message has come: it waits no longer, even if it has not run since");
	if (envs[ENVX(child)].env_ipc_value != 1)
		fail("a message that was refused has been stored all the same");
	sys_env_destroy(child);
}

static void page(void)
{
	static const int rights[] = {RW, RO};

	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		envid_t child = fork_or_panic();
		if (child == 0) {
			int perm = 0;
			alloc_or_panic(IN, RW); // to be replaced by what is received
			ipc_recv(NULL, (void *) IN, &perm);
			if (IN[0] != 4711)
				fail("the page received is not the one sent: it has %u", IN[0]);
			if (perm != rights[i] || (int) (uvpt[PGNUM(IN)] & PTE_SYSCALL) != rights[i])
				fail("the page was sent with rights %x, but ipc_recv stores %x, "
				     "and "
				     "it is mapped with %x",
				     rights[i], perm, uvpt[PGNUM(IN)] & PTE_SYSCALL);
			exit();
		}
		wait_receiving(child);
		alloc_or_panic(OUT, RW); // not before fork, which would make it copy-on-write
		OUT[0] = 4711;
		EXPECT(sys_ipc_try_send(child, 0, (void *) OUT, rights[i]), 0, "a page was sent");
		expect_end(child);
	}
}

// Send the page at OUT to env child, which wants no page.
static void expect_no_page(envid_t child)
{
	const volatile struct Env *e = &envs[ENVX(child)];

	alloc_or_panic(OUT, RW); // a new one
	EXPECT(sys_ipc_try_send(child, 0, (void *) OUT, RW), 0,
	       "a receiver that wants no page gets the message without one");
	if (references(OUT) != 1)
		fail("a receiver that wants no page gets one: look at env_ipc_dstva, which "
		     "sys_ipc_recv stores also if it means no page");
	else if (e->env_ipc_perm != 0)
		fail("env_ipc_perm is %x, but the receiver wanted no page: store 0 then",
		     e->env_ipc_perm);
}

// A page is mapped only if one is sent and the receiver wants one.
static void half(void)
{
	envid_t child = receiver(NO_PAGE);
	expect_no_page(child);
	expect_end(child);

	child = fork_or_panic();
	if (child == 0) {
		sys_ipc_recv((void *) IN);
		sys_ipc_recv((void *) IN);
		sys_ipc_recv((void *) IN);
		sys_ipc_recv(NO_PAGE);
		exit();
	}
	wait_receiving(child);
	alloc_or_panic(OUT, RW);
	EXPECT(sys_ipc_try_send(child, 0, (void *) OUT, RW), 0, "a page was sent");
	wait_receiving(child);
	EXPECT(sys_ipc_try_send(child, 0, NO_PAGE, RW), 0, "a page need not be sent");
	if (envs[ENVX(child)].env_ipc_perm != 0)
		fail("env_ipc_perm is %x, but no page was sent: check srcva before you store perm",
		     envs[ENVX(child)].env_ipc_perm);
	wait_receiving(child);
	EXPECT(sys_ipc_try_send(child, 0, (void *) OUT, RO), 0, "a page was sent");
	wait_receiving(child);
	expect_no_page(child);
	expect_end(child);
}

// Addresses at and above UTOP mean that no page is sent, whatever is mapped there.
static void high(void)
{
	static const uint32_t addresses[] = {UTOP,     UTOP + 1, UPAGES,         UVPT,
					     KERNBASE, ULIM,     KERNBASE + 100, 0xffffffff};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		envid_t child = receiver((void *) IN);
		int r = sys_ipc_try_send(child, i, (void *) addresses[i], RW);
		if (r != 0)
			fail("sending from %08x returns %d: this address means no page, which is "
			     "no error",
			     addresses[i], r);
		if (envs[ENVX(child)].env_ipc_perm != 0)
			fail("sending from %08x sends a page", addresses[i]);
		if (r != 0)
			sys_env_destroy(child);
		expect_end(child);
	}
}

// A call that has wrong arguments must fail, and change nothing, for a receiver that waits with a
// page wanted at dst. The pages to send are not there before the fork, which would make them
// copy-on-write.
static void refuse(void *dst)
{
	static const struct {
		uintptr_t va;
		int perm;
		const char *hint;
	} bad[] = {
		{(uintptr_t) OUT + 4, RW, "srcva is not the start of a page"},
		{UMIN - PGSIZE, RO, "srcva is below UMIN"},
		{(uintptr_t) OUT + PGSIZE, RO, "nothing is mapped at srcva"},
		{(uintptr_t) OUT + PGSIZE, RW, "nothing is mapped at srcva"},
		{(uintptr_t) NOWHERE, RO, "there is not even a page table for srcva"},
		{(uintptr_t) NOWHERE, RW, "there is not even a page table for srcva"},
		{(uintptr_t) OUT, 0, "perm lacks PTE_U and PTE_P"},
		{(uintptr_t) OUT, PTE_P, "perm lacks PTE_U"},
		{(uintptr_t) OUT, PTE_U, "perm lacks PTE_P"},
		{(uintptr_t) OUT, RW | PTE_PWT, "perm has a bit outside PTE_SYSCALL"},
		{(uintptr_t) OUT, RO | PTE_PS, "perm has a bit outside PTE_SYSCALL"},
		{(uintptr_t) OUT, RW | 0x1000, "perm has a bit outside PTE_SYSCALL"},
		{(uintptr_t) IN, RW, "the page is read-only, perm has PTE_W"},
	};
	envid_t child = receiver(dst);

	alloc_or_panic(OUT, RW);
	alloc_or_panic(IN, RO);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int r = sys_ipc_try_send(child, 4711, (void *) bad[i].va, bad[i].perm);
		if (r != -E_INVAL)
			fail("sending %08x with rights %x returns %d, not %d (%e), to a receiver "
			     "that wants %s page: %s",
			     bad[i].va, bad[i].perm, r, -E_INVAL, -E_INVAL,
			     dst == NO_PAGE ? "no" : "a", bad[i].hint);
		expect_waiting(&envs[ENVX(child)], bad[i].hint);
		if (r >= 0)
			break; // the receiver has gone on
	}
	sys_env_destroy(child);
}

static void refused(void)
{
	refuse((void *) IN);
	refuse(NO_PAGE);
	envid_t child = receiver((void *) IN);
	alloc_or_panic(IN, RO);
	EXPECT(sys_ipc_try_send(child, 0, (void *) IN, RO), 0,
	       "a read-only page may be sent without PTE_W");
	expect_end(child);
	EXPECT(sys_ipc_try_send(child, 0, NO_PAGE, 0), -E_BAD_ENV, "the receiver has ended");
}

// A message for which there is no memory is not delivered: the receiver waits for the next one.
static void memory(void)
{
	envid_t child = receiver(NOWHERE);

	alloc_or_panic(OUT, RW);
	own_all_pages();
	uint32_t n = take_frames();
	int r = sys_ipc_try_send(child, 1, (void *) OUT, RW);
	give_frames(n, 0);
	expect_result("sys_ipc_try_send without a frame for the receiver's page table", r,
		      -E_NO_MEM, "return what page_insert returns");
	expect_waiting(&envs[ENVX(child)], "page_insert fails");
	EXPECT(sys_ipc_try_send(child, 1, (void *) OUT, RW), 0, "now there is memory");
	expect_end(child);
}

static void where(void)
{
	static const uintptr_t bad[] = {0, UMIN - PGSIZE, (uintptr_t) IN + 1, UTOP - 1};
	envid_t child = receiver(NO_PAGE);

	EXPECT(sys_env_set_status(child, ENV_RUNNABLE), -E_INVAL, "only a message ends its wait");
	EXPECT(sys_env_set_status(child, ENV_NOT_RUNNABLE), -E_INVAL,
	       "only a message ends its wait");
	EXPECT(sys_ipc_try_send(child, 0, NO_PAGE, 0), 0, "the receiver waits");
	expect_end(child);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		child = fork_or_panic();
		if (child == 0) {
			EXPECT(sys_ipc_recv((void *) bad[i]), -E_INVAL, "of dstva");
			if (thisenv->env_ipc_recving)
				fail("a call that has failed has set env_ipc_recving");
			exit();
		}
		wait_receiving(child);
		if (!is_alive(child))
			continue;
		fail("sys_ipc_recv(%08x) waits instead of returning %d (%e): dstva is %s", bad[i],
		     -E_INVAL, -E_INVAL,
		     bad[i] % PGSIZE ? "not the start of a page" : "below UMIN");
		sys_env_destroy(child);
	}
}

// Two programs that are not each other's parents: both run this.
static void anybody(void)
{
	envid_t other = 0, from = 0;

	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && &envs[i] != thisenv)
			other = envs[i].env_id;
	if (other == 0) {
		fail("run this twice at a time");
	} else if (other > sys_getenvid()) {
		wait_receiving(other);
		if (!is_alive(other))
			return; // it has said why
		EXPECT(sys_ipc_try_send(other, 99, NO_PAGE, 0), 0,
		       "any env may send to any other: call envid2env without checkperm");
		EXPECT(sys_ipc_try_send(-1, 99, (void *) UTEXT, PTE_U | PTE_P), -E_BAD_ENV,
		       "no env has this id, whatever is sent");
	} else {
		int value = ipc_recv(&from, NULL, NULL);
		if (value == -E_INVAL && from == 0)
			fail("%s", no_page);
		else if (value != 99 || from != other)
			fail("99 from %08x arrives as %d from %08x", other, value, from);
	}
}

// ---- The library ----

static bool sending;      // by ipc_send, in the check below
static bool refused_last; // the last of the calls below was a message, and refused

// In place of the library's (user/Makefrag).
int __real_sys_ipc_try_send(envid_t to, uint32_t value, void *pg, int perm);
int __wrap_sys_ipc_try_send(envid_t to, uint32_t value, void *pg, int perm);
int __wrap_sys_ipc_try_send(envid_t to, uint32_t value, void *pg, int perm)
{
	if (sending && refused_last) {
		fail("ipc_send tries again at once: it calls sys_yield in between, as the receiver "
		     "cannot run meanwhile");
		sending = false;
	}
	int r = __real_sys_ipc_try_send(to, value, pg, perm);
	refused_last = r == -E_IPC_NOT_RECV;
	return r;
}

void __real_sys_yield(void);
void __wrap_sys_yield(void);
void __wrap_sys_yield(void)
{
	refused_last = false;
	__real_sys_yield();
}

static void library(void)
{
	int perm = 1;

	parent = sys_getenvid();
	alloc_or_panic(IN, RW);
	envid_t child = fork_or_panic(), from = 1;
	if (child == 0) {
		sending = true;
		for (int i = 0; i < 10; i++)
			ipc_send(parent, i, NULL, i); // before the parent receives
		alloc_or_panic(OUT, RW);
		ipc_send(parent, 10, (void *) OUT, RO);
		exit();
	}
	for (int i = 0; i < 11; i++) {
		int want = i < 10 ? 0 : RO;
		for (int pause = 0; pause < i; pause++)
			sys_yield();
		int value = ipc_recv(&from, i % 2 ? NULL : (void *) IN, &perm);
		if (i % 2 && value == -E_INVAL && from == 0)
			fail("%s", no_page);
		else if (value != i || from != child || perm != want)
			fail("ipc_recv returns %d from %08x with rights %x, not %d from %08x "
			     "with %x",
			     value, from, perm, i, child, want);
	}
	child = fork_or_panic();
	if (child == 0) {
		int value = ipc_recv(NULL, NULL, NULL);
		if (value != 5)
			fail("ipc_recv(NULL, NULL, NULL) returns %d, not 5", value);
		exit();
	}
	wait_receiving(child);
	EXPECT(sys_ipc_try_send(child, 5, NO_PAGE, 0), 0, "the receiver waits");
	expect_end(child);
	int r = ipc_recv(&from, (void *) IN + 1, &perm);
	if (r != -E_INVAL || from != 0 || perm != 0)
		fail("when sys_ipc_recv fails, ipc_recv returns %d, stores %08x and %x: not %d, 0 "
		     "and 0",
		     r, from, perm, -E_INVAL);
	EXPECT(ipc_recv(NULL, (void *) IN + 1, NULL), -E_INVAL, "nothing is to be stored");
}

// In a child, let ipc_send fail: it must not return.
static void expect_panic(const char *what, envid_t to, void *pg, int perm, int error)
{
	volatile bool *const returned = (volatile bool *) IN;

	*returned = false;
	envid_t child = fork_or_panic();
	if (child == 0) {
		may_panic = true;
		ipc_send(to, 0, pg, perm);
		*returned = true;
		exit();
	}
	for (int turns = 0; turns < 1000 && is_alive(child); turns++)
		sys_yield();
	if (is_alive(child)) {
		fail("ipc_send %s neither returns nor panics: only after %d (%e) may it try again",
		     what, -E_IPC_NOT_RECV, -E_IPC_NOT_RECV);
		sys_env_destroy(child);
	} else if (*returned) {
		fail("ipc_send %s returns, though the system call gives %d (%e): it panics then",
		     what, error, error);
	}
}

static void panics(void)
{
	alloc_or_panic(IN, RW | PTE_SHARE);
	expect_panic("to an env that does not exist", -1, NULL, 0, -E_BAD_ENV);
	envid_t child = receiver(NO_PAGE);
	expect_panic("of an address in a page", child, (void *) OUT + 4, RO, -E_INVAL);
	sys_env_destroy(child);
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"value", value},     {"once", once},       {"page", page},     {"half", half},
		{"high", high},       {"refused", refused}, {"memory", memory}, {"where", where},
		{"anybody", anybody}, {"library", library}, {"panics", panics}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}

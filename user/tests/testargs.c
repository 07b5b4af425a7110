// Bad arguments of system calls. Each of them must give the error that the contract in inc/lib.h
// names, and the call must not have changed anything: no reference to any frame, no entry of this
// env's page tables, no field of any env. Each call is tried with every bad value of each argument,
// alone and together with every bad value of each other argument. A buffer of sys_cputs that is not
// mapped ends the caller and no other env.

#include "../common.h"

#define PAGE     ((uint8_t *) 0x10000000) // writable; the page after it is not mapped
#define READONLY ((uint8_t *) 0x20000000)
#define SERIES   0x50000000            // some consecutive pages
#define COPY     (0x60000000 - PGSIZE) // where these are mapped again, in two page tables
#define WANTED   0x30000000            // where the receiver wants a page
#define NOTHING  0x40000000            // there is no page table for it

enum { MAX_VALUES = 22 };

// An argument: values[0] is good, each of the others gives the error.
struct Argument {
	int error;
	int count;
	uint32_t values[MAX_VALUES];
};

#define VALUES(...)                                                                                \
	sizeof((uint32_t[]){__VA_ARGS__}) / 4,                                                     \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
// Below UTOP, but not the start of a page.
#define MISALIGNED 1, PGSIZE - 1, (uintptr_t) PAGE + 8, UTOP - PGSIZE + 1, UTOP - 1
// Addresses where programs may not map anything.
#define BELOW 0, PGSIZE, UMIN - PGSIZE
#define ABOVE UTOP, UTOP + PGSIZE, UPAGES, UVPT, ULIM, KERNBASE, 0xfffff000, 0xffffffff
// Rights with a bit missing, or a bit that is not allowed.
#define BAD_RIGHTS                                                                                 \
	0, PTE_P, PTE_U, PTE_W, PTE_P | PTE_W, PTE_U | PTE_W, PTE_AVAIL, RW | PTE_PWT,             \
		RW | PTE_PCD, RW | PTE_A, RW | PTE_D, RW | PTE_PS, RW | PTE_G, RW | 0x1000,        \
		RW | 0x80000000, 0xffffffff

// The values of the envs are filled in when these have been made: the good one, then BAD_ENVS ids.
enum { BAD_ENVS = 11 };
static struct Argument child = {-E_BAD_ENV, BAD_ENVS + 1, {0}};
static struct Argument owner = {-E_BAD_ENV, BAD_ENVS + 1, {0}}; // of `source': the caller
static struct Argument receiver = {-E_BAD_ENV, BAD_ENVS, {0}};  // any env is right: one less
static const struct Argument target = {-E_INVAL, VALUES(0x30000000, MISALIGNED, BELOW, ABOVE)};
static const struct Argument source = {
	-E_INVAL, VALUES((uintptr_t) PAGE, MISALIGNED, ABOVE, (uintptr_t) PAGE + PGSIZE, NOTHING)};
static const struct Argument sent = {
	-E_INVAL, VALUES((uintptr_t) PAGE, MISALIGNED, (uintptr_t) PAGE + PGSIZE, NOTHING, 0)};
static const struct Argument wanted = {-E_INVAL, VALUES(WANTED, MISALIGNED)};
static const struct Argument rights = {-E_INVAL, VALUES(RW, BAD_RIGHTS)};
// Rights, with a number of pages in the high bits.
static const struct Argument run = {-E_INVAL, VALUES(PGSIZE | RW, RW, 0, PGSIZE, PGSIZE | PTE_P,
						     PGSIZE | PTE_U, PGSIZE | PTE_W | PTE_P,
						     PGSIZE | RW | PTE_A, PGSIZE | RW | PTE_PS,
						     PTSIZE | PTE_P, 0xfffff000, 0xffffffff)};
static const struct Argument status = {
	-E_INVAL, VALUES(ENV_RUNNABLE, ENV_FREE, ENV_DYING, ENV_RUNNING, ENV_NOT_RUNNABLE + 1,
			 ENV_RUNNABLE | 0x100, ENV_RUNNABLE | 0x80000000, 0x7fffffff, 0xffffffff)};
static const struct Argument frame = {-E_FAULT,
				      VALUES((uintptr_t) PAGE, 0, (uintptr_t) PAGE + PGSIZE - 4,
					     NOTHING, ULIM - 4, ULIM, KERNBASE, 0xfffff000,
					     0xffffffff - sizeof(struct Trapframe), 0xffffffff)};
static const struct Argument any = {0, VALUES(0)};

static const struct {
	int number;
	const struct Argument *arguments[5];
} calls[] = {
	{SYS_env_destroy, {&child}},
	{SYS_env_set_status, {&child, &status}},
	{SYS_env_set_trapframe, {&child, &frame}},
	{SYS_env_set_pgfault_upcall, {&child, &any}},
	{SYS_page_alloc, {&child, &target, &rights}},
	{SYS_page_map, {&owner, &source, &child, &target, &rights}},
	{SYS_page_share, {&owner, &source, &child, &target, &run}},
	{SYS_page_copy, {&source, &child, &target, &rights}},
	{SYS_page_unmap, {&child, &target}},
	{SYS_ipc_try_send, {&receiver, &any, &sent, &rights}},
	{SYS_ipc_send, {&receiver, &any, &sent, &rights}},
	{SYS_ipc_send_recv, {&receiver, &any, &sent, &rights, &wanted}},
	{SYS_ipc_recv, {&wanted}},
};

static int failures;
static uint32_t state_before; // a checksum of what no failed call may change

static void add(uint32_t *hash, uint32_t value)
{
	*hash = (*hash ^ value) * 16777619;
}

// Return the checksum: of all references, all envs but the time they have left, and this env's
// page tables.
static uint32_t checksum(void)
{
	uint32_t hash = 0;

	for (uintptr_t va = UPAGES; va < UVPT && mapped(va); va += PGSIZE)
		for (size_t i = 0; i < PGSIZE / sizeof(pages[0]); i++)
			add(&hash, ((const volatile struct PageInfo *) va)[i].pp_ref);
	for (int i = 0; i < NENV; i++) {
		const volatile uint32_t *field = (const volatile uint32_t *) &envs[i].env_link;
		if (envs[i].env_status != ENV_FREE)
			for (; field < (const volatile uint32_t *) &envs[i + 1]; field++)
				if (field != (const volatile uint32_t *) &envs[i].env_time_left)
					add(&hash, *field);
	}
	for (size_t d = 0; d < PDX(UTOP); d++)
		for (size_t n = 0; (uvpd[d] & PTE_P) && n < NPTENTRIES; n++)
			add(&hash, uvpt[d * NPTENTRIES + n] & ~(PTE_A | PTE_D));
	return hash;
}

// Make a call that must return one of the two errors and change nothing.
static void refuse(uint32_t number, const uint32_t *a, int error, int or_error)
{
	int32_t r = trap(number, a);
	uint32_t now = checksum();

	if ((r == error || r == or_error) && now == state_before)
		return;
	cprintf("testargs: FAIL call %u (%x, %x, %x, %x, %x) returns %d%s\n", number, a[0], a[1],
		a[2], a[3], a[4], r, now == state_before ? "" : " and has changed something");
	failures++;
	state_before = now;
}

// Make a call with every bad value of each argument, alone and together with every bad value of
// each later argument.
static void try_bad_values(int number, const struct Argument *const *arguments)
{
	uint32_t good[5] = {0}, a[5];
	int n = 0;

	for (; n < 5 && arguments[n]; n++)
		good[n] = arguments[n]->values[0];
	for (int i = 0; i < n; i++)
		for (int v = 1; v < arguments[i]->count; v++) {
			memcpy(a, good, sizeof(a));
			a[i] = arguments[i]->values[v];
			refuse(number, a, arguments[i]->error, arguments[i]->error);
			for (int j = i + 1; j < n; j++, a[j - 1] = good[j - 1])
				for (int w = 1; w < arguments[j]->count; w++) {
					a[j] = arguments[j]->values[w];
					refuse(number, a, arguments[i]->error, arguments[j]->error);
				}
		}
}

#define EXPECT(x, want) expect_equal(x, want, #x, __LINE__, &failures)
#define MUST(call)      EXPECT(call, 0)

static void wait_for_message(envid_t id)
{
	const volatile struct Env *e = &envs[ENVX(id)];

	// The CPU on which it ran must not have its page directory loaded any more.
	while (!e->env_ipc_recving || pages[PGNUM((uintptr_t) e->env_pgdir - KERNBASE)].pp_ref != 1)
		sys_yield();
}

static void test_cputs(void)
{
	static const uint32_t bad[][2] = {{0, 1},
					  {(uintptr_t) PAGE + PGSIZE - 1, 2},
					  {(uintptr_t) PAGE, 0x7fffffff},
					  {(uintptr_t) PAGE, 0xffffffff},
					  {(uintptr_t) PAGE + 1, -((uintptr_t) PAGE + 1)},
					  {NOTHING, PGSIZE},
					  {ULIM - 1, 2},
					  {ULIM, 1},
					  {KERNBASE, 1},
					  {0xfffff000, PGSIZE},
					  {0xffffffff, 1},
					  {0xffffffff, 0xffffffff}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		envid_t id = fork_or_panic();
		if (id == 0) {
			sys_cputs((const char *) bad[i][0], bad[i][1]);
			cprintf("testargs: FAIL sys_cputs(%x, %x) returns\n", bad[i][0], bad[i][1]);
			sys_ipc_recv((void *) UTOP); // do not end, so that the parent sees it
		}
		while (is_alive(id) && !envs[ENVX(id)].env_ipc_recving)
			sys_yield();
		failures += is_alive(id);
		sys_env_destroy(id);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		sys_cputs((const char *) bad[i][0], 0); // nothing is read, so no address is wrong
}

// The first and the last values that are allowed.
static void test_edges(envid_t embryo)
{
	static const uint32_t edge[] = {UMIN, PTSIZE - PGSIZE, UTOP - PTSIZE, UTOP - PGSIZE};

	for (size_t i = 0; i < ARRAY_SIZE(edge); i++) {
		void *va = (void *) edge[i];
		MUST(sys_page_alloc(embryo, va, PTE_SYSCALL));
		MUST(sys_page_map(embryo, va, embryo, va, RO));
		MUST(sys_page_map(embryo, va, 0, (void *) NOTHING, PTE_AVAIL | RO));
		EXPECT(uvpt[PGNUM(NOTHING)] & PTE_SYSCALL, PTE_AVAIL | RO);
		MUST(sys_page_unmap(0, (void *) NOTHING));
		MUST(sys_page_unmap(0, (void *) NOTHING));
		MUST(sys_page_unmap(embryo, va));
	}
	MUST(sys_env_set_trapframe(embryo, (void *) (PAGE + PGSIZE - sizeof(struct Trapframe))));
	MUST(sys_env_set_pgfault_upcall(embryo, (void *) 0xffffffff));
	MUST(sys_env_set_status(embryo, ENV_NOT_RUNNABLE));
}

// A page that has been moved is mapped only where it was moved to.
// Copy SERIES to COPY in env with rights perm: the copy must be another page with the same
// contents.
static void copy_series(envid_t env, int perm)
{
	void *from = (void *) SERIES, *to = (void *) COPY;
	uint32_t refs = references(from);

	MUST(sys_page_copy(from, env, to, perm));
	if (env != 0)
		MUST(sys_page_map(env, to, 0, to, RO));
	EXPECT(references(from), refs);
	EXPECT(references(to), env == 0 ? 1 : 2);
	EXPECT(PTE_ADDR(uvpt[PGNUM(to)]) == PTE_ADDR(uvpt[PGNUM(from)]), false);
	EXPECT(env == 0 ? uvpt[PGNUM(to)] & PTE_SYSCALL : perm, perm);
	EXPECT(memcmp(from, to, PGSIZE), 0);
}

// A copy that takes the place of the page is another page only if somebody else has that one, too.
static void test_copy(envid_t embryo)
{
	void *from = (void *) SERIES, *to = (void *) COPY;

	MUST(sys_page_alloc(0, from, RW));
	for (int i = 0; i < PGSIZE; i += 4)
		*(uint32_t *) (SERIES + i) = i * 4711;
	MUST(sys_page_alloc(0, to, RW)); // to be replaced
	copy_series(0, RO);
	MUST(sys_page_map(0, from, 0, from, RO));
	copy_series(0, PTE_AVAIL | RW); // a copy of a read-only page may be written to
	copy_series(embryo, RW);
	MUST(sys_page_unmap(0, to));

	uint32_t frame = PTE_ADDR(uvpt[PGNUM(from)]);
	MUST(sys_page_copy(from, 0, from, RW));
	EXPECT(uvpt[PGNUM(from)] & ~(PTE_A | PTE_D), frame | RW);
	*(uint32_t *) from = 1;
	MUST(sys_page_map(0, from, embryo, to, RO));
	MUST(sys_page_copy(from, sys_getenvid(), from, RW));
	EXPECT(PTE_ADDR(uvpt[PGNUM(from)]) == frame, false);
	EXPECT(references(from), 1);
	MUST(sys_page_map(embryo, to, 0, to, RO));
	EXPECT(memcmp(from, to, PGSIZE), 0);
	MUST(sys_page_unmap(0, from));
	MUST(sys_page_unmap(0, to));
	MUST(sys_page_unmap(embryo, to));
}

// Share n pages of SERIES with COPY. Exactly the first `done' of them must be mapped then, with
// these rights at both places.
static void map_series(int perm, int n, int done)
{
	EXPECT(sys_page_share(0, (void *) SERIES, 0, (void *) COPY, perm, n), done);
	for (int i = 0; i < 6; i++) {
		uintptr_t from = SERIES + i * PGSIZE, to = COPY + i * PGSIZE;
		EXPECT(mapped(to), i < done);
		if (i < done)
			EXPECT(uvpt[PGNUM(to)] & ~(PTE_A | PTE_D),
			       PTE_ADDR(uvpt[PGNUM(from)]) | perm);
		if (i < done)
			EXPECT(uvpt[PGNUM(from)] & PTE_SYSCALL, perm);
		MUST(sys_page_unmap(0, (void *) to));
	}
}

// sys_page_share stops before the first page that sys_page_map would refuse.
static void test_runs(envid_t embryo)
{
	enum { MANY = 700 }; // more than one call maps
	char *series = (char *) SERIES, *copy = (char *) COPY;
	char *stack = (char *) UXSTACKTOP - PGSIZE; // the last page of user memory

	for (int i = 0; i < 4; i++)
		MUST(sys_page_alloc(0, series + i * PGSIZE, i == 2 ? RO : RW));
	for (int n = 1; n < 6; n++)
		map_series(RW, n, MIN(n, 2)); // the third page is read-only
	for (int n = 1; n < 6; n++)
		map_series(RO, n, MIN(n, 4));                        // the fifth page is missing
	EXPECT(sys_page_share(0, series, 0, copy, RW, 1), -E_INVAL); // no longer
	for (int i = 0; i < 2; i++)
		MUST(sys_page_alloc(0, series + i * PGSIZE, RW));
	EXPECT(sys_page_share(0, series, 0, copy, RW, 0), -E_INVAL);
	EXPECT(sys_page_share(0, series, 0, copy, RW | 0x1000, 1), -E_INVAL);
	EXPECT(sys_page_share(0, series, 0, copy, RW | 0x80000000, 1), -E_INVAL);
	EXPECT(sys_page_share(0, series, embryo, stack - PGSIZE, RW, 3), 2);
	EXPECT(sys_page_share(0, series, embryo, stack, RW, 2), 1);
	EXPECT(sys_page_share(0, stack, embryo, series, RW, 3), 1);
	EXPECT(sys_page_share(embryo, stack - PGSIZE, 0, copy, RW, 4), 2);
	EXPECT(references(series), 5); // at SERIES once, in embryo twice, at COPY twice
	for (int i = 0; i < 2; i++)
		MUST(sys_page_unmap(0, copy + i * PGSIZE));

	// Map each page at the address of the next one, so that the first page is mapped at all of
	// them.
	for (int i = 0, r = 1; i < MANY && r > 0; i += r) {
		char *va = series + i * PGSIZE;
		r = sys_page_share(0, va, 0, va + PGSIZE, RW, MANY - i);
		EXPECT(r >= 1 && r <= MANY - i, true);
	}
	EXPECT(references(series), MANY + 3);
	for (int i = 0; i <= MANY; i++)
		MUST(sys_page_unmap(0, series + i * PGSIZE));
}

// Both calls that send do the same if the receiver waits. The receiver then waits again.
static void test_send(int number, envid_t waiting)
{
	static const struct {
		uintptr_t page;
		int perm, got;
	} messages[] = {
		{(uintptr_t) PAGE, RW, RW},     {(uintptr_t) PAGE, RO, RO},
		{(uintptr_t) READONLY, RO, RO}, {UTOP, RW, 0},
		{0xffffffff, 0xffffffff, 0},
	};
	const volatile struct Env *e = &envs[ENVX(waiting)];

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		uintptr_t page = messages[i].page;
		uint32_t runs = e->env_runs, refs = page < UTOP ? references((void *) page) : 0;

		refs += i != 1 && page < UTOP; // in round 1 it has the page already
		MUST(trap(number, (uint32_t[]){waiting, number + i, page, messages[i].perm, 0}));
		while (e->env_runs == runs)
			sys_yield();
		wait_for_message(waiting);
		EXPECT(e->env_ipc_value, number + i);
		EXPECT(e->env_ipc_from, sys_getenvid());
		EXPECT(e->env_ipc_perm, messages[i].got);
		EXPECT(page < UTOP ? references((void *) page) : 0, refs);
	}
	sys_page_unmap(waiting, (void *) WANTED);
}

void umain(int argc, char **argv)
{
	MUST(sys_page_alloc(0, PAGE, RW | PTE_SHARE));
	MUST(sys_page_alloc(0, READONLY, RO));
	test_cputs();

	// A child that waits for a page, a child of that child that does so too, and one that never
	// ran.
	envid_t waiting = fork_or_panic();
	if (waiting == 0) {
		bool once = fork_or_panic() == 0;
		do
			sys_ipc_recv((void *) WANTED);
		while (!once);
		return;
	}
	wait_for_message(waiting);
	envid_t stranger = 0, embryo = sys_exofork(), dead = sys_exofork();
	if (embryo < 0 || dead < 0)
		panic("sys_exofork: %e", MIN(embryo, dead));
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && envs[i].env_parent_id == waiting)
			stranger = envs[i].env_id;
	wait_for_message(stranger);
	sys_env_destroy(dead);

	const uint32_t bad[BAD_ENVS] = {
		dead,          ENVX(embryo),        embryo + NENV * 4, embryo - NENV * 4,
		embryo | NENV, embryo | 0x80000000, -embryo,           -1,
		0x7fffffff,    0x80000000,          stranger};
	child.values[0] = embryo;
	receiver.values[0] = waiting;
	memcpy(&child.values[1], bad, sizeof(bad));
	memcpy(&owner.values[1], bad, sizeof(bad));
	memcpy(&receiver.values[1], bad, sizeof(bad) - sizeof(bad[0]));

	// Errors that depend on several arguments, and calls that do not exist.
	const struct {
		int error;
		uint32_t number, a[5];
	} more[] = {
		{-E_INVAL, SYS_page_map, {0, (uintptr_t) READONLY, embryo, WANTED, RW}},
		{-E_INVAL, SYS_page_map, {0, (uintptr_t) READONLY, 0, (uintptr_t) READONLY, RW}},
		{-E_INVAL, SYS_page_map, {embryo, (uintptr_t) PAGE, 0, (uintptr_t) PAGE, RW}},
		{-E_INVAL, SYS_page_share, {0, (uintptr_t) READONLY, embryo, WANTED, PGSIZE | RW}},
		{-E_INVAL, SYS_ipc_try_send, {waiting, 1, (uintptr_t) READONLY, RW}},
		{-E_INVAL, SYS_ipc_send, {waiting, 1, (uintptr_t) READONLY, RW}},
		// The receiver does not wait: the call must return the error, and not wait for it.
		{-E_INVAL, SYS_ipc_send, {embryo, 1, (uintptr_t) READONLY, RW}},
		{-E_INVAL, SYS_ipc_send, {0, 1, NOTHING, RW}},
		{-E_IPC_NOT_RECV, SYS_ipc_try_send, {0, 1, UTOP, 0}},
		{-E_IPC_NOT_RECV, SYS_ipc_try_send, {embryo, 1, (uintptr_t) PAGE, RW}},
		{-E_INVAL, SYS_ipc_send_recv, {waiting, 1, (uintptr_t) READONLY, RW, WANTED}},
		{-E_IPC_NOT_RECV, SYS_ipc_send_recv, {embryo, 1, UTOP, 0, UTOP}},
		{-E_IPC_NOT_RECV, SYS_ipc_send_recv, {0, 1, (uintptr_t) PAGE, RW, WANTED}},
		{-E_IPC_NOT_RECV, SYS_ipc_try_send, {embryo, 1, 0xffffffff, 0xffffffff}},
		{-E_INVAL, SYS_env_set_status, {waiting, ENV_RUNNABLE}},
		{-E_INVAL, SYS_env_set_status, {waiting, ENV_NOT_RUNNABLE}},
		{-E_INVAL, NSYSCALLS, {0}},
		{-E_INVAL, NSYSCALLS + 1, {0}},
		{-E_INVAL, 0x100 | SYS_exofork, {0}},
		{-E_INVAL, 0x10000 | SYS_env_destroy, {embryo}},
		{-E_INVAL, 0x7fffffff, {0}},
		{-E_INVAL, 0x80000000 | SYS_exofork, {0}},
		{-E_INVAL, 0xffffffff, {0}},
	};
	state_before = checksum();
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		try_bad_values(calls[i].number, calls[i].arguments);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		refuse(more[i].number, more[i].a, more[i].error, more[i].error);

	test_edges(embryo);
	test_copy(embryo);
	test_runs(embryo);
	MUST(sys_env_destroy(embryo));
	test_send(SYS_ipc_try_send, waiting);
	test_send(SYS_ipc_send, waiting);
	MUST(sys_ipc_try_send(stranger, 0, (void *) UTOP, 0));
	MUST(sys_env_destroy(waiting));
	if (failures == 0)
		cprintf("testargs: OK\n");
}

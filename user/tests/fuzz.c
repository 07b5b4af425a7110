// A system-call fuzzer: `fuzz SEED CALLS'. Families of envs make random system calls, often with
// limit values, and with the ids and pages of each other. Each family has a head, which starts,
// stops, changes and ends its children, but makes no call that could harm itself; its children make
// any call. There is also a bystander, which only the first env may change: its memory, its page
// tables and its entry in envs[] must stay as they are. Besides, the kernel must not panic, and its
// audit must find no error.
//
//	fuzz (first env) --+-- bystander
//	                   +-- head --+-- child, child, ...: forked, or made by a random sys_exofork
//	                   +-- head --+-- ...

#include "../common.h"

// The memory of their own that heads use for random calls: ARENA_PAGES pages from each of these
// addresses on. The second range is in two page tables.
#define ARENA   0x10000000
#define ARENA2  (ARENA + PTSIZE - 4 * PGSIZE)
#define PRIVATE ((volatile uint32_t *) 0x50000000) // the bystander's pages

enum {
	FAMILIES = 2,
	CHILDREN = 4,
	ARENA_PAGES = 8,
	PRIVATE_PAGES = 16,
	PRIVATE_WORDS = PRIVATE_PAGES * PGSIZE / 4,
};

// What all these envs share.
static struct Shared {
	volatile uint32_t calls[FAMILIES]; // made so far
	envid_t bystander;
	envid_t heads[FAMILIES];
	envid_t children[FAMILIES][CHILDREN];
} *const shared = (struct Shared *) 0x60000000;

// What the bystander tells the first env. The families do not have this page.
static struct Verdict {
	volatile uint32_t checks;    // how many it has made
	const char *volatile damage; // what has changed, or NULL
} *const verdict = (struct Verdict *) 0x60001000;

static uint32_t calls_wanted = 20000;

// ---- Choosing ----

static uint32_t state; // of the generator: Marsaglia's xorshift

static uint32_t random(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

#define ONE_OF(array) (array)[random(ARRAY_SIZE(array))]

static uint32_t random_word(void)
{
	static const uint32_t edges[] = {
		0,    1,        PGSIZE - 1, PGSIZE,  UTOP - PGSIZE, UTOP,
		ULIM, KERNBASE, 0x7fffffff, 1 << 31, 0xfffff000,    0xffffffff};

	return random(2) ? ONE_OF(edges) : random(0xffffffff);
}

static uint32_t random_va(bool careful)
{
	static const uint32_t own[] = {USTACKTOP - PGSIZE, UXSTACKTOP - PGSIZE, UTEXT};

	if (!careful && random(1000) == 0)
		return ONE_OF(own);
	if (random(16) == 0) {
		uint32_t va = random(2) ? random_word() : ARENA + random(ARENA_PAGES * PGSIZE);
		return careful && va == UXSTACKTOP - PGSIZE ? ARENA : va;
	}
	return (random(4) ? ARENA : ARENA2) + random(ARENA_PAGES) * PGSIZE;
}

static uint32_t random_perm(void)
{
	static const uint32_t perms[] = {RW, RW, RO, PTE_SYSCALL, RW | PTE_COW};

	return random(8) ? ONE_OF(perms) : random(2) ? random(0x2000) : random_word();
}

static envid_t random_env(int family)
{
	switch (random(16)) {
	case 0:
		return random_word();
	case 1:
		return envs[random(32)].env_id ^ (random(2) << random(32));
	case 2:
		return shared->bystander;
	case 3:
		return ONE_OF(shared->heads);
	case 4:
		return ONE_OF(shared->children[random(FAMILIES)]);
	case 5:
	case 6:
	case 7:
	case 8:
		return 0;
	default:
		return ONE_OF(shared->children[family]);
	}
}

// ---- Calling ----

static void child(int family) __attribute__((noreturn));

// Make registers for a child. It must not begin anywhere in this program, because there is code
// that enters the kernel's monitor.
static void random_frame(struct Trapframe *tf)
{
	for (size_t i = 0; i < sizeof(*tf) / 4; i++)
		((uint32_t *) tf)[i] = random_word();
	tf->tf_eip = random(2) ? (uintptr_t) child : random_va(false);
	tf->tf_esp = random(2) ? USTACKTOP - 1024 : random_va(false);
	if (random(8))
		tf->tf_eflags &= ~FL_TF;
}

// The calls that are made often, and those that are made rarely. Most of those that end or stop an
// env are rare, so that other calls are made too.
static const uint8_t numbers[] = {
	SYS_page_alloc,   SYS_page_alloc,   SYS_page_alloc,   SYS_page_alloc,   SYS_page_map,
	SYS_page_map,     SYS_page_map,     SYS_page_map,     SYS_page_map,     SYS_page_map,
	SYS_page_map,     SYS_page_map,     SYS_page_share,   SYS_page_share,   SYS_page_copy,
	SYS_page_copy,    SYS_page_unmap,   SYS_page_unmap,   SYS_page_unmap,   SYS_ipc_try_send,
	SYS_ipc_try_send, SYS_ipc_try_send, SYS_ipc_try_send, SYS_ipc_try_send, SYS_env_set_status,
	SYS_getenvid,     SYS_yield,        SYS_cgetc,
};
static const uint8_t rare_numbers[] = {
	SYS_env_set_trapframe, SYS_env_set_pgfault_upcall,
	SYS_env_destroy,       SYS_cputs,
	SYS_ipc_recv,          SYS_ipc_recv,
	SYS_ipc_recv,          SYS_ipc_send,
	SYS_ipc_send,          SYS_ipc_send,
	SYS_exofork,           NSYSCALLS,
};

// Make a random call. A head makes none that could harm itself. A child makes no envs: if it ended
// before them, no env could end these.
static int32_t fuzz_call(int family, bool head)
{
	struct Trapframe tf;
	uint32_t number = random(20) ? ONE_OF(numbers) : ONE_OF(rare_numbers);
	uint32_t va = random_va(head), va2 = random_va(head), perm = random_perm();
	envid_t env = random_env(family), env2 = random_env(family);
	bool itself = env == 0 || env == thisenv->env_id;

	if (!head && thisenv->env_last_sender && random(4) == 0) // else few messages are received
		number = SYS_ipc_recv;
	switch (number) {
	case SYS_env_set_status:
		if (head && itself)
			return 0;
		va = random(8) ? random(8) : random_word();
		break;
	case SYS_env_set_trapframe:
	case SYS_env_set_pgfault_upcall:
	case SYS_env_destroy:
		if (head && itself)
			return 0;
		random_frame(&tf);
		if (number == SYS_env_set_trapframe && random(8))
			va = (uintptr_t) &tf;
		break;
	case SYS_page_map:
		// The text may be given away: it is read-only.
		va = random(8) ? va : UTEXT;
		return trap(number, (uint32_t[]){env, va, env2, va2, perm});
	case SYS_page_share: // not from the text on: heads must not give their data away
		perm %= PGSIZE;
		perm |= (random(8) ? random(2 * ARENA_PAGES) : random_word()) * PGSIZE;
		return trap(number, (uint32_t[]){env, va, env2, va2, perm});
	case SYS_page_copy:
		return trap(number, (uint32_t[]){va, env, va2, perm, env2});
	case SYS_ipc_recv:
		if (head) // it might wait for ever
			return 0;
		return trap(number, (uint32_t[]){random(2) ? va : UTOP, va2, perm, env, env2});
	case SYS_ipc_send:
		if (head)
			return 0;
		if (itself && random(8)) // an env that sends to itself waits for ever
			env = ONE_OF(shared->children[family]);
		// fall through
	case SYS_ipc_try_send:
		return trap(number, (uint32_t[]){env, perm, random(2) ? va : UTOP, perm, va2});
	case SYS_cputs: // print nothing, or be destroyed
		env = va | KERNBASE;
		va = !head && random(8) == 0;
		break;
	case SYS_exofork:
		if (!head)
			return 0;
		break;
	case NSYSCALLS:
		number += random_word() & ~0xf;
		break;
	}
	return trap(number, (uint32_t[]){env, va, perm, va2, env2});
}

static bool writable(uintptr_t va)
{
	return va < UTOP && mapped(va) && (uvpt[PGNUM(va)] & (PTE_W | PTE_COW));
}

static void child(int family)
{
	for (;; shared->calls[family]++) {
		fuzz_call(family, false);
		uintptr_t va = ROUNDDOWN(random_va(false), 4);
		for (int i = writable(va) ? 64 : 0; i > 0; i--)
			*(volatile uint32_t *) va += 1;
	}
}

// Destroy child n and replace it by the env with this id, or by a new one if id is 0.
static void replace_child(int family, int n, envid_t id)
{
	static envid_t children[CHILDREN]; // a copy, because a child may overwrite those in shared

	if (children[n] > 0)
		sys_env_destroy(children[n]);
	if (id == 0) {
		id = fork();
		if (id == 0) {
			state = (state ^ sys_getenvid()) | 1;
			child(family);
		}
	}
	children[n] = shared->children[family][n] = id;
}

static void __attribute__((noreturn)) head(int family)
{
	uint32_t own_calls = 0;

	sys_page_unmap(0, verdict);
	shared->heads[family] = thisenv->env_id;
	state = (state + family) | 1;
	for (; own_calls + shared->calls[family] < calls_wanted / FAMILIES; own_calls++) {
		int32_t r = fuzz_call(family, true);
		if (r >= NENV && r != thisenv->env_id)
			replace_child(family, random(CHILDREN), r);
		else if (random(50) == 0)
			replace_child(family, random(CHILDREN), 0);
	}
	for (int n = 0; n < CHILDREN; n++)
		replace_child(family, n, -1);
	shared->heads[family] = 0; // it was not destroyed
	exit();
}

// ---- Watching ----

// Return a checksum of all that only the bystander itself may change, except its memory. Other envs
// can wait to send to it, so its last sender is not included.
static uint32_t own_state(void)
{
	const volatile uint32_t *field = (const volatile uint32_t *) &thisenv->env_pgdir;
	uint32_t sum = thisenv->env_parent_id;

	for (; field < (const volatile uint32_t *) (thisenv + 1); field++)
		if (field != (const volatile uint32_t *) &thisenv->env_last_sender)
			sum = sum * 31 + *field;
	for (uintptr_t va = 0; va < UTOP; va += PGSIZE) {
		if (!(uvpd[PDX(va)] & PTE_P))
			va += PTSIZE - PGSIZE;
		else
			sum = sum * 31 + (uvpt[PGNUM(va)] & ~(PTE_A | PTE_D));
	}
	for (const uint32_t *word = (uint32_t *) UTEXT; word < (uint32_t *) &binaryname; word++)
		sum = sum * 31 + *word;
	return sum;
}

static void private_page(int n, uint32_t first)
{
	volatile uint32_t *page = PRIVATE + n * (PGSIZE / 4);

	alloc_or_panic(page, RW);
	for (int i = 0; i < PGSIZE / 4; i++)
		page[i] = first + n * (PGSIZE / 4) + i;
}

// Add one to every word of the private memory again and again, and check that no other env changes
// one. Each round replaces a page by a new one, whose frame another env may just have lost.
static void __attribute__((noreturn)) bystander(void)
{
	uint32_t state_before = 0;

	for (int n = 0; n < PRIVATE_PAGES; n++)
		private_page(n, 0);
	for (uint32_t round = 0;; round++) {
		if (round > 0 && own_state() != state_before)
			verdict->damage = "the bystander's text, page tables or env have changed";
		for (uint32_t i = 0; i < PRIVATE_WORDS; i++) {
			if (PRIVATE[i] != i + round)
				verdict->damage = "the bystander's memory has changed";
			PRIVATE[i] = i + round + 1;
		}
		for (int n = 0; n < PRIVATE_PAGES; n++)
			if (references(PRIVATE + n * (PGSIZE / 4)) != 1)
				verdict->damage = "another env shares the bystander's memory";
		private_page(round % PRIVATE_PAGES, round + 1);
		verdict->checks++;
		state_before = own_state();
		sys_yield();
	}
}

void umain(int argc, char **argv)
{
	uint32_t seed = argc > 1 ? strtol(argv[1], NULL, 0) : 1;

	if (argc > 2)
		calls_wanted = strtol(argv[2], NULL, 0);
	cprintf("fuzz: seed %u, %u calls\n", seed, calls_wanted);
	state = seed * 2654435761U;
	alloc_or_panic(shared, RW | PTE_SHARE);
	alloc_or_panic(verdict, RW | PTE_SHARE);

	shared->bystander = fork_or_panic();
	if (shared->bystander == 0)
		bystander();
	envid_t id = shared->bystander, heads[FAMILIES];
	while (verdict->checks < 2)
		sys_yield();
	for (int f = 0; f < FAMILIES; f++) {
		heads[f] = fork_or_panic();
		if (heads[f] == 0)
			head(f);
	}
	const char *damage = NULL;
	for (int f = 0; f < FAMILIES; f++) {
		wait_for_end(heads[f]);
		if (shared->heads[f])
			damage = "a head is dead";
	}

	// A check that begins after the heads have ended is the second one from now, at the latest.
	for (uint32_t last = verdict->checks; is_alive(id) && verdict->checks < last + 2;)
		sys_yield();
	if (!is_alive(id))
		damage = "the bystander is dead";
	else if (verdict->damage)
		damage = verdict->damage;
	sys_env_destroy(id);
	if (damage)
		cprintf("fuzz: FAIL %s. Again: make qemu-nox RUN=fuzz:%u:%u\n", damage, seed,
			calls_wanted);
	else
		cprintf("fuzz: OK seed %u, %u calls\n", seed, calls_wanted);
}

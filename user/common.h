// Functions that several of the programs in user/ need. They are inline because each program is one
// source file.

#ifndef JOS_USER_COMMON_H
#define JOS_USER_COMMON_H

#include <inc/lib.h>

// Rights of a page.
#define RO (PTE_P | PTE_U)
#define RW (PTE_P | PTE_U | PTE_W)

// ---- Envs ----

// As fork, but panics on an error.
static inline envid_t fork_or_panic(void)
{
	envid_t child = fork();

	if (child < 0)
		panic("fork: %e", child);
	return child;
}

// Whether env has not ended.
static inline bool is_alive(envid_t env)
{
	const volatile struct Env *slot = &envs[ENVX(env)];

	return slot->env_id == env && slot->env_status != ENV_FREE;
}

// Whether what must come may still come, however busy the host is: begin is a read_tsc() less than
// 60 * 10^9 ticks ago, which is 20 s or more.
static inline bool is_early(uint64_t begin)
{
	return read_tsc() - begin < 60000000000;
}

// Wait until env has ended.
static inline void wait_for_end(envid_t env)
{
	while (is_alive(env))
		sys_yield();
}

// Wait until env waits in sys_ipc_recv, or has ended.
static inline void wait_receiving(envid_t env)
{
	while (is_alive(env) && !envs[ENVX(env)].env_ipc_recving)
		sys_yield();
}

// ---- Memory ----

// Map a new page at va with rights perm. Panics on an error.
static inline void alloc_or_panic(volatile void *va, int perm)
{
	int r = sys_page_alloc(0, (void *) va, perm);

	if (r < 0)
		panic("sys_page_alloc: %e", r);
}

// Whether there is a page at va.
static inline bool mapped(uintptr_t va)
{
	return (uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_P);
}

// Return the number of references to the page at va.
static inline uint32_t references(const volatile void *va)
{
	return pages[PGNUM(uvpt[PGNUM(va)])].pp_ref;
}

// Return the number of frames without references, from the kernel's table.
static inline uint32_t free_frames(void)
{
	uint32_t count = 0, perpage = PGSIZE / sizeof(pages[0]);

	for (uint32_t n = 0; uvpt[PGNUM(&pages[n])] & PTE_P; n += perpage)
		for (uint32_t i = n; i < n + perpage; i++)
			count += pages[i].pp_ref == 0;
	return count;
}

// Copy every page of this env that is copy-on-write, so that no write needs a frame later.
static inline void own_all_pages(void)
{
	for (uintptr_t va = UTEXT; va < USTACKTOP; va += PGSIZE) {
		if (!(uvpd[PDX(va)] & PTE_P))
			va += PTSIZE - PGSIZE;
		else if ((uvpt[PGNUM(va)] & (PTE_P | PTE_COW)) == (PTE_P | PTE_COW))
			*(volatile char *) va = *(volatile char *) va;
	}
}

// ---- Time ----

// Compute for so many ticks of the time-stamp counter.
static inline void burn(uint32_t ticks)
{
	for (uint64_t begin = read_tsc(); read_tsc() - begin < ticks;)
		;
}

// Return what this env has left of its share of time, as it was when it was last charged.
static inline int time_left(void)
{
	return *(const volatile int *) &thisenv->env_time_left;
}

// Return how long a tick is: the most that an env has left. (This one has it again and again,
// if no other one wants to run.)
static inline uint32_t tick_length(void)
{
	int most = time_left();

	for (uint64_t begin = read_tsc(); read_tsc() - begin < 100000000;)
		most = MAX(most, time_left());
	return most;
}

// ---- For tests ----

// Tell the processor that this is a loop that waits for another CPU.
static inline void relax(void)
{
	asm volatile("pause" : : : "memory");
}

// Make any system call, with five arguments. Returns what the kernel returns.
static inline int32_t trap(uint32_t number, const uint32_t *a)
{
	int32_t ret;

	asm volatile("int %1"
		     : "=a"(ret)
		     : "i"(T_SYSCALL), "a"(number), "d"(a[0]), "c"(a[1]), "b"(a[2]), "D"(a[3]),
		       "S"(a[4])
		     : "memory", "cc");
	return ret;
}

// If the value `is' of `what' in this line is not `want', say so and count a failure.
static inline void expect_equal(int32_t is, int32_t want, const char *what, int line,
				volatile int *failures)
{
	if (is == want)
		return;
	cprintf("%s: FAIL line %d: %s is %d, not %d\n", binaryname, line, what, is, want);
	++*failures;
}

#endif

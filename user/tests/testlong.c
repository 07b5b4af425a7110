// For how long does the end of an env with as many mappings as possible keep other envs from the
// kernel? (A test of time: it means something only where the time-stamp counter counts
// instructions.)

#include "../common.h"

#define SOURCE ((char *) 0x20000000)
#define RUN    256      // pages that are mapped by one call
#define TICK   10000000 // a 100th of a second, in ns

// Return the time, in ns.
static uint64_t now(void)
{
	return read_tsc();
}

// Map one page everywhere in a new env, and destroy that.
static uint32_t make_large_env(envid_t *env)
{
	uint32_t n = 0;
	int r = sys_exofork();

	if (r == 0)
		exit();
	*env = r;
	for (uintptr_t va = ROUNDUP(UMIN, PTSIZE); r >= 0 && va < UTOP; va += RUN * PGSIZE) {
		r = sys_page_share(0, SOURCE, *env, (void *) va, RW, RUN);
		n += r > 0 ? r : 0;
	}
	return n;
}

void umain(int argc, char **argv)
{
	envid_t env;
	uint64_t longest = 0;

	alloc_or_panic(SOURCE, RW);
	for (int i = 1; i < RUN; i++)
		sys_page_map(0, SOURCE, 0, SOURCE + i * PGSIZE, RW);
	uint32_t mappings = make_large_env(&env);

	// Each of these calls is one stay in the kernel.
	uint64_t begin = now();
	sys_env_destroy(env);
	do {
		longest = MAX(longest, now() - begin);
		begin = now();
		sys_yield();
	} while (is_alive(env));
	cprintf("testlong: %u mappings, at most %u %% of a tick at a time\n", mappings,
		(uint32_t) longest / (TICK / 100));
	if (mappings > 900000 && longest < TICK / 3)
		cprintf("testlong: OK\n");
}

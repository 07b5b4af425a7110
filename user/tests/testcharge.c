// An env is charged for its time only while it is in no queue.
//
// A sender waits for an env that nobody has started, and that ends because its parent has ended.
// The parent has so much memory that it ends little by little: the rest of it, and then the env,
// while the sender's CPU chooses who runs next. That takes longer than what the sender has left of
// its share. (Where a CPU counts instructions, this goes the same way each time.)

#include "../common.h"

enum {
	TRIES = 4,
	RUN = 256,  // pages that are mapped by one call
	SMALL = 62, // page tables with one page: about as many as one call frees
	LARGE = 50, // and those after them, which are full
};

#define SOURCE ((char *) 0x20000000)
#define TARGET ((char *) 0x30000000)

static volatile envid_t *const never_started = (volatile envid_t *) 0x10000000; // shared
static uint32_t tick;                                                           // how long it is

// Make an env, and much memory.
static void be_large(void)
{
	envid_t env = sys_exofork();

	if (env == 0)
		exit();
	for (int i = 0; i < RUN; i++)
		sys_page_map(0, (void *) never_started, 0, SOURCE + i * PGSIZE, RW);
	for (char *va = TARGET; va < TARGET + SMALL * PTSIZE; va += PTSIZE)
		sys_page_map(0, SOURCE, 0, va, RW);
	for (char *va = TARGET + SMALL * PTSIZE; va < TARGET + (SMALL + LARGE) * PTSIZE;
	     va += RUN * PGSIZE)
		sys_page_share(0, SOURCE, 0, va, RW, RUN);
	*never_started = env;
	sys_ipc_recv((void *) UTOP);
}

// For each message, send one to the env that is never started, with a quarter of a tick left.
static void send(void)
{
	for (;;) {
		sys_ipc_recv((void *) UTOP);
		burn(MAX(time_left() - (int) tick / 4, 0));
		int r = sys_ipc_send(*never_started, 0, (void *) UTOP, 0);
		if (r != -E_BAD_ENV)
			panic("sys_ipc_send: %e", r);
	}
}

void umain(int argc, char **argv)
{
	alloc_or_panic(never_started, RW | PTE_SHARE);
	tick = tick_length();
	envid_t sender = fork_or_panic();
	if (sender == 0)
		send();
	for (int i = 0; i < TRIES; i++) {
		envid_t large = fork_or_panic();
		if (large == 0)
			be_large();
		wait_receiving(large);
		wait_receiving(sender);

		int left = time_left();
		while (time_left() == left) // until the next tick
			;
		uint32_t runs = envs[ENVX(sender)].env_runs;
		sys_env_destroy(large);
		sys_ipc_send(sender, 0, (void *) UTOP, 0);
		while (((const volatile struct Env *) &envs[ENVX(sender)])->env_runs == runs)
			;
		wait_receiving(sender);
		wait_for_end(large);
	}
	sys_env_destroy(sender);
	cprintf("testcharge: OK\n");
}

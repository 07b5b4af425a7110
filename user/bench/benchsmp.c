// Measures how much programs gain from several CPUs, in ticks of the time-stamp counter.
// tools/measure/bench.py makes ratios of the results.
//	benchsmp:work	how long four envs compute
//	benchsmp:wake	how long a message takes to an env that waits, while a CPU is idle

#include "../common.h"

enum {
	WORKERS = 4,
	ROUNDS = 30000000, // of a worker's loop
	MESSAGES = 101,
	PAUSE = 3000000, // ticks between messages, for CPUs to become idle
};

static uint32_t *const arrived = (uint32_t *) 0x10000000; // shared: the last message's number

static void work(void)
{
	envid_t parent = sys_getenvid();
	uint64_t begin = read_tsc();

	for (int i = 0; i < WORKERS; i++) {
		if (fork_or_panic() == 0) {
			for (volatile int n = 0; n < ROUNDS; n++)
				;
			ipc_send(parent, 0, NULL, 0);
			return;
		}
	}
	for (int i = 0; i < WORKERS; i++)
		ipc_recv(NULL, NULL, NULL);
	cprintf("benchsmp: work %u thousand ticks\n", (uint32_t) ((read_tsc() - begin) >> 10));
}

static void spin_until(uint64_t tsc)
{
	while (read_tsc() < tsc)
		;
}

// Send message number n, and return after how many ticks it has arrived.
static uint32_t latency(envid_t to, uint32_t n)
{
	spin_until(read_tsc() + PAUSE);
	while (!((const volatile struct Env *) &envs[ENVX(to)])->env_ipc_recving)
		; // on a busy host it may not wait yet
	uint64_t begin = read_tsc();
	int r = sys_ipc_try_send(to, n, (void *) UTOP, 0);
	if (r < 0)
		panic("sys_ipc_try_send: %e", r);
	while (*(volatile uint32_t *) arrived != n)
		;
	return read_tsc() - begin;
}

static void sort(uint32_t *a, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && a[j] < a[j - 1]; j--) {
			uint32_t smaller = a[j];
			a[j] = a[j - 1];
			a[j - 1] = smaller;
		}
}

static void wake(void)
{
	uint32_t ticks[MESSAGES];
	alloc_or_panic(arrived, RW | PTE_SHARE);
	envid_t receiver = fork_or_panic();
	while (receiver == 0)
		*(volatile uint32_t *) arrived = ipc_recv(NULL, NULL, NULL);

	ipc_send(receiver, 0, NULL, 0); // it has begun
	cprintf("benchsmp: begin\n");
	uint64_t begin = read_tsc();
	for (int i = 0; i < MESSAGES; i++)
		ticks[i] = latency(receiver, i + 1);
	uint64_t end = read_tsc();
	cprintf("benchsmp: end\n");
	sort(ticks, MESSAGES);
	cprintf("benchsmp: wake %u of %u ticks\n", ticks[MESSAGES / 2], (uint32_t) (end - begin));
	sys_env_destroy(receiver);
}

void umain(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "wake") == 0)
		wake();
	else if (argc == 2 && strcmp(argv[1], "work") == 0)
		work();
	else
		cprintf("usage: benchsmp:work or benchsmp:wake\n");
}

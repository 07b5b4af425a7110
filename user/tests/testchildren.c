// Nobody keeps another one from the CPU by making children: a new env has no time of its own in the
// round in which it is made.
//
// A tree of envs, each of which ends before it has used up its share, computes beside a victim,
// which only wants to run.

#include "../common.h"

enum {
	LEVELS = 4,  // of the tree
	LEAVES = 60, // how many are to compute
	MOST = 20,   // how many, for a tenth of a tick each, may do so while the victim waits
};

static struct Shared {
	volatile uint32_t runs; // of the victim, when the last leaf has ended
	volatile int leaves;
	volatile int waiting; // how many of them since the victim waits
	volatile int most;    // the most of these
} *const shared = (struct Shared *) 0x10000000;

static const volatile struct Env *victim;
static uint32_t tick; // how long it is

static bool is_over(void)
{
	return shared->leaves >= LEAVES || shared->most > MOST;
}

// Compute for a tenth of a tick, if there is so much time and more.
static void be_leaf(void)
{
	if (time_left() < (int) tick / 5)
		return;
	burn(tick / 10);
	if (victim->env_status != ENV_RUNNABLE || victim->env_runs != shared->runs)
		shared->waiting = 0;
	shared->runs = victim->env_runs;
	shared->most = MAX(shared->most, ++shared->waiting);
	shared->leaves++;
}

// Make children, which make children, while there is time.
static void be_tree(int level)
{
	envid_t self = sys_getenvid();

	if (level == 0)
		be_leaf();
	while (level > 0 && time_left() > (int) tick / 5 * 2 && !is_over()) {
		if (fork_or_panic() == 0) {
			be_tree(level - 1);
			ipc_send(self, 0, NULL, 0);
			exit();
		}
		ipc_recv(NULL, NULL, NULL);
	}
}

void umain(int argc, char **argv)
{
	alloc_or_panic(shared, RW | PTE_SHARE);
	tick = tick_length();
	envid_t id = fork_or_panic();
	if (id == 0) {
		while (!is_over())
			;
		exit();
	}
	victim = &envs[ENVX(id)];
	while (!is_over()) {
		be_tree(LEVELS);
		sys_yield();
	}
	if (shared->most <= MOST)
		cprintf("testchildren: OK\n");
	else
		cprintf("testchildren: FAIL %d children run while another env waits\n",
			shared->most);
}

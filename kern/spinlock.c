#include <kern/spinlock.h>

#include <inc/assert.h>
#include <inc/x86.h>

#include <kern/trace.h>

struct spinlock kernel_lock = {.name = "kernel"};
uint32_t kernel_lock_sleepers[NCPU];

enum { SPINS = 100 }; // how often to look for the kernel lock before going to sleep

static bool served(const struct spinlock *lk, uint32_t ticket)
{
	return __atomic_load_n(&lk->now_serving, __ATOMIC_ACQUIRE) == ticket;
}

void spin_misused(const struct spinlock *lk, const char *does)
{
	int holder = lk->holder ? lk->holder - cpus : -1;

	panic("CPU %d %s the %s lock; its holder is CPU %d", cpunum(), does, lk->name, holder);
}

void spin_lock(struct spinlock *lk)
{
	uint32_t ticket = __atomic_fetch_add(&lk->next_ticket, 1, __ATOMIC_RELAXED);
	if (spin_holding(lk))
		spin_misused(lk, "takes again");
	while (!served(lk, ticket))
		pause();
	lk->holder = thiscpu;
}

void spin_unlock(struct spinlock *lk)
{
	if (!spin_holding(lk))
		spin_misused(lk, "releases");
	lk->holder = NULL;
	__atomic_store_n(&lk->now_serving, lk->now_serving + 1, __ATOMIC_RELEASE);
}

void spin_break(struct spinlock *lk)
{
	lk->now_serving = lk->next_ticket;
	lk->holder = NULL;
}

// Wait until the ticket is served: at first looking all the time, then asleep.
static void wait_for(uint32_t ticket)
{
	for (int i = 0; i < SPINS; i++) {
		if (served(&kernel_lock, ticket))
			return;
		pause();
	}

	uint32_t *slot = &kernel_lock_sleepers[ticket % NCPU];
	__atomic_store_n(slot, cpunum() + 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_SEQ_CST) != ticket)
		sti_hlt_cli();
	__atomic_store_n(slot, 0, __ATOMIC_RELAXED);
}

void kernel_lock_wait(uint32_t ticket)
{
	if (spin_holding(&kernel_lock))
		spin_misused(&kernel_lock, "takes again");
	thiscpu->cpu_waits++;
	trace(TRACE_LOCK_WAIT, 0);
	wait_for(ticket);
	trace(TRACE_LOCK_TAKEN, 0);
}

void kernel_lock_wake(int cpu)
{
	lapic_kick(&cpus[cpu]);
}

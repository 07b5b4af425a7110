// The ticket lock. Uses only the table of CPUs, so that the console can use it.

#include <kern/spinlock.h>

#include <inc/assert.h>
#include <inc/x86.h>

#include <kern/cpu.h>

void spin_misused(const struct spinlock *lk, const char *does)
{
	panic("CPU %d %s the %s lock, which %s holds", cpunum(), does, lk->name,
	      !lk->holder             ? "no CPU"
	      : lk->holder == thiscpu ? "this CPU"
				      : "another CPU");
}

void spin_lock(struct spinlock *lk)
{
	uint32_t ticket = __atomic_fetch_add(&lk->next_ticket, 1, __ATOMIC_RELAXED);
	if (spin_holding(lk))
		spin_misused(lk, "takes");
	while (__atomic_load_n(&lk->now_serving, __ATOMIC_ACQUIRE) != ticket)
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

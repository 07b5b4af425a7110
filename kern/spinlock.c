#include <kern/spinlock.h>

#include <inc/assert.h>
#include <inc/x86.h>

#include <kern/cpu.h>

struct spinlock kernel_lock = {.cpu = -1, .name = "kernel"};

void spin_lock(struct spinlock *lk)
{
	if (spin_holding(lk))
		panic("CPU %d takes the %s lock twice", cpunum(), lk->name);

	uint32_t ticket = __atomic_fetch_add(&lk->next_ticket, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lk->now_serving, __ATOMIC_ACQUIRE) != ticket)
		pause();
	lk->cpu = cpunum();
}

void spin_unlock(struct spinlock *lk)
{
	if (!spin_holding(lk))
		panic("CPU %d releases the %s lock, which CPU %d holds", cpunum(), lk->name, lk->cpu);

	lk->cpu = -1;
	__atomic_store_n(&lk->now_serving, lk->now_serving + 1, __ATOMIC_RELEASE);
}

bool spin_holding(const struct spinlock *lk)
{
	// Only this CPU ever stores its own number, so a race cannot make this true.
	return __atomic_load_n(&lk->cpu, __ATOMIC_RELAXED) == cpunum();
}

void spin_break(struct spinlock *lk)
{
	lk->now_serving = lk->next_ticket;
	lk->cpu = -1;
}

void lock_kernel(void)
{
	spin_lock(&kernel_lock);
	tlb_catch_up();
}

void unlock_kernel(void)
{
	spin_unlock(&kernel_lock);
}

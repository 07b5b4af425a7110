#include <kern/spinlock.h>

#include <inc/assert.h>
#include <inc/trap.h>
#include <inc/x86.h>

#include <kern/cpu.h>

struct spinlock kernel_lock = {.cpu = -1, .name = "kernel"};

static uint32_t take_ticket(struct spinlock *lk)
{
	if (spin_holding(lk))
		panic("CPU %d takes the %s lock twice", cpunum(), lk->name);
	return __atomic_fetch_add(&lk->next_ticket, 1, __ATOMIC_RELAXED);
}

static bool served(const struct spinlock *lk, uint32_t ticket)
{
	return __atomic_load_n(&lk->now_serving, __ATOMIC_ACQUIRE) == ticket;
}

static void check_holding(const struct spinlock *lk)
{
	if (!spin_holding(lk))
		panic("CPU %d releases the %s lock, which CPU %d holds", cpunum(), lk->name,
		      lk->cpu);
}

void spin_lock(struct spinlock *lk)
{
	uint32_t ticket = take_ticket(lk);

	while (!served(lk, ticket))
		pause();
	lk->cpu = cpunum();
}

void spin_unlock(struct spinlock *lk)
{
	check_holding(lk);
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

// ---- The kernel lock ----

enum { SPINS = 100 }; // how often to look before going to sleep

// Who sleeps until ticket t is served: its CPU's number plus 1, at index t modulo NCPU; 0 for
// nobody. There are never more than NCPU tickets out. The sleeper writes here and then looks at
// now_serving, who unlocks writes now_serving and then looks here, both in one order that all
// CPUs agree on: so at least one of them sees what the other has written.
static uint32_t sleepers[NCPU];
static_assert((NCPU & (NCPU - 1)) == 0); // or the index would jump when tickets wrap

static void sleep_until_served(struct spinlock *lk, uint32_t ticket)
{
	uint32_t *slot = &sleepers[ticket % NCPU];

	__atomic_store_n(slot, cpunum() + 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&lk->now_serving, __ATOMIC_SEQ_CST) != ticket)
		sti_hlt_cli();
	__atomic_store_n(slot, 0, __ATOMIC_RELAXED);
}

void lock_kernel(void)
{
	struct spinlock *lk = &kernel_lock;
	uint32_t ticket = take_ticket(lk);

	for (int i = 0; i < SPINS && !served(lk, ticket); i++)
		pause();
	if (!served(lk, ticket))
		sleep_until_served(lk, ticket);
	lk->cpu = cpunum();
	tlb_catch_up();
}

void unlock_kernel(void)
{
	struct spinlock *lk = &kernel_lock;
	uint32_t next = lk->now_serving + 1;

	check_holding(lk);
	lk->cpu = -1;
	__atomic_store_n(&lk->now_serving, next, __ATOMIC_SEQ_CST);
	uint32_t sleeper = __atomic_load_n(&sleepers[next % NCPU], __ATOMIC_SEQ_CST);
	if (sleeper)
		lapic_ipi(cpus[sleeper - 1].cpu_id, IRQ_OFFSET + IRQ_KICK);
}

// A lock for which CPUs wait by looking at it again and again: for what is held shortly.

#ifndef JOS_KERN_SPINLOCK_H
#define JOS_KERN_SPINLOCK_H

#include <inc/types.h>

#include <kern/cpu.h>

// A ticket lock: CPUs get it in the order they asked for it. Interrupts are off wherever locks
// are used, and a CPU must not take a lock it holds.
struct spinlock {
	uint32_t next_ticket;
	uint32_t now_serving;
	struct CpuInfo *holder; // for checks; NULL when free
	const char *name;
};

// Wait for the lock and take it. What the previous holder wrote is visible afterwards.
void spin_lock(struct spinlock *lk);

// Release it. What this CPU wrote is visible to the next holder.
void spin_unlock(struct spinlock *lk);

// Forget whoever holds or waits for the lock. For panic, when every other CPU has stopped.
void spin_break(struct spinlock *lk);

// Whether this CPU holds the lock. Only this CPU ever stores itself, so a race cannot make
// this true.
static inline bool spin_holding(const struct spinlock *lk)
{
	return __atomic_load_n(&lk->holder, __ATOMIC_RELAXED) == thiscpu;
}

// Panic: this CPU `does' what it must not with this lock.
void spin_misused(const struct spinlock *lk, const char *does) __attribute__((noreturn, cold));

#endif

// A spin lock: CPUs wait for it by looking again and again, so it must be held only for short
// times. Inline function: the kernel lock's checks need it.

#ifndef JOS_KERN_SPINLOCK_H
#define JOS_KERN_SPINLOCK_H

#include <inc/types.h>

#include <kern/cpu.h>

// A ticket lock: CPUs get it in the order in which they have asked for it. Interrupts must be off,
// and a CPU must not take a lock that it holds.
struct spinlock {
	uint32_t next_ticket;
	uint32_t now_serving;
	struct CpuInfo *holder; // for checks; NULL if no CPU holds the lock
	const char *name;
};

// Wait for the lock and take it. What the previous holder has written is visible afterwards.
void spin_lock(struct spinlock *lk);

// Release the lock. What this CPU has written is visible to the next holder.
void spin_unlock(struct spinlock *lk);

// Make the lock free, whichever CPUs hold it or wait for it. For panics, when every other CPU has
// stopped.
void spin_break(struct spinlock *lk);

// Kept for code written for JOS; nothing here uses these: make a lock ready for use. spin_initlock
// gives it the name of its variable.
#define spin_initlock(lk)      __spin_initlock(lk, #lk)
#define __spin_initlock(lk, n) ((void) (*(lk) = (struct spinlock){.name = (n)}))

// Whether this CPU holds the lock. Only this CPU stores its own address in holder, so the answer is
// right even if others take and release the lock at this moment.
static inline bool spin_holding(const struct spinlock *lk)
{
	return __atomic_load_n(&lk->holder, __ATOMIC_RELAXED) == thiscpu;
}

// Panic because this CPU does with this lock what it must not. does is a verb, such as "releases".
void spin_misused(const struct spinlock *lk, const char *does) __attribute__((noreturn, cold));

#endif

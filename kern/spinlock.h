#ifndef JOS_KERN_SPINLOCK_H
#define JOS_KERN_SPINLOCK_H

#include <inc/types.h>

// A ticket lock: CPUs get it in the order they asked for it. Interrupts are off wherever locks
// are used, and a CPU must not take a lock it holds.
struct spinlock {
	uint32_t next_ticket;
	uint32_t now_serving;
	int cpu; // number of the holder, for checks; -1 when free
	const char *name;
};

// Wait for the lock and take it. What the previous holder wrote is visible afterwards.
void spin_lock(struct spinlock *lk);

// Release it. What this CPU wrote is visible to the next holder.
void spin_unlock(struct spinlock *lk);

// Whether this CPU holds the lock.
bool spin_holding(const struct spinlock *lk);

// Forget whoever holds or waits for the lock. For panic, when every other CPU has stopped.
void spin_break(struct spinlock *lk);

// The big kernel lock protects everything that is not said to be protected otherwise.
// It is taken on entry from user mode and on waking from idle, and released on the way back.
//
// It may be held for long, and an emulator may have fewer processors than the machine it shows,
// so that the holder does not run while others wait: a CPU that has spun for a while sleeps
// until the lock comes to it. Interrupts are taken meanwhile, so lock_kernel must be called only
// where the kernel is ready for one.
extern struct spinlock kernel_lock;

void lock_kernel(void);
void unlock_kernel(void);

#endif

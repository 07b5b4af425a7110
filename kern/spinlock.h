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

// ---- The kernel lock ----

// The big kernel lock protects everything that is not said to be protected otherwise.
// It is taken on entry from user mode and on waking from idle, and released on the way back.
//
// It may be held for long, and an emulator may have fewer processors than the machine it shows,
// so that the holder does not run while others wait: a CPU that has spun for a while sleeps
// until the lock comes to it. Interrupts are taken meanwhile, so lock_kernel must be called only
// where the kernel is ready for one.
extern struct spinlock kernel_lock;

// Who sleeps until ticket t is served: its CPU's number plus 1, at index t modulo NCPU; 0 for
// nobody. There are never more than NCPU tickets out. The sleeper writes here and then looks at
// now_serving, who unlocks writes now_serving and then looks here, both in one order that all
// CPUs agree on: so at least one of them sees what the other has written.
extern uint32_t kernel_lock_sleepers[NCPU];
_Static_assert((NCPU & (NCPU - 1)) == 0, "or the index would jump when tickets wrap");

// For lock_kernel and unlock_kernel, when others want the lock: wait for this ticket to be served;
// wake that CPU.
void kernel_lock_wait(uint32_t ticket) __attribute__((cold));
void kernel_lock_wake(int cpu) __attribute__((cold));

// To be called by self, this CPU.
static inline void lock_kernel_by(struct CpuInfo *self)
{
	uint32_t ticket = __atomic_fetch_add(&kernel_lock.next_ticket, 1, __ATOMIC_RELAXED);

	if (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_ACQUIRE) != ticket)
		kernel_lock_wait(ticket);
	kernel_lock.holder = self;
	self->cpu_lock_takes++;
	tlb_catch_up(self);
}

static inline void unlock_kernel_by(struct CpuInfo *self)
{
	uint32_t next = kernel_lock.now_serving + 1;

	if (kernel_lock.holder != self)
		spin_misused(&kernel_lock, "releases");
	kernel_lock.holder = NULL;
	__atomic_store_n(&kernel_lock.now_serving, next, __ATOMIC_SEQ_CST);
	uint32_t sleeper = __atomic_load_n(&kernel_lock_sleepers[next % NCPU], __ATOMIC_SEQ_CST);
	if (sleeper)
		kernel_lock_wake(sleeper - 1);
}

static inline void lock_kernel(void)
{
	lock_kernel_by(thiscpu);
}

static inline void unlock_kernel(void)
{
	unlock_kernel_by(thiscpu);
}

#endif

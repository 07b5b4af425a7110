// The big kernel lock.

#ifndef JOS_KERN_KERNELLOCK_H
#define JOS_KERN_KERNELLOCK_H

#include <inc/types.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/spinlock.h>

// The big kernel lock protects everything that is not said to be protected otherwise.
// It is taken on entry from user mode and on waking from idle, and released on the way back.
//
// It may be held for long, and an emulator may have fewer processors than the machine it shows,
// so that the holder does not run while others wait: a CPU that has spun for a while sleeps
// until the lock comes to it. Interrupts are taken meanwhile, so lock_kernel must be called only
// where the kernel is ready for one.
extern struct spinlock kernel_lock;

// Whether this CPU holds it. Functions that need the lock assert this, unless they are called so
// often that it would cost something.
static inline bool kernel_locked(void)
{
	return spin_holding(&kernel_lock);
}

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
	if (self->cpu_tlb_stale) { // another CPU has asked for this (kern/kick.c)
		self->cpu_tlb_stale = false;
		tlbflush();
	}
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

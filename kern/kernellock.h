// The big kernel lock. Inline functions: every trap from user mode takes and releases it.

#ifndef JOS_KERN_KERNELLOCK_H
#define JOS_KERN_KERNELLOCK_H

#include <inc/types.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/spinlock.h>

// The big kernel lock protects everything for which no other protection is named. It is taken on
// entry from user mode and after a CPU has slept, and released before going back to either.
//
// It may be held for long, and an emulator may run on fewer processors than it shows, so that the
// holder does not run while others wait. Therefore a CPU that has looked for a while sleeps until
// it gets the lock. Meanwhile interrupts are on, so lock_kernel must be called only where the
// kernel can handle one. Itself, it is used without a lock.
extern struct spinlock kernel_lock;

// Whether this CPU holds it. Functions that need the lock assert this, except those that are called
// so often that it would take measurable time; those that are only called by functions that assert
// it; and those that also run without it: at boot, before other CPUs start, or in the monitor after
// a panic. With CHECKED=1, each access to what the lock protects is checked.
static inline bool kernel_locked(void)
{
	return spin_holding(&kernel_lock);
}

// How often in this tick a CPU has waited in vain: has slept for the lock, or was woken when
// another CPU already ran the env. The one that does so after FEW_WAITS others is hindered: its
// turn ends, and it may rest (kern/sched.c). Protected by the lock.
extern uint32_t kernel_lock_waits;
enum { FEW_WAITS = 12 };

// Which CPU sleeps until ticket t is served: its number plus 1, at index t modulo NCPU; 0 for none.
// At most NCPU tickets wait at a time. The CPU that sleeps writes here and then reads now_serving;
// the CPU that unlocks writes now_serving and then reads here. These accesses are sequentially
// consistent, so at least one of the two reads what the other has written. For the same reason the
// CPU that unlocks need not read here if nobody has taken the next ticket: who takes it later reads
// the new now_serving.
extern uint32_t kernel_lock_sleepers[NCPU];
_Static_assert((NCPU & (NCPU - 1)) == 0, "the index must stay in step when tickets wrap");

// For lock_kernel and unlock_kernel when there are other CPUs that want the lock: wait until this
// ticket is served; wake the CPU that sleeps until then, if it does.
void kernel_lock_wait(uint32_t ticket) __attribute__((cold));
void kernel_lock_wake(uint32_t ticket) __attribute__((cold));

// Whether other CPUs use the lock, as far as one sees in a few looks. For a CPU that does not have
// it and will not wait for it; a hint.
bool kernel_lock_is_busy(void);

// Take the lock, and release it.
void lock_kernel(void);
void unlock_kernel(void);

// The same, for code that has the address of this CPU's entry already: self.
static inline void lock_kernel_by(struct CpuInfo *self)
{
	uint32_t ticket = __atomic_fetch_add(&kernel_lock.next_ticket, 1, __ATOMIC_SEQ_CST); // [L1]

	if (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_ACQUIRE) != ticket) // [L2]
		kernel_lock_wait(ticket);
	kernel_lock.holder = self; // [L12]
	if (self->cpu_tlb_stale) { // another CPU has asked for this (kern/kick.c) [K12]
		self->cpu_tlb_stale = false;
		tlbflush();
	}
}

static inline void unlock_kernel_by(struct CpuInfo *self)
{
	if (kernel_lock.holder != self)
		spin_misused(&kernel_lock, "releases");
	kernel_lock.holder = NULL;                                                         // [L13]
	uint32_t next = __atomic_add_fetch(&kernel_lock.now_serving, 1, __ATOMIC_SEQ_CST); // [L8]
	if (__atomic_load_n(&kernel_lock.next_ticket, __ATOMIC_SEQ_CST) != next)           // [L9]
		kernel_lock_wake(next);
}

#endif

// Waiting for the big kernel lock: a CPU that has waited for a while sleeps until it is kicked.

#include <kern/kernellock.h>

#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/lapic.h>
#include <kern/trace.h>

struct spinlock kernel_lock = {.name = "kernel"};
uint32_t kernel_lock_sleepers[NCPU];
uint32_t kernel_lock_waits;

void lock_kernel(void)
{
	lock_kernel_by(thiscpu);
}

void unlock_kernel(void)
{
	unlock_kernel_by(thiscpu);
}

bool kernel_lock_is_busy(void)
{
	enum { LOOKS = 20 }; // as long as a short system call takes

	for (int i = 0; i < LOOKS; i++) {
		if (__atomic_load_n(&kernel_lock.holder, __ATOMIC_RELAXED))
			return true;
		pause();
	}
	return false;
}

// ---- Waiting ----

enum { SPINS = 100 }; // how often to look before going to sleep

// Wait until the ticket is served, first by looking again and again, then by sleeping. Returns
// whether it has slept.
static bool wait_for(uint32_t ticket)
{
	for (int i = 0; i < SPINS; i++) {
		if (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_ACQUIRE) == ticket) // [L3]
			return false;
		pause();
	}

	uint32_t *slot = &kernel_lock_sleepers[ticket % NCPU];
	__atomic_store_n(slot, cpunum() + 1, __ATOMIC_SEQ_CST);                       // [L4]
	while (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_SEQ_CST) != ticket) // [L5]
		sti_hlt_cli();                                                        // [L6]
	__atomic_store_n(slot, 0, __ATOMIC_RELAXED);                                  // [L7]
	return true;
}

void kernel_lock_wait(uint32_t ticket)
{
	if (kernel_locked())
		spin_misused(&kernel_lock, "takes");
	trace(TRACE_LOCK_WAIT, 0);
	bool slept = wait_for(ticket);
	kernel_lock.holder = thiscpu;
	if (slept && kernel_lock_waits++ == FEW_WAITS)
		thiscpu->cpu_hindered = thiscpu->cpu_resched = true;
	trace(TRACE_LOCK_TAKEN, 0);
}

void kernel_lock_wake(uint32_t ticket)
{
	uint32_t sleeper =
		__atomic_load_n(&kernel_lock_sleepers[ticket % NCPU], __ATOMIC_SEQ_CST); // [L10]

	if (sleeper)
		lapic_kick(&cpus[sleeper - 1]); // [L11]
}

// Waiting for the big kernel lock: a CPU that has waited for a while sleeps until it is kicked.

#include <kern/kernellock.h>

#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/lapic.h>
#include <kern/trace.h>

struct spinlock kernel_lock = {.name = "kernel"};
uint32_t kernel_lock_sleepers[NCPU];

void lock_kernel(void)
{
	lock_kernel_by(thiscpu);
}

void unlock_kernel(void)
{
	unlock_kernel_by(thiscpu);
}

// ---- Waiting ----

enum { SPINS = 100 }; // how often to look before going to sleep

// Wait until the ticket is served, first by looking again and again, then by sleeping.
static void wait_for(uint32_t ticket)
{
	for (int i = 0; i < SPINS; i++) {
		if (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_ACQUIRE) == ticket)
			return;
		pause();
	}

	uint32_t *slot = &kernel_lock_sleepers[ticket % NCPU];
	__atomic_store_n(slot, cpunum() + 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_SEQ_CST) != ticket)
		sti_hlt_cli();
	__atomic_store_n(slot, 0, __ATOMIC_RELAXED);
}

void kernel_lock_wait(uint32_t ticket)
{
	if (kernel_locked())
		spin_misused(&kernel_lock, "takes");
	thiscpu->cpu_waits++;
	trace(TRACE_LOCK_WAIT, 0);
	wait_for(ticket);
	trace(TRACE_LOCK_TAKEN, 0);
}

void kernel_lock_wake(int cpu)
{
	lapic_kick(&cpus[cpu]);
}

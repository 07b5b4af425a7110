// Reaching other CPUs.
//
// A CPU in user mode is made to enter the kernel by an interrupt, the kick. In trap(), before it
// waits for the lock, it stores its registers in the env and then says CPU_KERNEL. So a CPU that
// holds the lock and has seen another one say CPU_KERNEL knows that
//	- no user code runs there, and none will before the lock is released,
//	- the registers of the env that ran there are complete in its env_tf,
//	- the other CPU comes through lock_kernel, which flushes its TLB if that is stale, before it
//	  goes on.
// The one that waits needs nothing from the lock's holder but an interrupt; a CPU in user mode
// always has interrupts on. So the wait ends.

#include <kern/kick.h>

#include <inc/assert.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/kernellock.h>
#include <kern/lapic.h>

int ncpu_halted;

static bool in_user_mode(const struct CpuInfo *cpu)
{
	return __atomic_load_n(&cpu->cpu_status, __ATOMIC_ACQUIRE) == CPU_USER;
}

static void wait_kicked(const struct CpuInfo *cpu)
{
	//{ Exercise 13: wait until the interrupt has made the CPU leave user mode
	while (in_user_mode(cpu))
		pause();
	//}
}

void cpu_kick_out(struct CpuInfo *cpu)
{
	assert(kernel_locked() && cpu != thiscpu);
	if (in_user_mode(cpu)) {
		lapic_kick(cpu);
		wait_kicked(cpu);
	}
}

// Wake a CPU with that status. Returns whether there was one.
static bool wake(uint32_t status)
{
	assert(kernel_locked());
	for (struct CpuInfo *cpu = cpus; cpu < cpus + ncpu; cpu++) {
		if (cpu->cpu_status == status && !cpu->cpu_woken) {
			cpu->cpu_woken = true;
			lapic_kick(cpu);
			return true;
		}
	}
	return false;
}

void cpu_wake_halted(void)
{
	if (wake(CPU_HALTED))
		ncpu_halted--;
}

void cpu_wake_resting(void)
{
	wake(CPU_RESTING);
}

void tlb_shoot_down(const pde_t *pgdir)
{
	// Interrupt them all first, then wait: they come in side by side.
	for (struct CpuInfo *cpu = cpus; cpu < cpus + ncpu; cpu++) {
		if (cpu->cpu_pgdir != pgdir || cpu == thiscpu)
			continue;
		cpu->cpu_tlb_stale = true;
		if (in_user_mode(cpu))
			lapic_kick(cpu);
	}
	for (struct CpuInfo *cpu = cpus; cpu < cpus + ncpu; cpu++)
		if (cpu->cpu_pgdir == pgdir && cpu != thiscpu)
			wait_kicked(cpu);
}

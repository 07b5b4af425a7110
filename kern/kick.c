// Reaching other CPUs. Needs the kernel lock.
//
// A kick is an interrupt that makes a CPU in user mode enter the kernel. In trap(), before it waits
// for the lock, that CPU stores its registers in the env and then sets its status to CPU_KERNEL. So
// a CPU that holds the lock and has read CPU_KERNEL as another one's status knows that
//	- no user code runs there, and none will before the lock is released,
//	- the env_tf of the env that ran there has all its registers,
//	- the other CPU will take the lock before it goes on, and then flush a stale TLB.
// The CPU that holds the lock may wait for this: the other one needs only the interrupt, not the
// lock, and in user mode interrupts are always on.

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

// Wait until cpu, which has been kicked, has left user mode.
static void wait_kicked(const struct CpuInfo *cpu)
{
	//{ Exercise 13: wait until the interrupt has made the CPU leave user mode
	while (in_user_mode(cpu)) // [K2]
		pause();
	//}
}

void cpu_kick_out(struct CpuInfo *cpu)
{
	assert(kernel_locked() && cpu != thiscpu);
	if (in_user_mode(cpu)) { // [K7]
		lapic_kick(cpu);
		wait_kicked(cpu);
	}
}

void cpu_wake_halted(void)
{
	assert(kernel_locked());
	// There may be none: a CPU that has stopped sleeping is counted until it has the lock.
	for (struct CpuInfo *cpu = cpus; cpu < cpus + ncpu; cpu++) {
		if (cpu->cpu_status == CPU_HALTED && !cpu->cpu_woken) { // [H1]
			cpu->cpu_woken = true;                          // [H2]
			ncpu_halted--;                                  // [H3]
			lapic_kick(cpu);                                // [H4]
			return;
		}
	}
}

void tlb_shoot_down(const pde_t *pgdir)
{
	// Kick all of them before waiting for the first, so that they enter the kernel at the same
	// time.
	for (struct CpuInfo *cpu = cpus; cpu < cpus + ncpu; cpu++) {
		if (cpu->cpu_pgdir != pgdir || cpu == thiscpu)
			continue;
		cpu->cpu_tlb_stale = true; // [K5]
		if (in_user_mode(cpu))     // [K1]
			lapic_kick(cpu);
	}
	for (struct CpuInfo *cpu = cpus; cpu < cpus + ncpu; cpu++)
		if (cpu->cpu_pgdir == pgdir && cpu != thiscpu)
			wait_kicked(cpu);
}

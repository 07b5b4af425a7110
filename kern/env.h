// Environments: making, finding, running and destroying them. All of this needs the kernel lock,
// once there is more than one CPU. Inline functions: every system call or every switch goes through
// them.

#ifndef JOS_KERN_ENV_H
#define JOS_KERN_ENV_H

#include <inc/env.h>
#include <inc/error.h>

#include <kern/cpu.h>
#include <kern/envstate.h>
#include <kern/fpu.h>
#include <kern/kernellock.h>
#include <kern/pmap.h>
#include <kern/trapframe.h>

struct Program;

// The global descriptor table, the same one for all CPUs. At its end it has a TSS for each CPU, and
// then one for the task of each CPU that handles double faults (kern/doublefault.c). Each CPU sets
// up its own without a lock.
extern struct Segdesc gdt[];
#define GD_DOUBLE_FAULT(cpu) (GD_TSS0 + ((NCPU + (cpu)) << 3))

// Put all envs on the free list, in order.
void env_init(void);

// Return how many envs are on the free list.
int env_free_count(void);

// Load this CPU's segment registers with the kernel's segments.
void env_init_percpu(void);

// Make an env without memory, ENV_NOT_RUNNABLE, as a child of parent_id (0: no parent), and store
// its address in *store. Its symbols are those of curenv's program. Returns 0, or
//	-E_NO_FREE_ENV
//	-E_NO_MEM
int env_alloc(struct Env **store, envid_t parent_id);

// Make a runnable env that runs program. The words of command, which are separated by colons, are
// its arguments; the first one is its name. Returns 0, or as env_alloc, or
//	-E_INVAL	the program is not an ELF file that can be loaded, or the command has too
//			many words or is too long
int env_create(const struct Program *program, const char *command, enum EnvType type);

// Find an env by its id and store its address in *store; 0 means the current env. With checkperm,
// it must be the current env or a child of it. Returns 0, or
//	-E_BAD_ENV
static inline int envid2env(envid_t id, struct Env **store, bool checkperm)
{
	if (id == 0) {
		*store = curenv;
		return 0;
	}
	struct Env *e = &envs[ENVX(id)];
	if (e->env_id != id || e->env_status == ENV_FREE || e->env_status == ENV_DYING)
		return -E_BAD_ENV;
	if (checkperm && e != curenv && e->env_parent_id != curenv->env_id)
		return -E_BAD_ENV;
	*store = e;
	return 0;
}

// If e runs on another CPU, take it off that CPU, with its registers in env_tf. If it waits to send
// a message, end that wait. In both cases it is ENV_RUNNABLE then, and if it was in a system call
// it will make that call again. Otherwise do nothing.
void env_interrupt(struct Env *e);

// Destroy e, on whichever CPU it runs, and those of its children that no other env can start: they
// are stopped, or were never started. All that they have is freed; if it is very much, env_reap
// frees the rest. If e is the current env, there is no current env when this returns.
void env_destroy(struct Env *e);

// Destroy e because of what it has done at va, or with 0 elsewhere: show its calls, and say so if
// its stack has overflowed. The caller has said what it has done.
void env_kill(struct Env *e, uintptr_t va);

// Whether a program has failed that no other env has started: it was killed, or cannot be started.
extern bool env_has_failed;

// Free more of the memory of envs that have ended, for a fraction of a tick. Returns whether there
// may be more to free. Called in each tick, and where a CPU has nothing else to do.
bool env_reap(void);

// Destroy e because it may not use its memory at va as it wanted to; print the lab's message first.
void env_kill_bad_memory(struct Env *e, uintptr_t va);

// As user_mem_check (kern/pmap.h), but if the check fails, destroy env by env_kill_bad_memory.
// Returns whether the check has succeeded.
bool user_mem_assert(struct Env *env, const void *va, size_t len, int perm);

// ---- Running ----

// Charge e, the current env of cpu, for the time since this was last done, or since it was given
// the CPU. If that is more than a few ticks, the host of an emulator has stopped the CPU.
static inline void env_charge(struct CpuInfo *cpu, struct Env *e)
{
	uint32_t now = read_tsc(), used = now - cpu->cpu_charged;

	cpu->cpu_charged = now;
	e->env_time_left -= MIN(used, 1U << 26);
}

// Switch cpu, which is this CPU, from its current env, if it has one, to e, which is ENV_RUNNING
// already. If the old one could go on, it becomes runnable.
static inline void env_switch(struct CpuInfo *cpu, struct Env *e)
{
	struct Env *old = cpu->cpu_env;

	if (old) {
		env_charge(cpu, old);
		if (old->env_status == ENV_RUNNING)
			env_set_state(old, ENV_RUNNABLE);
	} else {
		cpu->cpu_charged = read_tsc();
	}
	cpu->cpu_env = e;
	e->env_cpunum = cpu - cpus;
	e->env_runs++;
	tlb_load(cpu, e->env_pgdir);
	if (cpu->cpu_fpu_loaded)
		fpu_leave();
	// fs and gs are not saved for each env: load them, so that e does not see another env's.
	load_fs_gs(GD_UD | 3);
}

// Make e, which is runnable, the current env of cpu, which is this CPU. (At the end of the trap,
// env_resume enters user mode.)
static inline void env_run(struct CpuInfo *cpu, struct Env *e)
{
	if (e->env_status != ENV_RUNNABLE)
		env_state_illegal(e, ENV_RUNNING);
	env_set_state(e, ENV_RUNNING);
	env_switch(cpu, e);
}

// Let the current env of cpu, which is this CPU, go on, and release the kernel lock.
static inline void __attribute__((noreturn)) env_resume(struct CpuInfo *cpu)
{
	// From here on this CPU must react to kicks. It does, because interrupts are switched on
	// when it enters user mode.
	__atomic_store_n(&cpu->cpu_status, CPU_USER, __ATOMIC_RELEASE); // [K14]
	//{ Exercise 5: release the kernel lock, going to user mode
	unlock_kernel_by(cpu); // [K15]
	//}
	trap_leave(&cpu->cpu_env->env_tf); // [K24]
}

#endif

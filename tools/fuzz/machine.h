// The machine, played: memory, and CPUs, of which one goes on at a time. Each has a stack of its
// own, on which it runs the kernel from a trap to the return to user mode, as it does in truth.
// Where the kernel waits, in pause() or asleep, another CPU may go on.

#ifndef JOS_FUZZ_MACHINE_H
#define JOS_FUZZ_MACHINE_H

#include <inc/types.h>

struct Env;

enum { CPUS = 3 };

// Set up the memory and the CPUs, and the kernel on it. Then no CPU has an env.
void machine_boot(void);

// Let the CPUs begin to run envs.
void machine_start(void);

// Whether a CPU is in user mode; whether it sleeps.
bool machine_in_user_mode(int cpu);
bool machine_sleeps(int cpu);

// Let a CPU in user mode have this trap, and go on in the kernel until it waits or is back.
void machine_trap(int cpu, uint32_t trapno);

// An interrupt of the timer, for a CPU that is in user mode or sleeps.
void machine_tick(int cpu);

// Let a CPU that waits for the kernel lock do so until it sleeps. Returns whether it does.
bool machine_wait_long(int cpu);

// Let CPUs in the kernel go on, in an order drawn by lot, until all are in user mode or asleep.
void machine_settle(void);

// Take the kernel lock, and release it, as one more CPU. Until then those that want it wait.
void machine_lock(void);
void machine_unlock(void);

// Let some time pass.
void machine_pass_time(uint32_t ticks_of_tsc);

// The env on a CPU in user mode uses the page at va by its page tables: as the processor does that,
// by its TLB. Returns where the page is, or NULL if it may not use it so.
void *machine_use_page(int cpu, uint32_t va, bool write);

// Whether each entry of a TLB, on a CPU in user mode, agrees with the page tables. If not, says so.
bool machine_tlbs_agree(void);

// The entry of an env's page tables for va, 0 if there is none.
uint32_t machine_pte(const struct Env *e, uint32_t va);

#endif

#ifndef JOS_KERN_ENV_H
#define JOS_KERN_ENV_H

#include <inc/env.h>

#include <kern/cpu.h>

struct Program;

// All protected by the kernel lock.
extern struct Env *envs; // NENV of them

// Put all envs on the free list, in order.
void env_init(void);

// Return how many envs are on the free list.
int env_free_count(void);

// Load this CPU's segment registers with the kernel's segments.
void env_init_percpu(void);

// Make an env without memory, ENV_NOT_RUNNABLE, as a child of parent_id. Returns 0, or
//	-E_NO_FREE_ENV
//	-E_NO_MEM
int env_alloc(struct Env **store, envid_t parent_id);

// Make a runnable env that will run program; the words of command, with colons between them, are
// its arguments, the first one its name. Returns 0, or as env_alloc, or
//	-E_INVAL	the program is not an ELF file that can be loaded, or too many arguments
int env_create(const struct Program *program, const char *command, enum EnvType type);

// Find an env by its id, 0 meaning the current one; with checkperm, only the current one or a
// child of it. Returns 0, or
//	-E_BAD_ENV
int envid2env(envid_t id, struct Env **store, bool checkperm);

// Move e to another status. Panics if that transition is not legal. Every change of env_status
// is made here: what depends on it, the run queue and idle CPUs, is told.
void env_set_state(struct Env *e, unsigned status);

// If e runs on another CPU, interrupt it there and take it away, with its registers in env_tf.
// It is then ENV_RUNNABLE, and not in a system call: one it was entering will be made again.
void env_take_off_cpu(struct Env *e);

// Destroy e wherever it runs and free all it has. If e is the current env, there is none when
// this returns.
void env_destroy(struct Env *e);

// Destroy e because it gave or used memory at va that it must not: with the lab's message.
void env_kill_bad_memory(struct Env *e, uintptr_t va);

// Run e on this CPU: an env that ran here becomes runnable, and the kernel lock is released.
void env_run(struct Env *e) __attribute__((noreturn));

#endif

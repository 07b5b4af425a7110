// The x87 and SSE registers of envs. They are loaded when an env uses them for the first time since
// it was given its CPU: that use causes a trap. From then on every trap saves them, so that the env
// can continue on any CPU. An env that does not use them causes no work.

#ifndef JOS_KERN_FPU_H
#define JOS_KERN_FPU_H

#include <inc/types.h>

struct Env;

// Set up the unit of the CPU this runs on.
void fpu_init_percpu(void);

// Give e, a new env, memory to save its registers in. Eight envs share a frame. Returns 0, or
//	-E_NO_MEM
int fpu_alloc(struct Env *e);

// Load the registers of e, the current env, which has trapped because it uses them. The first time
// they have their initial values. Returns 0, or
//	-E_INVAL	this machine has no such registers
int fpu_load(struct Env *e);

// Save the registers of e, which runs on this CPU and has them loaded. Needs no lock: while e runs,
// its memory for them belongs to this CPU.
void fpu_store(struct Env *e);

// Make the next use of the registers on this CPU trap. They must have been saved.
void fpu_leave(void);

// Give child, a new env, a copy of the current env's registers.
void fpu_copy(struct Env *child);

// Free the memory for e's registers.
void fpu_free(struct Env *e);

#endif

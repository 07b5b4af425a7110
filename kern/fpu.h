// x87 and SSE registers. An env that does not use them costs nothing: they are loaded when it
// first does after it was given this CPU, which traps. From then on every entry into the kernel
// copies them to memory as well, so that the env can go on anywhere as soon as it is off its CPU.

#ifndef JOS_KERN_FPU_H
#define JOS_KERN_FPU_H

#include <inc/types.h>

struct Env;

// Set up the unit of the CPU this runs on.
void fpu_init_percpu(void);

// Load the registers of e, the current env, which has just trapped because it uses them: as it left
// them, or clean the first time. Returns 0, or
//	-E_INVAL	this machine has none
//	-E_NO_MEM	no frame to keep them in
int fpu_load(struct Env *e);

// Copy the registers of e, which runs on this CPU and has them loaded, to memory. Needs no lock:
// they are e's.
void fpu_store(struct Env *e);

// Make the next use of the registers on this CPU trap. They must have been stored.
void fpu_leave(void);

// Give child, which has none, a copy of what the current env has in them. Returns 0, or
//	-E_NO_MEM
int fpu_copy(struct Env *child);

// Free the memory for e's registers.
void fpu_free(struct Env *e);

#endif

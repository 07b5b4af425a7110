// Calls: choosing one with its arguments.

#ifndef JOS_FUZZ_CALLS_H
#define JOS_FUZZ_CALLS_H

#include <inc/trap.h>
#include <inc/types.h>

#include "model.h"

// How many envs there are to be at most, about.
extern int calls_most_envs;

// Whether most messages go to the same env, so that many wait in one queue.
extern bool calls_popular;

// Let regs ask for a call, drawn by lot: mostly of what self can name and has, with arguments at
// and around all limits. With alone, the number too may be wrong.
void calls_choose(struct ModelEnv *self, struct PushRegs *regs, bool alone);

// An address of a page, mostly one that programs use here.
uint32_t calls_page(void);

#endif

// Runs that can be repeated: with options.seed the length of every tick of every CPU is drawn from
// the seed, so that each seed lets the CPUs take turns in another way, and always in the same one.
// (QEMU then counts instructions instead of looking at a clock.)

#ifndef JOS_KERN_SEED_H
#define JOS_KERN_SEED_H

#include <inc/types.h>

// To be called in every tick of this CPU's timer, with interrupts off: with a seed, draw how long
// the next one is to be.
void seed_tick(void);

// With a seed: how many ticks all CPUs have had; and what is called in the tick that options.stop
// names. It does nothing: a breakpoint there stops every run of a seed in the same instant.
extern uint32_t seed_ticks;
void seed_stop(void);

#endif

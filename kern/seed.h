// Runs that can be repeated. With options.seed, every tick of every CPU has a random length, made
// from the seed. Each seed makes the CPUs interleave in another way, but the same seed always in
// the same way, because QEMU then counts instructions instead of reading a clock. No lock.

#ifndef JOS_KERN_SEED_H
#define JOS_KERN_SEED_H

#include <inc/types.h>

// With a seed, set the length of this CPU's next tick. To be called in every interrupt of its
// timer.
void seed_tick(void);

// With a seed, how many ticks all CPUs together have had.
extern uint32_t seed_ticks;

// Called in the tick that options.stop names. It does nothing, but a breakpoint here stops every
// run with the same seed at the same instruction.
void seed_stop(void);

#endif

// Runs that can be repeated. With options.seed, every tick of every CPU has a random length, made
// from the seed. Each seed makes the CPUs interleave in another way, but the same seed always in
// the same way, because QEMU then counts instructions instead of reading a clock. No lock.

#ifndef JOS_KERN_SEED_H
#define JOS_KERN_SEED_H

#include <inc/types.h>

// With a seed and several CPUs, sleep until an instant that is the same in every run. What the
// firmware does takes QEMU 11 longer at one time than at another: it runs CPUs in turns, and turns
// may end early. To be called on the boot CPU before the others start, with interrupts off.
void seed_begin(void);

// With a seed, set the length of this CPU's next tick. To be called in every interrupt of its
// timer.
void seed_tick(void);

// With a seed, how many ticks all CPUs together have had.
extern uint32_t seed_ticks;

// Called in the tick that options.stop names. It does nothing, but a breakpoint here stops every
// run with the same seed at the same instruction.
void seed_stop(void);

#endif

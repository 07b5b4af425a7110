// Drawing the length of ticks from a seed. Each CPU has a sequence of its own, and needs no lock.

#include <kern/seed.h>

#include <kern/cpu.h>
#include <kern/lapic.h>
#include <kern/options.h>

uint32_t seed_ticks;

// The next number of this CPU's sequence, which the seed has begun (G. Marsaglia, ``Xorshift
// RNGs'').
static uint32_t draw(void)
{
	uint32_t *x = &thiscpu->cpu_random;

	if (!*x)
		*x = (options.seed * NCPU + cpunum()) * 2654435761 | 1;
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

// Between a 16th and a 2048th of a tick, the short ones as often as the long ones: whatever two
// CPUs do to each other takes very short or rather long.
static uint32_t draw_tick(void)
{
	uint32_t most = lapic_counts_per_tick() >> (4 + draw() % 7);

	return most - draw() % (most / 2);
}

void __attribute__((noinline)) seed_stop(void)
{
	asm volatile("");
}

void seed_tick(void)
{
	if (!options.seeded)
		return;
	lapic_timer_start(draw_tick());
	if (__atomic_add_fetch(&seed_ticks, 1, __ATOMIC_RELAXED) == options.stop)
		seed_stop();
}

// Random lengths of ticks, made from a seed. No lock: each CPU has a sequence of its own.

#include <kern/seed.h>

#include <kern/cpu.h>
#include <kern/lapic.h>
#include <kern/options.h>

uint32_t seed_ticks;

// Return the next number of this CPU's random sequence, which begins with the seed (G. Marsaglia,
// ``Xorshift RNGs'').
static uint32_t random(void)
{
	uint32_t *x = &thiscpu->cpu_random;

	if (!*x)
		*x = (options.seed * NCPU + cpunum()) * 2654435761 | 1;
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

// Return a random length, between a 2048th and a 16th of a tick. Each power of 2 in between is
// equally likely, because what two CPUs do to each other may take a very short or a rather long
// time.
static uint32_t random_tick(void)
{
	uint32_t most = lapic_counts_per_tick() >> (4 + random() % 7);

	return most - random() % (most / 2);
}

void __attribute__((noinline)) seed_stop(void)
{
	asm volatile("");
}

void seed_tick(void)
{
	if (!options.seeded)
		return;
	lapic_timer_start(random_tick());
	if (__atomic_add_fetch(&seed_ticks, 1, __ATOMIC_RELAXED) == options.stop)
		seed_stop();
}

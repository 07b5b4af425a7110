// Random lengths of ticks, made from a seed. No lock: each CPU has a sequence of its own.

#include <kern/seed.h>

#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/kclock.h>
#include <kern/lapic.h>
#include <kern/options.h>

uint32_t seed_ticks;

// ---- The beginning ----

// The instant is a multiple of this, in ticks of the time-stamp counter, of which QEMU has 10^9 in
// a second: a few times as long as firmware and kernel take until seed_begin. Sleeping costs no
// time, as QEMU then skips to the next event.
#define INSTANT (1ULL << 28)

void seed_begin(void)
{
	if (!options.seeded || ncpu == 1)
		return;

	uint64_t now = read_tsc(), begin = (now | (INSTANT - 1)) + 1;
	lapic_sleep(begin - now); // no other interrupt can come yet
	pit_stop();               // the only timer that the firmware leaves running
}

// ---- Ticks ----

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

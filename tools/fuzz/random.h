// Random numbers, made from the seed (G. Marsaglia, ``Xorshift RNGs'').

#ifndef JOS_FUZZ_RANDOM_H
#define JOS_FUZZ_RANDOM_H

#include <inc/types.h>

void random_begin(uint32_t seed);
uint32_t random_word(void);

// A number from 0 to n - 1; whether the one chance in n has come.
static inline uint32_t random_below(uint32_t n)
{
	return random_word() % n;
}

static inline bool one_in(uint32_t n)
{
	return random_below(n) == 0;
}

#endif

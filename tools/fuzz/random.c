// Random numbers.

#include "random.h"

static uint32_t state = 1;

uint32_t random_word(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

void random_begin(uint32_t seed)
{
	state = seed * 2654435761 | 1;
	for (int i = 0; i < 8; i++)
		random_word();
}

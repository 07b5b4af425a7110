// What compilers call for operations that the processor has no instruction for: dividing 64-bit
// numbers, and counting bits. The names and types are those of the compilers' run-time library (GCC
// Internals, "Routines for integer arithmetic"), which not every compiler has for 32-bit x86.

#include <inc/types.h>
#include <inc/x86.h>

// Divide n by d, which must not be 0, and store the remainder. Returns the quotient.
static uint64_t divide(uint64_t n, uint64_t d, uint64_t *remainder)
{
	uint64_t quotient = 0, bit = 1;

	if (d >> 32 == 0) {
		*remainder = divl(&n, d);
		return n;
	}
	// As on paper, bit by bit: the quotient has fewer than 32.
	while (d < n && !(d >> 63)) {
		d <<= 1;
		bit <<= 1;
	}
	for (; bit > 0; bit >>= 1, d >>= 1) {
		if (n >= d) {
			n -= d;
			quotient |= bit;
		}
	}
	*remainder = n;
	return quotient;
}

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *remainder)
{
	uint64_t unused;

	return divide(n, d, remainder ? remainder : &unused);
}

uint64_t __udivdi3(uint64_t n, uint64_t d)
{
	return __udivmoddi4(n, d, NULL);
}

uint64_t __umoddi3(uint64_t n, uint64_t d)
{
	uint64_t remainder;

	divide(n, d, &remainder);
	return remainder;
}

static uint64_t magnitude(int64_t n)
{
	return n < 0 ? -(uint64_t) n : (uint64_t) n;
}

// The remainder has the sign of n, the quotient is rounded towards 0 (C11, 6.5.5).
int64_t __divdi3(int64_t n, int64_t d)
{
	uint64_t quotient = __udivdi3(magnitude(n), magnitude(d));

	return (n < 0) == (d < 0) ? quotient : -quotient;
}

int64_t __moddi3(int64_t n, int64_t d)
{
	uint64_t remainder = __umoddi3(magnitude(n), magnitude(d));

	return n < 0 ? -remainder : remainder;
}

int64_t __divmoddi4(int64_t n, int64_t d, int64_t *remainder)
{
	*remainder = __moddi3(n, d);
	return __divdi3(n, d);
}

int __popcountsi2(uint32_t n)
{
	int count = 0;

	for (; n; n &= n - 1) // clears the lowest 1
		count++;
	return count;
}

int __popcountdi2(uint64_t n)
{
	return __popcountsi2(n) + __popcountsi2(n >> 32);
}

int __paritysi2(uint32_t n)
{
	return __popcountsi2(n) & 1;
}

int __paritydi2(uint64_t n)
{
	return __popcountdi2(n) & 1;
}

int __ctzdi2(uint64_t n)
{
	return (uint32_t) n ? __builtin_ctz(n) : 32 + __builtin_ctz(n >> 32);
}

int __clzdi2(uint64_t n)
{
	return n >> 32 ? __builtin_clz(n >> 32) : 32 + __builtin_clz(n);
}

int __ffsdi2(uint64_t n)
{
	return n ? __ctzdi2(n) + 1 : 0;
}

// Formatting, and what compilers call for 64-bit numbers: each result is compared with what C says.

#include "../common.h"

static int failures;

// Format, and compare.
static void expect_text(int line, const char *want, const char *fmt, ...)
{
	char text[100];
	va_list ap;

	va_start(ap, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strcmp(text, want) == 0 && len == (int) strlen(want))
		return;
	cprintf("testprint: FAIL line %d: '%s', %d bytes, not '%s'\n", line, text, len, want);
	failures++;
}

#define text(...) expect_text(__LINE__, __VA_ARGS__)

static void test_formats(void)
{
	text("-5 5 +5  5 00005 5    |    5", "%i %d %+d % d %05d %-5d|%5d", -5, 5, 5, 5, 5, 5, 5);
	text("ff FF 0xff 0XFF 0 377 0377", "%x %X %#x %#X %#x %o %#o", 255, 255, 255, 255, 0, 255,
	     255);
	text("4000000000 4294967295", "%zu %lu", (size_t) 4000000000U, ~0UL);
	text("ff fffe -1 -2", "%hhx %hx %hhd %hd", -1, -2, 0xff, 0xfffe);
	text("-1234567890123 18446744073709551615", "%lld %llu", -1234567890123LL, ~0ULL);
	text("123456789abcdef 9223372036854775807", "%llx %jd", 0x123456789abcdefLL, INT64_MAX);
	text("0x8000 7 -3", "%p %td %jd", (void *) 0x8000, (int32_t) 7, (int64_t) -3);
	text("  abc|abc  |ab|  a|%", "%5s|%-5s|%.2s|%3.1s|%%", "abc", "abc", "abc", "abc");
	text("   42|42   |042|  042", "%*d|%-*d|%.3d|%*.*d", 5, 42, 5, 42, 42, 5, 3, 42);
	text("42   |x  |(null)", "%*d|%-3c|%s", -5, 42, 'x', NULL);
	text("out of memory|out of memory", "%e|%e", -E_NO_MEM, E_NO_MEM);
	text("%f 7 %q 8 %n 9 %", "%f %d %q %d %n %d %", 1.5, 7, 8, (void *) 0, 9);
	text("%Lf 7 %5.1Lg 8", "%Lf %d %5.1Lg %d", 1.5L, 7, 1.5L, 8);
	text("1 %5y 2", "%d %5y %d", 1, 2);
}

static void expect_number(int line, int64_t is, int64_t want)
{
	if (is == want)
		return;
	cprintf("testprint: FAIL line %d: %lld, not %lld\n", line, is, want);
	failures++;
}

#define number(is, want) expect_number(__LINE__, is, want)

static void test_numbers(void)
{
	volatile uint64_t n = 0xfedcba9876543210, small = 10, large = 0x123456789a;
	volatile int64_t i = -1000000000007, j = 1000003, least = INT64_MIN;
	volatile uint32_t bits = 0xf0f0f0f1;

	number(n / small, 1836475854449306472);
	number(n % small, 0);
	number(n / large, 234881024);
	number(n % large, 173290000);
	number(large / n, 0);
	number(large % n, large);
	number(n / n, 1);
	number(i / j, -999997);
	number(i % j, -16);
	number(i / -j, 999997);
	number(-i % -j, 16);
	number(least / 3, -3074457345618258602);
	number(least % 10, -8);
	number(__builtin_popcount(bits), 17);
	number(__builtin_popcountll(n), 32);
	number(__builtin_parity(bits), 1);
	number(n >> 36, 0xfedcba9);
	number(n << 4 >> 4, 0xedcba9876543210);
}

void umain(int argc, char **argv)
{
	test_formats();
	test_numbers();
	if (failures == 0)
		cprintf("testprint: OK\n");
}

// Strings and memory, for the kernel and for programs. Uses no memory but the caller's.

#include <inc/string.h>
#include <inc/x86.h>

int strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return end - s;
}

int strnlen(const char *s, size_t size)
{
	size_t n = 0;

	while (n < size && s[n])
		n++;
	return n;
}

char *strcpy(char *dst, const char *src)
{
	memcpy(dst, src, strlen(src) + 1);
	return dst;
}

char *strncpy(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size);

	memcpy(dst, src, len);
	memset(dst + len, 0, size - len);
	return dst;
}

char *strcat(char *dst, const char *src)
{
	strcpy(dst + strlen(dst), src);
	return dst;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	if (size == 0)
		return 0;

	size_t len = strnlen(src, size - 1);
	memcpy(dst, src, len);
	dst[len] = '\0';
	return len;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int difference = (unsigned char) a[i] - (unsigned char) b[i];

		if (difference || !a[i])
			return difference;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, UINT32_MAX);
}

char *strfind(const char *s, char c)
{
	while (*s && *s != c)
		s++;
	return (char *) s;
}

char *strchr(const char *s, char c)
{
	char *found = strfind(s, c);

	return *found ? found : NULL;
}

void *memfind(const void *s, int c, size_t len)
{
	const unsigned char *p = s, *end = p + len;

	while (p < end && *p != (unsigned char) c)
		p++;
	return (void *) p;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < len; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

void *memset(void *dst, int c, size_t len)
{
	uint32_t word = (c & 0xff) * 0x01010101U;

	rep_stosl(dst, word, len / 4);
	rep_stosb((char *) dst + (len & ~3U), c, len & 3);
	return dst;
}

void *memcpy(void *dst, const void *src, size_t len)
{
	size_t whole = len & ~3U;

	rep_movsl(dst, src, whole / 4);
	rep_movsb((char *) dst + whole, (const char *) src + whole, len & 3);
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	char *d = dst;
	const char *s = src;

	// Copying upwards is right unless dst is inside [src, src + len).
	if ((uintptr_t) d - (uintptr_t) s >= len)
		return memcpy(dst, src, len);
	while (len-- > 0)
		d[len] = s[len];
	return dst;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

long strtol(const char *s, char **end, int base)
{
	unsigned long value = 0;
	bool negative = false;

	while (*s == ' ' || *s == '\t')
		s++;
	if (*s == '+' || *s == '-')
		negative = *s++ == '-';
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = *s == '0' ? 8 : 10;
	}
	for (; digit_value(*s) < base; s++)
		value = value * base + digit_value(*s);
	if (end)
		*end = (char *) s;
	return negative ? -value : value;
}

// Formatted output, for the kernel and for programs. Keeps no state: where each byte goes is up to
// the caller.

#include <inc/error.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

static const char *const error_text[MAXERROR] = {
#define ERROR_TEXT(name, number, text) [number] = text,
	ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
};

// Where the output goes, and the conversion being done.
struct Format {
	void (*putch)(int, void *);
	void *arg;
	bool left;     // flag -: pad on the right
	char pad;      // '0' with flag 0, else ' '
	int width;     // pad to this length, 0 for no padding
	int precision; // -1 for none
	int longs;     // the number of l
};

static void put(const struct Format *f, const char *s, int len)
{
	while (len-- > 0)
		f->putch(*s++, f->arg);
}

static void fill(const struct Format *f, char c, int n)
{
	while (n-- > 0)
		f->putch(c, f->arg);
}

// Put prefix and then the len bytes at s, padded to the width: spaces go before or after both,
// zeros between the two.
static void put_padded(const struct Format *f, const char *prefix, const char *s, int len)
{
	int prefix_len = strlen(prefix), padding = f->width - prefix_len - len;

	if (!f->left && f->pad == ' ')
		fill(f, ' ', padding);
	put(f, prefix, prefix_len);
	if (!f->left && f->pad == '0')
		fill(f, '0', padding);
	put(f, s, len);
	if (f->left)
		fill(f, ' ', padding);
}

static void put_string(struct Format *f, const char *s)
{
	if (!s)
		s = "(null)";
	f->pad = ' ';
	put_padded(f, "", s, f->precision >= 0 ? strnlen(s, f->precision) : strlen(s));
}

static void put_number(struct Format *f, const char *prefix, uint64_t n, uint32_t base)
{
	char digits[64 / 3 + 1]; // enough for octal
	char *p = digits + sizeof(digits);

	do
		*--p = "0123456789abcdef"[divide64(&n, base)];
	while (n > 0);

	int len = digits + sizeof(digits) - p;
	while (len < f->precision && len < (int) sizeof(digits)) {
		*--p = '0';
		len++;
	}
	put_padded(f, prefix, p, len);
}

static void put_error(struct Format *f, int error)
{
	if (error < 0)
		error = -error;
	if (error > 0 && error < MAXERROR) {
		put_string(f, error_text[error]);
	} else {
		put_string(f, "error ");
		put_number(f, "", error, 10);
	}
}

static uint64_t next_unsigned(const struct Format *f, va_list *ap)
{
	return f->longs >= 2 ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned long);
}

static int64_t next_signed(const struct Format *f, va_list *ap)
{
	return f->longs >= 2 ? va_arg(*ap, long long) : va_arg(*ap, long);
}

// Read flags, width, precision and length. Returns the rest of fmt.
static const char *parse(struct Format *f, const char *fmt, va_list *ap)
{
	f->left = false;
	f->pad = ' ';
	f->width = f->longs = 0;
	f->precision = -1;

	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		if (*fmt == '-')
			f->left = true;
		else
			f->pad = '0';
	}
	int *number = &f->width;
	for (;; fmt++) {
		if (*fmt == '*') {
			*number = va_arg(*ap, int);
		} else if (*fmt >= '0' && *fmt <= '9') {
			*number = *number * 10 + *fmt - '0';
		} else if (*fmt == '.') {
			number = &f->precision;
			*number = 0;
		} else {
			break;
		}
	}
	if (f->width < 0) {
		f->left = true;
		f->width = -f->width;
	}
	for (; *fmt == 'l'; fmt++)
		f->longs++;
	return fmt;
}

// Do the conversion whose % is just before fmt. Returns the rest of fmt after it.
static const char *convert(struct Format *f, const char *fmt, va_list *ap)
{
	const char *start = fmt;
	int64_t n;
	char c;

	fmt = parse(f, fmt, ap);
	switch (*fmt) {
	case 'c':
		c = va_arg(*ap, int);
		f->pad = ' ';
		put_padded(f, "", &c, 1);
		break;
	case 's':
		put_string(f, va_arg(*ap, const char *));
		break;
	case 'e':
		put_error(f, va_arg(*ap, int));
		break;
	case 'd':
		n = next_signed(f, ap);
		put_number(f, n < 0 ? "-" : "", n < 0 ? -(uint64_t) n : (uint64_t) n, 10);
		break;
	case 'u':
		put_number(f, "", next_unsigned(f, ap), 10);
		break;
	case 'o':
		put_number(f, "", next_unsigned(f, ap), 8);
		break;
	case 'x':
		put_number(f, "", next_unsigned(f, ap), 16);
		break;
	case 'p':
		put_number(f, "0x", (uintptr_t) va_arg(*ap, void *), 16);
		break;
	case '%':
		put(f, "%", 1);
		break;
	default: // no conversion: print it as it is
		put(f, "%", 1);
		return start;
	}
	return fmt + 1;
}

void vprintfmt(void (*putch)(int, void *), void *arg, const char *fmt, va_list ap)
{
	struct Format f = {.putch = putch, .arg = arg};
	va_list args; // a copy: where va_list is an array, &ap would not be a pointer to one

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt == '%')
			fmt = convert(&f, fmt + 1, &args);
		else
			putch(*fmt++, arg);
	}
	va_end(args);
}

void printfmt(void (*putch)(int, void *), void *arg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintfmt(putch, arg, fmt, ap);
	va_end(ap);
}

// ---- Formatting into memory ----

struct Memory {
	char *next, *end;
	int count;
};

static void put_memory(int c, void *arg)
{
	struct Memory *m = arg;

	m->count++;
	if (m->next < m->end)
		*m->next++ = c;
}

int vsnprintf(char *buf, int n, const char *fmt, va_list ap)
{
	if (!buf || n < 1)
		return -E_INVAL;

	struct Memory m = {buf, buf + n - 1, 0};
	vprintfmt(put_memory, &m, fmt, ap);
	*m.next = '\0';
	return m.count;
}

int snprintf(char *buf, int n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int count = vsnprintf(buf, n, fmt, ap);
	va_end(ap);
	return count;
}

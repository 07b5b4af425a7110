// Formatted output, for the kernel and for programs. Keeps no state: where each byte goes is up to
// the caller.

#include <inc/error.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

static const char *const error_text[MAXERROR] = {
#define ERROR_TEXT(name, number, text) [number] = text,
	JOS_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
};

// Where the output goes, and the conversion being done.
struct Format {
	void (*putch)(int, void *);
	void *arg;
	bool left;        // flag -: pad on the right
	bool alternate;   // flag #: 0 or 0x before octal and hexadecimal numbers
	const char *plus; // what comes before numbers that are not negative: flags + and space
	char pad;         // '0' with flag 0, else ' '
	int width;        // pad to this length, 0 for no padding
	int precision;    // -1 for none
	int size;         // of the argument, in bytes
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

// Put a number, at most 64 bits in octal, with at least as many digits as the precision says.
static void put_digits(struct Format *f, const char *prefix, uint64_t n, uint32_t base,
		       const char *digits)
{
	char text[64];
	char *end = text + sizeof(text), *p = end;

	for (; n > 0; *--p = digits[divl(&n, base)])
		;
	int least = f->precision < 0 ? 1 : MIN(f->precision, (int) sizeof(text));
	while (end - p < least)
		*--p = '0';
	if (f->precision >= 0)
		f->pad = ' ';
	put_padded(f, prefix, p, end - p);
}

static void put_number(struct Format *f, const char *prefix, uint64_t n, uint32_t base)
{
	put_digits(f, prefix, n, base, "0123456789abcdef");
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

// The next argument, of f->size bytes. Smaller ones than an int come as an int.
static uint64_t next_unsigned(const struct Format *f, va_list *ap)
{
	if (f->size == sizeof(uint64_t))
		return va_arg(*ap, uint64_t);
	uint32_t n = va_arg(*ap, uint32_t);
	return f->size == 1 ? (uint8_t) n : f->size == 2 ? (uint16_t) n : n;
}

static int64_t next_signed(const struct Format *f, va_list *ap)
{
	if (f->size == sizeof(int64_t))
		return va_arg(*ap, int64_t);
	int32_t n = va_arg(*ap, int32_t);
	return f->size == 1 ? (signed char) n : f->size == 2 ? (short) n : n;
}

// Read a number, or * for the next argument. Returns the rest of fmt.
static const char *parse_number(int *number, const char *fmt, va_list *ap)
{
	*number = 0;
	if (*fmt == '*') {
		*number = va_arg(*ap, int);
		return fmt + 1;
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		*number = *number * 10 + *fmt - '0';
	return fmt;
}

static bool parse_flag(struct Format *f, char c)
{
	switch (c) {
	case '-':
		f->left = true;
		return true;
	case '0':
		f->pad = '0';
		return true;
	case '+':
		f->plus = "+";
		return true;
	case ' ':
		if (!*f->plus)
			f->plus = " ";
		return true;
	case '#':
		f->alternate = true;
		return true;
	default:
		return false;
	}
}

// Read what tells the size of the argument: hh, h, l, ll, j, z, t. Returns the rest of fmt.
static const char *parse_size(struct Format *f, const char *fmt)
{
	f->size = sizeof(int);
	for (;; fmt++) {
		if (*fmt == 'h')
			f->size /= 2;
		else if (*fmt == 'j' || *fmt == 'L' || (*fmt == 'l' && fmt[1] == 'l'))
			f->size = sizeof(int64_t);
		else if (*fmt != 'l' && *fmt != 'z' && *fmt != 't')
			return fmt;
	}
}

// Read flags, width, precision and size. Returns the rest of fmt.
static const char *parse(struct Format *f, const char *fmt, va_list *ap)
{
	f->left = f->alternate = false;
	f->plus = "";
	f->pad = ' ';
	f->precision = -1;

	while (parse_flag(f, *fmt))
		fmt++;
	fmt = parse_number(&f->width, fmt, ap);
	if (f->width < 0) {
		f->left = true;
		f->width = -f->width;
	}
	if (*fmt == '.')
		fmt = parse_number(&f->precision, fmt + 1, ap);
	return parse_size(f, fmt);
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
	case 'i':
		n = next_signed(f, ap);
		put_number(f, n < 0 ? "-" : f->plus, n < 0 ? -(uint64_t) n : (uint64_t) n, 10);
		break;
	case 'u':
		put_number(f, "", next_unsigned(f, ap), 10);
		break;
	case 'o':
		put_number(f, f->alternate ? "0" : "", next_unsigned(f, ap), 8);
		break;
	case 'x':
		n = next_unsigned(f, ap);
		put_number(f, f->alternate && n ? "0x" : "", n, 16);
		break;
	case 'X':
		n = next_unsigned(f, ap);
		put_digits(f, f->alternate && n ? "0X" : "", n, 16, "0123456789ABCDEF");
		break;
	case 'p':
		put_number(f, "0x", (uintptr_t) va_arg(*ap, void *), 16);
		break;
	case '%':
		put(f, "%", 1);
		break;
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'E':
	case 'a':
	case 'A': // not supported, but its argument is consumed
		if (fmt[-1] == 'L')
			(void) va_arg(*ap, long double);
		else
			(void) va_arg(*ap, double);
		goto unknown;
	case 'n': // nothing is written through it
		(void) va_arg(*ap, void *);
		goto unknown;
	default:
	unknown: // print it as it is
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

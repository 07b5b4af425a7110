// Printing from a user program: through a buffer, so that a message is few system calls.

#include <inc/lib.h>

struct Buffer {
	int used;  // bytes that wait in text
	int total; // bytes printed
	char text[256];
};

static void flush(struct Buffer *b)
{
	sys_cputs(b->text, b->used);
	b->used = 0;
}

static void putch(int c, void *arg)
{
	struct Buffer *b = arg;

	b->text[b->used++] = c;
	b->total++;
	if (b->used == sizeof(b->text))
		flush(b);
}

int vcprintf(const char *fmt, va_list ap)
{
	struct Buffer b;

	b.used = b.total = 0;
	vprintfmt(putch, &b, fmt, ap);
	if (b.used > 0)
		flush(&b);
	return b.total;
}

int cprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int count = vcprintf(fmt, ap);
	va_end(ap);
	return count;
}

// Printing from a user program: text is collected on the stack, so that a message takes few system
// calls. Keeps no state.

#include "printf.h"

static void send(struct Printer *p)
{
	sys_cputs(p->text, p->used);
	p->used = 0;
}

static void putch(int c, void *arg)
{
	struct Printer *p = arg;

	p->text[p->used++] = c;
	p->total++;
	if (p->used == sizeof(p->text))
		send(p);
}

void printer_init(struct Printer *p)
{
	p->used = p->total = 0;
}

void printer_vadd(struct Printer *p, const char *fmt, va_list ap)
{
	vprintfmt(putch, p, fmt, ap);
}

void printer_add(struct Printer *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printer_vadd(p, fmt, ap);
	va_end(ap);
}

int printer_end(struct Printer *p)
{
	if (p->used > 0)
		send(p);
	return p->total;
}

int vcprintf(const char *fmt, va_list ap)
{
	struct Printer p;

	printer_init(&p);
	printer_vadd(&p, fmt, ap);
	return printer_end(&p);
}

int cprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int count = vcprintf(fmt, ap);
	va_end(ap);
	return count;
}

// Printing to the console. Any CPU may print at any time: it takes the console lock.

#include <inc/stdio.h>

#include <kern/console.h>

static void putch(int c, void *count)
{
	cons_putc(c);
	++*(int *) count;
}

// No output of other CPUs comes between the parts of a message.
int vcprintf(const char *fmt, va_list ap)
{
	int count = 0;

	cons_begin();
	vprintfmt(putch, &count, fmt, ap);
	cons_end();
	return count;
}

int cprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int count = vcprintf(fmt, ap);
	va_end(ap);
	return count;
}

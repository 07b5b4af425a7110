// Panics and warnings of a program. Each is printed as one piece; no state is kept.

#include "printf.h"

PRINTF_LIKE(4, 0)
static void report(const char *what, const char *file, int line, const char *fmt, va_list ap)
{
	struct Printer p;

	printer_init(&p);
	printer_add(&p, "[%08x] user %s in %s at %s:%d: ", sys_getenvid(), what, binaryname, file,
		    line);
	printer_vadd(&p, fmt, ap);
	printer_add(&p, "\n");
	printer_end(&p);
}

void _panic(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report("panic", file, line, fmt, ap);
	va_end(ap);

	// Enter the kernel's monitor, again and again: the program cannot go on.
	for (;;)
		breakpoint();
}

void _warn(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report("warning", file, line, fmt, ap);
	va_end(ap);
}

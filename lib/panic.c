#include "printf.h"

static void say(const char *what, const char *file, int line, const char *fmt, va_list ap)
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
	say("panic", file, line, fmt, ap);
	va_end(ap);

	// Show it to whoever watches the kernel's monitor; it does not help to go on.
	for (;;)
		breakpoint();
}

void _warn(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning", file, line, fmt, ap);
	va_end(ap);
}

#include <inc/lib.h>

static void say(const char *what, const char *file, int line, const char *fmt, va_list ap)
{
	cprintf("[%08x] user %s in %s at %s:%d: ", sys_getenvid(), what, binaryname, file, line);
	vcprintf(fmt, ap);
	cprintf("\n");
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

// For programs that check something: a panic is an error that they tell, instead of entering the
// kernel's monitor. Not inline: it takes the place of the library's _panic.

#ifndef JOS_USER_PANIC_H
#define JOS_USER_PANIC_H

#include <inc/lib.h>

// The program that includes this defines it: report a panic. text says where it was, and why.
void tell_panic(const char *text);

void _panic(const char *file, int line, const char *fmt, ...)
{
	char text[160];
	int length = snprintf(text, sizeof(text), "a panic at %s:%d: ", file, line);
	va_list ap;

	length = MIN(length, (int) sizeof(text) - 1); // it is what there would be without a limit
	va_start(ap, fmt);
	vsnprintf(text + length, sizeof(text) - length, fmt, ap);
	va_end(ap);
	tell_panic(text);
	exit();
}

#endif

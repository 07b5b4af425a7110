// Printing for the library. A Printer collects text and prints it by one system call, if it has
// room for all of it, so that no output of the kernel or of another env comes in between.

#ifndef JOS_LIB_PRINTF_H
#define JOS_LIB_PRINTF_H

#include <inc/lib.h>

struct Printer {
	int used;  // bytes in text that have not been printed
	int total; // bytes added
	char text[256];
};

// Make p empty.
void printer_init(struct Printer *p);

// Add formatted text. Whenever there is no more room, print what has been collected.
void printer_add(struct Printer *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void printer_vadd(struct Printer *p, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

// Print what has been collected. Returns how many bytes have been added since printer_init.
int printer_end(struct Printer *p);

#endif

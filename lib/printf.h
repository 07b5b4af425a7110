#ifndef JOS_LIB_PRINTF_H
#define JOS_LIB_PRINTF_H

#include <inc/lib.h>

// Printing: what several formats make goes out in one system call as long as it fits, so that no
// line of another env or of the kernel gets between.

struct Printer {
	int used;  // bytes that wait in text
	int total; // bytes printed
	char text[256];
};

// Make p empty.
void printer_init(struct Printer *p);

// Add to what waits; a full text is sent.
void printer_add(struct Printer *p, const char *fmt, ...);
void printer_vadd(struct Printer *p, const char *fmt, va_list ap);

// Send what still waits. Returns how many bytes have been printed since printer_init.
int printer_end(struct Printer *p);

#endif

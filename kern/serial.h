// The first serial port, 115200 baud, 8N1, polled. Needs the lock of the console for output, the
// kernel lock for input.

#ifndef JOS_KERN_SERIAL_H
#define JOS_KERN_SERIAL_H

// Set it up. Nothing happens on a machine without one.
void serial_init(void);

// Send a byte; wait until it has left.
void serial_putc(int c);

// Return the next byte received, 0 if there is none.
int serial_getc(void);

#endif

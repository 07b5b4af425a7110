// The first serial port, 115200 baud, 8N1, polled. Output needs the console lock, input the kernel
// lock.

#ifndef JOS_KERN_SERIAL_H
#define JOS_KERN_SERIAL_H

// Set the port up. On a machine without one, this and the others do nothing.
void serial_init(void);

// Send a byte, after waiting for the port to be ready.
void serial_putc(int c);

// Return the next byte received, 0 if there is none.
int serial_getc(void);

#endif

// The PC's real-time clock and timer chips. All of this is for the boot CPU, before others run.

#ifndef JOS_KERN_KCLOCK_H
#define JOS_KERN_KCLOCK_H

#include <inc/types.h>

// Find out how much physical memory there is, and print it. Returns how many bytes of it the kernel
// uses, from address 0 on: at most MAXPHYSMEM.
size_t i386_detect_memory(void);

// Write a byte of the clock's battery-backed memory.
void nvram_write(int reg, uint8_t value);

// The programmable interval timer's channel 2, counting down at PIT_HZ.
enum { PIT_HZ = 1193182 };
void pit_start(void);    // start counting from 65535
uint16_t pit_read(void); // the current count

// Let channel 0, which the BIOS uses, count down once more, and then stop.
void pit_stop(void);

// Wait for at least this many microseconds.
void pit_delay(uint32_t us);

#endif

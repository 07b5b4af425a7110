// Switching the machine off, and restarting it.

#ifndef JOS_KERN_POWER_H
#define JOS_KERN_POWER_H

// Switch the machine off, which ends QEMU with exit status 0, or 1 where it shows a machine without
// power management. Where that is not possible, say so and return.
void power_off(void);

// Leave QEMU with exit status 3, the sign of a panic, if it has the device for that.
void power_off_failed(void);

// Restart the machine.
void machine_reset(void) __attribute__((noreturn));

#endif

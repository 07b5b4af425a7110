// Switching the machine off, and restarting it.

#ifndef JOS_KERN_POWER_H
#define JOS_KERN_POWER_H

// Switch the machine off. QEMU ends with exit status 0, or 5 if its machine has no power
// management that we know. If that is not possible, say so and return.
void power_off(void);

// End QEMU with exit status 3, which means a panic, if it has the device for that. Otherwise
// return.
void power_off_failed(void);

// Restart the machine.
void machine_reset(void) __attribute__((noreturn));

#endif

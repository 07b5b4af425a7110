// Switching the machine off, and restarting it.

#ifndef JOS_KERN_POWER_H
#define JOS_KERN_POWER_H

// Switch the machine off. QEMU ends with exit status 0, or 9 if its machine has no power
// management that we know. If that is not possible, say so and return.
void power_off(void);

// What goes wrong with a run that nobody watches (options.exit). Each makes QEMU end with an exit
// status of its own: twice the number, plus 1.
enum Failure {
	KERNEL_PANICKED = 1,
	PROGRAM_FAILED = 2,   // killed, not started, or at a breakpoint, where a panic ends
	PROGRAMS_BLOCKED = 3, // what is left waits for ever
	MACHINE_REFUSED = 10, // it cannot run the kernel; boot/boot.S and kern/oldcpu.S say so
};

// End QEMU because of that, if it has the device for this. Otherwise return.
void power_off_failed(enum Failure failure);

// Restart the machine.
void machine_reset(void) __attribute__((noreturn));

#endif

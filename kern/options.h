// The boot options. Constant after options_init.

#ifndef JOS_KERN_OPTIONS_H
#define JOS_KERN_OPTIONS_H

#include <inc/types.h>

// Each option is given by QEMU's -fw_cfg name=opt/jos/NAME,string=VALUE. Set by options_init, then
// constant.
extern struct Options {
	char run[256]; // run: programs to start, separated by spaces

	// seed: a number from which the lengths of the timers' ticks are made (kern/seed.h)
	bool seeded;
	uint32_t seed;
	uint32_t stop; // stop: the number of the tick in which seed_stop is called

	uint32_t trace_ms; // trace: for how many milliseconds to record events (kern/trace.h)

	// With any value but 0:
	bool exit;  // exit: leave QEMU instead of entering the monitor (kern/power.h)
	bool audit; // audit: whenever there is nothing left to run, audit, and panic if that fails
} options;

// Read the options. On a machine other than QEMU's they keep their defaults.
void options_init(void);

#endif

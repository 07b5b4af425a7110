// What was asked for at boot. Constant after options_init.

#ifndef JOS_KERN_OPTIONS_H
#define JOS_KERN_OPTIONS_H

#include <inc/types.h>

// What was asked for at boot, through QEMU's -fw_cfg name=opt/jos/NAME,string=VALUE.
extern struct Options {
	char run[256]; // run: programs to start, separated by spaces

	// seed: a number; the timers of a machine that counts instructions then make another
	// schedule of each, and always the same of one
	bool seeded;
	uint32_t seed;
	uint32_t stop; // stop: the number of the tick at which seed_stop is called

	uint32_t trace_ms; // trace: for how many milliseconds to record events (kern/trace.h)

	// With any value but 0:
	bool exit;  // exit: leave QEMU when nothing is left to run, or on a panic, instead of
		    // entering the monitor
	bool audit; // audit: whenever nothing is left to run, audit, and panic if that fails
} options;

// Read the options. Where there is no QEMU the defaults stay.
void options_init(void);

#endif

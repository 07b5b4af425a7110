// Finding the CPUs, for kern/init.c.

#ifndef JOS_KERN_MPCONFIG_H
#define JOS_KERN_MPCONFIG_H

// Find the CPUs: fill in cpus[], ncpu and lapicaddr, map the registers of the local APICs, and tell
// kern/lapic.c where. To be called on the boot CPU before the others start.
void mp_init(void);

#endif

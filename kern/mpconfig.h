// Finding the CPUs.

#ifndef JOS_KERN_MPCONFIG_H
#define JOS_KERN_MPCONFIG_H

// Find the CPUs, on the boot CPU: fill in cpus[], ncpu and lapicaddr, map the registers of the local
// APICs and tell kern/lapic.c where.
void mp_init(void);

#endif

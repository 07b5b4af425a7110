// Finding the CPUs in the ACPI tables. For kern/mpconfig.c, on the boot CPU before the others
// start.

#ifndef JOS_KERN_ACPI_H
#define JOS_KERN_ACPI_H

#include <inc/types.h>

// Call cpu_add for every usable CPU in the ACPI tables, and set lapicaddr. Returns whether there
// was such a table.
bool acpi_find_cpus(void);

// Return whether the sum of the len bytes at p is 0 modulo 256, as it is for all tables of the
// firmware.
bool acpi_checksum_ok(const void *p, size_t len);

#endif

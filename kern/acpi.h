// Finding the CPUs in the ACPI tables.

#ifndef JOS_KERN_ACPI_H
#define JOS_KERN_ACPI_H

#include <inc/types.h>

// Call cpu_add for every usable CPU in the ACPI tables, and set lapicaddr. Returns whether there was
// such a table.
bool acpi_find_cpus(void);

// Return whether the len bytes at p add up to 0 modulo 256, as the bytes of every table that
// firmware makes do.
bool acpi_checksum_ok(const void *p, size_t len);

#endif

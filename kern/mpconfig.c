// Finding the CPUs: in the ACPI tables (kern/acpi.c) or, if there are none, in the table of the
// MultiProcessor Specification 1.4, chapter 4. Runs on the boot CPU before the others start, so
// without a lock.

#include <kern/mpconfig.h>

#include <inc/memlayout.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/acpi.h>
#include <kern/cpu.h>
#include <kern/lapic.h>
#include <kern/pmap.h>

struct FloatingPointer { // section 4.1
	char signature[4];
	physaddr_t table;
	uint8_t length; // of this structure, in units of 16 bytes
	uint8_t revision;
	uint8_t checksum;
	uint8_t type; // 0: there is a table; else a default configuration
	uint8_t features[4];
} __attribute__((packed));

struct ConfigTable { // section 4.2
	char signature[4];
	uint16_t length;
	uint8_t revision;
	uint8_t checksum;
	char product[20];
	physaddr_t oem_table;
	uint16_t oem_size;
	uint16_t entries;
	physaddr_t lapic;
	uint16_t extended_length;
	uint8_t extended_checksum;
	uint8_t reserved;
} __attribute__((packed));

struct ProcessorEntry { // section 4.3.1
	uint8_t type;
	uint8_t apicid;
	uint8_t version;
	uint8_t flags;
	uint32_t signature;
	uint32_t features;
	uint32_t reserved[2];
} __attribute__((packed));

enum {
	ENTRY_PROCESSOR = 0, // 20 bytes; entries of the other types, up to 4, have 8
	ENTRY_LAST_TYPE = 4,
	PROCESSOR_ENABLED = 1,

	CPUID_EDX_APIC = 1 << 9,
	MSR_APIC_BASE = 0x1b, // SDM volume 3, section 10.4.4
};

static const struct FloatingPointer *find_pointer_in(physaddr_t start, size_t len)
{
	const struct FloatingPointer *fp = KADDR(start), *end = KADDR(start + len);

	for (; fp < end; fp++)
		if (memcmp(fp->signature, "_MP_", 4) == 0 && acpi_checksum_ok(fp, sizeof(*fp)))
			return fp;
	return NULL;
}

// Section 4: the pointer is in the first KB of the extended BIOS data area, in the last KB of base
// memory, or in the BIOS.
static const struct FloatingPointer *find_pointer(void)
{
	const uint16_t *bios_data = KADDR(0x400);
	physaddr_t ebda = (physaddr_t) bios_data[0x0e / 2] << 4;
	physaddr_t base_end = (physaddr_t) bios_data[0x13 / 2] << 10;
	const struct FloatingPointer *fp = NULL;

	if (ebda)
		fp = find_pointer_in(ebda, 1024);
	if (!fp && base_end)
		fp = find_pointer_in(base_end - 1024, 1024);
	if (!fp)
		fp = find_pointer_in(0xf0000, 0x10000);
	return fp;
}

// As acpi_find_cpus, but in the MP configuration table.
static bool mp_table_find_cpus(void)
{
	const struct FloatingPointer *fp = find_pointer();

	if (!fp || !fp->table || fp->table >= MAXPHYSMEM - PTSIZE)
		return false;
	const struct ConfigTable *table = KADDR(fp->table);
	if (memcmp(table->signature, "PCMP", 4) != 0 || table->length < sizeof(*table) ||
	    !acpi_checksum_ok(table, table->length))
		return false;

	const uint8_t *p = (const uint8_t *) (table + 1);
	const uint8_t *end = (const uint8_t *) table + table->length;
	while (p < end && *p <= ENTRY_LAST_TYPE) {
		const struct ProcessorEntry *entry = (const struct ProcessorEntry *) p;

		if (entry->type == ENTRY_PROCESSOR && (entry->flags & PROCESSOR_ENABLED))
			cpu_add(entry->apicid);
		p += entry->type == ENTRY_PROCESSOR ? sizeof(*entry) : 8;
	}
	lapicaddr = table->lapic;
	return true;
}

void mp_init(void)
{
	uint32_t ebx, edx;

	cpuid(1, NULL, &ebx, NULL, &edx);
	if (edx & CPUID_EDX_APIC) {
		// This CPU gets number 0, at whatever place the tables list it.
		cpus[0].cpu_id = ebx >> 24;
		if (!acpi_find_cpus() && !mp_table_find_cpus())
			lapicaddr = PTE_ADDR(rdmsr(MSR_APIC_BASE));
	}
	if (!lapicaddr)
		ncpu = 1; // the others cannot be started
	cprintf("SMP: CPU %d found %d CPU(s)\n", cpunum(), ncpu);
	if (ncpu_left_out)
		cprintf("SMP: this kernel is built for %d CPUs (NCPU), %d more stay off\n", NCPU,
			ncpu_left_out);
	if (lapicaddr)
		lapic_set_registers(mmio_map_region(lapicaddr, PGSIZE));
	else
		cprintf("SMP: no local APIC, so no timer: environments run until they yield\n");
}

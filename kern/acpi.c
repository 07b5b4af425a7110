// Finding the CPUs in the ACPI tables (ACPI Specification 6.4, sections 5.2.5 to 5.2.12). Runs on
// the boot CPU before the others start, so without a lock.

#include <kern/acpi.h>

#include <inc/memlayout.h>
#include <inc/string.h>

#include <kern/cpu.h>
#include <kern/pmap.h>

struct RootPointer { // section 5.2.5.3
	char signature[8];
	uint8_t checksum; // over the first 20 bytes
	char oem[6];
	uint8_t revision; // if 0, rsdt is the last field
	physaddr_t rsdt;
	uint32_t length;
	uint64_t xsdt;
} __attribute__((packed));

struct TableHeader { // section 5.2.6
	char signature[4];
	uint32_t length; // of the whole table
	uint8_t revision;
	uint8_t checksum;
	char oem[6];
	char oem_table[8];
	uint32_t oem_revision;
	uint32_t creator;
	uint32_t creator_revision;
} __attribute__((packed));

struct Madt { // section 5.2.12
	struct TableHeader header;
	physaddr_t lapic;
	uint32_t flags;
} __attribute__((packed));

struct MadtEntry {
	uint8_t type;
	uint8_t length;
	union {
		struct {
			uint8_t processor;
			uint8_t apicid;
			uint32_t flags;
		} __attribute__((packed)) lapic;
		struct {
			uint16_t reserved;
			uint64_t address;
		} __attribute__((packed)) override;
	};
} __attribute__((packed));

enum {
	MADT_LAPIC = 0,
	MADT_LAPIC_OVERRIDE = 5,
	LAPIC_ENABLED = 1,
	MAX_TABLES = 64, // no firmware has more
	MAX_TABLE_LENGTH = 1 << 16,
};

bool acpi_checksum_ok(const void *p, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += ((const uint8_t *) p)[i];
	return sum == 0;
}

// Return the kernel's address of the len bytes at pa, which may be beyond what the kernel maps at
// KERNBASE.
static const void *map(physaddr_t pa, size_t len)
{
	if (pa < MAXPHYSMEM && len <= MAXPHYSMEM - pa)
		return KADDR(pa);
	return mmio_map_region(pa, len);
}

// Return the table at pa if it is one with this signature and a good checksum, else NULL.
static const void *find_table(physaddr_t pa, const char *signature)
{
	const struct TableHeader *header = map(pa, sizeof(*header));

	if (memcmp(header->signature, signature, 4) != 0 || header->length < sizeof(*header) ||
	    header->length > MAX_TABLE_LENGTH)
		return NULL;
	header = map(pa, header->length);
	return acpi_checksum_ok(header, header->length) ? header : NULL;
}

// Search len bytes from start on. Returns NULL if there is no root pointer.
static const struct RootPointer *find_root_in(physaddr_t start, size_t len)
{
	for (const char *p = KADDR(start), *end = p + len; p < end; p += 16)
		if (*p == 'R' && memcmp(p, "RSD PTR ", 8) == 0 && acpi_checksum_ok(p, 20))
			return (const struct RootPointer *) p;
	return NULL;
}

// Section 5.2.5.1: the root pointer is in the first KB of the extended BIOS data area, or in the
// BIOS.
static const struct RootPointer *find_root(void)
{
	physaddr_t ebda = (physaddr_t) * (const uint16_t *) KADDR(0x40e) << 4;
	const struct RootPointer *root = ebda ? find_root_in(ebda, 1024) : NULL;

	return root ? root : find_root_in(0xe0000, 0x20000);
}

// Add the CPUs in a MADT, and set lapicaddr.
static void add_cpus(const struct Madt *madt)
{
	const char *p = (const char *) (madt + 1);
	const char *end = (const char *) madt + madt->header.length;

	lapicaddr = madt->lapic;
	while (end - p >= 2) {
		const struct MadtEntry *entry = (const struct MadtEntry *) p;

		if (entry->length < 2 || entry->length > end - p)
			break;
		if (entry->type == MADT_LAPIC && entry->length >= 8 &&
		    (entry->lapic.flags & LAPIC_ENABLED))
			cpu_add(entry->lapic.apicid);
		else if (entry->type == MADT_LAPIC_OVERRIDE && entry->length >= 12 &&
			 entry->override.address <= UINT32_MAX)
			lapicaddr = entry->override.address;
		p += entry->length;
	}
}

bool acpi_find_cpus(void)
{
	const struct RootPointer *root = find_root();
	bool found = false;

	if (!root)
		return false;
	// Use the table of 64-bit addresses only if there is no other.
	bool wide = root->revision >= 2 && !root->rsdt && root->xsdt < 1ULL << 32;
	size_t entry_size = wide ? 8 : 4;
	const struct TableHeader *rsdt =
		wide ? find_table(root->xsdt, "XSDT") : find_table(root->rsdt, "RSDT");
	if (!rsdt)
		return false;

	const char *entry = (const char *) (rsdt + 1), *end = (const char *) rsdt + rsdt->length;
	end = MIN(end, entry + MAX_TABLES * entry_size);
	for (; end - entry >= (ssize_t) entry_size; entry += entry_size) {
		physaddr_t table;
		memcpy(&table, entry, sizeof(table)); // it may be at any address
		const struct Madt *madt = find_table(table, "APIC");

		if (madt && madt->header.length >= sizeof(*madt)) {
			add_cpus(madt);
			found = true;
		}
	}
	return found;
}

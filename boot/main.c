// Second half of the boot sector: load the kernel from the first IDE disk and enter it.
//
// Disk:	sector 0: the boot sector
//		sector 1 and up: the kernel, an ELF file
//
// All of boot/ must fit into 510 bytes, so this checks little of what it reads: the kernel was
// written to the disk together with the boot sector.

#include <inc/elf.h>
#include <inc/types.h>
#include <inc/x86.h>

#define SECTOR_SIZE 512
#define HEADER_SIZE 4096                     // enough for the ELF header and the program headers
#define HEADER      ((struct Elf *) 0x10000) // free low memory
#define PHYSICAL    0xffffff                 // these bits of a virtual address are the physical one

// ATA registers of the primary channel, and commands (ATA-6, sections 7 and 8.34).
enum {
	ATA_DATA = 0x1f0,
	ATA_COUNT = 0x1f2,
	ATA_LBA_LOW = 0x1f3,
	ATA_LBA_MID = 0x1f4,
	ATA_LBA_HIGH = 0x1f5,
	ATA_DEVICE = 0x1f6,
	ATA_STATUS = 0x1f7,
	ATA_COMMAND = 0x1f7,

	STATUS_BUSY = 0x80,
	STATUS_READY = 0x40,
	STATUS_DATA = 0x08,
	COMMAND_READ = 0x20,
	DEVICE_LBA = 0xe0,
	MAX_SECTORS = 128, // per command; at most 255
};

// Wait until the drive is not busy and shows the wanted status bit.
static void wait_disk(uint8_t wanted)
{
	// Of these two bits only BUSY is to be clear.
	while ((uint8_t) (~inb(ATA_STATUS) & (STATUS_BUSY | wanted)) != STATUS_BUSY)
		;
}

// Copy size bytes of the kernel file, from offset on, to physical address pa. Whole sectors are
// copied, so up to a sector more is overwritten before and after these bytes.
static void read_file(uint32_t pa, uint32_t size, uint32_t offset)
{
	uint32_t end = pa + size;
	uint32_t lba = offset / SECTOR_SIZE + 1;

	pa -= offset % SECTOR_SIZE;
	while (pa < end) {
		uint32_t n = (end - pa + SECTOR_SIZE - 1) / SECTOR_SIZE;
		if (n > MAX_SECTORS)
			n = MAX_SECTORS;

		wait_disk(STATUS_READY);
		outb(ATA_COUNT, n);
		outb(ATA_LBA_LOW, lba);
		outb(ATA_LBA_MID, lba >> 8);
		outb(ATA_LBA_HIGH, lba >> 16);
		outb(ATA_DEVICE, DEVICE_LBA);
		outb(ATA_COMMAND, COMMAND_READ);

		for (lba += n; n > 0; n--, pa += SECTOR_SIZE) {
			wait_disk(STATUS_DATA);
			insl(ATA_DATA, (void *) pa, SECTOR_SIZE / 4);
		}
	}
}

// Load the kernel and enter it. Returns if there is no ELF file on the disk.
void bootmain(void)
{
	read_file((uint32_t) HEADER, HEADER_SIZE, 0);
	if (HEADER->e_magic != ELF_MAGIC)
		return;

	struct Proghdr *ph = (void *) ((uint32_t) HEADER + HEADER->e_phoff);
	for (int n = HEADER->e_phnum; n > 0; n--, ph++) {
		if (ph->p_type != ELF_PROG_LOAD)
			continue;
		read_file(ph->p_pa, ph->p_filesz, ph->p_offset);
		rep_stosb((void *) (ph->p_pa + ph->p_filesz), 0, ph->p_memsz - ph->p_filesz);
	}
	// The entry point is a virtual address, as GRUB wants it.
	((void (*)(void))(HEADER->e_entry & PHYSICAL))();
}

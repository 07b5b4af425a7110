// The parts of a 32-bit ELF file that a loader needs (System V ABI, chapters 4 and 5), for the boot
// sector and the kernel.

#ifndef JOS_INC_ELF_H
#define JOS_INC_ELF_H

#include <inc/types.h>

#define ELF_MAGIC 0x464C457FU // "\x7FELF", little endian

struct Elf {
	uint32_t e_magic;
	uint8_t e_elf[12]; // class, byte order, version, ...
	uint16_t e_type;
	uint16_t e_machine;
	uint32_t e_version;
	uint32_t e_entry;
	uint32_t e_phoff; // offset of the program headers
	uint32_t e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize;
	uint16_t e_phentsize;
	uint16_t e_phnum;
	uint16_t e_shentsize;
	uint16_t e_shnum;
	uint16_t e_shstrndx;
};

struct Proghdr {
	uint32_t p_type;
	uint32_t p_offset;
	uint32_t p_va;
	uint32_t p_pa;
	uint32_t p_filesz;
	uint32_t p_memsz;
	uint32_t p_flags;
	uint32_t p_align;
};

#define ELF_CLASS_32        1 // in e_elf[0]
#define ELF_DATA_LSB        1 // in e_elf[1]
#define ELF_TYPE_EXEC       2 // in e_type
#define ELF_MACHINE_386     3 // in e_machine

#define ELF_PROG_LOAD       1 // in p_type
#define ELF_PROG_FLAG_EXEC  1 // in p_flags
#define ELF_PROG_FLAG_WRITE 2
#define ELF_PROG_FLAG_READ  4 // kept for code written for JOS; nothing here uses it

#endif

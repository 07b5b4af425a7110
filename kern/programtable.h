// The user programs in the kernel's image: constants, which kern/Makefrag writes from what is in
// user/, sorted by name.

#ifndef JOS_KERN_PROGRAMTABLE_H
#define JOS_KERN_PROGRAMTABLE_H

#include <inc/types.h>

struct Program {
	const char *name;
	const uint8_t *elf, *elf_end;
	const void *symbols; // see debuginfo_eip in kern/kdebug.h
};

extern const struct Program programs[], programs_end[];

#endif

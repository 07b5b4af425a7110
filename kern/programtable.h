// The table of the user programs in the kernel's image, sorted by name. It is constant;
// kern/Makefrag generates it from the programs in user/.

#ifndef JOS_KERN_PROGRAMTABLE_H
#define JOS_KERN_PROGRAMTABLE_H

#include <inc/types.h>

struct Program {
	const char *name;
	const uint8_t *elf, *elf_end;
	const void *symbols; // see debuginfo_find in kern/kdebug.h
};

extern const struct Program programs[], programs_end[];

#endif

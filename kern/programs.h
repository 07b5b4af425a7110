#ifndef JOS_KERN_PROGRAMS_H
#define JOS_KERN_PROGRAMS_H

#include <inc/types.h>

// A user program in the kernel's image. The table is written by kern/Makefrag from what is in
// user/, sorted by name.
struct Program {
	const char *name;
	const uint8_t *elf, *elf_end;
	const void *symbols; // kern/kdebug.h
};

extern const struct Program programs[], programs_end[];

// A command is a program's name, or NAME:ARGUMENT:ARGUMENT...

// Find the program a command names; NULL if there is none.
const struct Program *program_find(const char *command);

// Start a program as a new env. What goes wrong is said on the console. Returns whether it runs.
bool program_start(const char *command);

#endif

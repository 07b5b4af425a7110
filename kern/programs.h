#ifndef JOS_KERN_PROGRAMS_H
#define JOS_KERN_PROGRAMS_H

#include <inc/types.h>

struct Env;

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

// Whether a program is an ELF file that can be loaded, and the command not too long for it.
bool program_loadable(const struct Program *program, const char *command);

// Load a program that program_loadable has found good, with the words of command as arguments,
// into e, which has no memory yet. Returns 0, or
//	-E_NO_MEM	e may have part of it
int program_load(const struct Program *program, const char *command, struct Env *e);

// Start a program as a new env. What goes wrong is said on the console. Returns whether it runs.
bool program_start(const char *command);

#endif

// Loading a program into a new env. Needs the kernel lock.

#ifndef JOS_KERN_LOAD_H
#define JOS_KERN_LOAD_H

#include <inc/env.h>
#include <inc/types.h>

#include <kern/programtable.h>

// A command is a program's name, or NAME:ARGUMENT:ARGUMENT...

// Whether a program is an ELF file that can be loaded, and the command is not too long.
bool program_loadable(const struct Program *program, const char *command);

// Load a program, for which program_loadable has returned true, into e, which has no memory yet.
// The words of command are its arguments. Returns 0, or
//	-E_NO_MEM	e may have a part of the program
int program_load(const struct Program *program, const char *command, struct Env *e);

#endif

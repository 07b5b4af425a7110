// Loading a program into a new env. Needs the kernel lock.

#ifndef JOS_KERN_LOAD_H
#define JOS_KERN_LOAD_H

#include <inc/env.h>
#include <inc/types.h>

#include <kern/programtable.h>

// A command is a program's name, or NAME:ARGUMENT:ARGUMENT...

// Whether a program is an ELF file that can be loaded, and the command not too long for it.
bool program_loadable(const struct Program *program, const char *command);

// Load a program that program_loadable has found good, with the words of command as arguments,
// into e, which has no memory yet. Returns 0, or
//	-E_NO_MEM	e may have part of it
int program_load(const struct Program *program, const char *command, struct Env *e);

#endif

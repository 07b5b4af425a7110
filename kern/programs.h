// Finding and starting the programs of the kernel's image.

#ifndef JOS_KERN_PROGRAMS_H
#define JOS_KERN_PROGRAMS_H

#include <inc/types.h>

struct Program;

// A command is a program's name, or NAME:ARGUMENT:ARGUMENT...

// Find the program a command names; NULL if there is none.
const struct Program *program_find(const char *command);

// Start a program as a new env. What goes wrong is said on the console. Returns whether it has been
// started. Needs the kernel lock.
bool program_start(const char *command);

#endif

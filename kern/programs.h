// Finding and starting the programs of the kernel's image.

#ifndef JOS_KERN_PROGRAMS_H
#define JOS_KERN_PROGRAMS_H

#include <inc/types.h>

struct Program;

// A command is a program's name, or NAME:ARGUMENT:ARGUMENT...

// Return the program that a command names, or NULL if there is none.
const struct Program *program_find(const char *command);

// Start a program in a new env. Prints an error on the console. Returns whether the program has
// been started. Needs the kernel lock.
bool program_start(const char *command);

// Kept for code written for JOS; nothing here uses it: start the program X, by ENV_CREATE(user_X,
// ENV_TYPE_USER).
#define ENV_CREATE(name, type)       ENV_CREATE_NAMED(name, type)
#define ENV_CREATE_NAMED(name, type) ((void) program_start(&#name[sizeof("user_") - 1]))

#endif

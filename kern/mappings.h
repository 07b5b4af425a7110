// The monitor's commands about memory. Each gets its words, the first of them its name, and says
// what is wrong with them, if anything is. Nothing that is typed makes the kernel fault, and no
// device register is read. Needs the kernel lock.
//
// An address is one in the page directory that this CPU has loaded or, if the last word is the id
// of an env, in that env's.

#ifndef JOS_KERN_MAPPINGS_H
#define JOS_KERN_MAPPINGS_H

#include <inc/types.h>

// showmappings START [END [ENV]]: print how the pages from START to END, both included, are mapped.
// Consecutive pages with consecutive frames and equal rights are one line.
void show_mappings(int argc, char **argv);

// setperm ADDR +W|-W|+U|-U [ENV]: give a right on the page at ADDR, or take it away, on all CPUs.
// Refuses pages of the kernel. Not to be called after a panic: stopped CPUs do not answer.
void set_rights(int argc, char **argv);

// x/N ADDR [ENV] and, with physical, xp/N ADDR: print N words of memory.
void examine(int argc, char **argv, bool physical);

#endif

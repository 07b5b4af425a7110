// The played console.

#ifndef JOS_FUZZ_CONSOLE_H
#define JOS_FUZZ_CONSOLE_H

#include <inc/types.h>

extern bool console_loud;          // whether to show what the kernel prints
extern char console_written[2048]; // what cons_write was called with last
extern size_t console_length;
extern int console_key; // the key that has been pressed

#endif

// Showing calls as text.

#ifndef JOS_FUZZ_SHOW_H
#define JOS_FUZZ_SHOW_H

#include <inc/trap.h>
#include <inc/types.h>

// Print the call that the registers ask for, as in C.
void show_call(const struct PushRegs *regs);

// Print what it has returned.
void show_result(uint32_t number, int32_t r);

#endif

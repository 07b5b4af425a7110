// A sequence of calls.

#ifndef JOS_FUZZ_RUN_H
#define JOS_FUZZ_RUN_H

#include <inc/types.h>

// Start an env that the kernel makes, without memory. Needs the kernel lock. Ends the sequence if
// there can be no more envs.
void run_first_env(void);

// Let the env on a CPU in user mode make a call: its registers are set. With alone, no other call
// can come before it.
void run_prepare_call(int cpu, bool alone);

#endif

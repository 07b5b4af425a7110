// inc/env.h for the fuzzer: with fewer envs, so that a look at all of them is short. The queues of
// envs that can run still have more than one word.

#ifndef JOS_FUZZ_ENV_H
#define JOS_FUZZ_ENV_H

#include "../../../../inc/env.h"

#undef LOG2NENV
#define LOG2NENV 6

#endif

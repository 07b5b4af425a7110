// The contracts of inc/lib.h, once more: an implementation of each call that is as short as what
// the contract says.

#ifndef JOS_FUZZ_CONTRACTS_H
#define JOS_FUZZ_CONTRACTS_H

#include <inc/types.h>

#include "model.h"

// Before the kernel does a call of self: keep what the call is about to change.
void contract_begin(struct ModelEnv *self, uint32_t number, const uint32_t args[5]);

// The kernel has returned r: check whether it may, and change the model as the contract says.
void contract_end(struct ModelEnv *self, uint32_t number, const uint32_t args[5], int32_t r);

#endif

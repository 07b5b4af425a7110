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

// ---- Each call ----
//
// Of each call that a program can make: the caller, the arguments, and what the kernel has
// returned. Where several errors apply, the kernel may return any of them.

void begin_cputs(struct ModelEnv *self, const uint32_t a[5]);
void end_cputs(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_cgetc(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_getenvid(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_env_destroy(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_yield(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_exofork(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_env_set_status(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void begin_env_set_trapframe(struct ModelEnv *self, const uint32_t a[5]);
void end_env_set_trapframe(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_env_set_pgfault_upcall(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_page_alloc(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_page_map(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_page_share(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_page_copy(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_page_unmap(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_ipc_try_send(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_ipc_send(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_ipc_recv(struct ModelEnv *self, const uint32_t a[5], int32_t r);
void end_ipc_send_recv(struct ModelEnv *self, const uint32_t a[5], int32_t r);

#endif

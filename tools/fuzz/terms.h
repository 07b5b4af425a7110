// What the contracts of several calls speak of: errors, envs that may be named, pages.

#ifndef JOS_FUZZ_TERMS_H
#define JOS_FUZZ_TERMS_H

#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/syscall.h>

#include "model.h"
#include "report.h"

// ---- Errors ----

// A set of errors.
typedef uint32_t Errors;

static inline Errors error_if(bool condition, int error)
{
	return condition ? 1U << error : 0;
}

// Check that r is an error of the set or, if that is empty, none. Returns whether it is none.
bool succeeds(Errors errors, int32_t r);

// ---- What calls have in common ----

// Return the env with this id, NULL if there is none.
static inline struct ModelEnv *any(struct ModelEnv *self, uint32_t id)
{
	struct ModelEnv *e = &model[ENVX(id)];

	if (id == 0)
		return self;
	e->named = true;
	return e->state != GONE && e->id == (envid_t) id ? e : NULL;
}

// The same, if it is the caller or its child.
static inline struct ModelEnv *own(struct ModelEnv *self, uint32_t id)
{
	struct ModelEnv *e = any(self, id);

	return e == self || (e && e->parent == self->id) ? e : NULL;
}

static inline bool bad_page(uint32_t va)
{
	return va < UMIN || va >= UTOP || va % PGSIZE != 0;
}

static inline bool bad_perm(uint32_t perm)
{
	return !(perm & PTE_U) || !(perm & PTE_P) || (perm & ~(PTE_U | PTE_P | PTE_W | PTE_AVAIL));
}

// What the entry for a page is, 0 if there can be none.
static inline uint32_t mapped(struct ModelEnv *e, uint32_t va)
{
	return bad_page(va) || !model_pte(e, va) ? 0 : *model_pte(e, va);
}

// Whether sys_page_map may not map src's page at va with perm elsewhere.
static inline bool bad_source(struct ModelEnv *src, uint32_t va, uint32_t perm)
{
	uint32_t pte = mapped(src, va);

	return bad_perm(perm) || !pte || ((perm & PTE_W) && !(pte & PTE_W));
}

// If e waits to send, or is in a system call on another CPU, take it out of that: it will make the
// call again.
static inline void interrupt(struct ModelEnv *e)
{
	if (e->state == SENDS)
		model_end_sending(e, SYS_ipc_send);
	else if (e->in_call)
		e->in_call = false;
	else
		return;
	e->tf.tf_eip -= 2;
	e->again = true;
}

#endif

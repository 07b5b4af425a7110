// The model's data.

#include "model.h"

#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/string.h>

#include <kern/envstate.h>
#include <kern/pmap.h>

#include "machine.h"
#include "report.h"

struct ModelEnv model[NENV];
struct ModelFrame model_frames[4096];
uint32_t model_free_frames, model_free_slots, model_fail_nth;

static struct Env *in_kernel(const struct ModelEnv *e)
{
	return &envs[e - model];
}

// ---- Memory ----

static int part_of(uint32_t va)
{
	return PDX(va) == 0 ? 0 : PDX(va) == 1 ? 1 : PDX(va) == PDX(UTOP - 1) ? 2 : -1;
}

uint32_t *model_pte(struct ModelEnv *e, uint32_t va)
{
	int part = part_of(va);

	return part < 0 ? NULL : &e->pte[part][PTX(va)];
}

bool model_lacks(uint32_t n)
{
	return n > model_free_frames || (model_fail_nth > 0 && model_fail_nth <= n);
}

bool model_lacks_table(struct ModelEnv *e, uint32_t va)
{
	return !e->has_table[part_of(va)];
}

static void take_frames(uint32_t n)
{
	model_free_frames -= n;
	if (model_fail_nth > 0)
		model_fail_nth -= n;
}

static void drop(uint32_t frame)
{
	if (--model_frames[frame].pages == 0)
		model_free_frames++;
}

void model_unmap(struct ModelEnv *e, uint32_t va)
{
	uint32_t *pte = model_pte(e, va);

	if (*pte) {
		uint32_t frame = PGNUM(*pte);
		*pte = 0;
		drop(frame);
	}
}

void model_map(struct ModelEnv *e, uint32_t va, uint32_t frame, int perm)
{
	if (model_lacks_table(e, va)) {
		take_frames(1);
		e->has_table[part_of(va)] = true;
	}
	model_frames[frame].pages++;
	model_unmap(e, va);
	*model_pte(e, va) = frame << PGSHIFT | perm;
}

uint32_t model_new_frame(struct ModelEnv *e, uint32_t va)
{
	uint32_t frame = PGNUM(machine_pte(in_kernel(e), va));

	require(frame > 0 && frame < npages && model_frames[frame].pages == 0,
		"the new page at %08x is frame %u, which is in use", va, frame);
	take_frames(1);
	return frame;
}

// Whether programs may read the kernel's tables at va.
static bool table_readable(struct ModelEnv *e, uint32_t va)
{
	uint32_t i = PGNUM(va - UVPT);

	if (va >= UVPT) // page table i, and above UTOP those of the tables and of the stacks
		return i < PDX(UTOP)
			       ? part_of(i << PDXSHIFT) >= 0 && e->has_table[part_of(i << PDXSHIFT)]
			       : i <= PDX(UVPT) || i == PDX(KSTACKTOP - 1);
	if (va >= UPAGES)
		return va - UPAGES < ROUNDUP(npages * sizeof(struct PageInfo), PGSIZE);
	return va - UENVS < ROUNDUP(NENV * sizeof(struct Env), PGSIZE);
}

bool model_readable(struct ModelEnv *e, uint32_t va, uint8_t *byte)
{
	const uint32_t *pte = va < UTOP ? model_pte(e, va) : NULL;
	bool table = va >= UTOP && va < ULIM && table_readable(e, va);

	if (!table && !(pte && *pte))
		return false;
	uint32_t there = table ? machine_pte(in_kernel(e), va) : *pte;
	if (byte)
		*byte = *(uint8_t *) (KERNBASE + PTE_ADDR(there) + PGOFF(va));
	return true;
}

// ---- Envs ----

void model_end_sending(struct ModelEnv *e, int r)
{
	uint32_t frame = e->message.frame;

	e->state = RUNS;
	e->tf.tf_regs.reg_eax = r;
	memset(&e->message, 0, sizeof(e->message));
	if (frame)
		drop(frame);
}

void model_end(struct ModelEnv *e)
{
	for (struct ModelEnv *sender = model; sender < model + NENV; sender++)
		if (sender->state == SENDS && sender->message.to == e)
			model_end_sending(sender, sender == e ? 0 : -E_BAD_ENV);
	if (e->state == SENDS)
		model_end_sending(e, 0);
	e->state = GONE;
	for (int part = 0; part < PARTS; part++) {
		for (int i = 0; e->has_table[part] && i < NPTENTRIES; i++)
			if (e->pte[part][i]) {
				drop(PGNUM(e->pte[part][i]));
				e->pte[part][i] = 0;
			}
		e->has_table[part] = false;
	}
	e->again = e->in_call = false;
}

static bool is_orphan(const struct ModelEnv *e)
{
	return e->state == STOPPED && e->parent &&
	       (model[ENVX(e->parent)].state == GONE || model[ENVX(e->parent)].id != e->parent);
}

void model_end_orphans(void)
{
	bool more = true;

	while (more) {
		more = false;
		for (struct ModelEnv *e = model; e < model + NENV; e++) {
			unsigned status = in_kernel(e)->env_status;
			if (is_orphan(e) && (status == ENV_FREE || status == ENV_DYING ||
					     in_kernel(e)->env_id != e->id)) {
				model_end(e);
				more = true;
			}
		}
	}
}

struct ModelEnv *model_new_env(envid_t id, envid_t parent)
{
	struct ModelEnv *e = &model[ENVX(id)];

	require(id > 0 && (id & 0xfff) == ENVX(id), "%08x is no id of an env", id);
	require(e->state == GONE, "the new env %08x takes the place of %08x", id, e->id);
	require(e->id != id, "%08x is an id that has been used before", id);
	memset(e, 0, sizeof(*e));
	e->state = STOPPED;
	e->id = id;
	e->parent = parent;
	return e;
}

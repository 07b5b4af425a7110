// Comparing the model with the kernel.

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/string.h>

#include <kern/envstate.h>
#include <kern/pmap.h>

#include "machine.h"
#include "model.h"
#include "report.h"

static void same(const struct ModelEnv *e, const char *what, uint32_t found, uint32_t expected)
{
	require(found == expected, "%s of env %08x: found %08x, not %08x", what, e->id, found,
		expected);
}

static void compare_registers(const struct ModelEnv *e, const struct Trapframe *found)
{
	const struct Trapframe *tf = &e->tf;

	same(e, "edi", found->tf_regs.reg_edi, tf->tf_regs.reg_edi);
	same(e, "esi", found->tf_regs.reg_esi, tf->tf_regs.reg_esi);
	same(e, "ebp", found->tf_regs.reg_ebp, tf->tf_regs.reg_ebp);
	same(e, "ebx", found->tf_regs.reg_ebx, tf->tf_regs.reg_ebx);
	same(e, "edx", found->tf_regs.reg_edx, tf->tf_regs.reg_edx);
	same(e, "ecx", found->tf_regs.reg_ecx, tf->tf_regs.reg_ecx);
	same(e, "eip", found->tf_eip, tf->tf_eip);
	same(e, "esp", found->tf_esp, tf->tf_esp);
	same(e, "eflags", found->tf_eflags, tf->tf_eflags);
	same(e, "cs", found->tf_cs, tf->tf_cs);
	same(e, "ds", found->tf_ds, tf->tf_ds);
	same(e, "es", found->tf_es, tf->tf_es);
	same(e, "ss", found->tf_ss, tf->tf_ss);
	if (e->state != SENDS) // its call has not returned yet
		same(e, "eax", found->tf_regs.reg_eax, tf->tf_regs.reg_eax);
}

static enum ModelState state_of(const struct Env *e)
{
	switch (e->env_status) {
	case ENV_RUNNABLE:
	case ENV_RUNNING:
		return RUNS;
	case ENV_NOT_RUNNABLE:
		return e->env_ipc_recving ? RECEIVES : e->env_sending_to ? SENDS : STOPPED;
	default:
		return GONE;
	}
}

static void compare_messages(const struct ModelEnv *e, const struct Env *found)
{
	same(e, "env_ipc_value", found->env_ipc_value, e->value);
	same(e, "env_ipc_from", found->env_ipc_from, e->from);
	same(e, "env_ipc_perm", found->env_ipc_perm, e->perm);
	if (e->state == RECEIVES)
		same(e, "env_ipc_dstva", (uint32_t) found->env_ipc_dstva, e->dst);
	if (e->state == SENDS)
		same(e, "receiver", found->env_sending_to - envs, e->message.to - model);
}

static void compare_memory(const struct ModelEnv *e, const struct Env *found)
{
	static const uint32_t parts[PARTS] = {0, 1, PDX(UTOP - 1)};

	for (int part = 0; part < PARTS; part++) {
		pde_t pde = found->env_pgdir[parts[part]];
		const pte_t *table = (const pte_t *) (KERNBASE + PTE_ADDR(pde));

		same(e, "presence of a page table", pde & PTE_P, e->has_table[part]);
		if (!e->has_table[part] || memcmp(table, e->pte[part], PGSIZE) == 0)
			continue;
		for (uint32_t i = 0; i < NPTENTRIES; i++)
			require(table[i] == e->pte[part][i],
				"env %08x has page table entry %08x for %08x, not %08x", e->id,
				table[i], parts[part] << PDXSHIFT | i << PTXSHIFT, e->pte[part][i]);
	}
}

static void compare_frames(void)
{
	for (uint32_t i = 0; i < npages; i++) {
		const uint32_t *words = (const uint32_t *) (KERNBASE + i * PGSIZE);
		uint32_t content = model_frames[i].content;

		require(model_frames[i].pages == 0 ||
				(words[0] == content && words[1023] == content),
			"frame %u has changed: it begins with %08x and ends with %08x, not %08x", i,
			words[0], words[1023], content);
	}
}

void model_compare(bool all)
{
	for (struct ModelEnv *e = model; e < model + NENV; e++) {
		const struct Env *found = &envs[e - model];

		same(e, "state", state_of(found), e->state);
		if (e->state == GONE)
			continue;
		same(e, "env_id", found->env_id, e->id);
		same(e, "env_parent_id", found->env_parent_id, e->parent);
		same(e, "env_pgfault_upcall", (uint32_t) found->env_pgfault_upcall, e->upcall);
		compare_registers(e, &found->env_tf);
		compare_messages(e, found);
		if (all || e->named)
			compare_memory(e, found);
		e->named = false;
	}
	compare_frames();
	if (!machine_tlbs_agree())
		fail("a TLB is out of date");
}

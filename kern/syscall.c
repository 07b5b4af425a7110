// The system calls. Contracts: inc/lib.h. Each one checks all its arguments before it changes
// anything; the caller is curenv, and the kernel lock is held.

#include <kern/syscall.h>

#include <inc/assert.h>
#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/syscall.h>

#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/fpu.h>
#include <kern/pmap.h>
#include <kern/trap.h>

// Marks a call whose result is put into eax later, or never.
enum { NO_RESULT = INT32_MIN };

enum { CPUTS_STEP = 1024 }; // how much sys_cputs prints at a time

// ---- Checks ----

static bool user_page_ok(const void *va)
{
	return (uintptr_t) va >= UMIN && (uintptr_t) va < UTOP && PGOFF(va) == 0;
}

static bool user_perm_ok(int perm)
{
	return (perm & (PTE_U | PTE_P)) == (PTE_U | PTE_P) && (perm & ~PTE_SYSCALL) == 0;
}

// Find the frame that e has at va and may give away with rights perm. Returns 0, or
//	-E_INVAL
static int shareable_page(struct Env *e, void *va, int perm, struct PageInfo **store)
{
	pte_t *pte;

	if (!user_page_ok(va) || !user_perm_ok(perm))
		return -E_INVAL;
	*store = page_lookup(e->env_pgdir, va, &pte);
	if (!*store || ((perm & PTE_W) && !(*pte & PTE_W)))
		return -E_INVAL;
	return 0;
}

// ---- Console ----

// Prints no more than a step and returns how much that was: nobody else shall have to wait for a
// long text. The library calls again.
static int sys_cputs(const char *s, size_t len)
{
	char text[CPUTS_STEP];

	if (!user_mem_assert(curenv, s, len, 0))
		return NO_RESULT;
	size_t n = MIN(len, sizeof(text));
	user_mem_read(curenv, text, s, n);
	cons_write(text, n);
	return n;
}

static int sys_cgetc(void)
{
	return cons_getc();
}

// ---- Envs ----

static envid_t sys_getenvid(void)
{
	return curenv->env_id;
}

static int sys_env_destroy(envid_t envid)
{
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if (e == curenv)
		cprintf("[%08x] exiting gracefully\n", e->env_id);
	else
		cprintf("[%08x] destroying %08x\n", curenv->env_id, e->env_id);
	env_destroy(e);
	return 0;
}

static int sys_yield(void)
{
	thiscpu->cpu_resched = true;
	return 0;
}

static envid_t sys_exofork(void)
{
	struct Env *child;
	int r = env_alloc(&child, curenv->env_id);

	if (r == 0 && (r = fpu_copy(child)) < 0)
		env_destroy(child);
	if (r < 0)
		return r;
	child->env_program = curenv->env_program;
	child->env_tf = curenv->env_tf;
	child->env_tf.tf_regs.reg_eax = 0;
	if (curenv->env_stepping != STEP_NEVER)
		child->env_tf.tf_eflags &= ~FL_TF;
	return child->env_id;
}

static int sys_env_set_status(envid_t envid, int status)
{
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if ((status != ENV_RUNNABLE && status != ENV_NOT_RUNNABLE) || e->env_ipc_recving)
		return -E_INVAL;

	if (status == ENV_NOT_RUNNABLE && e->env_status != ENV_NOT_RUNNABLE) {
		env_take_off_cpu(e);
		env_set_state(e, ENV_NOT_RUNNABLE);
	} else if (status == ENV_RUNNABLE && e->env_status == ENV_NOT_RUNNABLE) {
		env_set_state(e, ENV_RUNNABLE);
	}
	return 0;
}

static int sys_env_set_trapframe(envid_t envid, struct Trapframe *tf)
{
	struct Trapframe new;
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if (user_mem_check(curenv, tf, sizeof(new), 0) < 0)
		return -E_FAULT;
	user_mem_read(curenv, &new, tf, sizeof(new));
	trapframe_force_user(&new);

	env_take_off_cpu(e);
	e->env_tf = new;
	// The caller's own eax is part of what it asked for.
	return e == curenv ? NO_RESULT : 0;
}

static int sys_env_set_pgfault_upcall(envid_t envid, void *upcall)
{
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	e->env_pgfault_upcall = upcall;
	return 0;
}

// ---- Memory ----

static int sys_page_alloc(envid_t envid, void *va, int perm)
{
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if (!user_page_ok(va) || !user_perm_ok(perm))
		return -E_INVAL;

	struct PageInfo *pp = page_alloc(ALLOC_ZERO);
	if (!pp)
		return -E_NO_MEM;
	r = page_insert(e->env_pgdir, pp, va, perm);
	if (r < 0)
		page_free(pp);
	return r;
}

static int sys_page_map(envid_t srcid, void *srcva, envid_t dstid, void *dstva, int perm)
{
	struct Env *src, *dst;
	struct PageInfo *pp;
	int r = envid2env(srcid, &src, true);

	if (r == 0)
		r = envid2env(dstid, &dst, true);
	if (r == 0)
		r = user_page_ok(dstva) ? shareable_page(src, srcva, perm, &pp) : -E_INVAL;
	if (r < 0)
		return r;
	return page_insert(dst->env_pgdir, pp, dstva, perm);
}

static int sys_page_unmap(envid_t envid, void *va)
{
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if (!user_page_ok(va))
		return -E_INVAL;
	page_remove(e->env_pgdir, va);
	return 0;
}

// ---- Messages ----

static int sys_ipc_try_send(envid_t envid, uint32_t value, void *srcva, int perm)
{
	struct Env *to;
	struct PageInfo *pp = NULL;
	int r = envid2env(envid, &to, false);

	if (r < 0)
		return r;
	if ((uintptr_t) srcva < UTOP) {
		r = shareable_page(curenv, srcva, perm, &pp);
		if (r < 0)
			return r;
	}
	if (!to->env_ipc_recving)
		return -E_IPC_NOT_RECV;

	bool with_page = pp && (uintptr_t) to->env_ipc_dstva < UTOP;
	if (with_page) {
		r = page_insert(to->env_pgdir, pp, to->env_ipc_dstva, perm);
		if (r < 0)
			return r;
	}
	to->env_ipc_recving = false;
	to->env_ipc_value = value;
	to->env_ipc_from = curenv->env_id;
	to->env_ipc_perm = with_page ? perm : 0;
	env_set_state(to, ENV_RUNNABLE);
	return 0;
}

static int sys_ipc_recv(void *dstva)
{
	if ((uintptr_t) dstva < UTOP && !user_page_ok(dstva))
		return -E_INVAL;
	curenv->env_ipc_recving = true;
	curenv->env_ipc_dstva = dstva;
	env_set_state(curenv, ENV_NOT_RUNNABLE);
	return 0;
}

// ---- Dispatch ----

// Call handler sys_NAME for number SYS_NAME.
#define CALL(name, ...)                                                                            \
	case SYS_##name:                                                                           \
		return sys_##name(__VA_ARGS__)

static int32_t call(uint32_t number, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
		    uint32_t a5)
{
	switch (number) {
		CALL(cputs, (const char *) a1, a2);
		CALL(cgetc);
		CALL(getenvid);
		CALL(env_destroy, a1);
		CALL(page_alloc, a1, (void *) a2, a3);
		CALL(page_map, a1, (void *) a2, a3, (void *) a4, a5);
		CALL(page_unmap, a1, (void *) a2);
		CALL(exofork);
		CALL(env_set_status, a1, a2);
		CALL(env_set_trapframe, a1, (struct Trapframe *) a2);
		CALL(env_set_pgfault_upcall, a1, (void *) a2);
		CALL(yield);
		CALL(ipc_try_send, a1, a2, (void *) a3, a4);
		CALL(ipc_recv, (void *) a1);
	default:
		return -E_INVAL;
	}
}

void syscall_dispatch(struct Env *e)
{
	const struct PushRegs *regs = &e->env_tf.tf_regs;
	int32_t result = call(regs->reg_eax, regs->reg_edx, regs->reg_ecx, regs->reg_ebx,
			      regs->reg_edi, regs->reg_esi);

	if (result != NO_RESULT && curenv == e)
		e->env_tf.tf_regs.reg_eax = result;
}

// The system calls (contracts: inc/lib.h). Each of them checks all its arguments before it changes
// anything. The caller is curenv. Needs the kernel lock.

#include <kern/syscall.h>

#include <inc/assert.h>
#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/syscall.h>
#include <inc/x86.h>

#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/envstate.h>
#include <kern/fpu.h>
#include <kern/ipc.h>
#include <kern/pmap.h>
#include <kern/trapframe.h>

enum { CPUTS_STEP = 1024 }; // how many bytes sys_cputs prints at most

// ---- Checks ----

//{ Exercise 7, helpers: check the arguments of the calls below
static bool user_page_ok(const void *va)
{
	return (uintptr_t) va >= UMIN && (uintptr_t) va < UTOP && PGOFF(va) == 0;
}

static bool user_perm_ok(int perm)
{
	return (perm & (PTE_U | PTE_P)) == (PTE_U | PTE_P) && (perm & ~PTE_SYSCALL) == 0;
}

// Find the page-table entry of the page that e has at va, and store its address in *store. e must
// be allowed to share that page with rights perm. Returns 0, or
//	-E_INVAL
static inline int shareable_page(struct Env *e, void *va, int perm, pte_t **store)
{
	if (!user_page_ok(va) || !user_perm_ok(perm))
		return -E_INVAL;
	pte_t *pte = pte_of(e->env_pgdir, va);
	if (!pte || !(*pte & PTE_P) || ((perm & PTE_W) && !(*pte & PTE_W)))
		return -E_INVAL;
	*store = pte;
	return 0;
}
//}

// ---- Console ----

// Prints at most CPUTS_STEP bytes and returns how many, so that other CPUs do not have to wait for
// the lock for long. The library then calls again.
static int sys_cputs(const char *s, size_t len)
{
	char text[CPUTS_STEP];

	if (!user_mem_assert(curenv, s, len, 0))
		return 0; // the caller is gone
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
	//{ Exercise 7: make a child with our registers, in which this returns 0
	struct Env *child;
	int r = env_alloc(&child, curenv->env_id);

	if (r < 0)
		return r;
	fpu_copy(child);
	child->env_tf = curenv->env_tf;
	child->env_tf.tf_regs.reg_eax = 0;
	return child->env_id;
	//}
}

static int sys_env_set_status(envid_t envid, int status)
{
	//{ Exercise 7: make an env runnable, or stop it
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if ((status != ENV_RUNNABLE && status != ENV_NOT_RUNNABLE) || e->env_ipc_recving)
		return -E_INVAL;

	// An env that waits to send becomes runnable when its message has been received.
	if (status == ENV_RUNNABLE && e->env_status == ENV_NOT_RUNNABLE && !e->env_sending_to)
		env_set_state(e, ENV_RUNNABLE);
	if (status == ENV_NOT_RUNNABLE) {
		env_interrupt(e);
		if (e->env_status != ENV_NOT_RUNNABLE)
			env_set_state(e, ENV_NOT_RUNNABLE);
	}
	return 0;
	//}
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

	env_interrupt(e);
	e->env_tf = new;
	// What this returns is stored in the caller's eax, which it has just set itself.
	return e == curenv ? new.tf_regs.reg_eax : 0;
}

static int sys_env_set_pgfault_upcall(envid_t envid, void *upcall)
{
	//{ Exercise 8: set the env's page-fault entry point
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	e->env_pgfault_upcall = upcall;
	return 0;
	//}
}

// ---- Memory ----

static int sys_page_alloc(envid_t envid, void *va, int perm)
{
	//{ Exercise 7: map a new page, filled with zeros
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
	//}
}

//{ Exercise 7, helper: map one page, for several of the calls below
// Map the page that src has at srcva also at dstva in dst. Returns 0, or
//	-E_INVAL, -E_NO_MEM
static inline int map_page(struct Env *src, void *srcva, struct Env *dst, void *dstva, int perm)
{
	pte_t *pte;
	int r = user_page_ok(dstva) ? shareable_page(src, srcva, perm, &pte) : -E_INVAL;

	if (r == 0)
		r = page_insert(dst->env_pgdir, pte_page(*pte), dstva, perm);
	return r;
}
//}

static int sys_page_map(envid_t srcid, void *srcva, envid_t dstid, void *dstva, int perm)
{
	//{ Exercise 7: map a page of one env in another one
	struct Env *src, *dst;
	int r = envid2env(srcid, &src, true);

	if (r == 0)
		r = envid2env(dstid, &dst, true);
	return r < 0 ? r : map_page(src, srcva, dst, dstva, perm);
	//}
}

//{ Exercise 7, helper: the limit of sys_page_share
// How many pages it maps at most, so that other CPUs do not have to wait for the lock for long.
enum { RUN_STEP = 256 };
//}

static int sys_page_share(envid_t srcid, char *srcva, envid_t dstid, char *dstva, uint32_t run)
{
	//{ Exercise 7: a challenge, map several pages in one call
	struct Env *src, *dst;
	uint32_t n = 0, count = MIN(run / PGSIZE, (uint32_t) RUN_STEP);
	int perm = run % PGSIZE, r = envid2env(srcid, &src, true);

	if (r == 0)
		r = envid2env(dstid, &dst, true);
	if (r == 0 && count == 0)
		r = -E_INVAL;
	while (r == 0 && n < count) {
		r = map_page(src, srcva, dst, dstva, perm);
		if (r == 0) {
			page_set_rights(src->env_pgdir, srcva, perm);
			n++;
		}
		srcva += PGSIZE;
		dstva += PGSIZE;
	}
	return n > 0 ? (int) n : r;
	//}
}

static int sys_page_copy(void *srcva, envid_t dstid, void *dstva, int perm)
{
	//{ Exercise 7: a challenge, allocate, copy and map in one call
	struct Env *self = curenv, *dst;
	int r = envid2env(dstid, &dst, true);

	if (r < 0)
		return r;
	if (!user_page_ok(srcva) || !user_page_ok(dstva) || !user_perm_ok(perm))
		return -E_INVAL;
	pte_t *pte = pte_of(self->env_pgdir, srcva);
	if (!pte || !(*pte & PTE_P))
		return -E_INVAL;

	struct PageInfo *pp = pte_page(*pte);
	if (pp->pp_ref == 1 && dst == self && dstva == srcva) {
		page_set_rights(self->env_pgdir, srcva, perm);
		return 0;
	}
	struct PageInfo *copy = page_alloc(0);
	if (!copy)
		return -E_NO_MEM;
	rep_movsl(page2kva(copy), page2kva(pp), PGSIZE / 4);
	r = page_insert(dst->env_pgdir, copy, dstva, perm);
	if (r < 0)
		page_free(copy);
	return r;
	//}
}

static int sys_page_unmap(envid_t envid, void *va)
{
	//{ Exercise 7: unmap a page
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if (!user_page_ok(va))
		return -E_INVAL;
	page_remove(e->env_pgdir, va);
	return 0;
	//}
}

// ---- Messages ----

//{ Exercise 15, helper: check the arguments of both calls that send
// Check the arguments of a call that sends. Store the receiver in *to, and in *pp the frame to be
// sent, or NULL if there is none. Returns 0, or
//	-E_BAD_ENV, -E_INVAL
static inline int check_message(struct Env *self, envid_t envid, void *srcva, int perm,
				struct Env **to, struct PageInfo **pp)
{
	int r = envid2env(envid, to, false);

	*pp = NULL;
	if (r == 0 && (uintptr_t) srcva < UTOP) {
		pte_t *pte;
		r = shareable_page(self, srcva, perm, &pte);
		if (r == 0)
			*pp = pte_page(*pte);
	}
	return r;
}
//}

static int sys_ipc_try_send(envid_t envid, uint32_t value, void *srcva, int perm)
{
	//{ Exercise 15: send to an env that waits in sys_ipc_recv
	struct Env *self = curenv, *to;
	struct PageInfo *pp;
	int r = check_message(self, envid, srcva, perm, &to, &pp);

	if (r == 0)
		r = to->env_ipc_recving ? ipc_deliver(to, self, value, pp, perm) : -E_IPC_NOT_RECV;
	if (r == 0)
		env_set_state(to, ENV_RUNNABLE);
	return r;
	//}
}

static int sys_ipc_send(envid_t envid, uint32_t value, void *srcva, int perm)
{
	//{ Exercise 15: a challenge, wait for the receiver in the kernel
	struct CpuInfo *cpu = thiscpu;
	struct Env *self = cpu->cpu_env, *to;
	struct PageInfo *pp;
	int r = check_message(self, envid, srcva, perm, &to, &pp);

	if (r < 0)
		return r;
	if (!to->env_ipc_recving) {
		ipc_wait_to_send(self, to, value, pp, perm);
	} else {
		r = ipc_deliver(to, self, value, pp, perm);
		if (r < 0)
			return r;
		env_set_state(to, ENV_RUNNABLE);
		cpu->cpu_next = to;
	}
	return r;
	//}
}

static inline int sys_ipc_recv(void *dstva)
{
	//{ Exercise 15: wait for a message
	if ((uintptr_t) dstva < UTOP && !user_page_ok(dstva))
		return -E_INVAL;

	struct Env *self = curenv;
	self->env_ipc_recving = true;
	self->env_ipc_dstva = dstva;
	if (!self->env_last_sender || !ipc_take(self))
		env_set_state(self, ENV_NOT_RUNNABLE);
	return 0;
	//}
}

//{ Exercise 15, helper: a challenge, for what follows
// Whether the current env may hand its CPU to `to': its turn goes on, and nobody else can run.
static inline bool may_hand_over(const struct CpuInfo *cpu, const struct Env *to)
{
	return !run_queue.summary && !spent_queue.summary && !cpu->cpu_resched &&
	       !cpu->cpu_env->env_last_sender && to->env_time_left >= 0;
}
//}

static int sys_ipc_send_recv(envid_t envid, uint32_t value, void *srcva, int perm, void *dstva)
{
	//{ Exercise 15: a challenge, send and wait for the answer in one call
	struct CpuInfo *cpu = thiscpu;
	struct Env *self = cpu->cpu_env, *to;
	struct PageInfo *pp;
	int r = check_message(self, envid, srcva, perm, &to, &pp);

	if (r == 0 && (uintptr_t) dstva < UTOP && !user_page_ok(dstva))
		r = -E_INVAL;
	if (r == 0)
		r = to->env_ipc_recving ? ipc_deliver(to, self, value, pp, perm) : -E_IPC_NOT_RECV;
	if (r < 0)
		return r;
	bool hand_over = may_hand_over(cpu, to);
	if (!hand_over) {
		env_set_state(to, ENV_RUNNABLE);
		cpu->cpu_next = to;
	}
	sys_ipc_recv(dstva);
	if (hand_over) {
		env_set_state(to, ENV_RUNNING);
		env_switch(cpu, to);
		cpu->cpu_last = to;
		cpu->cpu_resched = false;
	}
	return 0;
	//}
}

// ---- Dispatch ----

// The registers of the arguments.
#define A1 regs->reg_edx
#define A2 regs->reg_ecx
#define A3 regs->reg_ebx
#define A4 regs->reg_edi
#define A5 regs->reg_esi

// For each call, the arguments of its function.
#define CALLS(CALL)                                                                                \
	CALL(cputs, (const char *) A1, A2)                                                         \
	CALL(cgetc)                                                                                \
	CALL(getenvid)                                                                             \
	CALL(env_destroy, A1)                                                                      \
	CALL(page_alloc, A1, (void *) A2, A3)                                                      \
	CALL(page_map, A1, (void *) A2, A3, (void *) A4, A5)                                       \
	CALL(page_unmap, A1, (void *) A2)                                                          \
	CALL(exofork)                                                                              \
	CALL(env_set_status, A1, A2)                                                               \
	CALL(env_set_trapframe, A1, (struct Trapframe *) A2)                                       \
	CALL(env_set_pgfault_upcall, A1, (void *) A2)                                              \
	CALL(yield)                                                                                \
	CALL(ipc_try_send, A1, A2, (void *) A3, A4)                                                \
	CALL(ipc_recv, (void *) A1)                                                                \
	CALL(ipc_send, A1, A2, (void *) A3, A4)                                                    \
	CALL(page_share, A1, (void *) A2, A3, (void *) A4, A5)                                     \
	CALL(page_copy, (void *) A1, A2, (void *) A3, A4)                                          \
	CALL(ipc_send_recv, A1, A2, (void *) A3, A4, (void *) A5)

#define WITH_REGISTERS(name, ...)                                                                  \
	static IN_REGISTERS int32_t call_##name(const struct PushRegs *regs)                       \
	{                                                                                          \
		return sys_##name(__VA_ARGS__);                                                    \
	}
CALLS(WITH_REGISTERS)

#define COUNT(...) +1
_Static_assert(CALLS(COUNT) == NSYSCALLS, "each call of inc/syscall.h needs a line in CALLS");

#define ENTRY(name, ...) [SYS_##name] = call_##name,
SystemCall *const syscalls[NSYSCALLS] = {CALLS(ENTRY)};

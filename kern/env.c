// Environments: making them, taking them off their CPU, destroying them. Needs the kernel lock.

#include <kern/env.h>

#include <inc/assert.h>
#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/envstate.h>
#include <kern/fpu.h>
#include <kern/ipc.h>
#include <kern/kdebug.h>
#include <kern/kernellock.h>
#include <kern/kick.h>
#include <kern/load.h>
#include <kern/pmap.h>
#include <kern/programtable.h>
#include <kern/trace.h>
#include <kern/trapframe.h>

#define ENVGENSHIFT 12 // where the generation begins in an env id

static struct Env *env_free_list;

// All segments are flat, 4 GB long; what programs may access is decided by paging. The descriptors
// of the task state segments are filled in by trap_init_percpu and double_fault_init.
struct Segdesc gdt[GD_DOUBLE_FAULT(NCPU) >> 3] = {
	SEG_NULL,
	[GD_KT >> 3] = SEG_FLAT(STA_X | STA_R, 0),
	[GD_KD >> 3] = SEG_FLAT(STA_W, 0),
	[GD_UT >> 3] = SEG_FLAT(STA_X | STA_R, 3),
	[GD_UD >> 3] = SEG_FLAT(STA_W, 3),
};

void env_init_percpu(void)
{
	struct Pseudodesc gdtr = {sizeof(gdt) - 1, (uintptr_t) gdt};

	lgdt(&gdtr);
	load_segments(GD_KT, GD_KD, GD_UD | 3);
	lldt(0);
}

void env_init(void)
{
	for (int i = NENV - 1; i >= 0; i--) {
		envs[i].env_link = env_free_list;
		env_free_list = &envs[i];
	}
	for (int i = 0; i < NCPU; i++)
		cpus[i].cpu_last = &envs[NENV - 1]; // each CPU's first round begins with envs[0]
}

int env_free_count(void)
{
	int n = 0;

	for (struct Env *e = env_free_list; e && n <= NENV; e = e->env_link)
		n++;
	return n;
}

// The envs that have ended and still have memory: the one that ended last comes first.
static struct Env *dying;

// Whether there may be envs that are stopped and have lost their parent.
static bool orphans;

// Whether e had a parent, which has ended.
static bool has_lost_parent(const struct Env *e)
{
	const struct Env *parent = &envs[ENVX(e->env_parent_id)];

	return e->env_parent_id &&
	       (parent->env_id != e->env_parent_id || parent->env_status == ENV_FREE ||
		parent->env_status == ENV_DYING);
}

// ---- Taking an env off its CPU ----

// Return the length of the breakpoint instruction that e has executed last: `int3', or `int' with
// the number 3.
static int breakpoint_size(struct Env *e)
{
	const uint8_t *last = user_mem_kva(e, (uint8_t *) e->env_tf.tf_eip - 1, 0);

	return last && *last == 3 ? 2 : 1;
}

// Take e, which runs on another CPU, away from it.
static void take_off_cpu(struct Env *e)
{
	struct CpuInfo *cpu = &cpus[e->env_cpunum];

	assert(cpu->cpu_env == e);
	cpu_kick_out(cpu);
	env_charge(cpu, e);
	env_set_state(e, ENV_RUNNABLE);
	cpu->cpu_env = NULL;     // [K8]
	cpu->cpu_resched = true; // [K19]

	// That CPU may have a trap of e to handle, and wait for the lock. It will not handle the
	// trap, so e must execute the instruction again. After a fault eip points to it; after `int
	// n' and `int3' eip points to the next one and is moved back.
	if (e->env_tf.tf_trapno == T_SYSCALL)
		e->env_tf.tf_eip -= SYSCALL_SIZE;
	else if (e->env_tf.tf_trapno == T_BRKPT)
		e->env_tf.tf_eip -= breakpoint_size(e);
}

void env_interrupt(struct Env *e)
{
	assert(kernel_locked());
	if (e->env_status == ENV_RUNNING && e != curenv)
		take_off_cpu(e);
	ipc_cancel_send(e);
	orphans |= has_lost_parent(e); // it may be about to be stopped
}

// ---- Making envs ----

// Give e a page directory: nothing is mapped below UTOP, the entries above are the kernel's.
// Returns 0, or
//	-E_NO_MEM
static int env_setup_vm(struct Env *e)
{
	struct PageInfo *pp = page_alloc(ALLOC_ZERO);

	if (!pp)
		return -E_NO_MEM;
	pp->pp_ref++;
	e->env_pgdir = page2kva(pp);
	memcpy(e->env_pgdir + PDX(UTOP), kern_pgdir + PDX(UTOP),
	       (NPDENTRIES - PDX(UTOP)) * sizeof(pde_t));
	e->env_pgdir[PDX(UVPT)] = page2pa(pp) | PTE_P | PTE_U;
	return 0;
}

// Return the id of the next env in slot e. It has the next generation; the one after the largest
// that keeps the id positive is 1.
static envid_t next_id(const struct Env *e)
{
	uint32_t generation = ((uint32_t) e->env_id >> ENVGENSHIFT) + 1;

	if (generation > (uint32_t) INT32_MAX >> ENVGENSHIFT)
		generation = 1;
	return generation << ENVGENSHIFT | (e - envs);
}

int env_alloc(struct Env **store, envid_t parent_id)
{
	struct Env *e = env_free_list;

	assert(kernel_locked());
	if (!e)
		return -E_NO_FREE_ENV;
	if (env_setup_vm(e) < 0)
		return -E_NO_MEM;
	if (fpu_alloc(e) < 0) {
		page_decref(pa2page(PADDR(e->env_pgdir)));
		e->env_pgdir = NULL;
		return -E_NO_MEM;
	}
	env_free_list = e->env_link;
	if (parent_id)
		envs[ENVX(parent_id)].env_children++;

	e->env_link = NULL;
	e->env_id = next_id(e);
	e->env_parent_id = parent_id;
	e->env_type = ENV_TYPE_USER;
	e->env_runs = 0;
	e->env_time_left = tick_length;
	if (curenv) // nothing in this round (kern/sched.c)
		e->env_time_left = MIN(curenv->env_time_left, 0) - 1;
	e->env_pgfault_upcall = NULL;
	e->env_ipc_recving = false;
	e->env_ipc_dstva = NULL;
	e->env_ipc_value = e->env_ipc_from = e->env_ipc_perm = 0; // not those of another env
	e->env_last_sender = e->env_sending_to = e->env_next_sender = NULL;
	e->env_send_value = e->env_send_perm = 0;
	e->env_send_page = NULL;
	// Its parent's program, unless program_load gives it another one.
	e->env_program = curenv ? curenv->env_program : NULL;
	e->env_stepping = curenv && curenv->env_stepping != ENV_STEP_NEVER ? ENV_STEP_EARLIER
									   : ENV_STEP_NEVER;
	e->env_children = e->env_freed = 0;
	memset(&e->env_tf, 0, sizeof(e->env_tf));
	e->env_tf.tf_esp = USTACKTOP;
	trapframe_force_user(&e->env_tf);
	env_set_state(e, ENV_NOT_RUNNABLE);
	trace_env(TRACE_NEW, e, ENVX(parent_id ? parent_id : e->env_id));

	cprintf("[%08x] new env %08x\n", curenv ? curenv->env_id : 0, e->env_id);
	*store = e;
	return 0;
}

int env_create(const struct Program *program, const char *command, enum EnvType type)
{
	struct Env *e;
	int r;

	if (!program_loadable(program, command))
		return -E_INVAL;
	if ((r = env_alloc(&e, 0)) < 0)
		return r;
	e->env_type = type;
	r = program_load(program, command, e);
	if (r < 0)
		env_destroy(e);
	else
		env_set_state(e, ENV_RUNNABLE);
	return r;
}

// ---- The end of an env ----

// An env that ends is taken apart in steps of about the same length, so that an env with very much
// memory, or many children, does not keep the kernel from others.

enum { STEPS = 64 }; // at a time

// Drop the frames that the next page table of e names. Returns false when there is none.
static bool free_table(struct Env *e)
{
	uint32_t i = e->env_freed;

	while (i < PDX(UTOP) && !(e->env_pgdir[i] & PTE_P))
		i++;
	e->env_freed = i + 1;
	if (i >= PDX(UTOP))
		return false;

	struct PageInfo *frame = pte_page(e->env_pgdir[i]);
	pte_t *table = page2kva(frame);
	pte_t *pte = table, *end = table + NPTENTRIES;
	while ((pte = (pte_t *) repe_scasl(pte, 0, end)) < end) {
		page_decref(pte_page(*pte)); // [K22]
		*pte++ = 0;
	}
	if (!e->env_pgdir_is_loaded) {
		assert(pa2page(PADDR(e->env_pgdir))->pp_ref == 1);
		e->env_pgdir[i] = 0;
		page_decref(frame);
	}
	return true;
}

// Let e, which has no memory below UTOP any more, be a free slot.
static void free_slot(struct Env *e)
{
	struct PageInfo *dir = pa2page(PADDR(e->env_pgdir));

	// If there are page tables left, the last CPU that unloads the directory frees them.
	if (--dir->pp_ref == 0) // [K23]
		e->env_pgdir_is_loaded ? pgdir_free(dir) : page_free(dir);
	e->env_pgdir = NULL;
	fpu_free(e);
	if (e->env_parent_id && !has_lost_parent(e))
		envs[ENVX(e->env_parent_id)].env_children--;
	env_set_state(e, ENV_FREE);
	e->env_link = env_free_list;
	env_free_list = e;
}

// End e, which runs on no other CPU.
static void end(struct Env *e)
{
	ipc_refuse_senders(e);
	env_set_state(e, ENV_DYING);
	trace_env(TRACE_END, e, 0);
	cprintf("[%08x] free env %08x\n", curenv ? curenv->env_id : 0, e->env_id);
	if (e == curenv) {
		tlb_load(thiscpu, kern_pgdir); // [K21]
		curenv = NULL;
	}
	e->env_pgdir_is_loaded = pa2page(PADDR(e->env_pgdir))->pp_ref > 1;
	orphans |= e->env_children > 0;
	e->env_link = dying;
	dying = e;
}

// Find an env that nobody can start any more: it is stopped, or was never started, and its parent
// has ended. Returns NULL if there is none.
static struct Env *find_orphan(void)
{
	for (struct Env *e = envs; e < envs + NENV; e++)
		if (e->env_status == ENV_NOT_RUNNABLE && !e->env_ipc_recving &&
		    !e->env_sending_to && has_lost_parent(e))
			return e;
	return NULL;
}

// Do one step. Returns false if there is nothing to do.
static bool reap_step(void)
{
	struct Env *e = dying;

	if (e) {
		if (!free_table(e)) {
			dying = e->env_link;
			free_slot(e);
		}
	} else if (orphans) {
		e = find_orphan();
		if (e)
			end(e);
		orphans = e;
	}
	return e;
}

bool env_reap(void)
{
	assert(kernel_locked());
	for (int i = 0; i < STEPS; i++)
		if (!reap_step())
			return false;
	return true;
}

void env_destroy(struct Env *e)
{
	assert(kernel_locked());
	env_interrupt(e);
	end(e);
	env_reap();
}

// ---- Killing ----

bool env_has_failed;

enum {
	MAX_STACK = 16 * PTSIZE, // if esp is farther below a stack's top, it does not belong to it
	MAX_PUSH = 64,           // how far below esp an instruction, or a page fault, pushes
};

// If e, which had a fault at va, has used up its stack or its exception stack, say so.
static void tell_overflow(struct Env *e, uintptr_t va)
{
	uintptr_t esp = e->env_tf.tf_esp;
	bool exception = esp > USTACKTOP;
	uintptr_t top = exception ? UXSTACKTOP : USTACKTOP, end = top - PGSIZE;

	while (user_mem_kva(e, (void *) (end - PGSIZE), 0))
		end -= PGSIZE;
	if (va < end && va + MAX_PUSH >= esp && top - esp < MAX_STACK)
		cprintf("[%08x] %sstack overflow: esp is %08x, and the stack ends at %08x\n",
			e->env_id, exception ? "exception " : "", esp, end);
}

void env_kill(struct Env *e, uintptr_t va)
{
	print_user_backtrace(e);
	tell_overflow(e, va);
	env_has_failed |= e->env_parent_id == 0;
	env_destroy(e);
}

void env_kill_bad_memory(struct Env *e, uintptr_t va)
{
	cprintf("[%08x] user_mem_check assertion failure for va %08x\n", e->env_id, va);
	env_kill(e, va);
}

bool user_mem_assert(struct Env *env, const void *va, size_t len, int perm)
{
	if (user_mem_check(env, va, len, perm) == 0)
		return true;
	env_kill_bad_memory(env, user_mem_check_addr);
	return false;
}

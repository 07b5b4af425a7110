#include <kern/env.h>

#include <inc/assert.h>
#include <inc/elf.h>
#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/string.h>

#include <kern/fpu.h>
#include <kern/kdebug.h>
#include <kern/pmap.h>
#include <kern/programs.h>
#include <kern/sched.h>
#include <kern/spinlock.h>
#include <kern/trap.h>

#define ENVGENSHIFT 12 // where the generation begins in an env id

enum { MAX_COMMAND = 1024, MAX_ARGS = 16 }; // what a new env's stack page has room for

struct Env *envs;
static struct Env *env_free_list;

// Kernel and user see all 4 GB through flat segments; what the user may touch is up to paging.
// The task state segments are filled in by trap_init_percpu and double_fault_init.
struct Segdesc gdt[(GD_DOUBLE_FAULT >> 3) + 1] = {
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
}

int env_free_count(void)
{
	int n = 0;

	for (struct Env *e = env_free_list; e && n <= NENV; e = e->env_link)
		n++;
	return n;
}

int envid2env(envid_t id, struct Env **store, bool checkperm)
{
	struct Env *e = id ? &envs[ENVX(id)] : curenv;

	if (id && (e->env_id != id || e->env_status == ENV_FREE || e->env_status == ENV_DYING))
		return -E_BAD_ENV;
	if (checkperm && e != curenv && e->env_parent_id != curenv->env_id)
		return -E_BAD_ENV;
	*store = e;
	return 0;
}

// ---- States ----

void env_set_state(struct Env *e, unsigned status)
{
	// For each status, the ones it may turn into.
	static const uint8_t legal[] = {
		[ENV_FREE] = 1 << ENV_NOT_RUNNABLE,
		[ENV_DYING] = 1 << ENV_FREE,
		[ENV_RUNNABLE] = 1 << ENV_RUNNING | 1 << ENV_NOT_RUNNABLE | 1 << ENV_DYING,
		[ENV_RUNNING] = 1 << ENV_RUNNABLE | 1 << ENV_NOT_RUNNABLE | 1 << ENV_DYING,
		[ENV_NOT_RUNNABLE] = 1 << ENV_RUNNABLE | 1 << ENV_DYING,
	};
	unsigned old = e->env_status;

	assert(spin_holding(&kernel_lock));
	if (!(legal[old] & 1 << status))
		panic("env %08x cannot go from status %u to %u", e->env_id, old, status);

	e->env_status = status;
	if (old == ENV_RUNNABLE)
		sched_remove(e);
	if (status == ENV_RUNNABLE) {
		sched_add(e);
		cpu_wake_one();
	}
}

void env_take_off_cpu(struct Env *e)
{
	if (e->env_status != ENV_RUNNING || e == curenv)
		return;

	struct CpuInfo *cpu = &cpus[e->env_cpunum];
	assert(cpu->cpu_env == e);
	cpu_kick_out(cpu);
	cpu->cpu_env = NULL;
	env_set_state(e, ENV_RUNNABLE);

	// It may have entered the kernel on its own and be waiting for the lock. Faults come again
	// by themselves; `int n' and int3 have moved eip on and are put back.
	if (e->env_tf.tf_trapno == T_SYSCALL)
		e->env_tf.tf_eip -= 2;
	else if (e->env_tf.tf_trapno == T_BRKPT)
		e->env_tf.tf_eip -= 1;
}

// ---- Making envs ----

// Give e a page directory: nothing below UTOP, the kernel's entries above.
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

// The id for the next env in slot e: the next generation, starting over before the sign bit.
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

	if (!e)
		return -E_NO_FREE_ENV;
	if (env_setup_vm(e) < 0)
		return -E_NO_MEM;
	env_free_list = e->env_link;

	e->env_link = NULL;
	e->env_id = next_id(e);
	e->env_parent_id = parent_id;
	e->env_type = ENV_TYPE_USER;
	e->env_runs = 0;
	e->env_pgfault_upcall = NULL;
	e->env_ipc_recving = false;
	e->env_program = NULL;
	e->env_stepping = false;
	e->env_fpu = NULL;
	memset(&e->env_tf, 0, sizeof(e->env_tf));
	e->env_tf.tf_esp = USTACKTOP;
	trapframe_force_user(&e->env_tf);
	env_set_state(e, ENV_NOT_RUNNABLE);

	cprintf("[%08x] new env %08x\n", curenv ? curenv->env_id : 0, e->env_id);
	*store = e;
	return 0;
}

// ---- Loading programs ----

// Return the program headers of an ELF file, all of whose fields that we use make sense, or
// NULL.
static const struct Proghdr *elf_check(const uint8_t *file, size_t size)
{
	const struct Elf *elf = (const struct Elf *) file;

	if (size < sizeof(*elf) || elf->e_magic != ELF_MAGIC || elf->e_elf[0] != ELF_CLASS_32 ||
	    elf->e_elf[1] != ELF_DATA_LSB || elf->e_type != ELF_TYPE_EXEC ||
	    elf->e_machine != ELF_MACHINE_386 || elf->e_phentsize != sizeof(struct Proghdr) ||
	    elf->e_phoff % 4 != 0 || elf->e_phoff > size ||
	    elf->e_phnum > (size - elf->e_phoff) / sizeof(struct Proghdr))
		return NULL;

	const struct Proghdr *headers = (const struct Proghdr *) (file + elf->e_phoff);
	const uintptr_t limit = USTACKTOP - PGSIZE; // the stack is no place for a program
	bool entry_ok = false;
	for (const struct Proghdr *ph = headers; ph < headers + elf->e_phnum; ph++) {
		if (ph->p_type != ELF_PROG_LOAD)
			continue;
		if (ph->p_offset > size || ph->p_filesz > size - ph->p_offset ||
		    ph->p_filesz > ph->p_memsz || ph->p_va > limit ||
		    ph->p_memsz > limit - ph->p_va)
			return NULL;
		if ((ph->p_flags & ELF_PROG_FLAG_EXEC) && elf->e_entry - ph->p_va < ph->p_memsz)
			entry_ok = true;
	}
	return entry_ok ? headers : NULL;
}

// Make sure there is a page at va that the user may read, and write if perm has PTE_W. Returns
// its kernel address or NULL without memory.
static char *load_page(struct Env *e, uintptr_t va, int perm)
{
	pte_t *pte;
	struct PageInfo *pp = page_lookup(e->env_pgdir, (void *) va, &pte);

	if (pp) { // two segments meet in this page
		*pte |= perm;
		return page2kva(pp);
	}
	pp = page_alloc(ALLOC_ZERO);
	if (!pp)
		return NULL;
	if (page_insert(e->env_pgdir, pp, (void *) va, perm) < 0) {
		page_free(pp);
		return NULL;
	}
	return page2kva(pp);
}

// Load one segment, which elf_check has found good.
static int load_segment(struct Env *e, const uint8_t *file, const struct Proghdr *ph)
{
	int perm = PTE_U | (ph->p_flags & ELF_PROG_FLAG_WRITE ? PTE_W : 0);
	uintptr_t file_end = ph->p_va + ph->p_filesz, end = ph->p_va + ph->p_memsz;

	for (uintptr_t va = ph->p_va; va < end; va = ROUNDDOWN(va, PGSIZE) + PGSIZE) {
		char *page = load_page(e, ROUNDDOWN(va, PGSIZE), perm);
		if (!page)
			return -E_NO_MEM;
		if (va < file_end)
			memcpy(page + PGOFF(va), file + ph->p_offset + (va - ph->p_va),
			       MIN(file_end - va, PGSIZE - PGOFF(va)));
	}
	return 0;
}

// Make e's stack, with what lib/entry.S finds there. The words of command stand between colons.
//
//	USTACKTOP ->	+---------------------------+
//			| word for thisenv          |
//			| the words, terminated     |
//			| NULL                      |
//			| address of the last word  |
//			| ...                       |
//	argv ->		| address of the first word |
//			| argv                      |
//	tf_esp ->	| argc                      |
//			+---------------------------+
static int load_stack(struct Env *e, const char *command)
{
	size_t size = strlen(command) + 1, argc = 1;

	for (const char *p = command; *p; p++)
		argc += *p == ':';
	if (size > MAX_COMMAND || argc > MAX_ARGS)
		return -E_INVAL;
	char *page = load_page(e, USTACKTOP - PGSIZE, PTE_U | PTE_W);
	if (!page)
		return -E_NO_MEM;

	uintptr_t words_va = USTACKTOP - sizeof(uintptr_t) - ROUNDUP(size, 4);
	uintptr_t argv_va = words_va - (argc + 1) * sizeof(uint32_t);
	e->env_tf.tf_esp = argv_va - 2 * sizeof(uint32_t);

	char *words = page + PGOFF(words_va), *word = words;
	uint32_t *slot = (uint32_t *) (page + PGOFF(e->env_tf.tf_esp));
	memcpy(words, command, size);
	*slot++ = argc;
	*slot++ = argv_va;
	for (size_t i = 0; i < argc; i++) {
		*slot++ = words_va + (word - words);
		word = strfind(word, ':');
		*word++ = '\0';
	}
	*slot = 0;
	return 0;
}

int env_create(const struct Program *program, const char *command, enum EnvType type)
{
	const struct Elf *elf = (const struct Elf *) program->elf;
	const struct Proghdr *ph = elf_check(program->elf, program->elf_end - program->elf);
	struct Env *e;

	if (!ph)
		return -E_INVAL;
	int r = env_alloc(&e, 0);
	if (r < 0)
		return r;
	e->env_type = type;
	e->env_program = program;
	e->env_tf.tf_eip = elf->e_entry;
	for (int i = 0; i < elf->e_phnum && r == 0; i++)
		if (ph[i].p_type == ELF_PROG_LOAD)
			r = load_segment(e, program->elf, &ph[i]);
	if (r == 0)
		r = load_stack(e, command);
	if (r < 0)
		env_destroy(e);
	else
		env_set_state(e, ENV_RUNNABLE);
	return r;
}

// ---- The end of an env ----

// Drop every frame e has below UTOP, the page tables, and the page directory. A CPU may still
// have the directory loaded, and a reference to it.
static void env_free_vm(struct Env *e)
{
	for (size_t i = 0; i < PDX(UTOP); i++) {
		pde_t pde = e->env_pgdir[i];

		if (!(pde & PTE_P))
			continue;
		pte_t *table = KADDR(PTE_ADDR(pde));
		for (size_t j = 0; j < NPTENTRIES; j++)
			if (table[j] & PTE_P)
				page_decref(pa2page(PTE_ADDR(table[j])));
		e->env_pgdir[i] = 0;
		page_decref(pa2page(PTE_ADDR(pde)));
	}
	page_decref(pa2page(PADDR(e->env_pgdir)));
	e->env_pgdir = NULL;
}

void env_destroy(struct Env *e)
{
	env_take_off_cpu(e);
	env_set_state(e, ENV_DYING);
	cprintf("[%08x] free env %08x\n", curenv ? curenv->env_id : 0, e->env_id);

	if (e == curenv) {
		tlb_load(kern_pgdir);
		curenv = NULL;
	}
	env_free_vm(e);
	fpu_free(e);
	env_set_state(e, ENV_FREE);
	e->env_link = env_free_list;
	env_free_list = e;
}

void env_kill_bad_memory(struct Env *e, uintptr_t va)
{
	cprintf("[%08x] user_mem_check assertion failure for va %08x\n", e->env_id, va);
	print_user_backtrace(e);
	env_destroy(e);
}

// ---- Running ----

void env_run(struct Env *e)
{
	struct CpuInfo *cpu = thiscpu;
	struct Env *old = cpu->cpu_env;

	if (e != old) {
		if (old && old->env_status == ENV_RUNNING)
			env_set_state(old, ENV_RUNNABLE);
		cpu->cpu_env = e;
		cpu->cpu_last = e - envs;
		e->env_cpunum = cpu - cpus;
		e->env_runs++;
		env_set_state(e, ENV_RUNNING);
		tlb_load(e->env_pgdir);
		if (cpu->cpu_fpu_loaded)
			fpu_leave();
		// fs and gs are not part of an env's state; nobody shall see another's.
		load_fs_gs(GD_UD | 3);
	}
	// From the moment this CPU says so it must react to kicks, and does: interrupts come on
	// together with user mode.
	__atomic_store_n(&cpu->cpu_status, CPU_USER, __ATOMIC_RELEASE);
	unlock_kernel();
	trap_return(&e->env_tf);
}

// The audit: count references, free frames and envs again, and compare the results with what the
// kernel has noted. Needs the kernel lock.

#include <kern/audit.h>

#include <inc/assert.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/envstate.h>
#include <kern/kernellock.h>
#include <kern/pmap.h>

static int errors; // found by this audit

#define complain(...)                                                                              \
	do {                                                                                       \
		cprintf("audit: " __VA_ARGS__);                                                    \
		errors++;                                                                          \
	} while (0)

// ---- Frames ----

// Add n to the reference count of the frame at pa, for a reference held by `what' number `where'.
static void count(physaddr_t pa, int n, const char *what, uint32_t where)
{
	if (PGNUM(pa) >= npages)
		complain("%s %08x names frame %08x, which is not memory\n", what, where, pa);
	else
		pages[PGNUM(pa)].pp_ref += n;
}

// Count the page tables below UTOP that a directory names.
static void count_tables(const pde_t *pgdir, int n, const char *what, uint32_t where)
{
	for (size_t i = 0; i < PDX(UTOP); i++)
		if (pgdir[i] & PTE_P)
			count(PTE_ADDR(pgdir[i]), n, what, where);
}

// Whether an env, or a CPU before this one, has this page directory.
static bool counted_elsewhere(const pde_t *pgdir, int cpu)
{
	for (const struct Env *e = envs; e < envs + NENV; e++)
		if (e->env_status != ENV_FREE && e->env_pgdir == pgdir)
			return true;
	while (cpu-- > 0)
		if (cpus[cpu].cpu_pgdir == pgdir)
			return true;
	return false;
}

// The page directory that a CPU has loaded. If its env has ended, its page tables are still there.
static void count_loaded(int cpu, int n)
{
	const pde_t *pgdir = cpus[cpu].cpu_pgdir;

	if (!pgdir)
		return;
	count(PADDR(pgdir), n, "CPU", cpu);
	if (!counted_elsewhere(pgdir, cpu))
		count_tables(pgdir, n, "CPU", cpu);
}

static void count_kernel(int n)
{
	for (size_t i = PDX(UTOP); i < NPDENTRIES; i++)
		if ((kern_pgdir[i] & (PTE_P | PTE_PS)) == PTE_P && i != PDX(UVPT))
			count(PTE_ADDR(kern_pgdir[i]), n, "kernel page directory entry", i);
	for (int i = 0; i < ncpu; i++)
		count_loaded(i, n);
}

static void count_env(struct Env *e, int n)
{
	count(PADDR(e->env_pgdir), n, "env", e->env_id);
	if (e->env_fpu)
		count(PADDR(e->env_fpu), n, "env", e->env_id);
	if (e->env_sending_to && e->env_send_page)
		count(page2pa(e->env_send_page), n, "message from env", e->env_id);
	count_tables(e->env_pgdir, n, "env", e->env_id);
	for (size_t i = 0; i < PDX(UTOP); i++) {
		pde_t pde = e->env_pgdir[i];
		if (!(pde & PTE_P))
			continue;
		const pte_t *table = KADDR(PTE_ADDR(pde));
		for (size_t j = 0; j < NPTENTRIES; j++)
			if (table[j] & PTE_P)
				count(PTE_ADDR(table[j]), n, "env", e->env_id);
	}
}

// Add n to the count of every frame, for each reference to it.
static void count_all(int n)
{
	count_kernel(n);
	for (struct Env *e = envs; e < envs + NENV; e++)
		if (e->env_status != ENV_FREE)
			count_env(e, n);
}

// Subtract from each count the references that are found. Then the count of a reserved frame must
// be 1, that of any other frame 0. Add them again afterwards.
static void audit_references(void)
{
	count_all(-1);
	for (size_t i = 0; i < npages; i++) {
		int excess = pages[i].pp_ref - page_is_reserved(&pages[i]);
		if (excess != 0)
			complain("frame %08x counts %d references %s\n", i * PGSIZE,
				 excess > 0 ? excess : -excess,
				 excess > 0 ? "too many" : "too few");
	}
	count_all(1);
}

// Returns how many frames are on the free list.
static size_t audit_free_list(void)
{
	size_t unused = 0, listed = page_free_count();

	for (size_t i = 0; i < npages; i++)
		unused += pages[i].pp_ref == 0;
	if (listed != unused)
		complain("%u frames are on the free list, %u have no references\n", listed, unused);
	return listed;
}

// Above UTOP, only the entry at UVPT differs between an env's page directory and the kernel's.
static void audit_directory(struct Env *e)
{
	for (size_t i = PDX(UTOP); i < NPDENTRIES; i++) {
		pde_t want = i == PDX(UVPT) ? PADDR(e->env_pgdir) | PTE_U | PTE_P : kern_pgdir[i];
		if ((e->env_pgdir[i] ^ want) & ~(PTE_A | PTE_D))
			complain("env %08x has %08x in page directory entry %u, not %08x\n",
				 e->env_id, e->env_pgdir[i], i, want);
	}
}

// ---- Envs and CPUs ----

// No env waits to send to an env that waits for a message, and an env that waits to send is in the
// queue of its receiver.
static void audit_messages(const struct Env *e)
{
	const struct Env *to = e->env_sending_to, *sender = to ? to->env_last_sender : NULL;
	int n = 0;

	if (e->env_ipc_recving && (e->env_status != ENV_NOT_RUNNABLE || e->env_last_sender || to))
		complain("env %08x waits for a message with status %u\n", e->env_id, e->env_status);
	if (!to)
		return;
	while (sender && sender != e && n++ < NENV)
		sender = sender->env_next_sender;
	if (sender != e || e->env_status != ENV_NOT_RUNNABLE)
		complain("env %08x has status %u and waits to send to env %08x, but is not in "
			 "its queue or not stopped\n",
			 e->env_id, e->env_status, to->env_id);
}

static void audit_env(struct Env *e)
{
	bool running = false;

	for (int i = 0; i < ncpu; i++)
		if (cpus[i].cpu_env == e) {
			if (running || e->env_cpunum != i)
				complain("env %08x is on CPU %d and %d\n", e->env_id, e->env_cpunum,
					 i);
			running = true;
		}
	if (running != (e->env_status == ENV_RUNNING))
		complain("env %08x has status %u, but is %son a CPU\n", e->env_id, e->env_status,
			 running ? "" : "not ");
	bool runnable = e->env_status == ENV_RUNNABLE, spent = e->env_time_left < 0;
	if (queue_has(&run_queue, e) != (runnable && !spent) ||
	    queue_has(&spent_queue, e) != (runnable && spent))
		complain("env %08x (status %u, %d cycles left) is in the wrong queue\n", e->env_id,
			 e->env_status, e->env_time_left);
	if (e->env_status == ENV_FREE) {
		if (e->env_pgdir || e->env_fpu)
			complain("free env slot %u still has memory\n", e - envs);
		return;
	}
	if (e->env_status > ENV_NOT_RUNNABLE)
		complain("env %08x has status %u\n", e->env_id, e->env_status);
	if (e->env_id <= 0 || ENVX(e->env_id) != e - envs)
		complain("env %08x is in slot %u\n", e->env_id, e - envs);
	audit_messages(e);
	audit_directory(e);
}

bool audit(void)
{
	int live = 0;
	uint32_t runnable = 0;

	assert(kernel_locked());
	errors = 0;
	for (struct Env *e = envs; e < envs + NENV; e++) {
		audit_env(e);
		live += e->env_status != ENV_FREE;
		runnable += e->env_status == ENV_RUNNABLE;
	}
	if (env_free_count() != NENV - live)
		complain("%d envs are on the free list, %d are free\n", env_free_count(),
			 NENV - live);
	if (run_queue.count + spent_queue.count != runnable)
		complain("%u envs are in the run queues, %u are runnable\n",
			 run_queue.count + spent_queue.count, runnable);
	audit_references();
	size_t free = audit_free_list();
	if (errors == 0)
		cprintf("audit: %u frames free, %u used, %d environments: all agrees\n", free,
			npages - free, live);
	return errors == 0;
}

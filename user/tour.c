// A short tour of the system: several CPUs, copy-on-write fork, messages, user-level page faults
// and protection, a few lines each. Lines that start with [00001...] are the kernel's own.

#include "common.h"

#define WORKERS 4

#define PAGE    ((char *) 0x00a00000) // any page that is free

static volatile int number = 1;

// Children work at the same time and send the number of the CPU they run on.
static void show_cpus(void)
{
	envid_t self = sys_getenvid(), worker[WORKERS];
	int cpu[WORKERS], count = 1;
	uint32_t seen = 1U << thisenv->env_cpunum;

	cprintf("1. CPUs: I fork %d children and give them work.\n", WORKERS);
	for (int n = 0; n < WORKERS; n++) {
		if (fork_or_panic() == 0) {
			for (volatile int work = 0; work < 3000000; work = work + 1)
				;
			ipc_send(self, thisenv->env_cpunum, NULL, 0);
			exit();
		}
	}
	for (int n = 0; n < WORKERS; n++)
		cpu[n] = ipc_recv(&worker[n], NULL, NULL);
	for (int n = 0; n < WORKERS; n++)
		wait_for_end(worker[n]); // so that the kernel's lines come before ours

	for (int n = 0; n < WORKERS; n++) {
		cprintf("   Child %08x ran on CPU %d.\n", worker[n], cpu[n]);
		if (!(seen & (1U << cpu[n])))
			count++;
		seen |= 1U << cpu[n];
	}
	cprintf("   CPUs seen at work: %d (`make qemu CPUS=4' starts four).\n", count);
}

// A child changes its copy of a variable and sends its value, with a page that has a text.
static void show_fork_and_ipc(void)
{
	envid_t self = sys_getenvid(), child, sender;
	int value, rights;

	cprintf("2. Copy-on-write: my variable is %d; a child sets its copy to 2.\n", number);
	child = fork_or_panic();
	if (child == 0) {
		number = 2;
		if (sys_page_alloc(0, PAGE, RW) < 0)
			panic("no memory for the page to send");
		snprintf(PAGE, PGSIZE, "Greetings from env %08x!", sys_getenvid());
		ipc_send(self, number, PAGE, RW);
		exit();
	}
	value = ipc_recv(&sender, PAGE, &rights);
	wait_for_end(child);
	cprintf("   The child's copy is %d, mine is still %d.\n", value, number);

	cprintf("3. Messages: env %08x sent me the number %d and a page, which says:\n", sender,
		value);
	cprintf("   \"%s\"\n", rights != 0 ? PAGE : "(no page came)");
	sys_page_unmap(0, PAGE);
}

static void map_missing_page(struct UTrapframe *utf)
{
	void *page = (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE);

	cprintf("   My handler got a page fault at %08x and maps a page.\n", utf->utf_fault_va);
	if (sys_page_alloc(0, page, RW) < 0)
		panic("no memory for the page at %p", page);
}

// Write where no page is mapped, and let the handler map one.
static void show_page_fault(void)
{
	cprintf("4. Page faults: I write to %08x, where nothing is mapped.\n", (uintptr_t) PAGE);
	set_pgfault_handler(map_missing_page);
	strcpy(PAGE, "worked");
	cprintf("   The write went on as if nothing had happened: it %s.\n", PAGE);
}

// A child writes to the kernel's memory, without a page-fault handler.
static void show_protection(void)
{
	volatile uint32_t *volatile kernel = (volatile uint32_t *) (KERNBASE + EXTPHYSMEM);
	envid_t child;

	cprintf("5. Protection: a child writes to the kernel, which shows the fault and ends "
		"it.\n");
	child = fork_or_panic();
	if (child == 0) {
		sys_env_set_pgfault_upcall(0, NULL);
		*kernel = 0;
		panic("wrote to the kernel");
	}
	wait_for_end(child);
	cprintf("   Child %08x is gone, everything else runs on.\n", child);
}

void umain(int argc, char **argv)
{
	cprintf("Welcome! I am env %08x, an ordinary program on CPU %d.\n", thisenv->env_id,
		thisenv->env_cpunum);
	show_cpus();
	show_fork_and_ipc();
	show_page_fault();
	show_protection();
	cprintf("That was the tour (user/tour.c). Now the kernel monitor takes over; try\n"
		"   help    envs    run hello    run forktree    run pingpong\n");
}

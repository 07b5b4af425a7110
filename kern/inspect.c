// The monitor's command `inspect'. The kernel may be incompletely set up or have panicked, so this
// uses as little of it as possible. It needs the kernel lock, and reports it if that is not held.

#include <kern/inspect.h>

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/kernellock.h>
#include <kern/pmap.h>
#include <kern/trap.h>

static const char *part; // what is being checked
static bool all_right;   // no error has been found in it

// Unless `right', print what is wrong.
PRINTF_LIKE(2, 3) static void expect(bool right, const char *fmt, ...)
{
	va_list ap;

	if (right)
		return;
	all_right = false;
	cprintf("inspect: %s: FAIL ", part);
	va_start(ap, fmt);
	vcprintf(fmt, ap);
	va_end(ap);
	cprintf("\n");
}

// Return the entry for va in the kernel's page directory, 0 if there is none.
static pte_t entry(uintptr_t va)
{
	const pte_t *pte = pgdir_walk(kern_pgdir, (void *) va, false);

	return pte ? *pte : 0;
}

// ---- Device registers ----

// Map size bytes of device registers at pa and check the result. Returns the address after the last
// page mapped.
static uintptr_t inspect_mapping(physaddr_t pa, size_t size)
{
	uintptr_t va = (uintptr_t) mmio_map_region(pa, size), page = ROUNDDOWN(va, PGSIZE);
	physaddr_t frame = ROUNDDOWN(pa, PGSIZE);

	expect(PGOFF(va) == PGOFF(pa),
	       "mmio_map_region(%08x, %u) returns %08x, which is not the address of %08x", pa, size,
	       va, pa);
	expect(page >= MMIOBASE && va + size <= MMIOLIM,
	       "mmio_map_region(%08x, %u) returns %08x, not between MMIOBASE and MMIOLIM", pa, size,
	       va);
	for (; page < va + size; page += PGSIZE, frame += PGSIZE) {
		pte_t pte = entry(page);

		expect((pte & PTE_P) && PTE_ADDR(pte) == frame,
		       "mmio_map_region(%08x, %u): the entry for %08x is %08x, not for %08x", pa,
		       size, page, pte, frame);
		expect((pte & (PTE_W | PTE_U)) == PTE_W,
		       "the entry %08x of a device should have PTE_W and not PTE_U", pte);
		expect((pte & (PTE_PCD | PTE_PWT)) == (PTE_PCD | PTE_PWT),
		       "the entry %08x of a device lacks PTE_PCD or PTE_PWT: its registers are "
		       "cached",
		       pte);
	}
	return page;
}

// The addresses are only mapped, neither read nor written, so it does not matter what is there.
static void inspect_devices(void)
{
	static const struct {
		physaddr_t pa;
		size_t size;
	} regions[] = {
		{0xfd000000, PGSIZE},         // exactly a page
		{0xfd000010, 4},              // a part of a page
		{0xfd001000 - 8, 16},         // parts of two pages
		{0xfd002000 + 12, 2 * PGSIZE} // the size of two pages, but parts of three
	};
	uintptr_t end_of_last = 0;

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		uintptr_t start = end_of_last,
			  size = ROUNDUP(PGOFF(regions[i].pa) + regions[i].size, PGSIZE);

		end_of_last = inspect_mapping(regions[i].pa, regions[i].size);
		expect(start == 0 || end_of_last == start + size,
		       "mmio_map_region(%08x, %u) takes up to %08x: the free space began at %08x",
		       regions[i].pa, regions[i].size, end_of_last, start);
	}
}

// Map exactly what is left, and ask for a page more. If nothing is left, ask for nearly everything.
static void inspect_limit(void)
{
	size_t size = -2 * PGSIZE;

	if (!entry(MMIOLIM - PGSIZE)) {
		uintptr_t free = inspect_mapping(0xfd000000, PGSIZE);

		size = PGSIZE;
		cprintf("inspect: %s: it may end at MMIOLIM\n", part);
		inspect_mapping(0xfd000000, MMIOLIM - free);
	}
	cprintf("inspect: %s: mmio_map_region(fd000000, %u) has to panic\n", part, size);
	expect(false, "it returns %08x for %u bytes, which do not fit",
	       (uintptr_t) mmio_map_region(0xfd000000, size), size);
}

// ---- Memory ----

static void inspect_frames(void)
{
	size_t free = page_free_count(), unused = 0;

	for (physaddr_t pa = PGSIZE; pa < 0x80000 && all_right; pa += PGSIZE) {
		const struct PageInfo *pp = pa2page(pa);

		if (pa == MPENTRY_PADDR)
			expect(pp->pp_ref > 0, "frame %08x, where CPUs start, is not reserved", pa);
		else
			expect(!page_is_reserved(pp),
			       "frame %08x is reserved, but the kernel does not need it", pa);
	}
	for (size_t i = 0; i < npages; i++)
		unused += pages[i].pp_ref == 0;
	// If a self-check has panicked, it may have left only a few frames on the list.
	expect(free == unused || free < 4, "%u frames are on the free list, but %u are unused",
	       free, unused);
}

static void inspect_stacks(void)
{
	for (int cpu = 0; cpu < NCPU && all_right; cpu++) {
		uintptr_t top = KSTACKTOP_CPU(cpu);
		physaddr_t stack = PADDR(percpu_kstacks[cpu]);

		for (size_t off = 0; off < KSTKSIZE && all_right; off += PGSIZE) {
			pte_t pte = entry(top - KSTKSIZE + off);

			expect((pte & PTE_P) && PTE_ADDR(pte) == stack + off,
			       "CPU %d: the entry for %08x is %08x, not for %08x", cpu,
			       top - KSTKSIZE + off, pte, stack + off);
			expect(!(pte & PTE_P) || (pte & (PTE_W | PTE_U)) == PTE_W,
			       "CPU %d: the entry %08x of a stack should have PTE_W and not PTE_U",
			       cpu, pte);
		}
		// Below the last gap is no other stack.
		size_t gap = cpu < NCPU - 1 ? KSTKGAP : KSTKGAP + PGSIZE;
		for (size_t off = PGSIZE; off <= gap && all_right; off += PGSIZE)
			expect(!(entry(top - KSTKSIZE - off) & PTE_P),
			       "CPU %d: something is mapped at %08x, below the stack", cpu,
			       top - KSTKSIZE - off);
	}
}

// ---- Task state segments ----

static void inspect_segments(void)
{
	int self = cpunum();
	uint16_t selectors[NCPU];

	// Printing needs thiscpu, so only after the task register has been set back.
	for (int cpu = 0; cpu < NCPU; cpu++) {
		trap_init_percpu(cpu);
		selectors[cpu] = str_now();
	}
	trap_init_percpu(self);

	for (int cpu = 0; cpu < NCPU && all_right; cpu++) {
		const struct Taskstate *ts = &cpus[cpu].cpu_ts;
		uint16_t selector = GD_TSS0 + (cpu << 3);
		struct Segdesc d = gdt[selector >> 3];
		uintptr_t base =
			d.sd_base_15_0 | d.sd_base_23_16 << 16 | (uintptr_t) d.sd_base_31_24 << 24;

		expect(ts->ts_esp0 == KSTACKTOP_CPU(cpu),
		       "CPU %d: ts_esp0 is %08x, but its stack begins at %08x and goes down", cpu,
		       ts->ts_esp0, KSTACKTOP_CPU(cpu));
		expect(ts->ts_ss0 == GD_KD,
		       "CPU %d: ts_ss0 is %x, but the kernel's data segment is %x", cpu, ts->ts_ss0,
		       GD_KD);
		expect(selectors[cpu] == selector, "CPU %d: the task register has %x, not %x", cpu,
		       selectors[cpu], selector);
		expect(base == (uintptr_t) ts,
		       "CPU %d: gdt[%d] describes %08x, not its cpu_ts, %08x", cpu, selector >> 3,
		       base, (uintptr_t) ts);
		expect((d.sd_lim_19_16 << 16 | d.sd_lim_15_0) == sizeof(*ts) - 1,
		       "CPU %d: gdt[%d] describes %u bytes, but its cpu_ts has %u", cpu,
		       selector >> 3, (d.sd_lim_19_16 << 16 | d.sd_lim_15_0) + 1, sizeof(*ts));
		expect(ts->ts_iomb >= sizeof(*ts),
		       "CPU %d: ts_iomb is %u, which lets programs use I/O ports; it must be at "
		       "least %u",
		       cpu, ts->ts_iomb, sizeof(*ts));
	}
}

// ---- This CPU, now ----

static void inspect_lock(void)
{
	expect(kernel_locked(),
	       "CPU %d is in the kernel without the kernel lock: where should it have taken it?",
	       cpunum());
}

static void inspect_interrupts(void)
{
	struct Pseudodesc idtr;

	// The monitor sleeps only if it has to wait for a command. (The timer ends this sleep.)
	if (lapicaddr)
		sti_hlt_cli();
	expect(!(read_eflags() & FL_IF),
	       "they are on in the kernel: are they switched off after hlt?");
	sidt(&idtr);
	for (int irq = 0; irq < 16 && all_right; irq++)
		expect(((struct Gatedesc *) idtr.pd_base)[IRQ_OFFSET + irq].gd_p,
		       "there is no gate for interrupt request %d: kern/vectors.h has no line",
		       irq);
}

// ---- The command ----

static const struct Part {
	const char *name;
	void (*inspect)(void);
	bool needs_memory; // mem_init must have come to its end
	bool panics;       // it does if all is right, so only when asked for
} parts[] = {
	{"lock", inspect_lock, false, false},
	{"interrupts", inspect_interrupts, false, false},
	{"frames", inspect_frames, true, false},
	{"stacks", inspect_stacks, true, false},
	{"segments", inspect_segments, false, false},
	{"devices", inspect_devices, true, false},
	{"limit", inspect_limit, true, true},
};

static void inspect_part(const struct Part *p)
{
	part = p->name;
	all_right = true;
	if (p->needs_memory && !thiscpu->cpu_pgdir) {
		cprintf("inspect: %s: the kernel has stopped before\n", part);
		return;
	}
	p->inspect();
	if (all_right)
		cprintf("inspect: %s: OK\n", part);
}

void inspect(const char *name)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (name ? strcmp(name, parts[i].name) == 0 : !parts[i].panics) {
			inspect_part(&parts[i]);
			found = true;
		}
	}
	cprintf(found ? "inspect: done\n" : "'inspect' alone shows what parts there are.\n");
}

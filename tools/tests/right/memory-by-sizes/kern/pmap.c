// The size is rounded, and the offset in the page added at the end; the stacks from the last CPU on.

//{ Exercise 1: map device registers, after those mapped so far
	static uintptr_t base = MMIOBASE;
	size_t offset = pa & (PGSIZE - 1), pages = (offset + size + PGSIZE - 1) / PGSIZE;
	char *mapped = (char *) base;

	if (pages > (MMIOLIM - base) / PGSIZE)
		panic("device registers beyond MMIOLIM");
	base += pages * PGSIZE;
	boot_map_region(kern_pgdir, (uintptr_t) mapped, pages * PGSIZE, pa - offset,
			PTE_PCD | PTE_PWT | PTE_W);
	return mapped + offset;
//}

//{ Exercise 2: leave out the frame that other CPUs begin in
	add_free(MPENTRY_PADDR / PGSIZE + 1, low_end);
	add_free(1, MPENTRY_PADDR / PGSIZE);
	reserve(MPENTRY_PADDR / PGSIZE, MPENTRY_PADDR / PGSIZE + 1);
//}

//{ Exercise 3: map the stacks of all CPUs
	for (int left = NCPU; left-- > 0;) {
		uintptr_t top = KSTACKTOP - left * (KSTKSIZE + KSTKGAP);
		boot_map_region(kern_pgdir, top - KSTKSIZE, KSTKSIZE, PADDR(percpu_kstacks[left]),
				PTE_W);
	}
//}

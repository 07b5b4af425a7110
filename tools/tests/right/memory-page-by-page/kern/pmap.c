// Memory is mapped page by page, from the top of a range or its end.

//{ Exercise 1: map device registers, after those mapped so far
	static uintptr_t top = MMIOBASE;
	uintptr_t first = top;
	uint64_t end = (uint64_t) pa + size;

	for (uint64_t page = pa - PGOFF(pa); page < end; page += PGSIZE) {
		if (top >= MMIOLIM)
			panic("mmio_map_region: the range for devices is full");
		boot_map_region(kern_pgdir, top, PGSIZE, page, PTE_PWT | PTE_PCD | PTE_W);
		top += PGSIZE;
	}
	return (void *) (first | PGOFF(pa));
//}

//{ Exercise 2: leave out the frame that other CPUs begin in
	for (ppn_t n = low_end - 1; n >= 1; n--) {
		if (n == MPENTRY_PADDR / PGSIZE)
			reserve(n, n + 1);
		else
			add_free(n, n + 1);
	}
//}

//{ Exercise 3: map the stacks of all CPUs
	uintptr_t bottom = KSTACKTOP;

	for (int n = 0; n < NCPU; n++) {
		bottom -= KSTKSIZE;
		for (size_t at = 0; at < KSTKSIZE; at += PGSIZE)
			boot_map_region(kern_pgdir, bottom + at, PGSIZE,
					PADDR(&percpu_kstacks[n][at]), PTE_W);
		bottom -= KSTKGAP;
	}
//}

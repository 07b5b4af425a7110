// What a handout has in kern/pmap.c instead of solutions.

//{ Exercise 2: leave out the frame that other CPUs begin in
	without_exercise(2, "leave out the frame at MPENTRY_PADDR");
	add_free(1, low_end);
//}

//{ Exercise 3: map the stacks of all CPUs
	without_exercise(3, "map the stacks of all CPUs, not of CPU 0 only");
	boot_map_region(kern_pgdir, KSTACKTOP - KSTKSIZE, KSTKSIZE, PADDR(percpu_kstacks[0]),
			PTE_W);
//}

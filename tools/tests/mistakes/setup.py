"""Mistakes in exercises 1 to 5: device registers, frames, stacks, segments, the lock."""

MISTAKES = {
    "the registers' place in their page is not counted": (
        1, "devices", "takes up to|is 00000000, not for",
        "kern/pmap.c", "size = ROUNDUP(pa - start + size, PGSIZE);",
        "size = ROUNDUP(size, PGSIZE);"),
    "registers are cached": (
        1, "devices", "lacks PTE_PCD or PTE_PWT: its registers are cached",
        "kern/pmap.c", "start, PTE_W | PTE_PCD | PTE_PWT", "start, PTE_W"),
    "the size is rounded, the address is not": (
        1, "devices", r"assertion failed: .*PGOFF\(pa\) == 0(.*\n)*.*: mmio_map_region",
        "kern/pmap.c", "next, size, start, PTE_W", "next, size, pa, PTE_W"),
    "registers are mapped beyond the limit": (
        1, "limit", "it returns efc00000 for 4096 bytes, which do not fit",
        "kern/pmap.c", "	if (size > MMIOLIM - next)\n		panic(\"no room to map %u bytes of "
        "device registers\", size);\n", ""),
    "registers may not be mapped up to the limit": (
        1, "limit", "kernel panic(.*\n)*.*a region may end at MMIOLIM itself",
        "kern/pmap.c", "size > MMIOLIM - next", "next + size >= MMIOLIM"),
    "a size overflows, and is mapped beyond the limit": (
        1, "limit", "it returns efc00000 for 4294959104 bytes, which do not fit",
        "kern/pmap.c", "size > MMIOLIM - next", "next + size > MMIOLIM"),
    "registers are written late": (
        1, "devices", "lacks PTE_PCD or PTE_PWT: its registers are cached",
        "kern/pmap.c", "start, PTE_W | PTE_PCD | PTE_PWT", "start, PTE_W | PTE_PCD"),
    "registers are read-only": (
        1, "devices", "of a device should have PTE_W and not PTE_U",
        "kern/pmap.c", "start, PTE_W | PTE_PCD | PTE_PWT", "start, PTE_PCD | PTE_PWT"),
    "registers are there for programs": (
        1, "devices", "of a device should have PTE_W and not PTE_U",
        "kern/pmap.c", "start, PTE_W | PTE_PCD | PTE_PWT",
        "start, PTE_W | PTE_U | PTE_PCD | PTE_PWT"),
    "the same addresses are given again": (
        1, "devices", "takes up to ef801000: the free space began at ef801000",
        "kern/pmap.c", "	next += size;\n	return (void *) (next - size", "	return (void *) (next"),
    "a page too many is mapped": (
        1, "devices", "takes up to ef805000: the free space began at ef803000",
        "kern/pmap.c", "size = ROUNDUP(pa - start + size, PGSIZE);",
        "size = ROUNDUP(pa - start + size, PGSIZE) + PGSIZE;"),
    "the address of the page is returned": (
        1, "devices", "which is not the address of fd000010",
        "kern/pmap.c", "(next - size + (pa - start));", "(next - size);"),
    "the frame for other CPUs is given away": (
        2, "frames", "frame 00007000, where CPUs start, is not reserved",
        "kern/pmap.c", "	reserve(mpentry, mpentry + 1);\n	add_free(1, mpentry);",
        "	add_free(1, mpentry + 1);"),
    "that frame is neither reserved nor free": (
        2, "frames", "frame 00007000, where CPUs start, is not reserved",
        "kern/pmap.c", "	reserve(mpentry, mpentry + 1);\n", ""),
    "frames above it are lost": (
        2, "frames", "frames are on the free list, but .* are unused",
        "kern/pmap.c", "	add_free(mpentry + 1, low_end);\n", ""),
    "a frame below it is lost": (
        2, "frames", "frames are on the free list, but .* are unused",
        "kern/pmap.c", "	add_free(1, mpentry);", "	add_free(1, mpentry - 1);"),
    "a frame too many is reserved": (
        2, "frames", "frame 00008000 is reserved, but the kernel does not need it",
        "kern/pmap.c", "	add_free(mpentry + 1, low_end);\n	reserve(mpentry, mpentry + 1);",
        "	add_free(mpentry + 2, low_end);\n	reserve(mpentry, mpentry + 2);"),
    "an address is taken for a number": (
        2, "frames", "frame 00007000, where CPUs start, is not reserved",
        "kern/pmap.c", "PGNUM(MPENTRY_PADDR);", "MPENTRY_PADDR;"),
    "stacks begin where they should end": (
        3, "stacks", "CPU 0: the entry for efff8000 is 00000000, not for",
        "kern/pmap.c", "KSTACKTOP_CPU(cpu) - KSTKSIZE, KSTKSIZE,", "KSTACKTOP_CPU(cpu), KSTKSIZE,"),
    "the gap is mapped, too": (
        3, "stacks", "CPU 0: something is mapped at efff7000, below the stack",
        "kern/pmap.c", "KSTACKTOP_CPU(cpu) - KSTKSIZE, KSTKSIZE,\n				"
        "PADDR(percpu_kstacks[cpu])", "KSTACKTOP_CPU(cpu) - KSTKSIZE - KSTKGAP, "
        "KSTKSIZE + KSTKGAP,\n				PADDR(percpu_kstacks[cpu]) - KSTKGAP"),
    "there are no gaps": (
        3, "stacks", "CPU 0: something is mapped at efff7000, below the stack",
        "kern/pmap.c", "KSTACKTOP_CPU(cpu) - KSTKSIZE, KSTKSIZE,",
        "KSTACKTOP - (cpu + 1) * KSTKSIZE, KSTKSIZE,"),
    "stacks are read-only": (
        3, "stacks", "CPU 0: the entry .* of a stack should have PTE_W and not PTE_U",
        "kern/pmap.c", "PADDR(percpu_kstacks[cpu]), PTE_W", "PADDR(percpu_kstacks[cpu]), 0"),
    "stacks are there for programs": (
        3, "stacks", "CPU 0: the entry .* of a stack should have PTE_W and not PTE_U",
        "kern/pmap.c", "PADDR(percpu_kstacks[cpu]), PTE_W",
        "PADDR(percpu_kstacks[cpu]), PTE_W | PTE_U"),
    "stacks do not begin at a page": (
        3, "stacks", r"assertion failed: PGOFF\(va\) == 0",
        "kern/pmap.c", "KSTACKTOP_CPU(cpu) - KSTKSIZE, KSTKSIZE,",
        "KSTACKTOP_CPU(cpu) - KSTKSIZE + 4, KSTKSIZE,"),
    "only the CPUs that have been found have stacks": (
        3, "stacks", "CPU 1: the entry for effe8000 is 00000000, not for",
        "kern/pmap.c", "cpu < NCPU; cpu++)\n		boot", "cpu < ncpu; cpu++)\n		boot"),
    "there is a stack too many": (
        3, "stacks", "CPU 7: something is mapped at eff7f000, below the stack",
        "kern/pmap.c", "cpu < NCPU; cpu++)\n		boot", "cpu <= NCPU; cpu++)\n		boot"),
    "the kernel's address is taken for the physical one": (
        3, "stacks", r"CPU 0: the entry for efff8000 is f\w+, not for",
        "kern/pmap.c", "PADDR(percpu_kstacks[cpu]), PTE_W",
        "(uintptr_t) percpu_kstacks[cpu], PTE_W"),
    "all CPUs have the same stack": (
        3, "stacks", r"CPU 1: the entry for \w+ is \w+, not for",
        "kern/pmap.c", "PADDR(percpu_kstacks[cpu]), PTE_W", "PADDR(percpu_kstacks[0]), PTE_W"),
    "ts_esp0 is the wrong end of the stack": (
        4, "segments", r"CPU 0: ts_esp0 is \w+, but its stack begins at \w+ and goes down",
        "kern/trap.c", "c->cpu_ts.ts_esp0 = KSTACKTOP_CPU(cpu);",
        "c->cpu_ts.ts_esp0 = KSTACKTOP_CPU(cpu) - KSTKSIZE;"),
    "all CPUs have the same descriptor": (
        4, "segments", r"CPU 1: the task register has 28, not 30",
        "kern/trap.c", "gdt[(GD_TSS0 >> 3) + cpu] = ", "gdt[GD_TSS0 >> 3] = ",
        "kern/trap.c", "ltr(GD_TSS0 + (cpu << 3));", "ltr(GD_TSS0);"),
    "a CPU loads what another one describes": (
        4, "segments", r"kernel panic[^|]*(\|.*\s+)*look whether each CPU writes its own",
        "kern/trap.c", "gdt[(GD_TSS0 >> 3) + cpu] = ", "gdt[GD_TSS0 >> 3] = "),
    "thiscpu is used before it works": (
        4, "segments", r"until it is loaded, thiscpu and cpunum\(\) are wrong",
        "kern/trap.c", "struct CpuInfo *c = &cpus[cpu];",
        "struct CpuInfo *c = thiscpu;\n	cpu = cpunum();"),
    "what describes the segment is not in cpus[]": (
        4, "segments", r"gdt\[5\] describes \w+, not its cpu_ts",
        "kern/trap.c", "	struct CpuInfo *c = &cpus[cpu];\n",
        "	struct CpuInfo copy = cpus[cpu], *c = &copy;\n"),
    "the task register is not loaded": (
        4, "segments", r"until it is loaded, thiscpu and cpunum\(\) are wrong",
        "kern/trap.c", "	ltr(GD_TSS0 + (cpu << 3));\n", ""),
    "a selector is taken for an index": (
        4, "segments", r"kernel panic .* General Protection[^|]*(\|.*\s+)*.*: trap_init_percpu",
        "kern/trap.c", "ltr(GD_TSS0 + (cpu << 3));", "ltr(GD_TSS0 + cpu);"),
    "there is no descriptor": (
        4, "segments", r"kernel panic .* General Protection[^|]*(\|.*\s+)*.*: trap_init_percpu",
        "kern/trap.c", "gdt[(GD_TSS0 >> 3) + cpu] = SEG_TSS", "(void) SEG_TSS"),
    "programs may use I/O ports": (
        4, "segments", "ts_iomb is 0, which lets programs use I/O ports",
        "kern/trap.c", "	c->cpu_ts.ts_iomb = sizeof(struct Taskstate);\n", ""),
    "ts_ss0 is forgotten": (
        4, "segments", "CPU 0: ts_ss0 is 0, but the kernel's data segment is 10",
        "kern/trap.c", "	c->cpu_ts.ts_ss0 = GD_KD;\n", ""),
    "ts_esp0 leaves no gaps between stacks": (
        4, "segments", "CPU 1: ts_esp0 is efff8000, but its stack begins at efff0000",
        "kern/trap.c", "ts_esp0 = KSTACKTOP_CPU(cpu);", "ts_esp0 = KSTACKTOP - cpu * KSTKSIZE;"),
    "a CPU that joins does not take the lock": (
        5, "cpus", "without the kernel lock|takes the lock before",
        "kern/init.c", "	lock_kernel(); // [S13]\n	//}\n	tlb_load", "	//}\n	tlb_load"),
    "the lock is taken when other CPUs run already": (
        5, "cpus", "takes the lock before .* CPU 0 before it starts others|with CHECKED=1: kern/init.c",
        "kern/init.c", "lock_kernel(); // from here on there is more than one CPU", "",
        "kern/init.c", "	start_programs(); // the",
        "	lock_kernel();\n	start_programs(); // the"),
    "a CPU that has slept does not take the lock again": (
        5, "sleep", "is in the kernel without the kernel lock",
        "kern/sched.c", "	//{ Exercise 5: take the kernel lock again, after sleeping\n"
        "	lock_kernel(); // [H14]\n", "	//{\n"),
    "a CPU that goes to sleep keeps the lock": (
        5, "cpus", r"takes the kernel lock, which this CPU holds|hang: no output(.*\n)*"
        ".*gives it back before it sleeps",
        "kern/sched.c", "going to sleep\n	unlock_kernel(); // [H9]\n", "going to sleep\n"),
    "the lock is released before what it protects is changed": (
        5, "cpus", "releases the kernel lock, which|assertion failed: kernel_locked|lock, which",
        "kern/sched.c", "	tlb_load(cpu, kern_pgdir);\n	cpu->cpu_woken",
        "	unlock_kernel();\n	tlb_load(cpu, kern_pgdir);\n	cpu->cpu_woken"),
    "a CPU keeps the lock when it sleeps, and does not take it then": (
        5, "cpus", r"hang: no output|not finished within(.*\n)*.*gives it back before it sleeps",
        "kern/sched.c", "going to sleep\n	unlock_kernel(); // [H9]\n", "going to sleep\n",
        "kern/sched.c", "after sleeping\n	lock_kernel(); // [H14]\n", "after sleeping\n"),
    "traps do not take the lock": (
        5, "lock", "without the kernel lock|releases the kernel lock, which no CPU holds",
        "kern/trap.c", "	lock_kernel_by(cpu); // [K11]\n", ""),
    "only system calls take the lock": (
        5, "cpus", "kernel lock", "kern/trap.c", "	lock_kernel_by(cpu); // [K11]\n",
        "	if (tf->tf_trapno == T_SYSCALL)\n		lock_kernel_by(cpu);\n"),
    "a trap takes the lock when it has been handled": (
        5, "lock", r"assertion failed: kernel_locked\(\)|kernel lock",
        "kern/trap.c", "	lock_kernel_by(cpu); // [K11]\n", "",
        "kern/trap.c", "			trap_dispatch(e, trapno);\n	}\n",
        "			trap_dispatch(e, trapno);\n	}\n	lock_kernel_by(cpu);\n"),
    "an env goes to user mode with the lock": (
        5, "lock", "takes the kernel lock, which this CPU holds",
        "kern/env.h", "	unlock_kernel_by(cpu); // [K15]\n", ""),
    "a CPU that joins has released the lock before it runs an env": (
        5, "cpus", "releases the kernel lock, which no CPU holds|kernel lock",
        "kern/init.c", "	sched_join();", "	unlock_kernel();\n	sched_join();"),
    "the lock is not taken before other CPUs start": (
        5, "lock", "without the kernel lock",
        "kern/init.c", "lock_kernel(); // from here on there is more than one CPU", ""),
    "the lock is released before the next env is chosen": (
        5, "lock", "CPU 0 is in the kernel without the kernel lock|releases the kernel lock",
        "kern/trap.c", "	if (cpu->cpu_resched)", "	unlock_kernel();\n	if (cpu->cpu_resched)",
        "kern/sched.c", "	sched_choose(thiscpu);", "	unlock_kernel();\n	sched_choose(thiscpu);",
        "kern/env.h", "	unlock_kernel_by(cpu); // [K15]\n", ""),
}

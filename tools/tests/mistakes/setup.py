"""Mistakes in exercises 1 to 5: device registers, frames, stacks, segments, the lock."""

MISTAKES = {
    "the registers' place in their page is not counted": (
        1, "devices", "takes up to|is 00000000, not for",
        "kern/pmap.c", "size = ROUNDUP(pa - start + size, PGSIZE);",
        "size = ROUNDUP(size, PGSIZE);"),
    "registers are cached": (
        1, "devices", "lacks PTE_PCD or PTE_PWT: its registers are cached",
        "kern/pmap.c", "start, PTE_W | PTE_PCD | PTE_PWT", "start, PTE_W"),
    "the frame for other CPUs is given away": (
        2, "frames", "frame 00007000, where CPUs start, is not reserved",
        "kern/pmap.c", "	reserve(mpentry, mpentry + 1);\n	add_free(1, mpentry);",
        "	add_free(1, mpentry + 1);"),
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
    "a CPU that joins does not take the lock": (
        5, "cpus", "without the kernel lock|takes the lock before",
        "kern/init.c", "	lock_kernel();\n	//}\n	tlb_load", "	//}\n	tlb_load"),
    "the lock is taken when other CPUs run already": (
        5, "cpus", "takes the lock before .* CPU 0 before it starts others",
        "kern/init.c", "lock_kernel(); // from here on there is more than one CPU", "",
        "kern/init.c", "	start_programs(); // the",
        "	lock_kernel();\n	start_programs(); // the"),
    "a CPU that has slept does not take the lock again": (
        5, "cpus", "is in the kernel without the kernel lock",
        "kern/sched.c", "	//{ Exercise 5: take the kernel lock again, after sleeping\n"
        "	lock_kernel();\n", "	//{\n"),
    "the lock is released before the next env is chosen": (
        5, "lock", "CPU 0 is in the kernel without the kernel lock|releases the kernel lock",
        "kern/trap.c", "	if (cpu->cpu_resched)", "	unlock_kernel();\n	if (cpu->cpu_resched)",
        "kern/sched.c", "	sched_choose(thiscpu);", "	unlock_kernel();\n	sched_choose(thiscpu);",
        "kern/env.h", "	unlock_kernel_by(cpu);\n", ""),
}

// What a handout has in kern/trap.c instead of solutions.

//{ Exercise 4: a task state segment for each CPU
	without_exercise(4, "a task state segment for each CPU, not for CPU 0 only");
	cpus[0].cpu_ts.ts_esp0 = KSTACKTOP;
	cpus[0].cpu_ts.ts_ss0 = GD_KD;
	cpus[0].cpu_ts.ts_iomb = sizeof(struct Taskstate);
	gdt[GD_TSS0 >> 3] = SEG_TSS((uintptr_t) &cpus[0].cpu_ts, sizeof(struct Taskstate) - 1);
	ltr(GD_TSS0);
//}

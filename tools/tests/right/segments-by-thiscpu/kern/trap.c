// The task register is loaded first. After that thiscpu works, and the rest is filled in by it.

//{ Exercise 4: a task state segment for each CPU
	int index = GD_TSS0 / 8 + cpu;

	gdt[index] = SEG_TSS((uintptr_t) &cpus[cpu].cpu_ts, sizeof(struct Taskstate) - 1);
	ltr(index * 8);
	thiscpu->cpu_ts.ts_iomb = sizeof(thiscpu->cpu_ts);
	thiscpu->cpu_ts.ts_ss0 = GD_KD;
	thiscpu->cpu_ts.ts_esp0 = KSTACKTOP - cpunum() * (KSTKSIZE + KSTKGAP);
//}

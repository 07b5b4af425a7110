// In sched_halt it is those that are given the CPU.

//{ Exercise 5: release the kernel lock, going to sleep
	unlock_kernel_by(thiscpu);
//}

//{ Exercise 13: sleep with interrupts on
	for (;;) {
		if (__atomic_load_n(&cpu->cpu_woken, __ATOMIC_RELAXED))
			break;
		if (rest && !rests_on(cpu, begin))
			break;
		if (!rest && run_queue.summary != 0)
			break;
		sti_hlt_cli();
	}
//}

//{ Exercise 5: take the kernel lock again, after sleeping
	lock_kernel_by(thiscpu);
//}

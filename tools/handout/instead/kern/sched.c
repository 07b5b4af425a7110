// What a handout has in kern/sched.c instead of solutions.

//{ Exercise 13, in all_done() after: trace_end();
	say_noted_exercises();
//}

//{ Exercise 13: sleep with interrupts on
	note_exercise(13, "without interrupts, a CPU with nothing to do sleeps for good");
	// To be: sti_hlt_cli() until cpu_woken or, when resting, while rests_on(), else until the
	// run queue is not empty.
	while (rests_on(cpu, begin))
		hlt();
//}

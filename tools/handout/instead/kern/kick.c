// What a handout has in kern/kick.c instead of solutions.

//{ Exercise 13: wait until the interrupt has made the CPU leave user mode
	for (int ms = 0; in_user_mode(cpu); ms++) {
		if (ms == 1000)
			missing_exercise(13, "interrupt a CPU that is in user mode");
		microdelay(1000);
	}
//}

// A CPU is waited for in a loop that ends in the middle.

//{ Exercise 13: wait until the interrupt has made the CPU leave user mode
	for (;;) {
		if (!in_user_mode(cpu))
			return;
		pause();
	}
//}

// Three lines of assembly instead of one.

//{ Exercise 13: sleep with interrupts on
	asm volatile("sti\n\t"
		     "hlt\n\t"
		     "cli" ::
			     : "cc", "memory");
//}

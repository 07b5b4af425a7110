// Three statements instead of one, which the compiler puts side by side.

//{ Exercise 13: sleep with interrupts on
	asm volatile("sti" : : : "memory");
	hlt();
	cli();
//}

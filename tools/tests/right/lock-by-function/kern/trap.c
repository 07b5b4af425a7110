// The lock is taken and released by its ordinary functions.

//{ Exercise 5: take the kernel lock, coming from user mode
	lock_kernel();
//}

//{ Exercise 14: end the turn, and tell the local APIC that the interrupt is over
	lapic_eoi();
	cpu->cpu_timer_ticks = cpu->cpu_timer_ticks + 1;
	cpu->cpu_resched = true;
//}

// The local APIC hears of it first.

//{ Exercise 14: end the turn, and tell the local APIC that the interrupt is over
	lapic_eoi();
	cpu->cpu_resched = true;
	++cpu->cpu_timer_ticks;
//}

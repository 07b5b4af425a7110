// What a handout has in inc/x86.h instead of solutions.

//{ Exercise 13: sleep with interrupts on
	pause(); // exercise(13): sleep, with interrupts on
//}

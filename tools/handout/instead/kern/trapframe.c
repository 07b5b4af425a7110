// What a handout has in kern/trapframe.c instead of solutions.

//{ Exercise 13: user mode runs with interrupts on
	without_exercise(13, "switch interrupts on in user mode");
	tf->tf_eflags &= ~FL_IF;
//}

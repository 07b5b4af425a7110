// One flag is taken away and put in again.

//{ Exercise 13: user mode runs with interrupts on
	tf->tf_eflags = (tf->tf_eflags & ~FL_IF) + FL_IF;
//}

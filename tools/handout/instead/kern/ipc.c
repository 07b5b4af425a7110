// What a handout has in kern/ipc.c instead of solutions.

//{ Exercise 15: take e out of the queue, and let it make its system call again
	// no env waits to send
//}

//{ Exercise 15: end the wait of all senders, with an error
	// no env waits to send
//}

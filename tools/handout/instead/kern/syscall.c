// What a handout has in kern/syscall.c instead of solutions.

//{ Exercise 7, helpers: check the arguments of the calls below
// What several of the calls below check may go here.
//}

//{ Exercise 7: a challenge, map several pages in one call
	return -E_INVAL; // a challenge: several pages in one call
//}

//{ Exercise 7: a challenge, allocate, copy and map in one call
	return -E_INVAL; // a challenge: allocate, copy and map in one call
//}

//{ Exercise 15: a challenge, wait for the receiver in the kernel
	return -E_INVAL; // a challenge: wait for the receiver in the kernel
//}

//{ Exercise 15: a challenge, send and wait for the answer in one call
	return -E_INVAL; // a challenge: send and wait for the answer in one call
//}

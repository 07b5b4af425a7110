// The lock is taken and released by its ordinary functions.

//{ Exercise 5: release the kernel lock, going to user mode
	unlock_kernel();
//}

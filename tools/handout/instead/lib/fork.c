// What a handout has in lib/fork.c instead of solutions.

//{ Exercise 12: a child with the same memory, copy-on-write
	pgfault_resolve = resolve_cow;
	missing_exercise(12, "a child with the same memory, copy-on-write");
//}

//{ Exercise 12: a challenge, a child that shares all but its stack
	panic("sfork: a challenge");
//}

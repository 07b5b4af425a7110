// What a handout has in kern/check.c instead of solutions.

//{ Exercise 2, in check_page_alloc() after: {
	if (exercise_is_missing(2))
		return;
//}

//{ Exercise 3, in check_kern_pgdir() after: {
	if (exercise_is_missing(3))
		return;
//}

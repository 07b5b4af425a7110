// Whether there is an exception stack is asked of the kernel: a page can be mapped onto itself only if
// it is there.

//{ Exercise 11: make sure that there is an exception stack, and set the upcall
	const int rights = PTE_P | PTE_U | PTE_W;
	char *stack = (char *) UXSTACKTOP - PGSIZE;
	int result = 0;

	if (sys_page_map(0, stack, 0, stack, rights) != 0)
		result = sys_page_alloc(0, stack, rights);
	if (result == 0)
		result = sys_env_set_pgfault_upcall(sys_getenvid(), _pgfault_upcall);
	return result;
//}

//{ Exercise 11: call pgfault_install, and store the handler
	void (*before)(struct UTrapframe *) = _pgfault_handler;

	_pgfault_handler = handler;
	int result = pgfault_install();
	if (result != 0) {
		_pgfault_handler = before;
		panic("no exception stack: %e", result);
	}
//}

// The struct is filled field by field, and then copied byte by byte. Pages are checked by user_mem_check.

//{ Exercise 9: push what the picture above shows, and enter the upcall
	struct UTrapframe frame;
	uintptr_t esp = e->env_tf.tf_esp, at = UXSTACKTOP;
	uintptr_t upcall = (uintptr_t) e->env_pgfault_upcall;
	const uintptr_t lowest = UXSTACKTOP - PGSIZE;

	if (USTACKTOP < esp && esp <= UXSTACKTOP - 1)
		at = esp - sizeof(uint32_t);
	at -= sizeof(frame);
	if (at < lowest || user_mem_check(e, (void *) at, sizeof(frame), PTE_W) != 0) {
		env_kill_bad_memory(e, at < lowest ? at : MAX(at, lowest));
		return;
	}
	if (user_mem_check(e, (void *) upcall, 1, 0) != 0) {
		env_kill_bad_memory(e, upcall);
		return;
	}

	frame.utf_esp = esp;
	frame.utf_eip = e->env_tf.tf_eip;
	frame.utf_eflags = e->env_tf.tf_eflags;
	frame.utf_regs = e->env_tf.tf_regs;
	frame.utf_err = e->env_tf.tf_err;
	frame.utf_fault_va = fault_va;
	char *to = user_mem_kva(e, (void *) at, PTE_W);
	for (size_t n = 0; n < sizeof(frame); n++)
		to[n] = ((const char *) &frame)[n];

	e->env_tf.tf_eflags &= ~FL_DF;
	e->env_tf.tf_eip = upcall;
	e->env_tf.tf_esp = at;
//}

//{ Exercise 9: without an upcall, say so and destroy e
	uintptr_t eip = e->env_tf.tf_eip;

	cprintf("[%08x] user fault va %08x ", e->env_id, fault_va);
	cprintf("ip %08x\n", eip);
	kill_for_trap(e);
//}

// The sender tries again and again.

//{ Exercise 15: send until it is received
	void *page = pg ? pg : (void *) UTOP;
	int result;

	while ((result = sys_ipc_try_send(to, val, page, perm)) == -E_IPC_NOT_RECV)
		sys_yield();
	if (result != 0)
		panic("ipc_send: the message cannot be sent: %e", result);
//}

//{ Exercise 15: wait for a message, and return its value
	int result = sys_ipc_recv(pg ? pg : (void *) UTOP);
	const volatile struct Env *self = thisenv;
	bool ok = result == 0;

	if (perm)
		*perm = ok ? self->env_ipc_perm : 0;
	if (from)
		*from = ok ? self->env_ipc_from : 0;
	return ok ? (int32_t) self->env_ipc_value : result;
//}

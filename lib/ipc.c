// Messages, by the system calls that wait in the kernel. Keeps no state: what is received is in
// thisenv.

#include "syscall.h"

// An address that means "no page" to the kernel.
#define NO_PAGE ((void *) UTOP)

void ipc_send(envid_t to, uint32_t val, void *pg, int perm)
{
	//{ Exercise 15: send until it is received
	int r = syscall4(SYS_ipc_send, to, val, (uint32_t) (pg ? pg : NO_PAGE), perm);

	if (r < 0)
		panic("ipc_send to %08x: %e", to, r);
	//}
}

int32_t ipc_recv(envid_t *from, void *pg, int *perm)
{
	//{ Exercise 15: wait for a message, and return its value
	int r = syscall1(SYS_ipc_recv, (uint32_t) (pg ? pg : NO_PAGE));

	if (r < 0) {
		if (from)
			*from = 0;
		if (perm)
			*perm = 0;
		return r;
	}
	if (from)
		*from = thisenv->env_ipc_from;
	if (perm)
		*perm = thisenv->env_ipc_perm;
	return thisenv->env_ipc_value;
	//}
}

envid_t ipc_find_env(enum EnvType type)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && envs[i].env_type == type)
			return envs[i].env_id;
	return 0;
}

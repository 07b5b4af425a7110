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

//{ Exercise 15, helper: what both functions that receive return
// Return the message that sys_ipc_recv, which has returned r, has left in thisenv.
static inline int32_t received(int r, envid_t *from, int *perm)
{
	if (from)
		*from = r < 0 ? 0 : thisenv->env_ipc_from;
	if (perm)
		*perm = r < 0 ? 0 : thisenv->env_ipc_perm;
	return r < 0 ? r : (int32_t) thisenv->env_ipc_value;
}
//}

int32_t ipc_recv(envid_t *from, void *pg, int *perm)
{
	//{ Exercise 15: wait for a message, and return its value
	return received(syscall1(SYS_ipc_recv, (uint32_t) (pg ? pg : NO_PAGE)), from, perm);
	//}
}

int32_t ipc_send_recv(envid_t to, uint32_t val, void *pg, int perm, envid_t *from, void *rcv_pg,
		      int *rcv_perm)
{
	//{ Exercise 15: a challenge, send and wait for the answer in one call
	int r = syscall5(SYS_ipc_send_recv, to, val, (uint32_t) (pg ? pg : NO_PAGE), perm,
			 (uint32_t) (rcv_pg ? rcv_pg : NO_PAGE));

	if (r == 0)
		return received(r, from, rcv_perm);
	ipc_send(to, val, pg, perm); // which waits, or says what is wrong
	return ipc_recv(from, rcv_pg, rcv_perm);
	//}
}

envid_t ipc_find_env(enum EnvType type)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && envs[i].env_type == type)
			return envs[i].env_id;
	return 0;
}

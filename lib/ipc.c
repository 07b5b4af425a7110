#include <inc/lib.h>

// An address that means "no page" to the kernel.
#define NO_PAGE ((void *) UTOP)

void ipc_send(envid_t to, uint32_t val, void *pg, int perm)
{
	int r;

	while ((r = sys_ipc_try_send(to, val, pg ? pg : NO_PAGE, perm)) == -E_IPC_NOT_RECV)
		sys_yield();
	if (r < 0)
		panic("ipc_send to %08x: %e", to, r);
}

int32_t ipc_recv(envid_t *from, void *pg, int *perm)
{
	int r = sys_ipc_recv(pg ? pg : NO_PAGE);

	if (from)
		*from = r < 0 ? 0 : thisenv->env_ipc_from;
	if (perm)
		*perm = r < 0 ? 0 : thisenv->env_ipc_perm;
	return r < 0 ? r : (int32_t) thisenv->env_ipc_value;
}

envid_t ipc_find_env(enum EnvType type)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && envs[i].env_type == type)
			return envs[i].env_id;
	return 0;
}

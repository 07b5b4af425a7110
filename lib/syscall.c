// The system calls as C functions (contracts: inc/lib.h). Keeps no state.

#include "syscall.h"

void sys_cputs(const char *s, size_t len)
{
	// The kernel may print only a part at a time.
	do {
		int n = syscall2(SYS_cputs, (uint32_t) s, len);
		s += n;
		len -= n;
	} while (len > 0);
}

int sys_cgetc(void)
{
	return syscall0(SYS_cgetc);
}

envid_t sys_getenvid(void)
{
	return syscall0(SYS_getenvid);
}

int sys_env_destroy(envid_t env)
{
	return syscall1(SYS_env_destroy, env);
}

void sys_yield(void)
{
	syscall0(SYS_yield);
}

int sys_env_set_status(envid_t env, int status)
{
	return syscall2(SYS_env_set_status, env, status);
}

int sys_env_set_trapframe(envid_t env, struct Trapframe *tf)
{
	return syscall2(SYS_env_set_trapframe, env, (uint32_t) tf);
}

int sys_env_set_pgfault_upcall(envid_t env, void *upcall)
{
	return syscall2(SYS_env_set_pgfault_upcall, env, (uint32_t) upcall);
}

int sys_page_alloc(envid_t env, void *pg, int perm)
{
	return syscall3(SYS_page_alloc, env, (uint32_t) pg, perm);
}

int sys_page_map(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm)
{
	return syscall5(SYS_page_map, src_env, (uint32_t) src_pg, dst_env, (uint32_t) dst_pg, perm);
}

int sys_page_share(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm, size_t n)
{
	if (perm & ~(PGSIZE - 1)) // perm and n are passed in one register
		return -E_INVAL;
	n = MIN(n, UINT32_MAX / PGSIZE);
	return syscall5(SYS_page_share, src_env, (uint32_t) src_pg, dst_env, (uint32_t) dst_pg,
			n * PGSIZE | perm);
}

int sys_page_copy(void *src_pg, envid_t dst_env, void *dst_pg, int perm)
{
	return syscall4(SYS_page_copy, (uint32_t) src_pg, dst_env, (uint32_t) dst_pg, perm);
}

int sys_page_unmap(envid_t env, void *pg)
{
	return syscall2(SYS_page_unmap, env, (uint32_t) pg);
}

int sys_ipc_try_send(envid_t to_env, uint32_t value, void *pg, int perm)
{
	return syscall4(SYS_ipc_try_send, to_env, value, (uint32_t) pg, perm);
}

int sys_ipc_send(envid_t to_env, uint32_t value, void *pg, int perm)
{
	return syscall4(SYS_ipc_send, to_env, value, (uint32_t) pg, perm);
}

int sys_ipc_send_recv(envid_t to_env, uint32_t value, void *pg, int perm, void *rcv_pg)
{
	return syscall5(SYS_ipc_send_recv, to_env, value, (uint32_t) pg, perm, (uint32_t) rcv_pg);
}

int sys_ipc_recv(void *rcv_pg)
{
	return syscall1(SYS_ipc_recv, (uint32_t) rcv_pg);
}

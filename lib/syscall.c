// The system calls' user side: put the arguments into registers and trap.

#include <inc/lib.h>

static inline int32_t syscall(int number, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
			      uint32_t a5)
{
	int32_t ret;

	asm volatile("int %1"
		     : "=a"(ret)
		     : "i"(T_SYSCALL), "a"(number), "d"(a1), "c"(a2), "b"(a3), "D"(a4), "S"(a5)
		     : "memory", "cc");
	return ret;
}

void sys_cputs(const char *s, size_t len)
{
	// The kernel may print less than asked for.
	do {
		int n = syscall(SYS_cputs, (uint32_t) s, len, 0, 0, 0);
		s += n;
		len -= n;
	} while (len > 0);
}

int sys_cgetc(void)
{
	return syscall(SYS_cgetc, 0, 0, 0, 0, 0);
}

envid_t sys_getenvid(void)
{
	return syscall(SYS_getenvid, 0, 0, 0, 0, 0);
}

int sys_env_destroy(envid_t env)
{
	return syscall(SYS_env_destroy, env, 0, 0, 0, 0);
}

void sys_yield(void)
{
	syscall(SYS_yield, 0, 0, 0, 0, 0);
}

int sys_env_set_status(envid_t env, int status)
{
	return syscall(SYS_env_set_status, env, status, 0, 0, 0);
}

int sys_env_set_trapframe(envid_t env, struct Trapframe *tf)
{
	return syscall(SYS_env_set_trapframe, env, (uint32_t) tf, 0, 0, 0);
}

int sys_env_set_pgfault_upcall(envid_t env, void *upcall)
{
	return syscall(SYS_env_set_pgfault_upcall, env, (uint32_t) upcall, 0, 0, 0);
}

int sys_page_alloc(envid_t env, void *pg, int perm)
{
	return syscall(SYS_page_alloc, env, (uint32_t) pg, perm, 0, 0);
}

int sys_page_map(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm)
{
	return syscall(SYS_page_map, src_env, (uint32_t) src_pg, dst_env, (uint32_t) dst_pg, perm);
}

int sys_page_unmap(envid_t env, void *pg)
{
	return syscall(SYS_page_unmap, env, (uint32_t) pg, 0, 0, 0);
}

int sys_ipc_try_send(envid_t to_env, uint32_t value, void *pg, int perm)
{
	return syscall(SYS_ipc_try_send, to_env, value, (uint32_t) pg, perm, 0);
}

int sys_ipc_recv(void *rcv_pg)
{
	return syscall(SYS_ipc_recv, (uint32_t) rcv_pg, 0, 0, 0, 0);
}

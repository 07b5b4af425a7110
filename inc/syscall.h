// The numbers of the system calls, for the kernel and for lib/syscall.c.

#ifndef JOS_INC_SYSCALL_H
#define JOS_INC_SYSCALL_H

// A system call is `int $T_SYSCALL' with its number in eax and up to five arguments in edx, ecx,
// ebx, edi and esi. Its result is returned in eax. Contracts: inc/lib.h.
enum {
	SYS_cputs = 0,
	SYS_cgetc,
	SYS_getenvid,
	SYS_env_destroy,
	SYS_page_alloc,
	SYS_page_map,
	SYS_page_unmap,
	SYS_exofork,
	SYS_env_set_status,
	SYS_env_set_trapframe,
	SYS_env_set_pgfault_upcall,
	SYS_yield,
	SYS_ipc_try_send,
	SYS_ipc_recv,
	SYS_ipc_send,
	SYS_page_share,
	SYS_page_copy,
	SYS_ipc_send_recv,
	NSYSCALLS
};

#endif

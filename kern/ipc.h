// Messages between envs, for the system calls. All of this needs the kernel lock. Inline functions: a
// message comes through them.

#ifndef JOS_KERN_IPC_H
#define JOS_KERN_IPC_H

#include <inc/env.h>
#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/types.h>

#include <kern/pmap.h>

//{ Exercise 15, helpers: deliver a message, or wait until it can be delivered
// Give a message of `from' to env `to', which has said that it receives: value, and frame pp with
// rights perm if pp is not NULL. Returns 0, or
//	-E_NO_MEM	no frame for a page table; it goes on waiting
static inline int ipc_deliver(struct Env *to, const struct Env *from, uint32_t value,
			      struct PageInfo *pp, int perm)
{
	bool with_page = pp && (uintptr_t) to->env_ipc_dstva < UTOP;

	if (with_page) {
		int r = page_insert(to->env_pgdir, pp, to->env_ipc_dstva, perm);
		if (r < 0)
			return r;
	}
	to->env_ipc_recving = false;
	to->env_ipc_value = value;
	to->env_ipc_from = from->env_id;
	to->env_ipc_perm = with_page ? perm : 0;
	return 0;
}

// Let e, the current env, wait with such a message until `to' receives. The result of its system
// call, as ipc_deliver's or -E_BAD_ENV if `to' ends before, is put into its registers then.
void ipc_wait_to_send(struct Env *e, struct Env *to, uint32_t value, struct PageInfo *pp, int perm);

// Give env `to', which has said that it receives, the message of the first who waits to send to it.
// Returns whether there was one.
bool ipc_take(struct Env *to);
//}

// If e waits to send, end that: it is ENV_RUNNABLE then, and will make its system call again.
void ipc_call_off(struct Env *e);

// Tell all who wait to send to `to' that there is no such env any more.
void ipc_refuse(struct Env *to);

#endif

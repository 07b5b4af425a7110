// Messages between envs, for the system calls. All of this needs the kernel lock. Inline function:
// every message comes through it.

#ifndef JOS_KERN_IPC_H
#define JOS_KERN_IPC_H

#include <inc/env.h>
#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/types.h>

#include <kern/pmap.h>

//{ Exercise 15, helpers: deliver a message, or wait until it can be delivered
// Give env `to', which waits for a message, one from env `from': value and, if pp is not NULL, the
// frame pp with rights perm. Its status does not change. Returns 0, or
//	-E_NO_MEM	no frame for a page table; it still waits
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

// Let e, the current env, wait until `to' receives such a message. Then its system call returns
// what ipc_deliver returns, or -E_BAD_ENV if `to' has been destroyed.
void ipc_wait_to_send(struct Env *e, struct Env *to, uint32_t value, struct PageInfo *pp, int perm);

// Give env `to', the current env, whose env_ipc_recving is set, the message of the first env that
// waits to send to it, and end its turn. Returns whether there was one.
bool ipc_take(struct Env *to);
//}

// If e waits to send, end its wait: it is ENV_RUNNABLE then, and will make its system call again.
void ipc_cancel_send(struct Env *e);

// End the wait of all envs that wait to send to `to', which is being destroyed.
void ipc_refuse_senders(struct Env *to);

#endif

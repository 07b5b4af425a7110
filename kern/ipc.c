// Messages: the queues of envs that wait to send. Needs the kernel lock.

#include <kern/ipc.h>

#include <inc/assert.h>
#include <inc/error.h>
#include <inc/syscall.h>
#include <inc/trap.h>

#include <kern/cpu.h>
#include <kern/envstate.h>
#include <kern/pmap.h>

//{ Exercise 15, helpers: the queue of envs that wait to send
void ipc_wait_to_send(struct Env *e, struct Env *to, uint32_t value, struct PageInfo *pp, int perm)
{
	struct Env *last = to->env_last_sender;

	if (pp)
		pp->pp_ref++;
	e->env_send_value = value;
	e->env_send_page = pp;
	e->env_send_perm = perm;
	e->env_sending_to = to;
	e->env_next_sender = last ? last->env_next_sender : e;
	if (last)
		last->env_next_sender = e;
	to->env_last_sender = e;
	env_set_state(e, ENV_NOT_RUNNABLE);
}

// End the wait of the env after `before' in the queue of `to'; its system call returns r.
static void stop_waiting(struct Env *to, struct Env *before, int r)
{
	struct Env *e = before->env_next_sender;

	before->env_next_sender = e->env_next_sender;
	if (to->env_last_sender == e)
		to->env_last_sender = before != e ? before : NULL;
	e->env_sending_to = NULL;
	e->env_tf.tf_regs.reg_eax = r;
	if (e->env_send_page)
		page_decref(e->env_send_page);
	env_set_state(e, ENV_RUNNABLE);
}

bool ipc_take(struct Env *to)
{
	struct Env *last;

	while ((last = to->env_last_sender)) {
		struct Env *first = last->env_next_sender;
		int r = ipc_deliver(to, first, first->env_send_value, first->env_send_page,
				    first->env_send_perm);

		stop_waiting(to, last, r);
		if (r < 0)
			continue;
		// Its turn ends, so that the sender goes on first: what it sends next, to others
		// too, is sent before the receiver does anything, as if it had tried again and
		// again.
		thiscpu->cpu_resched = true;
		return true;
	}
	return false;
}
//}

void ipc_cancel_send(struct Env *e)
{
	//{ Exercise 15: take e out of the queue, and let it make its system call again
	struct Env *to = e->env_sending_to, *before;

	if (!to)
		return;
	for (before = to->env_last_sender; before->env_next_sender != e;)
		before = before->env_next_sender;
	stop_waiting(to, before, SYS_ipc_send);
	e->env_tf.tf_eip -= SYSCALL_SIZE;
	//}
}

void ipc_refuse_senders(struct Env *to)
{
	//{ Exercise 15: end the wait of all senders, with an error
	while (to->env_last_sender)
		stop_waiting(to, to->env_last_sender, -E_BAD_ENV);
	//}
}

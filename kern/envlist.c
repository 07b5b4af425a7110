// The list of all environments, for the monitor and for runs that end with some of them blocked.
// Needs the kernel lock.

#include <kern/envlist.h>

#include <inc/env.h>
#include <inc/stdio.h>

#include <kern/envstate.h>
#include <kern/programtable.h>

static const char *state(const struct Env *e)
{
	static const char *const states[] = {
		[ENV_FREE] = "free",
		[ENV_DYING] = "dying",
		[ENV_RUNNABLE] = "runnable",
		[ENV_RUNNING] = "running",
		[ENV_NOT_RUNNABLE] = "stopped",
	};

	return e->env_ipc_recving  ? "waiting"
	       : e->env_sending_to ? "sending"
				   : states[e->env_status];
}

static void print_wait(const struct Env *e, const struct Env *at_breakpoint)
{
	if (e == at_breakpoint)
		cprintf("'continue' (breakpoint)");
	else if (e->env_ipc_recving)
		cprintf("a message");
	else if (e->env_sending_to)
		cprintf("%08x to receive", e->env_sending_to->env_id);
	else if (e->env_status == ENV_NOT_RUNNABLE && e->env_parent_id)
		cprintf("%08x to %s", e->env_parent_id, e->env_runs ? "set it going" : "start it");
	else if (e->env_status == ENV_NOT_RUNNABLE)
		cprintf("nobody: it has stopped itself");
	else if (e->env_status == ENV_RUNNABLE)
		cprintf("a CPU");
	else if (e->env_status == ENV_DYING)
		cprintf("its memory to be freed");
	else
		cprintf("-");
}

void print_envs(const struct Env *at_breakpoint)
{
	cprintf("id        parent    state     CPU  runs        program       waits for\n");
	for (const struct Env *e = envs; e < envs + NENV; e++) {
		if (e->env_status == ENV_FREE)
			continue;
		cprintf("%08x  %08x  %-8s  %3d  %-10u  %-12s  ", e->env_id, e->env_parent_id,
			state(e), e->env_cpunum, e->env_runs,
			e->env_program ? e->env_program->name : "?");
		print_wait(e, at_breakpoint);
		cprintf("\n");
	}
}

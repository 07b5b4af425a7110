// The table of envs, their legal states, and the run queue. Needs the kernel lock.

#include <kern/envstate.h>

#include <inc/assert.h>

struct Env *envs;
struct RunQueue run_queue;

bool run_queue_has(const struct Env *e)
{
	uint32_t i = e - envs;

	return run_queue.words[i / RUN_BITS] >> i % RUN_BITS & 1;
}

static const char *const names[] = {
	[ENV_FREE] = "ENV_FREE",
	[ENV_DYING] = "ENV_DYING",
	[ENV_RUNNABLE] = "ENV_RUNNABLE",
	[ENV_RUNNING] = "ENV_RUNNING",
	[ENV_NOT_RUNNABLE] = "ENV_NOT_RUNNABLE",
};

void env_state_illegal(const struct Env *e, unsigned status)
{
	if (status >= ARRAY_SIZE(names))
		panic("%u is no status of an env", status);
	panic("env %08x cannot go from %s to %s", e->env_id, names[e->env_status], names[status]);
}

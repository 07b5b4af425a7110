// The table of envs, their legal states, and the run queues. Needs the kernel lock.

#include <kern/envstate.h>

#include <inc/assert.h>

struct Env *envs;
struct RunQueue run_queue, spent_queue;

bool queue_has(const struct RunQueue *q, const struct Env *e)
{
	uint32_t i = e - envs;

	return q->words[i / RUN_BITS] >> i % RUN_BITS & 1;
}

void spent_queue_add(const struct Env *e)
{
	queue_add(&spent_queue, e);
}

void spent_queue_remove(const struct Env *e)
{
	queue_remove(&spent_queue, e);
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

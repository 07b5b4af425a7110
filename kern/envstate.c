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

void env_state_illegal(const struct Env *e, unsigned status)
{
	panic("env %08x cannot go from status %u to %u", e->env_id, e->env_status, status);
}

// Checks of exercise 8: sys_env_set_pgfault_upcall.

#include "check.h"

static void upcall(void)
{
	void *const addresses[] = {(void *) 0x00800123, NULL, (void *) 0xffffffff};
	envid_t child = sys_exofork();

	if (child == 0)
		exit();
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		EXPECT(sys_env_set_pgfault_upcall(child, addresses[i]), 0,
		       "any address may be set; it is checked at a page fault");
		if (envs[ENVX(child)].env_pgfault_upcall != addresses[i])
			fail("env_pgfault_upcall of the child is %p, not %p",
			     envs[ENVX(child)].env_pgfault_upcall, addresses[i]);
	}
	if (thisenv->env_pgfault_upcall)
		fail("the caller's upcall was set, not the child's: use the env that envid2env "
		     "finds");
	sys_env_destroy(child);
}

// sys_exofork gives the child no entry point.
static void inherit(void)
{
	MUST(sys_env_set_pgfault_upcall(0, (void *) 0x00800123));
	envid_t child = MUST(sys_exofork());
	if (envs[ENVX(child)].env_pgfault_upcall)
		fail("a new env has the entry point %p of its parent: sys_exofork must not copy "
		     "that, because the child has no exception stack",
		     envs[ENVX(child)].env_pgfault_upcall);
	sys_env_destroy(child);
}

static void who(void)
{
	EXPECT(sys_env_set_pgfault_upcall(0, NULL), 0, "env 0 is the caller");
	EXPECT(sys_env_set_pgfault_upcall(-1, NULL), -E_BAD_ENV, "return what envid2env returns");
	EXPECT(sys_env_set_pgfault_upcall(thisenv->env_id + NENV, NULL), -E_BAD_ENV,
	       "return what envid2env returns");
}

static void stranger(void)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && &envs[i] != thisenv) {
			EXPECT(sys_env_set_pgfault_upcall(envs[i].env_id, (void *) 0x800000),
			       -E_BAD_ENV,
			       "only the env itself and its parent may: envid2env checks that");
			return;
		}
	fail("there is no other program; run this together with yield");
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"upcall", upcall}, {"inherit", inherit}, {"who", who}, {"stranger", stranger}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}

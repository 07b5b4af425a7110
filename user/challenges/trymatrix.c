// The challenge `a matrix by messages': a program, user/matrix.c, multiplies a 3x3 matrix by
// vectors with an env for each of the nine elements. Run both: make qemu-nox RUN="matrix
// trymatrix".
//
// matrix first receives nine values, the rows of the matrix, one after the other. Then, again and
// again, three, a vector; and after each vector it sends three values, the product, to the env that
// has sent the vector. It is the first env that sends them, in their order. Values are as large as
// the sums need. At the end the other program still waits, for another vector.

#include "challenge.h"

enum { N = 3, VECTORS = 20 };

static envid_t partner; // the first env of the other program

// Return the env that the kernel has made beside this one.
static envid_t find_partner(void)
{
	for (int i = 0; i < NENV; i++)
		if (is_alive(envs[i].env_id) && envs[i].env_parent_id == 0 &&
		    envs[i].env_id != tester)
			return envs[i].env_id;
	not_there_yet("no other program runs: write user/matrix.c, and run both with "
		      "make qemu-nox RUN=\"matrix trymatrix\"");
}

static void send(uint32_t value)
{
	int r = -E_IPC_NOT_RECV;

	WAIT_UNTIL((r = sys_ipc_try_send(partner, value, (void *) UTOP, 0)) != -E_IPC_NOT_RECV,
		   "the other program does not receive what is sent to it");
	if (r < 0)
		not_there_yet("the other program has ended: sys_ipc_try_send returns %d (%e)", r,
			      r);
}

// Whether e works for the other program: an env that it has made, or one of those has.
static bool works(const volatile struct Env *e)
{
	return e->env_status != ENV_FREE && e->env_parent_id != 0;
}

// How often each of them has run.
static uint32_t runs_before[NENV];

static int count_workers(bool that_have_run)
{
	int n = 0;

	for (int i = 0; i < NENV; i++)
		n += works(&envs[i]) && (!that_have_run || envs[i].env_runs != runs_before[i]);
	return n;
}

void umain(int argc, char **argv)
{
	uint32_t matrix[N][N];

	begin();
	partner = find_partner();
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			send(matrix[i][j] = i * 5 + j * j + 1);
	for (int n = 0; n < VECTORS; n++) {
		uint32_t v[N] = {n, n * n + 1, 7 - n};

		for (int i = 0; i < N; i++)
			send(v[i]);
		for (int i = 0; i < N; i++) {
			envid_t from;
			uint32_t want = 0, got = ipc_recv(&from, NULL, NULL);

			for (int j = 0; j < N; j++)
				want += matrix[i][j] * v[j];
			if (got != want || from != partner)
				not_there_yet("vector %d, element %d: %d from %08x, not %d from "
					      "%08x",
					      n, i, got, from, want, partner);
		}
		if (n == 0)
			for (int i = 0; i < NENV; i++)
				runs_before[i] = envs[i].env_runs;
	}
	if (count_workers(false) < N * N)
		not_there_yet("the products are right, but only %d envs work for them, not %d",
			      count_workers(false), N * N);
	if (count_workers(true) < N * N)
		not_there_yet("the products are right, but only %d of %d envs have run for them",
			      count_workers(true), count_workers(false));
	done();
}

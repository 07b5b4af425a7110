// A matrix by messages: an env for each of its nine elements, in a grid. The elements of a vector
// move down the columns, sums move to the right along the rows.

#include "common.h"

enum { N = 3 };

// Receive a value from `from'. What comes from others meanwhile is kept for later.
static uint32_t receive(envid_t from)
{
	static struct Kept {
		envid_t from;
		uint32_t value;
	} kept[64];
	static int n;

	for (int i = 0; i < n; i++)
		if (kept[i].from == from) {
			uint32_t value = kept[i].value;

			memmove(&kept[i], &kept[i + 1], (--n - i) * sizeof(kept[0]));
			return value;
		}
	for (;;) {
		envid_t who;
		uint32_t value = ipc_recv(&who, NULL, NULL);

		if (who == from)
			return value;
		kept[n++] = (struct Kept){who, value};
	}
}

// One element: add to a sum from the left, and pass on the vector's element from above.
static void element(envid_t parent, uint32_t factor)
{
	envid_t above = receive(parent), left = receive(parent);
	envid_t below = receive(parent), right = receive(parent);

	for (;;) {
		uint32_t x = receive(above);
		uint32_t sum = left == parent ? 0 : receive(left);

		if (below != parent)
			ipc_send(below, x, NULL, 0);
		ipc_send(right, sum + factor * x, NULL, 0);
	}
}

void umain(int argc, char **argv)
{
	envid_t self = sys_getenvid(), grid[N][N], customer;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			uint32_t factor = ipc_recv(&customer, NULL, NULL);

			grid[i][j] = fork_or_panic();
			if (grid[i][j] == 0)
				element(self, factor);
		}
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			ipc_send(grid[i][j], i == 0 ? self : grid[i - 1][j], NULL, 0);
			ipc_send(grid[i][j], j == 0 ? self : grid[i][j - 1], NULL, 0);
			ipc_send(grid[i][j], i == N - 1 ? self : grid[i + 1][j], NULL, 0);
			ipc_send(grid[i][j], j == N - 1 ? self : grid[i][j + 1], NULL, 0);
		}
	for (;;) {
		for (int j = 0; j < N; j++)
			ipc_send(grid[0][j], receive(customer), NULL, 0);
		for (int i = 0; i < N; i++)
			ipc_send(customer, receive(grid[i][N - 1]), NULL, 0);
	}
}

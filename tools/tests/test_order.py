"""Who runs next, and whose message comes first, is on one CPU as programs know it from JOS."""

from pathlib import Path

import pytest

from kit import enter_copy, make, params
from machine import command, play, verify

# Products of vectors with a matrix, by an env for each element of the matrix. Each element gets a
# number and the sum from above, and hands on a sum to the one below; the last row, to the parent.
# In `grid' the parent tells each element its neighbours and then sends all numbers, row by row.
# In `stream' an element hands its number on to the right, and the parent sends the sums of 0.
# Both say what comes first. In `sender' an element looks at who sends instead.
PRODUCT = r"""
#include <inc/lib.h>

enum { N = 4, VECTORS = 5 };

static const int matrix[N][N] = {{3, 1, 4, 1}, {5, 9, 2, 6}, {5, 3, 5, 8}, {9, 7, 9, 3}};
static envid_t element[N][N];
static bool by_sender;

static void
grid(int factor)
{
	envid_t from, above = ipc_recv(NULL, NULL, NULL), below = ipc_recv(NULL, NULL, NULL);

	for (;;) {
		int number = ipc_recv(&from, NULL, NULL), sum = 0;
		if (above)
			sum = ipc_recv(NULL, NULL, NULL);
		if (by_sender && from == above) {
			int swap = sum;
			sum = number;
			number = swap;
		}
		ipc_send(below, sum + number * factor, NULL, 0);
	}
}

static void
stream(int factor, envid_t right, envid_t below)
{
	for (;;) {
		int number = ipc_recv(NULL, NULL, NULL);
		if (right)
			ipc_send(right, number, NULL, 0);
		ipc_send(below, number * factor + ipc_recv(NULL, NULL, NULL), NULL, 0);
	}
}

// Return when a turn of another env has just been ended by a tick: now there is time.
static void
after_a_tick(void)
{
	envid_t busy = fork();

	if (busy == 0)
		for (;;)
			;
	for (int i = 0; i < 2; i++)
		sys_yield();
	sys_env_destroy(busy);
}

static void
make_elements(bool as_stream)
{
	envid_t self = sys_getenvid();

	for (int at = N * N; at-- > 0;) {
		int row = as_stream ? at / N : N - 1 - at / N, column = as_stream ? at % N : N - 1 - at % N;
		envid_t *e = &element[row][column];
		if ((*e = fork()) < 0)
			panic("fork: %e", *e);
		if (*e == 0 && as_stream)
			stream(matrix[row][column], column + 1 < N ? e[1] : 0, row + 1 < N ? e[N] : self);
		if (*e == 0)
			grid(matrix[row][column]);
	}
	for (int row = 0; row < N && !as_stream; row++)
		for (int column = 0; column < N; column++) {
			envid_t *e = &element[row][column];
			ipc_send(*e, row > 0 ? e[-N] : 0, NULL, 0);
			ipc_send(*e, row + 1 < N ? e[N] : self, NULL, 0);
		}
}

// Return whether the product with a vector is right.
static bool
multiply(const int *vector, bool as_stream)
{
	bool right = true;

	for (int row = 0; row < N; row++)
		for (int column = 0; column < (as_stream ? 1 : N); column++)
			ipc_send(element[row][column], vector[row], NULL, 0);
	for (int column = 0; column < N && as_stream; column++)
		ipc_send(element[0][column], 0, NULL, 0);
	for (int i = 0; i < N; i++) {
		envid_t from;
		int sum = ipc_recv(&from, NULL, NULL), column = 0;
		while (column < N && element[N - 1][column] != from)
			column++;
		assert(column < N);
		for (int row = 0; row < N; row++)
			sum -= vector[row] * matrix[row][column];
		right &= sum == 0;
	}
	return right;
}

void
umain(int argc, char **argv)
{
	bool as_stream = argc > 1 && strcmp(argv[1], "stream") == 0;
	int right = 0;

	by_sender = argc > 1 && strcmp(argv[1], "sender") == 0;
	if (!by_sender)
		after_a_tick();
	make_elements(as_stream);
	for (int i = 0; i < VECTORS; i++) {
		int vector[N] = {i, 7 * i % 5, 3, 2 - i};
		right += multiply(vector, as_stream);
	}
	for (int i = 0; i < N * N; i++)
		sys_env_destroy(element[0][i]);
	cprintf("%d of %d products are right\n", right, VECTORS);
}
"""


@pytest.mark.parametrize("program, cpus", params({
    "in order, grid": ("grid", 1), "in order, stream": ("stream", 1),
    "by sender": ("sender", 1), "by sender, CPUS=2": ("sender", 2),
    "by sender, CPUS=4": ("sender", 4)}, ("in order, grid", "in order, stream")))
def test_product(program, cpus):
    """On one CPU messages arrive in the order that a program expects which knows senders that try
    again and again: one that succeeds goes on before others get in. That holds between ticks: so
    here the time is that of the guest's instructions. Who looks at the sender needs none of it."""
    enter_copy()
    Path("user/product.c").write_text(PRODUCT)
    make()
    clock = [] if program == "sender" else ["-icount", "shift=0,sleep=off"]
    verify(play(command(f"product:{program}", *clock, cpus=cpus)), ["5 of 5 products are right$"])


# Who gets a message runs when it is its turn, not before the others.
TURNS = r"""
#include <inc/lib.h>

static envid_t other[3];

static int
turns(void)
{
	int sum = 0;

	for (int i = 0; i < 3; i++)
		sum += envs[ENVX(other[i])].env_runs;
	return sum;
}

void
umain(int argc, char **argv)
{
	envid_t last, self = sys_getenvid();

	for (int i = 0; i < 3; i++)
		if ((other[i] = fork()) == 0)
			for (;;)
				sys_yield();
	if ((last = fork()) == 0) {
		int before = ipc_recv(NULL, NULL, NULL);
		ipc_send(self, turns() - before, NULL, 0);
		exit();
	}
	while (!envs[ENVX(last)].env_ipc_recving)
		sys_yield();
	ipc_send(last, turns(), NULL, 0);
	cprintf("%d turns of others came first\n", ipc_recv(NULL, NULL, NULL));
	for (int i = 0; i < 3; i++)
		sys_env_destroy(other[i]);
}
"""


def test_turns():
    """A message does not change who runs next."""
    enter_copy()
    Path("user/turns.c").write_text(TURNS)
    make()
    verify(play(command("turns", "-icount", "shift=0,sleep=off")),
           ["3 turns of others came first$"])

// As pingpong, but with sfork, so that parent and child share their memory. The number is a
// variable, and the empty messages only say whose turn it is.

#include <inc/lib.h>

#define LAST 10

static volatile int number; // used only by the env whose turn it is

void umain(int argc, char **argv)
{
	envid_t self, peer = sfork();
	if (peer < 0)
		panic("sfork: %e", peer);
	self = sys_getenvid();

	if (peer != 0) {
		cprintf("i am %08x; thisenv is %p\n", self, thisenv);
		cprintf("send 0 from %x to %x\n", self, peer);
		ipc_send(peer, 0, NULL, 0);
	}

	int mine; // the number as of our last turn
	do {
		ipc_recv(&peer, NULL, NULL);
		mine = number;
		cprintf("%x got %d from %x (thisenv is %p %x)\n", self, mine, peer, thisenv,
			thisenv->env_id);
		if (mine < LAST) {
			number = ++mine;
			ipc_send(peer, 0, NULL, 0);
		}
	} while (mine < LAST);
}

// Parent and child send each other a number, up to 10. Each adds one before it sends the number
// back.

#include <inc/lib.h>

#define LAST 10

void umain(int argc, char **argv)
{
	envid_t self, peer = fork();
	if (peer < 0)
		panic("fork: %e", peer);
	self = sys_getenvid();

	if (peer != 0) {
		cprintf("send 0 from %x to %x\n", self, peer);
		ipc_send(peer, 0, NULL, 0);
	}

	int ball = 0;
	while (ball < LAST) {
		ball = ipc_recv(&peer, NULL, NULL);
		cprintf("%x got %d from %x\n", self, ball, peer);
		if (ball < LAST)
			ipc_send(peer, ++ball, NULL, 0);
	}
}

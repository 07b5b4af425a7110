// Two children send messages to their parent as fast as they can. The parent prints each message.
// At the end it prints how many messages each child has sent, which should be about the same
// number.

#include <inc/lib.h>

#define MESSAGES 60

static envid_t start_sender(envid_t receiver)
{
	envid_t child = fork();
	if (child < 0)
		panic("fork: %e", child);
	while (child == 0)
		ipc_send(receiver, 0, NULL, 0);
	return child;
}

void umain(int argc, char **argv)
{
	envid_t self = sys_getenvid();
	envid_t a = start_sender(self);
	envid_t b = start_sender(self);
	int from_a = 0;

	for (int n = 0; n < MESSAGES; n++) {
		envid_t sender;
		ipc_recv(&sender, NULL, NULL);
		cprintf("%x recv from %x\n", self, sender);
		from_a += sender == a;
	}

	sys_env_destroy(a);
	sys_env_destroy(b);
	cprintf("%d messages from %x, %d from %x\n", from_a, a, MESSAGES - from_a, b);
}

// A child that never gives up its CPU: the timer takes it away, and the parent kills the child.
// Two messages keep the lines in order however many CPUs there are.

#include <inc/lib.h>

static void __attribute__((noreturn)) spin(void)
{
	envid_t parent;

	ipc_recv(&parent, NULL, NULL);
	cprintf("I am the child.  Spinning...\n");
	ipc_send(parent, 0, NULL, 0);
	for (;;)
		;
}

void umain(int argc, char **argv)
{
	cprintf("I am the parent.  Forking the child...\n");
	envid_t child = fork();
	if (child < 0)
		panic("fork: %e", child);
	if (child == 0)
		spin();

	cprintf("I am the parent.  Running the child...\n");
	ipc_send(child, 0, NULL, 0);
	ipc_recv(NULL, NULL, NULL);
	for (int slice = 0; slice < 8; slice++)
		sys_yield();

	cprintf("I am the parent.  Killing the child...\n");
	sys_env_destroy(child);
}

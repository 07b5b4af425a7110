// Grows a binary tree of envs by fork, three levels below the root. Each env shows its id and
// its place, a string of 0s and 1s, then forks its two children and exits without waiting.

#include <inc/lib.h>

#define DEPTH 3

static void grow(const char *place)
{
	cprintf("%04x: I am '%s'\n", sys_getenvid(), place);
	if (strlen(place) == DEPTH)
		return;

	for (char branch = '0'; branch <= '1'; branch++) {
		envid_t child = fork();
		if (child < 0)
			panic("fork: %e", child);
		if (child == 0) {
			char below[DEPTH + 1];
			snprintf(below, sizeof(below), "%s%c", place, branch);
			grow(below);
			return; // the parent forks the other branch
		}
	}
}

void umain(int argc, char **argv)
{
	grow("");
}

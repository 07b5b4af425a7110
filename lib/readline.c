// Reading a line with editing, for the kernel and for programs. The one buffer is static and has no
// lock: in the kernel only the monitor uses it.

#include <inc/stdio.h>

enum {
	CTRL_C = 'C' - '@',
	CTRL_U = 'U' - '@',
	BACKSPACE = '\b',
	DELETE = 0x7f, // what most terminals send for backspace
};

static char line[1024];

static void erase(int n)
{
	while (n-- > 0)
		cprintf("\b \b");
}

char *readline(const char *prompt)
{
	const int room = sizeof(line) - 1;
	int n = 0;

	if (prompt)
		cprintf("%s", prompt);
	for (;;) {
		int c = getchar();

		if (c < 0)
			return NULL;
		switch (c) {
		case '\r':
		case '\n':
			cputchar('\n');
			line[n] = '\0';
			return line;
		case CTRL_C:
			cprintf("^C\n");
			line[0] = '\0';
			return line;
		case CTRL_U:
			erase(n);
			n = 0;
			break;
		case BACKSPACE:
		case DELETE:
			if (n > 0) {
				erase(1);
				n--;
			}
			break;
		default:
			if (c >= ' ' && n < room) {
				cputchar(c);
				line[n++] = c;
			}
		}
	}
}

#include <kern/programs.h>

#include <inc/stdio.h>
#include <inc/string.h>

#include <kern/env.h>

const struct Program *program_find(const char *name)
{
	for (const struct Program *p = programs; p < programs_end; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

static void list_programs(void)
{
	int column = 0;

	for (const struct Program *p = programs; p < programs_end; p++) {
		column += strlen(p->name) + 1;
		if (column > 78) {
			cprintf("\n");
			column = strlen(p->name) + 1;
		}
		cprintf(" %s", p->name);
	}
	cprintf("\n");
}

bool program_start(const char *name)
{
	const struct Program *program = program_find(name);

	if (!program) {
		cprintf("No program is called '%s'. There are:\n", name);
		list_programs();
		return false;
	}
	int r = env_create(program, ENV_TYPE_USER);
	if (r < 0)
		cprintf("Cannot start %s: %e\n", name, r);
	return r == 0;
}

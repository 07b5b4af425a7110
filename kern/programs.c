// Finding programs by their names, and starting them: those of the boot options, and those that are
// typed. Starting a program needs the kernel lock.

#include <kern/programs.h>

#include <inc/stdio.h>
#include <inc/string.h>

#include <kern/env.h>
#include <kern/programtable.h>

const struct Program *program_find(const char *command)
{
	int len = strfind(command, ':') - command;

	for (const struct Program *p = programs; p < programs_end; p++)
		if (strlen(p->name) == len && strncmp(p->name, command, len) == 0)
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

bool program_start(const char *command)
{
	const struct Program *program = program_find(command);
	int r = program ? env_create(program, command, ENV_TYPE_USER) : -E_INVAL;

	if (!program) {
		cprintf("No program is called '%s'. There are:\n", command);
		list_programs();
	} else if (r < 0) {
		cprintf("Cannot start %s: %e\n", command, r);
	}
	env_has_failed |= r < 0;
	return r == 0;
}

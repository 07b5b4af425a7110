// The kernel monitor: it reads commands from the console and runs them. The commands are one table.
// Needs the kernel lock, and does not release it.

#include <kern/monitor.h>

#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/audit.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/envlist.h>
#include <kern/inspect.h>
#include <kern/kdebug.h>
#include <kern/mappings.h>
#include <kern/options.h>
#include <kern/pmap.h>
#include <kern/power.h>
#include <kern/programs.h>
#include <kern/programtable.h>
#include <kern/trace.h>
#include <kern/trapframe.h>

enum { MAX_WORDS = 16 };

// Why the monitor runs if no env is at a breakpoint: code of the kernel has called it, no env can
// run any more, or the kernel has panicked.
static enum { CALLED, ALL_DONE, PANICKED } reason;

// What the monitor does after a command: read the next one, or return.
enum { STAY = 0, LEAVE = -1 };

// A command gets its words, the first of them its name, and the argument of monitor(). It returns
// STAY or LEAVE.
typedef int command_fn(int argc, char **argv, struct Trapframe *tf);

static command_fn help, kerninfo, backtrace, list_envs, list_cpus, memory, mappings, rights,
	virtual, physical, run_audit, run_inspect, fail, run, go_on, step, reset, poweroff;

static const struct Command {
	const char *name;
	const char *text; // for `help': its arguments, if it has any, and what it does
	command_fn *function;
} commands[] = {
	{"help", "list the commands", help},
	{"kerninfo", "where the kernel is in memory", kerninfo},
	{"backtrace", "the chain of calls, at a breakpoint and in the kernel", backtrace},
	{"bt", "the same", backtrace},
	{"envs", "environments, and what each waits for", list_envs},
	{"cpus", "CPUs and what runs on them", list_cpus},
	{"mem", "free and used pages", memory},
	{"showmappings", "START END: how these pages are mapped", mappings},
	{"setperm", "ADDR +W: give a right, W or U, on a page; -W takes it away", rights},
	{"x/N", "ADDR: show N words of memory", virtual},
	{"xp/N", "ADDR: the same at a physical address", physical},
	{"audit", "check that the kernel's data structures agree", run_audit},
	{"inspect", "[PART]: check what exercises 1 to 5 of lab4.md set up", run_inspect},
	{"fail", "N: make the N-th page allocation from now on fail", fail},
	{"run", "NAME...: run programs, NAME or NAME:ARG:ARG, to their end", run},
	{"continue", "go on after a breakpoint, or after monitor(NULL)", go_on},
	{"c", "the same", go_on},
	{"step", "execute one instruction after a breakpoint", step},
	{"si", "the same", step},
	{"reset", "restart the machine", reset},
	{"poweroff", "switch the machine off", poweroff},
};

// If the kernel has panicked, say so. Returns whether it has.
static bool say_panicked(void)
{
	if (reason == PANICKED)
		cprintf("The kernel has panicked and does not go on any more; 'reset' restarts "
			"the machine.\n");
	return reason == PANICKED;
}

// ---- Information ----

static int help(int argc, char **argv, struct Trapframe *tf)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		cprintf("  %-12s  %s\n", commands[i].name, commands[i].text);
	return STAY;
}

static int kerninfo(int argc, char **argv, struct Trapframe *tf)
{
	extern char _start[], text_start[], rodata_end[], edata[], end[];
	const struct {
		const char *name;
		uintptr_t va;
	} symbols[] = {
		{"text_start", (uintptr_t) text_start},
		{"rodata_end", (uintptr_t) rodata_end},
		{"edata", (uintptr_t) edata},
		{"end", (uintptr_t) end},
	};

	cprintf("Special kernel symbols:\n");
	cprintf("  %-12s          %08x (phys)\n", "_start", (uintptr_t) _start);
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		cprintf("  %-12s %08x (virt) %08x (phys)\n", symbols[i].name, symbols[i].va,
			symbols[i].va - KERNBASE);
	cprintf("Kernel executable memory footprint: %uKB\n",
		(ROUNDUP((uintptr_t) end, 1024) - (uintptr_t) text_start) / 1024);
	return STAY;
}

static int backtrace(int argc, char **argv, struct Trapframe *tf)
{
	if (tf) {
		cprintf("Environment %08x:\n", curenv->env_id);
		print_user_backtrace(curenv);
		cprintf("Kernel:\n");
	}
	print_kernel_backtrace(read_ebp(), 0);
	return STAY;
}

static int list_envs(int argc, char **argv, struct Trapframe *tf)
{
	if (env_free_count() == NENV)
		cprintf("There are no environments. Try 'run hello'.\n");
	else
		print_envs(tf ? curenv : NULL);
	return STAY;
}

static int list_cpus(int argc, char **argv, struct Trapframe *tf)
{
	static const char *const states[] = {
		[CPU_UNUSED] = "not started",   [CPU_STARTING] = "starting",
		[CPU_KERNEL] = "in the kernel", [CPU_USER] = "in user mode",
		[CPU_HALTED] = "halted",        [CPU_RESTING] = "resting",
		[CPU_DEAD] = "does not answer",
	};

	cprintf("CPU  APIC ID  state            environment\n");
	for (int i = 0; i < ncpu; i++) {
		cprintf("%3d  %7d  %-15s  ", i, cpus[i].cpu_id, states[cpus[i].cpu_status]);
		if (cpus[i].cpu_env)
			cprintf("%08x\n", cpus[i].cpu_env->env_id);
		else
			cprintf("%s\n", i == cpunum() ? "none: this monitor" : "none");
	}
	return STAY;
}

static int memory(int argc, char **argv, struct Trapframe *tf)
{
	size_t free = page_free_count();

	cprintf("%u pages of %u bytes: %u free, %u used\n", npages, PGSIZE, free, npages - free);
	return STAY;
}

static int mappings(int argc, char **argv, struct Trapframe *tf)
{
	show_mappings(argc, argv);
	return STAY;
}

static int rights(int argc, char **argv, struct Trapframe *tf)
{
	if (!say_panicked())
		set_rights(argc, argv);
	return STAY;
}

static int virtual(int argc, char **argv, struct Trapframe *tf)
{
	examine(argc, argv, false);
	return STAY;
}

static int physical(int argc, char **argv, struct Trapframe *tf)
{
	examine(argc, argv, true);
	return STAY;
}

static int run_audit(int argc, char **argv, struct Trapframe *tf)
{
	audit();
	return STAY;
}

static int run_inspect(int argc, char **argv, struct Trapframe *tf)
{
	inspect(argc > 1 ? argv[1] : NULL);
	return STAY;
}

static int fail(int argc, char **argv, struct Trapframe *tf)
{
	char *end = NULL;
	long n = argc == 2 ? strtol(argv[1], &end, 10) : -1;

	if (n < 0 || end == argv[1] || *end)
		cprintf("usage: fail N (0: none)\n");
	else
		page_fail_nth(n);
	return STAY;
}

// ---- Going on ----

static int run(int argc, char **argv, struct Trapframe *tf)
{
	bool any = false;

	if (argc < 2) {
		cprintf("usage: run NAME...\n");
		return STAY;
	}
	if (say_panicked())
		return STAY;
	if (tf) {
		cprintf("Environment %08x is at a breakpoint; 'continue' first.\n", curenv->env_id);
		return STAY;
	}
	if (reason == CALLED) {
		cprintf("The kernel's code has called the monitor; 'continue' first.\n");
		return STAY;
	}
	for (int i = 1; i < argc; i++)
		any |= program_start(argv[i]);
	return any ? LEAVE : STAY;
}

// Let the env at a breakpoint go on, for one instruction if stepping.
static int resume(struct Trapframe *tf, bool stepping)
{
	if (!tf && reason == CALLED && !stepping)
		return LEAVE;
	if (say_panicked())
		return STAY;
	if (!tf) {
		cprintf("No environment is at a breakpoint. Try 'run breakpoint'.\n");
		return STAY;
	}
	if (stepping || curenv->env_stepping != ENV_STEP_NEVER)
		curenv->env_stepping = stepping ? ENV_STEP_NOW : ENV_STEP_EARLIER;
	tf->tf_eflags = stepping ? tf->tf_eflags | FL_TF : tf->tf_eflags & ~FL_TF;
	return LEAVE;
}

static int go_on(int argc, char **argv, struct Trapframe *tf)
{
	return resume(tf, false);
}

static int step(int argc, char **argv, struct Trapframe *tf)
{
	return resume(tf, true);
}

static int reset(int argc, char **argv, struct Trapframe *tf)
{
	machine_reset();
}

static int poweroff(int argc, char **argv, struct Trapframe *tf)
{
	power_off();
	return STAY;
}

// ---- Reading commands ----

// Split line, in place, into words. Returns how many have been found, at most max.
static int split(char *line, char **words, int max)
{
	int n = 0;

	while (n < max) {
		while (*line && strchr(" \t\r\n", *line))
			*line++ = '\0';
		if (!*line)
			break;
		words[n++] = line;
		while (*line && !strchr(" \t\r\n", *line))
			line++;
	}
	*line = '\0';
	return n;
}

// Whether a command is called so; where its name ends with "/N", the word may end with such a
// count.
static bool is_name(const char *word, const char *name)
{
	while (*word && *word != '/' && *word == *name) {
		word++;
		name++;
	}
	return *name == '/' ? !*word || *word == '/' : *word == *name;
}

static int run_command(char *line, struct Trapframe *tf)
{
	char *words[MAX_WORDS + 1];
	int n = split(line, words, MAX_WORDS + 1);

	if (n == 0)
		return STAY;
	if (n > MAX_WORDS) {
		cprintf("A command has at most %d words.\n", MAX_WORDS);
		return STAY;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (is_name(words[0], commands[i].name))
			return commands[i].function(n, words, tf);
	if (program_find(words[0]))
		cprintf("'%s' is a program; 'run %s' starts it.\n", words[0], words[0]);
	else
		cprintf("Unknown command '%s'; 'help' lists the commands.\n", words[0]);
	return STAY;
}

// Nobody is there to answer: end the run, if the machine can do that.
static void end_run(struct Trapframe *tf)
{
	if (tf)
		print_user_backtrace(curenv);
	trace_end();
	cprintf("With EXIT=1 the run ends here, instead of in the monitor.\n");
	power_off_failed(PROGRAM_FAILED);
}

void monitor(struct Trapframe *tf)
{
	if (tf && tf->tf_trapno == T_BRKPT)
		print_trapframe(tf);
	if (options.exit && reason == CALLED)
		end_run(tf);
	if (tf && curenv->env_stepping == ENV_STEP_NOW) {
		struct Eipdebuginfo info;

		debuginfo_eip(tf->tf_eip, &info);
		cprintf("%08x %s:%d: %s+%u\n", tf->tf_eip, info.eip_file, info.eip_line,
			info.eip_fn_name, tf->tf_eip - info.eip_fn_addr);
	} else {
		cprintf("Welcome to the JOS kernel monitor!\n"
			"Type 'help' for a list of commands.\n");
	}

	char *line;
	do
		line = readline("K> ");
	while (!line || run_command(line, tf) == STAY);
}

void monitor_when_done(void)
{
	reason = ALL_DONE;
	monitor(NULL);
	reason = CALLED;
}

void monitor_after_panic(void)
{
	reason = PANICKED;
	for (;;)
		monitor(NULL);
}

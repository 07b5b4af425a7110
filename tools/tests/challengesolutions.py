"""Solutions of challenges that this tree does not have, as small as they can be: the programs in
user/challenges/ are tried with them. For each there are edits: file, text, text in its place."""

PRIORITY = (
    ("inc/syscall.h", "	SYS_ipc_send_recv,\n", "	SYS_ipc_send_recv,\n	SYS_env_set_priority,\n"),
    ("inc/lib.h", "int sys_page_copy(", "int sys_env_set_priority(envid_t env, int priority);\n"
     "int sys_page_copy("),
    ("lib/syscall.c", "int sys_env_set_trapframe(", """int sys_env_set_priority(envid_t env, int priority)
{
	return syscall2(SYS_env_set_priority, env, priority);
}

int sys_env_set_trapframe("""),
    ("inc/env.h", "	pde_t *env_pgdir; ", "	int env_priority; // those of higher priority run first\n"
     "	pde_t *env_pgdir; "),
    ("kern/env.c", "	e->env_runs = 0;\n", """	e->env_runs = 0;
	e->env_priority = curenv ? curenv->env_priority : 1;
"""),
    ("kern/syscall.c", "static int sys_env_set_trapframe(", """static int sys_env_set_priority(envid_t envid, int priority)
{
	struct Env *e;
	int r = envid2env(envid, &e, true);

	if (r < 0)
		return r;
	if (priority < 0 || priority > 3)
		return -E_INVAL;
	e->env_priority = priority;
	return 0;
}

static int sys_env_set_trapframe("""),
    ("kern/syscall.c", "#define CALLS(CALL) ", "#define CALLS(CALL) CALL(env_set_priority, A1, A2) "),
    ("kern/sched.c", "// Return the env that runs next by round robin; sleep while there is none.\n",
     """// Return the runnable env of the highest priority that is next after the last one, or NULL.
static struct Env *first_by_priority(const struct CpuInfo *cpu)
{
	struct Env *first = NULL;

	for (uint32_t i = 1; i <= NENV; i++) {
		struct Env *e = &envs[(cpu->cpu_last - envs + i) % NENV];

		if (e->env_status == ENV_RUNNABLE &&
		    (!first || e->env_priority > first->env_priority))
			first = e;
	}
	return first;
}

// The same, by priorities first.
"""),
    ("kern/sched.c", "	if (!current || current->env_status != ENV_RUNNING || cpu->cpu_hindered)\n",
     """	struct Env *first = first_by_priority(cpu);
	bool goes_on = current && current->env_status == ENV_RUNNING;
	if (first && goes_on && current->env_priority > first->env_priority)
		return current;
	if (first) {
		limit_debt(first);
		return first;
	}
	if (!goes_on || cpu->cpu_hindered)
"""),
    ("kern/sched.c", "	if (!next || next->env_status", "	if (true || !next || next->env_status"),
)

EXCEPTIONS = (
    ("kern/trap.c", "static void page_fault_handler(struct Env *e)\n",
     """// Whether e gets this exception as it gets page faults.
static bool is_for_program(const struct Env *e, uint32_t trapno)
{
	return e->env_pgfault_upcall &&
	       (trapno == T_DIVIDE || trapno == T_ILLOP || trapno == T_GPFLT);
}

static void page_fault_handler(struct Env *e)
"""),
    ("kern/trap.c", "	kill_for_trap(e);\n}\n\nIN_REGISTERS void (*trap_enter)",
     """	if (is_for_program(e, trapno)) {
		tf->tf_err |= UTF_EXCEPTION | trapno << UTF_TRAPNO;
		deliver_page_fault(e, 0);
		return;
	}
	kill_for_trap(e);
}

IN_REGISTERS void (*trap_enter)"""),
    ("inc/trap.h", "// What the kernel pushes on a program's exception stack",
     """// In utf_err, for other exceptions than page faults: this bit, and from that bit on the vector.
#define UTF_EXCEPTION 0x80000000
#define UTF_TRAPNO    16

// What the kernel pushes on a program's exception stack"""),
    ("inc/lib.h", "// ---- Envs (lib/fork.c) ----",
     "void set_exception_handler(int trapno, void (*handler)(struct UTrapframe *utf));\n\n"
     "// ---- Envs (lib/fork.c) ----"),
    ("lib/pgfault.c", "// Let a fault that nothing handles",
     """static void (*exception_handlers[32])(struct UTrapframe *utf);

void set_exception_handler(int trapno, void (*handler)(struct UTrapframe *utf))
{
	int r = pgfault_install();

	if (r < 0)
		panic("set_exception_handler: %e", r);
	exception_handlers[trapno] = handler;
}

// Let a fault that nothing handles"""),
    ("lib/pgfault.c", "	if (pgfault_resolve && pgfault_resolve(utf))",
     """	if (utf->utf_err & UTF_EXCEPTION) {
		int trapno = (utf->utf_err & ~UTF_EXCEPTION) >> UTF_TRAPNO;

		utf->utf_err &= (1 << UTF_TRAPNO) - 1;
		if (exception_handlers[trapno])
			exception_handlers[trapno](utf);
		else
			fault_again(utf);
		return;
	}
	if (pgfault_resolve && pgfault_resolve(utf))"""),
)

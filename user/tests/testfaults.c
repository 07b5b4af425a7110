// Difficult page faults: stack pointers at and near all limits of the stacks; exception stacks that
// are full, missing, read-only, or shared with another env; entry points anywhere; unusual flags.
// The env must either enter its upcall with the right frame or end, and the kernel must not panic.
//
// A case is an env without a library: some code, an exception stack, and registers. After its end,
// its entry in envs[] still has the registers of its last trap, from which the result is known.

#include "../common.h"

#define XSTACK  (UXSTACKTOP - PGSIZE)
#define FRAME   sizeof(struct UTrapframe)
#define VICTIM  0x00a00000 // never mapped: where the cases write
#define SHARED  ((volatile uint32_t *) 0x00b00000)
#define ENTERED 0x600df00d // what the good upcall loads into edi

static int failures;

#define fail(...) (cprintf("testfaults: FAIL " __VA_ARGS__), failures++)

// ---- Code that cases run ----

void touch(void);      // write to the address in eax
void popf_touch(void); // load the flags from ebx, then do the same
void popf_call(void);  // load the flags from ebx, then make a system call
void upcall(void);     // end the env, with values of the UTrapframe in ecx, esi and ebp
extern char end[];     // of the program, from the linker

static void __attribute__((used, noinline)) code(void)
{
	asm volatile(
		"popf_touch: pushl %%ebx; popfl\n"
		"touch:      movl %%eax, (%%eax)\n"
		"            hlt\n"
		"popf_call:  pushl %%ebx; popfl\n"
		"            movl %[getenvid], %%eax; int %[call]\n"
		"            nop; nop; hlt\n"
		"upcall:     movl 48(%%esp), %%ecx; movl 44(%%esp), %%esi; movl (%%esp), %%ebp\n"
		"            movl %[entered], %%edi\n"
		"            movl %[destroy], %%eax; xorl %%edx, %%edx; int %[call]\n"
		:
		: [getenvid] "i"(SYS_getenvid), [destroy] "i"(SYS_env_destroy),
		  [call] "i"(T_SYSCALL), [entered] "i"(ENTERED));
}

// ---- Cases ----

enum Stack { GOOD, MISSING, READ_ONLY, COPY_ON_WRITE, OURS };
enum Outcome {
	ENTERS,   // it enters its upcall
	KILLED,   // its page fault ends it
	DEBUGGED, // a debug exception ends it
	EITHER,   // one of the first two
};

struct Case {
	const char *name;
	enum Outcome outcome;
	void (*code)(void);
	uintptr_t upcall;
	enum Stack stack;
	uintptr_t esp;
	uint32_t flags; // besides IF
};

#define UPCALL ((uintptr_t) upcall)

static const struct Case cases[] = {
	{"good", ENTERS, touch, UPCALL, GOOD, USTACKTOP, 0},
	{"no exception stack", KILLED, touch, UPCALL, MISSING, USTACKTOP, 0},
	{"read-only exception stack", KILLED, touch, UPCALL, READ_ONLY, USTACKTOP, 0},
	{"copy-on-write exception stack", KILLED, touch, UPCALL, COPY_ON_WRITE, USTACKTOP, 0},
	{"shared exception stack", EITHER, touch, UPCALL, OURS, USTACKTOP, 0},

	// The upcall faults itself, again and again, until the exception stack is full.
	{"upcall that faults", KILLED, touch, (uintptr_t) touch, GOOD, USTACKTOP, 0},
	{"upcall that faults, shared stack", KILLED, touch, (uintptr_t) touch, OURS, USTACKTOP, 0},
	{"upcall of zeros in envs[]", KILLED, touch, UPAGES - 4, GOOD, USTACKTOP, 0},

	{"upcall NULL", KILLED, touch, 0, GOOD, USTACKTOP, 0},
	{"upcall not mapped", KILLED, touch, 1, GOOD, USTACKTOP, 0},
	{"upcall at USTACKTOP", KILLED, touch, USTACKTOP, GOOD, USTACKTOP, 0},
	{"upcall in the UVPT", KILLED, touch, UVPT, GOOD, USTACKTOP, 0},
	{"upcall at ULIM", KILLED, touch, ULIM, GOOD, USTACKTOP, 0},
	{"upcall at KERNBASE", KILLED, touch, KERNBASE, GOOD, USTACKTOP, 0},
	{"upcall in the kernel", KILLED, touch, KERNBASE + EXTPHYSMEM, GOOD, USTACKTOP, 0},
	{"upcall at the end", KILLED, touch, 0xffffffff, GOOD, USTACKTOP, 0},

	{"TF when it starts", DEBUGGED, popf_call, UPCALL, GOOD, USTACKTOP, FL_TF},
	{"TF by popf, then a system call", DEBUGGED, popf_call, UPCALL, GOOD, USTACKTOP, 0},
	{"TF and a page fault", DEBUGGED, touch, UPCALL, GOOD, USTACKTOP, FL_TF},
	{"DF", ENTERS, popf_touch, UPCALL, GOOD, USTACKTOP, FL_DF},
	{"AC and an odd stack", ENTERS, popf_touch, UPCALL, GOOD, USTACKTOP - 1, FL_AC},
	{"NT", ENTERS, popf_touch, UPCALL, GOOD, USTACKTOP, FL_NT},
	{"every flag", ENTERS, popf_touch, UPCALL, GOOD, USTACKTOP, ~(FL_TF | FL_VM | FL_RF)},
};

// Stack pointers are tried from 4 below to 4 above each of these.
static const uintptr_t edges[] = {
	0,
	3,
	UTEXT,
	USTACKTOP - PGSIZE,
	USTACKTOP,
	XSTACK,
	XSTACK + 4 + FRAME,
	UXSTACKTOP,
	UENVS + PGSIZE,
	ULIM,
	KERNBASE,
	0xffffffff,
};

// ---- Running them ----

static void must(int r)
{
	if (r < 0)
		panic("cannot set up a case: %e", r);
}

static void give_exception_stack(envid_t env, enum Stack kind)
{
	if (kind == MISSING)
		return;
	if (kind == OURS)
		must(sys_page_map(0, (void *) SHARED, env, (void *) XSTACK, RW));
	else
		must(sys_page_alloc(env, (void *) XSTACK,
				    kind == GOOD        ? RW
				    : kind == READ_ONLY ? RO
							: RO | PTE_COW));
}

// Run a case to its end. Returns the env's entry in envs[], or NULL if it does not end.
static const volatile struct Env *run(const struct Case *c)
{
	envid_t env = sys_exofork();
	struct Trapframe tf = {
		.tf_regs = {.reg_eax = VICTIM, .reg_ebx = c->flags},
		.tf_eip = (uintptr_t) c->code,
		.tf_esp = c->esp,
		.tf_eflags = c->code == popf_touch ? 0 : c->flags,
	};

	must(env);
	if (c->code == popf_call)
		tf.tf_regs.reg_ebx = FL_TF;
	for (uintptr_t va = UTEXT; va < (uintptr_t) end; va += PGSIZE)
		must(sys_page_map(0, (void *) va, env, (void *) va, RO));
	must(sys_page_alloc(env, (void *) (USTACKTOP - PGSIZE), RW));
	// Below the exception stack there is a page, which must not be written.
	must(sys_page_map(0, (void *) (SHARED + PGSIZE / 4), env, (void *) (XSTACK - PGSIZE), RW));
	give_exception_stack(env, c->stack);
	must(sys_env_set_pgfault_upcall(env, (void *) c->upcall));
	must(sys_env_set_trapframe(env, &tf));
	must(sys_env_set_status(env, ENV_RUNNABLE));

	const volatile struct Env *slot = &envs[ENVX(env)];
	for (uint64_t begin = read_tsc(); is_early(begin);) {
		if (!is_alive(env))
			return slot;
		for (int i = 0; i < 100; i++) // change the stack of an env that shares it
			SHARED[PGSIZE / 4 - 1 - i % 20] = 0xffffff00 + i;
		sys_yield();
	}
	sys_env_destroy(env);
	return NULL;
}

static void check_entered(const char *name, const struct Case *c,
			  const volatile struct Trapframe *tf)
{
	bool nested = c->esp > USTACKTOP && c->esp < UXSTACKTOP;
	uintptr_t frame = (nested ? c->esp - 4 : UXSTACKTOP) - FRAME;
	uint32_t flags = c->flags & (FL_DF | FL_AC | FL_NT);

	if (tf->tf_esp != frame)
		fail("%s: enters the upcall with esp %08x, not %08x\n", name, tf->tf_esp, frame);
	if (tf->tf_eflags & FL_DF)
		fail("%s: enters the upcall with DF set\n", name);
	if (c->stack == OURS)
		return; // the frame has been overwritten
	if (tf->tf_regs.reg_ebp != VICTIM || tf->tf_regs.reg_ecx != c->esp)
		fail("%s: the upcall is told va %08x and esp %08x\n", name, tf->tf_regs.reg_ebp,
		     tf->tf_regs.reg_ecx);
	if ((tf->tf_regs.reg_esi & (FL_DF | FL_AC | FL_NT | FL_IOPL_MASK | FL_IF)) !=
	    (flags | FL_IF))
		fail("%s: the upcall is told eflags %08x\n", name, tf->tf_regs.reg_esi);
}

static void test(const char *name, const struct Case *c)
{
	const volatile struct Env *slot = run(c);
	const volatile struct Trapframe *tf = &slot->env_tf;

	if (!slot) {
		fail("%s: does not end\n", name);
		return;
	}
	bool entered = tf->tf_trapno == T_SYSCALL && tf->tf_regs.reg_edi == ENTERED;
	bool expected = c->outcome == ENTERS     ? entered
			: c->outcome == KILLED   ? tf->tf_trapno == T_PGFLT
			: c->outcome == DEBUGGED ? tf->tf_trapno == T_DEBUG
						 : entered || tf->tf_trapno == T_PGFLT;
	if (!expected)
		fail("%s: ends with trap %u at %08x\n", name, tf->tf_trapno, tf->tf_eip);
	else if (entered)
		check_entered(name, c, tf);
	for (int i = 0; i < PGSIZE / 4; i++)
		if (SHARED[PGSIZE / 4 + i]) {
			fail("%s: a word below the exception stack was written\n", name);
			SHARED[PGSIZE / 4 + i] = 0;
		}
}

static void test_stack_pointer(uintptr_t esp)
{
	// Not enough room in the exception stack, or below it already.
	bool full = esp > USTACKTOP && esp < XSTACK + 4 + FRAME;
	struct Case c = {NULL, full ? KILLED : ENTERS, touch, UPCALL, GOOD, esp, 0};
	char name[20];

	snprintf(name, sizeof(name), "esp %08x", esp);
	test(name, &c);
}

static void test_stack_pointers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
		for (int offset = -4; offset <= 4; offset++)
			test_stack_pointer(edges[i] + offset);
	for (uintptr_t esp = USTACKTOP; esp < UXSTACKTOP; esp += 124)
		test_stack_pointer(esp);
}

// ---- A handler that faults for ever ----

static size_t hole; // how much it takes from the stack each time

// Page-fault handler: take some stack, as compiled code does before it pushes, and fault again.
static void overflow(struct UTrapframe *utf)
{
	char *volatile taken = __builtin_alloca(hole); // volatile, or compilers leave it away

	*(volatile int *) (utf->utf_fault_va + PGSIZE) = taken != NULL;
}

// Such an env ends when its exception stack is full, however large its frames are, up to the
// guard's size.
static void test_overflow(void)
{
	for (hole = 0; hole < PGSIZE - 256; hole += 210) {
		envid_t child = fork_or_panic();

		if (child == 0) {
			set_pgfault_handler(overflow);
			*(volatile int *) VICTIM = 1;
			exit();
		}
		for (uint64_t begin = read_tsc(); is_alive(child) && is_early(begin);)
			sys_yield();
		if (is_alive(child)) {
			fail("a handler that takes %u bytes and faults, for ever, lives\n", hole);
			sys_env_destroy(child);
		}
	}
}

// ---- Faults in the handler of a fault in the handler ... ----

enum { DEPTH = 12 };

struct Registers {
	struct PushRegs regs;
	uint32_t eflags;
};

// Load the registers from in, write to the address in eax, store the registers in out.
void probe(const struct Registers *in, struct Registers *out);

asm(".pushsection .text\n"
    "probe:	pushal; pushfl; cld\n"
    "	movl 40(%esp), %esi; subl $32, %esp; movl %esp, %edi; movl $8, %ecx; rep movsl\n"
    "	pushl (%esi); popfl; popal\n"
    "	movl %eax, (%eax)\n"
    "	pushfl; pushal; cld\n"
    "	movl %esp, %esi; movl 80(%esp), %edi; movl $9, %ecx; rep movsl\n"
    "	addl $36, %esp; popfl; popal; ret\n"
    ".popsection\n");

static struct Registers before[DEPTH], after[DEPTH];
static int depth;

static void fault_deeper(void)
{
	struct Registers *in = &before[depth];

	for (int i = 0; i < 8; i++)
		((uint32_t *) &in->regs)[i] = 0x01010101 * (16 * depth + i + 1);
	in->regs.reg_eax = VICTIM + depth * PGSIZE;
	in->eflags =
		read_eflags() | (depth % 2 ? FL_CF | FL_ZF | FL_OF | FL_AC | FL_ID : FL_DF | FL_SF);
	probe(in, &after[depth]);
}

// The page-fault handler: fault itself, down to some depth, then map the page.
static void nest(struct UTrapframe *utf)
{
	if (++depth < DEPTH)
		fault_deeper();
	must(sys_page_alloc(0, (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW));
}

static void test_nesting(void)
{
	set_pgfault_handler(nest);
	fault_deeper();
	for (int d = 0; d < DEPTH; d++) {
		after[d].regs.reg_oesp = before[d].regs.reg_oesp;
		if (memcmp(&before[d], &after[d], sizeof(before[d])) != 0)
			fail("registers have changed after the fault at depth %d\n", d);
	}
	if (depth != DEPTH)
		fail("%d faults instead of %d\n", depth, DEPTH);
}

void umain(int argc, char **argv)
{
	must(sys_page_alloc(0, (void *) SHARED, RW));
	must(sys_page_alloc(0, (void *) (SHARED + PGSIZE / 4), RW));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		test(cases[i].name, &cases[i]);
	test_stack_pointers();
	test_overflow();
	test_nesting();
	if (failures == 0)
		cprintf("testfaults: OK\n");
}

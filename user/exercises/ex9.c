// Checks of exercise 9: page faults of children that sys_exofork has made. Their code and their
// upcalls are assembly. Their exception stack is a page that we have mapped too, and check
// afterwards.

#include "check.h"

#define XSTACK (UXSTACKTOP - PGSIZE)
#define WORDS  ((volatile uint32_t *) 0x10000000) // our mapping of the child's exception stack
#define VICTIM 0x00a00123                         // never mapped
#define FRAME  sizeof(struct UTrapframe)
#define FLAGS  (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_OF | FL_DF)

void write_eax(void); // write to the address in eax
void read_eax(void);  // read from there
void upcall(void);    // store the stack pointer and end
void nest(void);      // the same, but first fault `nesting' times
extern char nested_fault[];
volatile uintptr_t upcall_esp;
volatile int nesting;

asm(".pushsection .text\n"
    "write_eax:	movl %eax, (%eax); hlt\n"
    "read_eax:	movl (%eax), %ecx; hlt\n"
    "nest:	decl nesting; js upcall; movl $0x00a00123, %eax\n"
    "nested_fault: movl %eax, (%eax); hlt\n"
    "upcall:	movl %esp, upcall_esp; movl $3, %eax; xorl %edx, %edx; int $48; hlt\n"
    ".popsection\n");
static_assert(SYS_env_destroy == 3 && T_SYSCALL == 48 && VICTIM == 0x00a00123);

// What children get:
static void *the_upcall;
static int exception_rights; // on their exception stack; 0: no page
static bool page_below;      // whether there is a page just below that
static struct Trapframe start;

// Prepare a child that runs this code, with va in eax, esp as stack pointer, and numbers in all
// other registers.
static void prepare(void (*code)(void), uintptr_t va, uintptr_t esp)
{
	the_upcall = upcall;
	exception_rights = RW;
	page_below = false;
	start = (struct Trapframe){
		.tf_regs = {.reg_edi = 0xd1d1d1d1,
			    .reg_esi = 0x51515151,
			    .reg_ebp = 0xb9b9b9b9,
			    .reg_ebx = 0xb0b0b0b0,
			    .reg_edx = 0xd0d0d0d0,
			    .reg_ecx = 0xc0c0c0c0,
			    .reg_eax = va},
		.tf_eflags = FL_CF | FL_ZF | FL_OF | FL_DF,
		.tf_eip = (uintptr_t) code,
		.tf_esp = esp,
	};
}

// Let a child run to its end. Returns whether it has entered its upcall. Fails if it does not end.
static bool comes_to_upcall(void)
{
	MUST(sys_page_alloc(0, (void *) WORDS, RW));
	for (size_t i = 0; i < PGSIZE / 4; i++)
		WORDS[i] = 0xa5000000 + i;
	upcall_esp = 0;
	envid_t child = make_child(&start);
	if (exception_rights)
		MUST(sys_page_map(0, (void *) WORDS, child, (void *) XSTACK, exception_rights));
	if (page_below)
		MUST(sys_page_alloc(child, (void *) (XSTACK - PGSIZE), RW));
	MUST(sys_env_set_pgfault_upcall(child, the_upcall));
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	if (!ends(child)) {
		fail("the child neither enters its upcall nor ends");
		sys_env_destroy(child);
	}
	return upcall_esp != 0;
}

// Whether the n-th word from the top of the exception stack, counted from 1, has not changed.
static bool untouched(size_t n)
{
	return WORDS[PGSIZE / 4 - n] == 0xa5000000 + PGSIZE / 4 - n;
}

// The child must enter its upcall with esp at frame, where a struct UTrapframe has the fault's
// address, its error code, and the child's registers.
static void expect_frame(const char *what, uintptr_t va, uint32_t err, uintptr_t frame)
{
	if (!comes_to_upcall()) {
		fail("%s: the env dies, but should enter its upcall with esp %08x", what, frame);
		return;
	}
	if (upcall_esp != frame) {
		fail("%s: the upcall's esp is %08x, not %08x: %s", what, upcall_esp, frame,
		     start.tf_esp - XSTACK < PGSIZE
			     ? "below the stack pointer there are one free word and the frame"
			     : "the frame is at the top of the exception stack");
		return;
	}
	const struct UTrapframe *utf = (void *) WORDS + (frame - XSTACK);
	struct PushRegs regs = utf->utf_regs;
	regs.reg_oesp = 0;
	if (utf->utf_fault_va != va)
		fail("%s: utf_fault_va is %08x, not %08x: copy cr2 unchanged", what,
		     utf->utf_fault_va, va);
	if (utf->utf_err != err)
		fail("%s: utf_err is %x, not %x: copy tf_err", what, utf->utf_err, err);
	if (memcmp(&regs, &start.tf_regs, sizeof(regs)) != 0)
		fail("%s: utf_regs are not those at the fault: copy tf_regs", what);
	if (utf->utf_eip != start.tf_eip)
		fail("%s: utf_eip is %08x, not %08x: the instruction that faulted", what,
		     utf->utf_eip, start.tf_eip);
	if ((utf->utf_eflags ^ start.tf_eflags) & FLAGS)
		fail("%s: utf_eflags is %08x, not %08x: the flags at the fault", what,
		     utf->utf_eflags & FLAGS, start.tf_eflags);
	if (utf->utf_esp != start.tf_esp)
		fail("%s: utf_esp is %08x, not %08x: copy tf_esp before changing it", what,
		     utf->utf_esp, start.tf_esp);
}

static void frame(void)
{
	prepare(write_eax, VICTIM, USTACKTOP - 16);
	expect_frame("first fault", VICTIM, FEC_U | FEC_WR, UXSTACKTOP - FRAME);
	for (size_t n = FRAME / 4 + 1; n <= PGSIZE / 4; n++)
		if (!untouched(n)) {
			fail("the kernel writes below the struct UTrapframe: at %08x",
			     UXSTACKTOP - 4 * n);
			break;
		}
}

static void kinds(void)
{
	prepare(read_eax, VICTIM, USTACKTOP - 16);
	expect_frame("read, no page", VICTIM, FEC_U, UXSTACKTOP - FRAME);
	prepare(write_eax, UTEXT + 5, USTACKTOP - 16);
	expect_frame("write, read-only page", UTEXT + 5, FEC_U | FEC_WR | FEC_PR,
		     UXSTACKTOP - FRAME);
	prepare(read_eax, KERNBASE, USTACKTOP - 16);
	expect_frame("read, kernel's page", KERNBASE, FEC_U | FEC_PR, UXSTACKTOP - FRAME);
	prepare((void (*)(void)) VICTIM, 0, USTACKTOP - 16);
	expect_frame("instruction, no page", VICTIM, FEC_U, UXSTACKTOP - FRAME);
}

// If the stack pointer is inside the exception stack, the frame is below it, after a free word.
static void nested(void)
{
	static const uint32_t depths[] = {4, FRAME, FRAME + 2, 1000, PGSIZE - FRAME - 4};
	char what[30];

	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		prepare(write_eax, VICTIM, UXSTACKTOP - depths[i]);
		snprintf(what, sizeof(what), "fault with esp %08x", start.tf_esp);
		expect_frame(what, VICTIM, FEC_U | FEC_WR, start.tf_esp - 4 - FRAME);
		for (size_t n = 1; n <= depths[i] / 4; n++)
			if (!untouched(n)) {
				fail("%s: the kernel writes at %08x, above that: this part of the "
				     "stack is in use",
				     what, UXSTACKTOP - 4 * n);
				break;
			}
	}
}

// An upcall that faults itself.
static void deeper(void)
{
	enum { DEPTH = 5 };

	prepare(write_eax, VICTIM, USTACKTOP - 16);
	the_upcall = nest;
	nesting = DEPTH;
	if (!comes_to_upcall() || nesting >= 0) {
		fail("%d of %d faults of an upcall itself do not enter the upcall", nesting + 1,
		     DEPTH);
		return;
	}
	uintptr_t at = UXSTACKTOP - FRAME, esp = start.tf_esp, eip = start.tf_eip;
	for (int depth = 0; depth <= DEPTH; depth++) {
		const struct UTrapframe *utf = (void *) WORDS + (at - XSTACK);
		if (utf->utf_esp != esp || utf->utf_eip != eip || utf->utf_fault_va != VICTIM) {
			fail("fault %d: its struct UTrapframe, at %08x, should have esp %08x, eip "
			     "%08x and fault_va %08x, but has %08x, %08x and %08x",
			     depth + 1, at, esp, eip, VICTIM, utf->utf_esp, utf->utf_eip,
			     utf->utf_fault_va);
			return;
		}
		esp = at;
		eip = (uintptr_t) nested_fault;
		at -= 4 + FRAME;
	}
}

// With a stack pointer outside the exception stack, even just above it, a fault is not nested. (In
// the guard below it, solutions differ: the lab's text of old calls that a first fault.)
static void outside(void)
{
	static const uintptr_t esps[] = {UXSTACKTOP + 4, 0, 3, USTACKTOP, ULIM, KERNBASE, -4};
	char what[30];

	for (size_t i = 0; i < ARRAY_SIZE(esps); i++) {
		prepare(write_eax, VICTIM, esps[i]);
		snprintf(what, sizeof(what), "fault with esp %08x", start.tf_esp);
		expect_frame(what, VICTIM, FEC_U | FEC_WR, UXSTACKTOP - FRAME);
	}
	prepare(write_eax, VICTIM, UXSTACKTOP); // inside or outside: both are right
	if (!comes_to_upcall())
		fail("fault with esp %08x: the upcall is not entered", start.tf_esp);
}

// The child must end before it enters its upcall.
static void expect_death(const char *what)
{
	if (comes_to_upcall())
		fail("%s: the upcall is entered with esp %08x; the env must die instead", what,
		     upcall_esp);
}

// The page below the exception stack is missing.
static void full(void)
{
	static const uint32_t rooms[] = {0, 3, 4, 8, FRAME, FRAME + 2, FRAME + 3};
	char what[60];

	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		prepare(write_eax, VICTIM, XSTACK + rooms[i]);
		snprintf(what, sizeof(what), "%u bytes left, a frame and a word need %u", rooms[i],
			 FRAME + 4);
		expect_death(what);
	}
	prepare(write_eax, VICTIM, USTACKTOP - 16);
	the_upcall = nest;
	nesting = 1000;
	expect_death("an upcall that always faults");
	prepare(write_eax, VICTIM, XSTACK + FRAME + 4);
	expect_frame("just enough room", VICTIM, FEC_U | FEC_WR, XSTACK);
}

// A program may have mapped the page below the exception stack. The frame must not go there.
static void lower(void)
{
	static const uint32_t rooms[] = {8, FRAME, FRAME + 3};
	char what[70];

	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		prepare(write_eax, VICTIM, XSTACK + rooms[i]);
		page_below = true;
		snprintf(what, sizeof(what), "%u bytes left of the %u needed, and a page below",
			 rooms[i], FRAME + 4);
		expect_death(what);
	}
	prepare(write_eax, VICTIM, XSTACK + FRAME + 4);
	page_below = true;
	expect_frame("just enough room, and a page below", VICTIM, FEC_U | FEC_WR, XSTACK);
}

static void stack(void)
{
	prepare(write_eax, VICTIM, USTACKTOP - 16);
	exception_rights = 0;
	expect_death("no exception stack");
	exception_rights = RO;
	expect_death("read-only exception stack");
	for (size_t n = 1; n <= PGSIZE / 4; n++)
		if (!untouched(n)) {
			fail("the kernel writes to an exception stack that the env has read-only");
			break;
		}
}

static void address(void)
{
	static const uintptr_t upcalls[] = {1, VICTIM, USTACKTOP, ULIM, KERNBASE + 0x100000, -1};
	char what[40];

	for (size_t i = 0; i < ARRAY_SIZE(upcalls); i++) {
		prepare(write_eax, VICTIM, USTACKTOP - 16);
		the_upcall = (void *) upcalls[i];
		snprintf(what, sizeof(what), "upcall %08x", upcalls[i]);
		expect_death(what);
		if (!untouched(100))
			fail("%s: the env ends when its exception stack is full, not at the first "
			     "fault: check that the upcall can be executed",
			     what);
	}
	the_upcall = NULL;
	expect_death("no upcall"); // with the message "user fault va ..."
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"frame", frame},   {"kinds", kinds},     {"nested", nested},
		{"deeper", deeper}, {"outside", outside}, {"full", full},
		{"stack", stack},   {"address", address}, {"lower", lower}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}

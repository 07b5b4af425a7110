// Checks of exercise 10: _pgfault_upcall, which exercise 11 makes known to the kernel. Code faults
// with known values in all registers. The handler must be told these values, and the registers must
// have them afterwards.

#include "check.h"

#include "../../lib/pgfault.h"

extern void (*_pgfault_handler)(struct UTrapframe *utf);
void pgfault_dispatch(struct UTrapframe *utf);

enum { EDI, ESI, EBP, EBX, EDX, ECX, EAX, ESP, EFLAGS, NREGS };
static const char *const names[NREGS] = {"edi", "esi", "ebp", "ebx",   "edx",
					 "ecx", "eax", "esp", "eflags"};

#define VICTIM    0x00a00000 // the first of the pages that cause faults
#define OUR_FLAGS (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_OF | FL_DF | FL_ID)

// Load all registers from wanted[], write to the address in eax or call it, then store all
// registers in after[]. All instructions in between are moves, which do not change flags.
void probe_write(void);
void probe_call(void);
extern char probe_instruction[];
uint32_t wanted[NREGS], after[NREGS];
uint32_t probe_esp; // its own stack pointer meanwhile

#define PROBE(name, instruction)                                                                   \
	name ":	pushal; pushfl; movl %esp, probe_esp; pushl wanted+32; popfl\n"                    \
	     "	movl wanted+0, %edi; movl wanted+4, %esi; movl wanted+8, %ebp\n"                    \
	     "	movl wanted+12, %ebx; movl wanted+16, %edx; movl wanted+20, %ecx\n"                 \
	     "	movl wanted+24, %eax; movl wanted+28, %esp\n" instruction                          \
	     "	movl %edi, after+0; movl %esi, after+4; movl %ebp, after+8\n"                       \
	     "	movl %ebx, after+12; movl %edx, after+16; movl %ecx, after+20\n"                    \
	     "	movl %eax, after+24; movl %esp, after+28; movl probe_esp, %esp\n"                   \
	     "	pushfl; popl after+32; popfl; popal; ret\n"
asm(".pushsection .text\n" PROBE("probe_write", "probe_instruction: movl %eax, (%eax)\n")
	    PROBE("probe_call", "call *%eax\n") ".popsection\n");
static_assert(ESP * 4 == 28 && EFLAGS * 4 == 32);

static struct UTrapframe *told_at; // the handler's argument,
static struct UTrapframe told;     // and what it points to
static int faults;

static const char *const words[] = {"utf_fault_va", "utf_err",    "edi",    "esi", "ebp",
				    "oesp",         "ebx",        "edx",    "ecx", "eax",
				    "utf_eip",      "utf_eflags", "utf_esp"};
static_assert(sizeof(words) == sizeof(struct UTrapframe));

// Say which word of the last struct UTrapframe has this value, or one that is 4 more; "" if none
// has. The text is valid until the next call.
static const char *word_of(uint32_t value)
{
	static char text[60];
	const uint32_t *utf = (const uint32_t *) &told;

	for (uint32_t more = 0; told_at && more <= 4; more += 4)
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (utf[i] == value + more) {
				snprintf(text, sizeof(text), " (%s of the last fault, offset %u%s)",
					 words[i], 4 * i, more ? ", less 4" : "");
				return text;
			}
	return "";
}

// Whether the instruction at eip is one of lib/pfentry.S.
static bool is_upcall(uintptr_t eip)
{
	return eip - (uintptr_t) _pgfault_upcall < 128;
}

// The handler of most checks: provide the page. It uses no string instructions, because the
// direction flag may be set.
static void provide(struct UTrapframe *utf)
{
	volatile uint32_t *to = (void *) &told;
	void *page = (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE);
	if (++faults > 3 || sys_page_alloc(0, page, RW) < 0) {
		fail("an unexpected fault, utf_fault_va is %08x%s", utf->utf_fault_va,
		     word_of(utf->utf_fault_va));
		if (utf->utf_eip == told.utf_eip)
			fail("the instruction that faulted is executed again, but with another "
			     "register");
		else
			fail("there utf_eip is %08x%s: where did the last fault return to?",
			     utf->utf_eip,
			     is_upcall(utf->utf_eip) ? ", in _pgfault_upcall"
						     : word_of(utf->utf_eip));
		_pgfault_handler = NULL;
		pgfault_resolve = NULL;
		pgfault_dispatch(utf); // the kernel reports it, with the line
	}
	told_at = utf;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		to[i] = ((volatile uint32_t *) utf)[i];
	if (utf->utf_eip == utf->utf_fault_va) // a call: write `ret' there
		*(volatile uint8_t *) utf->utf_fault_va = 0xc3;
}

// Fault at va with numbers made of pattern in the registers, and with these flags and this stack
// pointer. Returns the set of the registers that have changed.
static uint32_t fault(void (*probe)(void), uint32_t va, uint32_t pattern, uint32_t flags,
		      uintptr_t esp)
{
	uint32_t wrong = 0;

	for (int r = 0; r < NREGS; r++)
		wanted[r] = pattern ^ (0x01020304 * (r + 1));
	wanted[EAX] = va;
	wanted[ESP] = esp;
	wanted[EFLAGS] = (read_eflags() & ~OUR_FLAGS) | flags;
	sys_page_unmap(0, (void *) ROUNDDOWN(va, PGSIZE));
	faults = 0;
	probe();
	for (int r = 0; r < NREGS; r++)
		if (wanted[r] != after[r])
			wrong |= 1 << r;
	return wrong;
}

// Report the registers of such a set, with their values in wanted[] and after[].
static void report(const char *when, uint32_t wrong)
{
	for (int r = 0; r < NREGS; r++)
		if (wrong & 1 << r)
			fail("%s: %s is %08x%s, not %08x: %s", when, names[r], after[r],
			     r == EFLAGS ? "" : word_of(after[r]), wanted[r],
			     r == EFLAGS ? "nothing after popfl may change flags; mov, lea, pop "
					   "and ret do not"
			     : r == ESP  ? "push the address for `ret' below utf_esp"
					 : "nothing may change it after popal has restored it");
}

static uint32_t stack[512]; // for the faulting code
#define MIDDLE   256
#define ON_STACK ((uintptr_t) &stack[MIDDLE])

static void registers(void)
{
	set_first_handler(provide);
	report("after a fault", fault(probe_write, VICTIM + 8, 0, 0, ON_STACK));
	report("after a fault", fault(probe_write, VICTIM + 0xff4, 0xffffffff, 0, ON_STACK));
}

static void flags(void)
{
	set_first_handler(provide);
	for (uint32_t flag = 1; flag <= OUR_FLAGS; flag <<= 1) {
		if (!(flag & OUR_FLAGS))
			continue;
		report("with one flag set", fault(probe_write, VICTIM, 0, flag, ON_STACK));
		report("with one flag clear",
		       fault(probe_write, VICTIM, 0, OUR_FLAGS & ~flag, ON_STACK));
	}
}

static void esp(void)
{
	set_first_handler(provide);
	for (int offset = -8; offset < 8; offset++)
		report("for any stack pointer",
		       fault(probe_write, VICTIM, 0, 0, ON_STACK + offset));
}

// The handler's argument is the address of what the kernel has put on the exception stack.
static void argument(void)
{
	set_first_handler(provide);
	fault(probe_write, VICTIM + 0x124, 0, 0, ON_STACK);
	if (faults != 1)
		fail("the handler was called %d times, not once", faults);
	if ((uintptr_t) told_at != UXSTACKTOP - sizeof(*told_at))
		fail("the handler's argument is %08x, not %08x: where esp points on entry",
		     (uintptr_t) told_at, UXSTACKTOP - sizeof(*told_at));
	else if (told.utf_fault_va != VICTIM + 0x124 || told.utf_err != (FEC_U | FEC_WR) ||
		 told.utf_eip != (uintptr_t) probe_instruction || told.utf_esp != ON_STACK)
		fail("the handler is told va %08x, err %x, eip %08x, esp %08x, not %08x, %x, %08x, "
		     "%08x: the struct UTrapframe has been overwritten",
		     told.utf_fault_va, told.utf_err, told.utf_eip, told.utf_esp, VICTIM + 0x124,
		     FEC_U | FEC_WR, (uintptr_t) probe_instruction, ON_STACK);
}

static int resolved;

static bool resolve(struct UTrapframe *utf)
{
	resolved++;
	return sys_page_alloc(0, (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW) == 0;
}

// What the upcall calls is pgfault_dispatch, which asks fork's function first.
static void dispatch(void)
{
	resolved = 0;
	pgfault_resolve = resolve;
	set_first_handler(provide);
	fault(probe_write, VICTIM, 0, 0, ON_STACK);
	pgfault_resolve = NULL;
	if (faults > 0 || resolved != 1)
		fail("the program's handler is called, but pgfault_resolve is not, which comes "
		     "first: _pgfault_upcall must call pgfault_dispatch");
}

// The faulting instruction is executed again.
static void eip(void)
{
	set_first_handler(provide);
	report("after a fault", fault(probe_write, VICTIM + 0x234, 0, 0, ON_STACK));
	if (faults != 1 || *(volatile uint32_t *) (VICTIM + 0x234) != VICTIM + 0x234)
		fail("%d faults, and the word to be written is %08x: return to utf_eip, to the "
		     "instruction that faulted",
		     faults, *(volatile uint32_t *) (VICTIM + 0x234));
	report("after a call of a missing page", fault(probe_call, VICTIM, 0, 0, ON_STACK));
	if (faults != 1)
		fail("%d faults by a call, not 1: return to utf_eip", faults);
}

// Only one word of the interrupted stack, just below the stack pointer, may be overwritten.
static void below(void)
{
	set_first_handler(provide);
	for (size_t i = 0; i < ARRAY_SIZE(stack); i++)
		stack[i] = 0x5a000000 + i;
	fault(probe_write, VICTIM, 0, 0, ON_STACK);
	for (int i = 0; i < ARRAY_SIZE(stack); i++)
		if (i != MIDDLE - 1 && stack[i] != 0x5a000000 + i) {
			fail("the word at esp %c %u of the interrupted stack is overwritten: only "
			     "the word at esp - 4 is free",
			     i < MIDDLE ? '-' : '+', 4 * (i < MIDDLE ? MIDDLE - i : i - MIDDLE));
			break;
		}
}

// ---- Faults in the handler ----

enum { DEPTH = 8 };
static int depth;
static uint32_t wrong_at[DEPTH];

// A handler that faults itself, with a stack pointer a little below its own, so that each struct
// UTrapframe is at a lower address.
static void nest(struct UTrapframe *utf)
{
	if (++depth < DEPTH) {
		int level = depth;
		uint32_t want[NREGS], esp = probe_esp;
		struct UTrapframe before = *utf;

		memcpy(want, wanted, sizeof(want));
		wrong_at[level] =
			fault(probe_write, VICTIM + level * PGSIZE, 0x11111111 * level,
			      level % 2 ? FL_CF | FL_SF : FL_ZF | FL_OF, (read_esp() & ~3) - 128);
		memcpy(wanted, want, sizeof(want));
		probe_esp = esp;
		if (memcmp(&before, utf, sizeof(before)) != 0)
			wrong_at[level] |= 1 << NREGS;
	}
	if (sys_page_alloc(0, (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW) < 0)
		exit();
}

static void nested(void)
{
	set_first_handler(nest);
	depth = 0;
	memset(wrong_at, 0, sizeof(wrong_at));
	wrong_at[0] = fault(probe_write, VICTIM, 0, 0, ON_STACK);
	if (depth != DEPTH)
		fail("%d faults, each in the handler of the last one, instead of %d", depth, DEPTH);
	for (int level = 0; level < DEPTH; level++) {
		for (int r = 0; r < NREGS; r++)
			if (wrong_at[level] & 1 << r)
				fail("in handlers %d deep, a fault changes %s", level, names[r]);
		if (wrong_at[level] & 1 << NREGS)
			fail("in handlers %d deep, a fault changes what the handler was told",
			     level);
	}
}

// A fault of a handler uses the word that the kernel has left free below the stack pointer.
static uint32_t room[4], room_wrong;

static void fault_in_handler(struct UTrapframe *utf)
{
	uint32_t want[NREGS], esp = probe_esp, words[400];
	const size_t top = ARRAY_SIZE(words) - 4;

	if (utf->utf_fault_va != VICTIM) {
		provide(utf);
		return;
	}
	memcpy(want, wanted, sizeof(want));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = 0x5a000000 + i;
	room_wrong = fault(probe_write, VICTIM + PGSIZE, 0, 0, (uintptr_t) &words[top]);
	for (size_t i = top; i < ARRAY_SIZE(words); i++)
		room[i - top] = words[i] - 0x5a000000 - i;
	memcpy(wanted, want, sizeof(want));
	probe_esp = esp;
	provide(utf);
}

static void word(void)
{
	set_first_handler(fault_in_handler);
	fault(probe_write, VICTIM, 0, 0, ON_STACK);
	for (size_t i = 0; i < ARRAY_SIZE(room); i++)
		if (room[i])
			fail("a fault in a handler overwrites the word at esp + %u: put the "
			     "address for `ret' at utf_esp - 4, which the kernel has left free",
			     4 * i);
	if (room_wrong & 1 << ESP)
		fail("after a fault in a handler esp is not as it was");
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {{"argument", argument}, {"registers", registers},
					      {"flags", flags},       {"esp", esp},
					      {"eip", eip},           {"below", below},
					      {"nested", nested},     {"word", word},
					      {"dispatch", dispatch}};

	checks_in_children = true;
	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}

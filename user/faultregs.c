// Faults with a known value in every register. Checks that the page-fault handler is told these
// values, and that the registers have them again after the faulting instruction.

#include <inc/lib.h>

enum { EDI, ESI, EBP, EBX, EDX, ECX, EAX, ESP, EFLAGS, NREGS };

static const char *const names[NREGS] = {"edi", "esi", "ebp", "ebx",   "edx",
					 "ecx", "eax", "esp", "eflags"};

#define ARITHMETIC_FLAGS (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_OF)

// The assembly below uses these by name, so they are not static.
uint32_t wanted[NREGS]; // what it loads before the fault
uint32_t after[NREGS];  // what it finds after the fault
uint32_t own_esp;       // its own stack pointer meanwhile

static uint32_t told[NREGS]; // what the handler finds in its UTrapframe
static uint32_t stack[64];   // where esp points during the fault

// Load all registers from wanted[], write to UTEMP, store all registers into after[].
// Between the loads and the stores there are only moves, for these leave eflags alone.
void fault_once(void);
extern char faulting_instruction[];

asm(".pushsection .text\n"
    "fault_once:\n"
    "	pushal\n"
    "	pushfl\n"
    "	movl %esp, own_esp\n"
    "	pushl wanted+32\n"
    "	popfl\n"
    "	movl wanted+0, %edi\n"
    "	movl wanted+4, %esi\n"
    "	movl wanted+8, %ebp\n"
    "	movl wanted+12, %ebx\n"
    "	movl wanted+16, %edx\n"
    "	movl wanted+20, %ecx\n"
    "	movl wanted+24, %eax\n"
    "	movl wanted+28, %esp\n"
    "faulting_instruction:\n"
    "	movl %eax, 0x400000\n"
    "	movl %edi, after+0\n"
    "	movl %esi, after+4\n"
    "	movl %ebp, after+8\n"
    "	movl %ebx, after+12\n"
    "	movl %edx, after+16\n"
    "	movl %ecx, after+20\n"
    "	movl %eax, after+24\n"
    "	movl %esp, after+28\n"
    "	movl own_esp, %esp\n"
    "	pushfl\n"
    "	popl after+32\n"
    "	popfl\n"
    "	popal\n"
    "	ret\n"
    ".popsection\n");

static_assert(ESP * 4 == 28 && EFLAGS * 4 == 32);

// The page-fault handler: store what it is told, and map the page.
static void note_registers(struct UTrapframe *utf)
{
	if (utf->utf_fault_va != (uintptr_t) UTEMP)
		panic("fault at va %08x instead of %08x", utf->utf_fault_va, (uintptr_t) UTEMP);
	if (utf->utf_eip != (uintptr_t) faulting_instruction)
		panic("fault by the instruction at %08x instead of %08x", utf->utf_eip,
		      (uintptr_t) faulting_instruction);

	told[EDI] = utf->utf_regs.reg_edi;
	told[ESI] = utf->utf_regs.reg_esi;
	told[EBP] = utf->utf_regs.reg_ebp;
	told[EBX] = utf->utf_regs.reg_ebx;
	told[EDX] = utf->utf_regs.reg_edx;
	told[ECX] = utf->utf_regs.reg_ecx;
	told[EAX] = utf->utf_regs.reg_eax;
	told[ESP] = utf->utf_esp;
	told[EFLAGS] = utf->utf_eflags & ~FL_RF; // some processors set RF when they fault

	int error = sys_page_alloc(0, UTEMP, PTE_P | PTE_U | PTE_W);
	if (error < 0)
		panic("sys_page_alloc: %e", error);
}

// Show every register that is not as wanted, and return whether all are.
static bool all_as_wanted(const uint32_t *found, const char *where)
{
	bool good = true;

	for (int r = 0; r < NREGS; r++) {
		if (found[r] == wanted[r])
			continue;
		cprintf("%s: %s is %08x, not %08x\n", where, names[r], found[r], wanted[r]);
		good = false;
	}
	return good;
}

void umain(int argc, char **argv)
{
	bool told_right = true, restored = true;

	set_pgfault_handler(note_registers);

	// Twice, the second time with every bit inverted.
	for (int round = 0; round < 2; round++) {
		uint32_t flip = round == 0 ? 0 : ~0U;

		for (int r = EDI; r <= EAX; r++)
			wanted[r] = (0x01020304 * (r + 1)) ^ flip;
		wanted[ESP] = (uintptr_t) &stack[48 + round];
		wanted[EFLAGS] = (read_eflags() & ~ARITHMETIC_FLAGS) | (ARITHMETIC_FLAGS & ~flip);

		sys_page_unmap(0, UTEMP);
		fault_once();
		told_right &= all_as_wanted(told, "UTrapframe");
		restored &= all_as_wanted(after, "after");
	}

	cprintf("Registers in UTrapframe %s\n", told_right ? "OK" : "MISMATCH");
	cprintf("Registers after page-fault %s\n", restored ? "OK" : "MISMATCH");
}

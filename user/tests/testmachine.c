// Programs must not get control of the machine: by privileged instructions, ports, control and
// debug registers, segments, gates or flags. Each instruction is executed by an env of its own,
// which has only a page of code and a stack. After its end, its entry in envs[] still has the
// registers of its last trap: its last system call if the instruction has done no harm, or the
// exception that ended it.

#include "../common.h"

#define CODE   ((uint8_t *) 0x00a00000) // where we write the code, and where the envs execute it
#define SHARED ((volatile uint32_t *) 0x00b00000)

#define ESP    (USTACKTOP - 64)
#define MARK   0x600df00d // edi, which must not change

static int failures;
static bool emulator_fails; // it has executed an instruction that no processor does in user mode

#define fail(...) (cprintf("testmachine: FAIL " __VA_ARGS__), failures++)

// The end of all code: the system call that destroys the caller.
static const uint8_t ending[] = {0xb8, SYS_env_destroy, 0, 0, 0, 0x31, 0xd2, 0xcd, T_SYSCALL};

// ---- The instructions ----

// How an env may end: one bit for each exception, and two more.
enum {
	DB = 1 << T_DEBUG,
	DE = 1 << T_DIVIDE,
	BR = 1 << T_BOUND,
	UD = 1 << T_ILLOP,
	TS = 1 << T_TSS,
	GP = 1 << T_GPFLT,
	PF = 1 << T_PGFLT,
	DONE = 1 << 30, // by the system call: the instruction does no harm
	UMIP = 1 << 29, // by GP if the processor has UMIP, otherwise by the system call
	EMU = 1 << 28,  // by GP, or by the system call if an emulator executes it, as QEMU 10 does

	// When code leaves its segment, QEMU reads the user's stack with the kernel's rights. With
	// SMAP, this causes a page fault before the real exception.
	FAR = GP | PF,
};

static const struct Case {
	const char *name;
	const char *code;
	int size;
	unsigned outcome;
} cases[] = {
#define CASE(name, outcome, code)                                                                  \
	{                                                                                          \
		name, code, sizeof(code) - 1, outcome                                              \
	}
	CASE("nop", DONE, "\x90"),
	CASE("in byte, port 0x64", GP, "\xe4\x64"),
	CASE("in byte, port dx", GP, "\xec"),
	CASE("in long, port 0xfc", GP, "\xe5\xfc"),
	CASE("out byte, port 0xf4", GP, "\xe6\xf4"),
	CASE("out long, port dx", GP, "\xef"),
	CASE("insb", GP, "\x6c"),
	CASE("outsl", GP, "\x6f"),
	CASE("out to the last port", GP, "\xba\xff\xff\x00\x00\xee"),
	CASE("cli", GP, "\xfa"),
	CASE("sti", GP, "\xfb"),
	CASE("hlt", GP, "\xf4"),
	CASE("lgdt", GP, "\x0f\x01\x14\x24"),
	CASE("lidt", GP, "\x0f\x01\x1c\x24"),
	CASE("lldt", GP, "\x0f\x00\xd0"),
	CASE("ltr", GP, "\x0f\x00\xd8"),
	CASE("sgdt", UMIP, "\x0f\x01\x04\x24"),
	CASE("sidt", UMIP, "\x0f\x01\x0c\x24"),
	CASE("sldt", UMIP, "\x0f\x00\xc0"),
	CASE("str", UMIP, "\x0f\x00\xc8"),
	CASE("smsw", UMIP, "\x0f\x01\xe0"),
	CASE("lmsw", GP, "\x0f\x01\xf0"),
	CASE("clts", GP, "\x0f\x06"),
	CASE("invlpg", GP, "\x0f\x01\x3c\x24"),
	CASE("invd", GP | EMU, "\x0f\x08"),
	CASE("wbinvd", GP | EMU, "\x0f\x09"),
	CASE("mov eax, cr0", GP, "\x0f\x22\xc0"),
	CASE("mov eax, cr2", GP, "\x0f\x22\xd0"),
	CASE("mov eax, cr3", GP, "\x0f\x22\xd8"),
	CASE("mov eax, cr4", GP, "\x0f\x22\xe0"),
	CASE("mov cr0, eax", GP, "\x0f\x20\xc0"),
	CASE("mov cr3, eax", GP, "\x0f\x20\xd8"),
	CASE("mov eax, dr0", GP, "\x0f\x23\xc0"),
	CASE("mov eax, dr7", GP, "\x0f\x23\xf8"),
	CASE("mov dr7, eax", GP, "\x0f\x21\xf8"),
	CASE("rdmsr", GP, "\xb9\x1b\x00\x00\x00\x0f\x32"),
	CASE("wrmsr", GP, "\xb9\x74\x01\x00\x00\x0f\x30"),
	CASE("rdpmc", GP, "\x31\xc9\x0f\x33"),
	CASE("rdtsc", DONE, "\x0f\x31"),
	CASE("cpuid", DONE, "\x0f\xa2"),
	CASE("sysenter", GP, "\x0f\x34"),
	CASE("sysexit", GP, "\x0f\x35"),
	CASE("syscall", UD, "\x0f\x05"),
	CASE("ud2", UD, "\x0f\x0b"),
	CASE("xsetbv", UD | GP, "\x31\xc9\x0f\x01\xd1"),
	CASE("int1", DB | UD, "\xf1"),
	CASE("into", GP, "\xb0\x7f\x04\x01\xce"),
	CASE("bound", BR, "\xb8\x01\x00\x00\x00\x62\x04\x24"),
	CASE("divide by zero", DE, "\x31\xc0\xf7\xf0"),
	CASE("unknown system call", DONE, "\xb8\xff\xff\xff\xff\xcd\x30"),

	// pushl eflags; pushl cs; pushl eip; iret. If iret succeeds, eip 0 causes a page fault.
	CASE("iret to kernel code", FAR, "\x9c\x6a\x08\x6a\x00\xcf"),
	CASE("iret to kernel code, RPL 3", FAR, "\x9c\x6a\x0b\x6a\x00\xcf"),
	CASE("iret to RPL 0", FAR, "\x9c\x6a\x18\x6a\x00\xcf"),
	CASE("iret to data", FAR, "\x9c\x6a\x23\x6a\x00\xcf"),
	CASE("iret to the null segment", FAR, "\x9c\x6a\x00\x6a\x00\xcf"),
	CASE("iret to a TSS", FAR, "\x9c\x6a\x2b\x6a\x00\xcf"),
	CASE("iret to address 0", PF, "\x9c\x6a\x1b\x6a\x00\xcf"),
	CASE("iret to virtual-8086 mode", FAR, "\x68\x02\x32\x02\x00\x6a\x00\x6a\x00\xcf"),
	CASE("iret with NT", TS, "\x68\x02\x40\x00\x00\x9d\xcf"),
	CASE("iret without a stack", PF, "\x31\xe4\xcf"),
	CASE("far return to kernel code", FAR, "\x6a\x08\x6a\x00\xcb"),
	CASE("popf with IOPL 3, no IF", DONE, "\x68\x02\x30\x00\x00\x9d"),
	CASE("popf with every flag but TF", DONE, "\x68\xff\xfe\xff\xff\x9d"),
	CASE("popf with IOPL 3, then cli", GP, "\x68\x02\x32\x00\x00\x9d\xfa"),
	CASE("popf with IOPL 3, then in", GP, "\x68\x02\x32\x00\x00\x9d\xec"),
	CASE("popf with TF", DB, "\x68\x02\x03\x00\x00\x9d\x90\x90"),
	CASE("popf with TF, then sysenter", GP, "\x68\x02\x03\x00\x00\x9d\x0f\x34"),
	CASE("popf with TF, then mov ss, int", DB,
	     "\xb8\x02\x00\x00\x00\x8c\xd1\x68\x02\x03\x00\x00\x9d\x8e\xd1\xcd\x30\x90\x90"),
};

// ---- Executing one ----

static void must(int r)
{
	if (r < 0)
		panic("cannot set up a case: %e", r);
}

// Let an env execute the code and end. It must end in one of these ways, with error code err (-1
// for any error code).
static void execute(const char *name, const void *code, int size, unsigned outcomes, int err)
{
	envid_t env = sys_exofork();
	struct Trapframe tf = {
		.tf_regs = {.reg_edi = MARK, .reg_edx = 0x80},
		.tf_eip = (uintptr_t) CODE,
		.tf_esp = ESP,
	};

	must(env);
	memcpy(CODE, code, size);
	memcpy(CODE + size, ending, sizeof(ending));
	must(sys_page_map(0, CODE, env, CODE, RW));
	must(sys_page_alloc(env, (void *) (USTACKTOP - PGSIZE), RW));
	must(sys_env_set_trapframe(env, &tf));
	must(sys_env_set_status(env, ENV_RUNNABLE));
	for (uint64_t begin = read_tsc(); is_alive(env) && is_early(begin);)
		sys_yield();

	const volatile struct Trapframe *last = &envs[ENVX(env)].env_tf;
	if (is_alive(env)) {
		fail("%s: the env does not end\n", name);
		sys_env_destroy(env);
	} else if ((outcomes & EMU) && last->tf_trapno == T_SYSCALL) {
		emulator_fails = true; // with privilege level 3, which is checked below
	} else if (!(outcomes & (last->tf_trapno == T_SYSCALL ? DONE : 1U << last->tf_trapno))) {
		fail("%s: trap %u at %08x\n", name, last->tf_trapno, last->tf_eip);
	} else if (err >= 0 && last->tf_err != (uint32_t) err) {
		fail("%s: error code %x, not %x\n", name, last->tf_err, err);
	} else if (last->tf_regs.reg_edi != MARK && strncmp(name, "ins", 3) != 0) {
		fail("%s: edi is %08x\n", name, last->tf_regs.reg_edi);
	}
	bool virtual = last->tf_eflags & FL_VM; // QEMU lets programs set it
	if (!virtual &&
	    ((last->tf_eflags & (FL_IOPL_MASK | FL_IF)) != FL_IF || last->tf_cs != (GD_UT | 3)))
		fail("%s: eflags %08x, cs %04x\n", name, last->tf_eflags, last->tf_cs);
}

// ---- Cases made at run time ----

static void test_int_n(void)
{
	for (int n = 0; n < 256; n++) {
		uint8_t code[] = {0xb8, 0xff, 0xff, 0xff, 0xff, 0xcd, n}; // eax: an unknown call
		char name[12];

		snprintf(name, sizeof(name), "int %d", n);
		if (n == T_SYSCALL)
			execute(name, code, sizeof(code), DONE, -1);
		else if (n != T_BRKPT) // which enters the kernel's monitor
			execute(name, code, sizeof(code), GP, n * 8 + 2);
	}
}

// Selectors: null, kernel, user with every privilege level, TSS, LDT, beyond the GDT.
static const uint8_t selectors[] = {
	0,       3,           GD_KT,       GD_KT | 3, GD_KD,     GD_KD | 3,
	GD_UT,   GD_UT | 1,   GD_UT | 3,   GD_UD,     GD_UD | 2, 0x23,
	GD_TSS0, GD_TSS0 | 3, GD_TSS0 + 8, GD_UT | 7, GD_UD | 7, 0xfb,
};

static void test_selectors(void)
{
	// By their numbers in the instruction. There is no mov to cs.
	static const char *const registers[] = {"es", NULL, "ss", "ds", "fs", "gs"};

	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++) {
		uint8_t sel = selectors[i];
		bool code = (sel & ~3) == GD_UT, data = (sel & ~3) == GD_UD, null = sel <= 3;
		uint8_t transfer[] = {0xea, 0, 0, 0, 0, sel, 0};
		uintptr_t next = (uintptr_t) CODE + sizeof(transfer);
		char name[20];

		memcpy(&transfer[1], &next, sizeof(next));
		snprintf(name, sizeof(name), "far jump to %02x", sel);
		execute(name, transfer, sizeof(transfer), code ? DONE : GP, -1);
		transfer[0] = 0x9a;
		snprintf(name, sizeof(name), "far call to %02x", sel);
		execute(name, transfer, sizeof(transfer), code ? DONE | PF : FAR, -1);
		for (size_t r = 0; r < ARRAY_SIZE(registers); r++) {
			uint8_t load[] = {0xb8, sel, 0, 0, 0, 0x8e, 0xc0 | r << 3};
			bool ok = r == 2 ? sel == (GD_UD | 3) : null || code || data;

			if (!registers[r])
				continue;
			snprintf(name, sizeof(name), "%s = %02x", registers[r], sel);
			execute(name, load, sizeof(load), ok ? DONE : GP, -1);
		}
	}
}

// ---- After all that ----

// The timer must still take the CPU away.
static void test_preemption(void)
{
	envid_t child = fork();

	must(child);
	while (child == 0)
		SHARED[0] = SHARED[0] + 1;
	// Neither env gives up its CPU, so on one CPU only the timer lets the child count.
	for (int turn = 0; turn < 2; turn++) {
		uint32_t count = SHARED[0], spins = 0;
		while (SHARED[0] == count && ++spins < 1U << 29)
			;
		if (SHARED[0] == count)
			fail("the timer does not interrupt any more\n");
	}
	sys_env_destroy(child);
}

void umain(int argc, char **argv)
{
	uint32_t max_leaf, features = 0;

	must(sys_page_alloc(0, CODE, RW));
	must(sys_page_alloc(0, (void *) SHARED, RW | PTE_SHARE));
	cpuid(0, &max_leaf, NULL, NULL, NULL);
	if (max_leaf >= 7)
		cpuid(7, NULL, NULL, &features, NULL);
	unsigned umip = features & 4 ? GP : DONE; // bit 2: the processor has it

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct Case *c = &cases[i];
		execute(c->name, c->code, c->size, c->outcome == UMIP ? umip : c->outcome, -1);
	}
	test_int_n();
	test_selectors();
	test_preemption();
	if (emulator_fails)
		cprintf("testmachine: invd or wbinvd does not trap: a fault of the emulator\n");
	if (failures == 0)
		cprintf("testmachine: OK\n");
}

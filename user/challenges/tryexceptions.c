// The challenge `every exception in user mode': a program handles an exception as it handles page
// faults. What the library needs, in lib/pgfault.c:
//
// Call handler for each exception trapno (T_DIVIDE ...) of this env; NULL: the kernel ends it, as
// without a handler. When the handler returns, the program goes on with what it has left in *utf.
// utf_eip is the instruction that caused the exception, utf_err the processor's error code, 0 if
// the exception has none.
// void set_exception_handler(int trapno, void (*handler)(struct UTrapframe *utf));

#include "challenge.h"

void __attribute__((weak)) set_exception_handler(int trapno, void (*handler)(struct UTrapframe *));

#define NOWHERE ((volatile uint32_t *) 0x40000000)

enum { HERE = 100 }; // what a child adds to its result, to say that it has come to its end

static volatile uint32_t error_code, handled;

static void repair_divisor(struct UTrapframe *utf)
{
	utf->utf_regs.reg_ecx = 7;
	handled++;
}

static uint32_t divide(void)
{
	uint32_t result = 42, rest = 0;

	set_exception_handler(T_DIVIDE, repair_divisor);
	asm volatile("divl %%ecx" : "+a"(result), "+d"(rest) : "c"(0) : "cc");
	return result; // 42 / 7
}

// An instruction that this processor does not have, ud2, is to put 42 into eax.
static void emulate(struct UTrapframe *utf)
{
	utf->utf_regs.reg_eax = 42;
	utf->utf_eip += 2;
}

static uint32_t emulated(void)
{
	uint32_t eax = 0, ebx = 1, ecx = 2, edx = 3, esi = 4, edi = 5;

	set_exception_handler(T_ILLOP, emulate);
	asm volatile("ud2" : "+a"(eax), "+b"(ebx), "+c"(ecx), "+d"(edx), "+S"(esi), "+D"(edi));
	return ebx == 1 && ecx == 2 && edx == 3 && esi == 4 && edi == 5 ? eax : 0;
}

static void note_error_code(struct UTrapframe *utf)
{
	error_code = utf->utf_err;
	utf->utf_eip += 2;
}

// A selector beyond the end of the table: its value is the error code.
static uint32_t protection(void)
{
	set_exception_handler(T_GPFLT, note_error_code);
	asm volatile("movw %%ax, %%ds" : : "a"(0x7ff8));
	return error_code;
}

static void map_page(struct UTrapframe *utf)
{
	alloc_or_panic((void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW);
}

// A page fault while another exception is handled.
static void fault(struct UTrapframe *utf)
{
	*NOWHERE = 13;
	utf->utf_eip += 2;
}

static uint32_t nested(void)
{
	set_pgfault_handler(map_page);
	set_exception_handler(T_ILLOP, fault);
	asm volatile("ud2" : : : "memory");
	return *NOWHERE;
}

static uint32_t no_handler(void)
{
	set_exception_handler(T_ILLOP, emulate);
	set_exception_handler(T_ILLOP, NULL);
	asm volatile("ud2");
	return 0;
}

// A child makes this test: the result must be `want'; DIES: it must not return.
enum { DIES = -1 };
static void test(uint32_t (*run)(void), int want, const char *what)
{
	WORDS[0] = 0;
	envid_t child = fork_or_panic();
	if (child == 0) {
		WORDS[0] = HERE + run();
		exit();
	}
	WAIT_UNTIL(!is_alive(child), "%s: the exception comes again and again", what);
	if (want == DIES && WORDS[0] != 0)
		not_there_yet("%s: the env goes on", what);
	if (want != DIES && WORDS[0] == 0)
		not_there_yet("%s: the env was killed", what);
	if (want != DIES && WORDS[0] != HERE + (uint32_t) want)
		not_there_yet("%s: the result is %d, not %d", what, WORDS[0] - HERE, want);
}

void umain(int argc, char **argv)
{
	if (!set_exception_handler)
		not_there_yet("there is no set_exception_handler in lib/pgfault.c");
	begin();
	test(divide, 6, "a handler repairs a division by zero");
	test(emulated, 42, "a handler emulates ud2");
	test(protection, 0x7ff8, "the error code of a protection fault");
	test(nested, 13, "a page fault in a handler");
	test(no_handler, DIES, "an exception whose handler was taken away");
	done();
}

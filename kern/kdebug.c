// Symbols and backtraces. Symbol tables are constants. Reading an env's stack needs the kernel
// lock.

#include <kern/kdebug.h>

#include <inc/assert.h>
#include <inc/memlayout.h>
#include <inc/stdio.h>
#include <inc/string.h>

#include <kern/cpu.h>
#include <kern/pmap.h>
#include <kern/programtable.h>

enum { MAX_FRAMES = 24, ARGS_SHOWN = 5 };

// A symbol table as tools/build/symtab.pl writes it, in little room: all programs are in the
// kernel's image, and so are their tables. After this header come numbers as next_number reads
// them:
//	for each function	how far its address is from the one before, where its name is
//	for each line		how far its address is from the one before; twice how far the line
//				is (signed_number), plus 1 if it is in another file; that file
//	for each file		where its name is
// and then the names: where one is, is counted from the first.
struct SymbolTable {
	uint32_t nfuncs, nlines, nfiles;
};

// Read a number, 7 bits in each byte, the lowest first; all bytes but the last have bit 7 set.
static uint32_t next_number(const uint8_t **next)
{
	uint32_t n = 0;

	for (int shift = 0;; shift += 7) {
		uint8_t byte = *(*next)++;

		n |= (uint32_t) (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return n;
	}
}

// 0, 1, 2, 3, 4 ... stand for 0, -1, 1, -2, 2 ...
static int32_t signed_number(uint32_t n)
{
	return n & 1 ? -(int32_t) (n / 2) - 1 : (int32_t) (n / 2);
}

int debuginfo_find(const void *symbols, uintptr_t addr, struct Eipdebuginfo *info)
{
	const struct SymbolTable *table = symbols;
	uint32_t name = 0, file = 0, file_name = 0;
	int line = 0;

	*info = (struct Eipdebuginfo){
		.eip_file = "?", .eip_fn_name = "?", .eip_fn_namelen = 1, .eip_fn_addr = addr};
	if (!table)
		return -1;

	const uint8_t *next = (const uint8_t *) (table + 1);
	uintptr_t at = 0;
	for (uint32_t i = 0; i < table->nfuncs; i++) {
		at += next_number(&next);
		uint32_t n = next_number(&next);
		if (at <= addr) {
			info->eip_fn_addr = at;
			name = n;
		}
	}

	uint32_t in_file = 0;
	int32_t number = 0;
	at = 0;
	for (uint32_t i = 0; i < table->nlines; i++) {
		at += next_number(&next);
		uint32_t change = next_number(&next);
		number += signed_number(change / 2);
		if (change & 1)
			in_file = next_number(&next);
		if (at <= addr) {
			line = number;
			file = in_file;
		}
	}
	for (uint32_t i = 0; i < table->nfiles; i++) {
		uint32_t n = next_number(&next);
		if (i == file)
			file_name = n;
	}

	const char *names = (const char *) next;
	if (name == 0) { // the empty one
		info->eip_fn_addr = addr;
		return -1;
	}
	info->eip_fn_name = names + name;
	info->eip_fn_namelen = strlen(info->eip_fn_name);
	if (line > 0) {
		info->eip_file = names + file_name;
		info->eip_line = line;
	}
	return 0;
}

static const void *symbols_of(const struct Env *e)
{
	return e && e->env_program ? e->env_program->symbols : NULL;
}

int debuginfo_eip(uintptr_t addr, struct Eipdebuginfo *info)
{
	return debuginfo_find(addr < ULIM ? symbols_of(curenv) : kernel_symbols, addr, info);
}

// ---- Backtraces ----

// What a base pointer points to: the caller's base pointer, the return address, the arguments.
struct Frame {
	uintptr_t ebp, eip;
	uint32_t args[ARGS_SHOWN];
};

// Print one frame. If eip is a return address (returns), its line is that of the call before it.
static void print_frame(const void *symbols, uintptr_t ebp, uintptr_t eip, bool returns,
			const struct Frame *frame)
{
	struct Eipdebuginfo info;

	cprintf("  ebp %08x  eip %08x  args", ebp, eip);
	for (int i = 0; i < ARGS_SHOWN; i++)
		cprintf(" %08x", frame->args[i]);
	if (debuginfo_find(symbols, eip - returns, &info) == 0)
		cprintf("\n         %s:%d: %s+%u\n", info.eip_file, info.eip_line, info.eip_fn_name,
			eip - info.eip_fn_addr);
	else
		cprintf("\n");
}

// Whether va is on a kernel stack: between guards, or in their other mapping at KERNBASE.
static bool on_kernel_stack(uintptr_t va)
{
	uintptr_t depth = KSTACKTOP - 1 - va, offset = va - (uintptr_t) percpu_kstacks;

	return offset < sizeof(percpu_kstacks) ||
	       (depth < NCPU * (KSTKSIZE + KSTKGAP) && depth % (KSTKSIZE + KSTKGAP) < KSTKSIZE);
}

// Read the frame at ebp of env e, or of the kernel if e is NULL. Returns whether there is one.
static bool read_frame(struct Env *e, uintptr_t ebp, struct Frame *frame)
{
	*frame = (struct Frame){0};
	if (e) {
		// Arguments may be beyond the top of the stack; they are taken for 0.
		for (size_t i = 0; i < sizeof(*frame) / 4; i++) {
			const uint32_t *word = (const uint32_t *) ebp + i;
			if (user_mem_check(e, word, sizeof(*word), 0) < 0)
				return i >= 2;
			user_mem_read(e, (uint32_t *) frame + i, word, sizeof(*word));
		}
		return true;
	}
	if (ebp % 4 != 0 || !on_kernel_stack(ebp) || !on_kernel_stack(ebp + sizeof(*frame) - 1))
		return false;
	*frame = *(struct Frame *) ebp;
	return true;
}

static void print_backtrace(struct Env *e, const void *symbols, uintptr_t ebp, uintptr_t eip)
{
	struct Frame frame = {0};
	bool returns = false;

	cprintf("Stack backtrace:\n");
	for (int depth = 0; depth < MAX_FRAMES; depth++) {
		bool there = ebp != 0 && read_frame(e, ebp, &frame);

		if (eip)
			print_frame(symbols, ebp, eip, returns, &frame);
		// The caller's frame must be at a higher address.
		if (!there || (frame.ebp != 0 && frame.ebp <= ebp))
			return;
		ebp = frame.ebp;
		eip = frame.eip;
		returns = true;
	}
	cprintf("  ...\n");
}

void print_kernel_backtrace(uintptr_t ebp, uintptr_t eip)
{
	print_backtrace(NULL, kernel_symbols, ebp, eip);
}

void print_user_backtrace(struct Env *e)
{
	print_backtrace(e, symbols_of(e), e->env_tf.tf_regs.reg_ebp, e->env_tf.tf_eip);
}

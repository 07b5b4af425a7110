// Symbols and backtraces. Symbol tables are constants. Reading an env's stack needs the kernel
// lock.

#include <kern/kdebug.h>

#include <inc/assert.h>
#include <inc/memlayout.h>
#include <inc/stdio.h>

#include <kern/cpu.h>
#include <kern/pmap.h>
#include <kern/programtable.h>

// A symbol table as tools/build/symtab.pl writes it. After this header come nfuncs Functions and
// nlines Lines, both sorted by address, then nfiles offsets of file names, then the strings.
struct SymbolTable {
	uint32_t nfuncs, nlines, nfiles;
};

struct Function {
	uint32_t addr;
	uint32_t name; // offset in the strings
};

struct Line { // the code from here to the next entry comes from this line
	uint32_t addr;
	uint16_t line; // 0: unknown
	uint16_t file; // index of the file
};

enum { MAX_FRAMES = 24, ARGS_SHOWN = 5 };

static_assert(sizeof(struct Function) == 8 && sizeof(struct Line) == 8);

// Functions and Lines have 8 bytes and begin with an address. Return the index of the last of n
// entries whose address is not above addr, or -1.
static int search(const void *entries, uint32_t n, uintptr_t addr)
{
	const uint32_t(*entry)[2] = entries;
	uint32_t low = 0, high = n; // the index is at least low - 1, and below high

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (entry[middle][0] <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return (int) low - 1;
}

int debuginfo_eip(const void *symbols, uintptr_t addr, struct Eipdebuginfo *info)
{
	const struct SymbolTable *table = symbols;

	*info = (struct Eipdebuginfo){"?", 0, "?", addr};
	if (!table)
		return -1;

	const struct Function *functions = (const void *) (table + 1);
	const struct Line *lines = (const void *) (functions + table->nfuncs);
	const uint32_t *files = (const void *) (lines + table->nlines);
	const char *strings = (const void *) (files + table->nfiles);

	int f = search(functions, table->nfuncs, addr);
	if (f < 0 || strings[functions[f].name] == '\0')
		return -1;
	info->eip_fn_name = strings + functions[f].name;
	info->eip_fn_addr = functions[f].addr;

	int l = search(lines, table->nlines, addr);
	if (l >= 0 && lines[l].line != 0) {
		info->eip_file = strings + files[lines[l].file];
		info->eip_line = lines[l].line;
	}
	return 0;
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
	if (debuginfo_eip(symbols, eip - returns, &info) == 0)
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
	print_backtrace(e, e->env_program ? e->env_program->symbols : NULL,
			e->env_tf.tf_regs.reg_ebp, e->env_tf.tf_eip);
}

// Symbols and backtraces. Printing a backtrace of an env needs the kernel lock, the rest no lock.

#ifndef JOS_KERN_KDEBUG_H
#define JOS_KERN_KDEBUG_H

#include <inc/types.h>

struct Env;

// What is known about the address of an instruction.
struct Eipdebuginfo {
	const char *eip_file;    // source file
	int eip_line;            // line in it, 0 if unknown
	const char *eip_fn_name; // function
	int eip_fn_namelen;      // length of that; kept for JOS, nothing here uses it
	uintptr_t eip_fn_addr;   // where the function begins
};

// Look addr up in a symbol table (tools/build/symtab.pl writes them) and fill in *info. Returns 0,
// or -1 if nothing is known; then both names are "?" and eip_fn_addr is addr.
int debuginfo_find(const void *symbols, uintptr_t addr, struct Eipdebuginfo *info);

// The kernel's own symbol table.
extern const char kernel_symbols[];

// The same for an address of the kernel or, below ULIM, of the current env.
int debuginfo_eip(uintptr_t addr, struct Eipdebuginfo *info);

// Print the chain of calls from the frame with base pointer ebp on. If this code was interrupted,
// eip is the instruction where; otherwise it is 0.
void print_kernel_backtrace(uintptr_t ebp, uintptr_t eip);

// The same for an env, from its saved registers. Needs the kernel lock.
void print_user_backtrace(struct Env *e);

#endif

// Symbols and backtraces.

#ifndef JOS_KERN_KDEBUG_H
#define JOS_KERN_KDEBUG_H

#include <inc/types.h>

struct Env;

// What is known of an instruction's address.
struct Eipdebuginfo {
	const char *eip_file;    // source file
	int eip_line;            // line in it, 0 if unknown
	const char *eip_fn_name; // function
	uintptr_t eip_fn_addr;   // where that begins
};

// Look addr up in a symbol table (tools/symtab.pl makes them) and fill in *info. Returns 0, or
// -1 if nothing is known; *info then says "?" everywhere.
int debuginfo_eip(const void *symbols, uintptr_t addr, struct Eipdebuginfo *info);

// The kernel's own symbol table.
extern const char kernel_symbols[];

// Print who called whom, from the frame whose base pointer is ebp. eip is where it was
// interrupted, 0 if it was not.
void print_kernel_backtrace(uintptr_t ebp, uintptr_t eip);

// The same for an env, from its saved registers.
void print_user_backtrace(struct Env *e);

#endif

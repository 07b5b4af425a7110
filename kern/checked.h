// The checking build: what may be accessed without the kernel lock, and the report of a mistake.
// tools/build/shared.py writes the tables.

#ifndef JOS_KERN_CHECKED_H
#define JOS_KERN_CHECKED_H

#include <inc/stdio.h>
#include <inc/types.h>

#include <kern/spinlock.h>

// How something is protected. It may have an owner, a CPU: of a field of struct CpuInfo, the one
// that the struct describes; of a field of struct Env, the one on which the env runs.
enum Protection {
	KERNEL_LOCK,  // by the kernel lock
	OTHER_LOCK,   // by another lock
	CONSTANT,     // its owner sets it up; then it is only read
	OWNERS,       // only its owner uses it
	OWNER_WRITES, // only its owner writes it; any CPU reads it
	OWNER_READS,  // by the kernel lock, but its owner may read it without
	HINT,         // by the kernel lock, but any CPU may read it without
	NO_LOCK,      // in another way, which its comment tells
};

// A variable.
struct SharedVariable {
	uintptr_t address;
	uint32_t size;
	const char *name;
	enum Protection protection;
	const struct spinlock *lock; // the other lock, NULL for the kernel lock
};
extern const struct SharedVariable shared_variables[], shared_variables_end[];

// A field of a struct. The last entry of a table has no name.
struct SharedField {
	const char *name;
	uint32_t offset, size;
	enum Protection protection;
};
extern const struct SharedField fields_of_CpuInfo[], fields_of_Env[], fields_of_PageInfo[],
	fields_of_RunQueue[];

// How long the code of page_free is, in bytes.
extern const uint32_t shared_page_free_size;

// Panic at that line of the source, after the checks of accesses have been ended.
void checked_panic(const char *file, int line, const char *fmt, ...) __attribute__((noreturn))
PRINTF_LIKE(3, 4);

#endif

// The checking build: what may be accessed without the kernel lock. tools/build/shared.py writes
// the tables.

#ifndef JOS_KERN_CHECKEDNAMES_H
#define JOS_KERN_CHECKEDNAMES_H

#include <inc/types.h>

#include <kern/spinlock.h>

// How something is protected. It may have an owner, a CPU: of a field of struct CpuInfo, the one
// that the struct describes; of a field of struct Env, the one on which the env runs. Outside of
// the kernel means that the owner is not CPU_KERNEL.
enum Protection {
	KERNEL_LOCK,   // by the kernel lock
	OTHER_LOCK,    // by another lock
	CONSTANT,      // its owner sets it up; then it is only read
	OWNERS,        // only its owner uses it
	OWNER_WRITES,  // only its owner writes it; any CPU reads it
	OWNER_STATUS,  // the same, but from CPU_KERNEL its owner changes it under the kernel lock
	OWNER_READS,   // by the kernel lock, but its owner may read it without
	READS_OUTSIDE, // by the kernel lock, but its owner may read it outside of the kernel
	USES_OUTSIDE,  // by the kernel lock, but its owner may use it outside of the kernel
	HINT,          // by the kernel lock, but any CPU may read it without
	NO_LOCK,       // in another way, which its comment tells
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

// Find the variable that has the byte at va. Returns NULL if there is none.
const struct SharedVariable *shared_variable(uintptr_t va);

// Whether v is one of the run queues, whose fields have protections of their own.
bool shared_is_queue(const struct SharedVariable *v);

// Find the field that has the byte at this offset in a struct. Returns one without a name if there
// is none.
const struct SharedField *shared_field(const struct SharedField *fields, uint32_t offset);

// Write the name of what is at va into text.
void shared_name(char *text, int size, uintptr_t va);

// How long the code of page_free is, in bytes.
extern const uint32_t shared_page_free_size;

#endif

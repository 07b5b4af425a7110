// The checking build, make CHECKED=1: the compiler calls a function here for each access to memory.
// Wrong ones panic, at the line that is wrong. (kern/undefined.c has the rest.) Compiled without
// such calls itself, and not part of any other build. Needs no lock.
//
// An access is wrong
//	- if the memory is protected by a lock that this CPU does not hold. tools/build/shared.py
//	  reads from the comments at each declaration what may be used without the lock.
//	- if it is in a free frame of memory. (When it is freed, it is filled with FREE_PATTERN.)
//	- if it is in the stack of another CPU.
//	- if it is below KERNBASE, but neither a stack nor a device.
//
// All this begins when the boot CPU is on its stack between guards: from there on, other CPUs
// start. It ends with the first panic. Where the compiler makes no calls for accesses,
// CHECK_ACCESSES is 0.

#include <inc/assert.h>
#include <inc/memlayout.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/checked.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/kdebug.h>
#include <kern/kernellock.h>
#include <kern/pmap.h>
#include <kern/trace.h>

// How many CPUs' stacks are known. An access from another stack is not checked; 0 before the
// beginning and after a panic.
static uint32_t stacks;

void *__real_memset(void *dst, int c, size_t len);
void *__real_memcpy(void *dst, const void *src, size_t len);
void *__real_memmove(void *dst, const void *src, size_t len);
bool __real_panic_begin(void);

// ---- Reports ----

static void checked_end(void)
{
	stacks = 0;
}

void checked_panic(const char *file, int line, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	checked_end();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	_panic(file, line, "%s", text);
}

// Find the line of source for which the compiler has made the call before address pc in the kernel.
static struct Eipdebuginfo line_before(uintptr_t pc)
{
	struct Eipdebuginfo info;

	checked_end();
	debuginfo_find(kernel_symbols, pc - 1, &info);
	return info;
}

// Panic at that line.
#define wrong_at(pc, ...)                                                                          \
	do {                                                                                       \
		struct Eipdebuginfo info = line_before(pc);                                        \
		checked_panic(info.eip_file, info.eip_line, __VA_ARGS__);                          \
	} while (0)

// The kernel panics for another reason.
bool __wrap_panic_begin(void)
{
	checked_end();
	return __real_panic_begin();
}

// ---- What an address belongs to ----

// Find the variable that has the byte at va. Returns NULL if there is none.
static const struct SharedVariable *variable_of(uintptr_t va)
{
	static const struct SharedVariable *last = shared_variables; // found, by any CPU
	const struct SharedVariable *low = last, *high = shared_variables_end;

	if (va - low->address < low->size)
		return low;
	low = shared_variables;
	while (high - low > 1) { // if there is one, it is in [low, high)
		const struct SharedVariable *middle = low + (high - low) / 2;
		if (middle->address <= va)
			low = middle;
		else
			high = middle;
	}
	if (va - low->address >= low->size)
		return NULL;
	last = low;
	return low;
}

// Find the field that has the byte at this offset in a struct. Returns one without a name if there
// is none.
static const struct SharedField *field_of(const struct SharedField *fields, uint32_t offset)
{
	while (fields->name && offset - fields->offset >= fields->size)
		fields++;
	return fields;
}

// If va is in a table of count structs, write the name of the field there into text.
static bool name_in(char *text, int size, uintptr_t va, const char *table, const void *base,
		    uint32_t element_size, uint32_t count, const struct SharedField *fields)
{
	uint32_t offset = va - (uintptr_t) base;

	if (offset >= element_size * count)
		return false;
	const char *field = field_of(fields, offset % element_size)->name;
	snprintf(text, size, "%s[%u].%s", table, offset / element_size, field ? field : "?");
	return true;
}

// Write the name of what is at va into text.
static void name(char *text, int size, uintptr_t va)
{
	const struct SharedVariable *v = variable_of(va);

	if (name_in(text, size, va, "cpus", cpus, sizeof(cpus[0]), NCPU, fields_of_CpuInfo) ||
	    name_in(text, size, va, "envs", envs, sizeof(envs[0]), NENV, fields_of_Env) ||
	    name_in(text, size, va, "pages", pages, sizeof(pages[0]), npages, fields_of_PageInfo))
		return;
	if (!v)
		snprintf(text, size, "memory at %08x", va);
	else if (v->address == va)
		snprintf(text, size, "%s", v->name);
	else
		snprintf(text, size, "%s+%u", v->name, va - v->address);
}

// ---- Protection ----

// The protection of each byte of structs.
static uint8_t protection_in_cpu[sizeof(struct CpuInfo)], protection_in_env[sizeof(struct Env)];

static void set_protection(uint8_t *table, const struct SharedField *fields)
{
	for (; fields->name; fields++)
		__real_memset(table + fields->offset, fields->protection, fields->size);
}

// What a CPU may do without the lock, by the protection and by whether it is the owner.
enum { READ = 1, WRITE = 2 };
static const uint8_t rights[][2] = {
	[KERNEL_LOCK] = {0, 0},
	[CONSTANT] = {READ, READ | WRITE}, // its own part, a CPU sets up itself
	[OWNERS] = {0, READ | WRITE},
	[OWNER_WRITES] = {READ, READ | WRITE},
	[OWNER_READS] = {0, READ},
	[HINT] = {READ, READ},
	[NO_LOCK] = {READ | WRITE, READ | WRITE},
};

static uint32_t pages_size; // of pages[], in bytes
static size_t events;       // the first frame that is a buffer for events, npages if there is none

// Whether no lock protects va because it is not a variable: a constant; the screen or a table of
// the firmware; a buffer for events, which only its CPU uses.
static bool is_no_variable(uintptr_t va)
{
	extern char text_start[], rodata_end[]; // from the linker
	uintptr_t offset = va - KERNBASE;

	return (va >= (uintptr_t) text_start && va < (uintptr_t) rodata_end) ||
	       (offset >= 0xa0000 && offset < 0x100000) || PGNUM(offset) >= events;
}

// Whether CPU self may access va without holding the kernel lock, as it is its own: a field of its
// entry in cpus[] or of the env that it runs. In most cases of access without the lock it is.
static inline bool owner_may(const struct CpuInfo *self, uintptr_t va, uint8_t access)
{
	uint32_t in_self = va - (uintptr_t) self, in_env = va - (uintptr_t) self->cpu_env;

	return (in_self < sizeof(*self) && (rights[protection_in_cpu[in_self]][true] & access)) ||
	       (in_env < sizeof(struct Env) && (rights[protection_in_env[in_env]][true] & access));
}

// Return what CPU self may do at va, which is not its own, without holding the kernel lock.
static uint8_t rights_at(const struct CpuInfo *self, uintptr_t va)
{
	if (va - (uintptr_t) cpus < sizeof(cpus))
		return rights[protection_in_cpu[(va - (uintptr_t) cpus) % sizeof(*self)]][false];
	if (va - (uintptr_t) &run_queue < sizeof(run_queue))
		return rights[field_of(fields_of_RunQueue, va - (uintptr_t) &run_queue)->protection]
			     [false];
	const struct SharedVariable *v = variable_of(va);
	if (!v)
		return is_no_variable(va) ? READ | WRITE : 0;
	if (v->lock)
		return v->lock->holder == self ? READ | WRITE : 0;
	return rights[v->protection][false];
}

// ---- Frames ----

// Return the number of the frame that is mapped at va, which is at or above KERNBASE.
static inline uint32_t frame_of(uintptr_t va)
{
	return (va - KERNBASE) / PGSIZE;
}

static uint8_t frame_is_free[MAXPHYSMEM / PGSIZE];

enum { FREE_PATTERN = 0xfee0feee }; // as an entry of a page table: not present

// The code at pc writes to pages[n]: page_free puts the frame on the free list, any other function
// uses it.
static void note_frame(uint32_t n, uintptr_t pc)
{
	bool freed = pc - (uintptr_t) page_free < shared_page_free_size;

	if (freed && !frame_is_free[n])
		rep_stosl((void *) (KERNBASE + n * PGSIZE), FREE_PATTERN, PGSIZE / 4);
	frame_is_free[n] = freed;
}

// ---- Accesses ----

// Below, va is the address of an access, write says whether it writes, and pc is where the code
// that makes it goes on.

static const char *how(bool write)
{
	return write ? "written" : "read";
}

// Which CPU's stack is at va; if that is no stack, at least NCPU.
static inline uint32_t stack_of(uintptr_t va)
{
	return (KSTACKTOP - 1 - va) / (KSTKSIZE + KSTKGAP);
}

// Begin to check, if the boot CPU has come that far.
static void begin(void)
{
	static bool begun;

	if (!CHECK_ACCESSES || begun || stack_of(read_esp()) >= NCPU)
		return;
	begun = true;
	set_protection(protection_in_cpu, fields_of_CpuInfo);
	set_protection(protection_in_env, fields_of_Env);
	for (size_t i = 0; i < npages; i++)
		frame_is_free[i] = pages[i].pp_ref == 0;
	pages_size = npages * sizeof(pages[0]);
	events = npages - trace_frames(npages);
	stacks = NCPU;
}

static void access_low(uintptr_t va, uintptr_t pc, bool write)
{
	if ((va >= MMIOBASE && va < MMIOLIM) || stack_of(va) == stack_of(read_esp()))
		return;
	if (stack_of(va) >= NCPU)
		wrong_at(pc, "%08x is %s, which is not the kernel's", va, how(write));
	wrong_at(pc, "%08x is %s: that is the stack of CPU %u", va, how(write), stack_of(va));
}

static void __attribute__((noreturn, noinline))
wrong_unlocked(uintptr_t va, uintptr_t pc, bool write)
{
	const struct SharedVariable *v = variable_of(va);
	char text[64];

	checked_end();
	name(text, sizeof(text), va);
	wrong_at(pc, "%s is %s without the %s lock", text, how(write),
		 v && v->lock ? v->lock->name : "kernel");
}

// A part of a check, called with its arguments in registers.
#define PART static void __attribute__((noinline, regparm(3)))

PART access_rarely(uintptr_t va, uintptr_t pc, bool write)
{
	uint32_t cpu = stack_of(read_esp());

	if (cpu >= stacks)
		begin();
	else if (va - (uintptr_t) &kernel_lock < sizeof(kernel_lock))
		return; // as rights_at would find, which takes longer
	else if (va < KERNBASE)
		access_low(va, pc, write);
	else if (frame_is_free[frame_of(va)])
		wrong_at(pc, "%08x is %s, but its frame is free", va, how(write));
	else if (kernel_lock.holder == &cpus[cpu])
		note_frame((va - (uintptr_t) pages) / sizeof(pages[0]), pc);
	else if (!(rights_at(&cpus[cpu], va) & (write ? WRITE : READ)))
		wrong_unlocked(va, pc, write);
}

PART access_slowly(uintptr_t va, uintptr_t pc, bool write)
{
	uint32_t cpu = stack_of(read_esp());
	const struct CpuInfo *self = &cpus[cpu];

	if (cpu >= stacks || kernel_lock.holder == self ||
	    !owner_may(self, va, write ? WRITE : READ))
		access_rarely(va, pc, write);
}

// ---- What the compiler calls for an access ----

// What must be fast: most accesses are in this CPU's stack, or need nothing but the lock. Returns
// whether access_slowly has to look. (This is compiled into each function that the compiler calls.)
static inline bool __attribute__((always_inline)) is_special(uintptr_t va, bool write)
{
	uint32_t cpu = stack_of(read_esp());

	return cpu >= stacks ||
	       (va < KERNBASE ? stack_of(va) != cpu
			      : frame_is_free[frame_of(va)] || kernel_lock.holder != &cpus[cpu] ||
					(write && va - (uintptr_t) pages < pages_size));
}

#define PC ((uintptr_t) __builtin_return_address(0))

#define ACCESSES(size)                                                                             \
	void __tsan_read##size(uintptr_t va);                                                      \
	void __tsan_read##size(uintptr_t va)                                                       \
	{                                                                                          \
		if (is_special(va, false))                                                         \
			access_slowly(va, PC, false);                                              \
	}                                                                                          \
	void __tsan_write##size(uintptr_t va);                                                     \
	void __tsan_write##size(uintptr_t va)                                                      \
	{                                                                                          \
		if (is_special(va, true))                                                          \
			access_slowly(va, PC, true);                                               \
	}

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

// Check the end of a range, and in each page before that one byte.
static inline void __attribute__((always_inline))
access_range(uintptr_t va, uint32_t size, bool write)
{
	uintptr_t last = va + size - 1;

	if (size == 0)
		return;
	for (; ROUNDDOWN(va, PGSIZE) != ROUNDDOWN(last, PGSIZE); va += PGSIZE)
		if (is_special(va, write))
			access_slowly(va, PC, write);
	if (is_special(last, write))
		access_slowly(last, PC, write);
}

void __tsan_read_range(uintptr_t va, uint32_t size)
{
	access_range(va, size, false);
}

void __tsan_write_range(uintptr_t va, uint32_t size)
{
	access_range(va, size, true);
}

// Each file calls this once, from a list of constructors, which the kernel does not execute.
void __tsan_init(void)
{
}

// ---- What the compiler calls instead of an atomic access ----
//
// Such an access needs no lock. The last arguments are memory orders; the strongest order is right
// for all of them.

#define ATOMICS(bits)                                                                              \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order);    \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order)     \
	{                                                                                          \
		return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                       \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order); \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order)  \
	{                                                                                          \
		__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                          \
	}                                                                                          \
	bool __tsan_atomic##bits##_compare_exchange_strong(                                        \
		volatile uint##bits##_t *p, uint##bits##_t *old, uint##bits##_t new, int, int);    \
	bool __tsan_atomic##bits##_compare_exchange_strong(                                        \
		volatile uint##bits##_t *p, uint##bits##_t *old, uint##bits##_t new, int order,    \
		int failure)                                                                       \
	{                                                                                          \
		return __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST,           \
						   __ATOMIC_SEQ_CST);                              \
	}                                                                                          \
	bool __tsan_atomic##bits##_compare_exchange_weak(                                          \
		volatile uint##bits##_t *, uint##bits##_t *, uint##bits##_t, int, int)             \
		__attribute__((alias("__tsan_atomic" #bits "_compare_exchange_strong")));          \
	ATOMIC(bits, exchange, exchange_n)                                                         \
	ATOMIC(bits, fetch_add, fetch_add)                                                         \
	ATOMIC(bits, fetch_sub, fetch_sub)                                                         \
	ATOMIC(bits, fetch_and, fetch_and)                                                         \
	ATOMIC(bits, fetch_or, fetch_or)                                                           \
	ATOMIC(bits, fetch_xor, fetch_xor)

// An operation that returns the old value.
#define ATOMIC(bits, name, builtin)                                                                \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *p, uint##bits##_t v,  \
						    int order);                                    \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *p, uint##bits##_t v,  \
						    int order)                                     \
	{                                                                                          \
		return __atomic_##builtin(p, v, __ATOMIC_SEQ_CST);                                 \
	}

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)

// ---- Functions that access memory in assembly language ----

#define WRAPPED(declaration, read_va, call)                                                        \
	declaration;                                                                               \
	declaration                                                                                \
	{                                                                                          \
		access_range((uintptr_t) dst, len, true);                                          \
		if (read_va)                                                                       \
			access_range((uintptr_t) (read_va), len, false);                           \
		return call;                                                                       \
	}

WRAPPED(void *__wrap_memset(void *dst, int c, size_t len), NULL, __real_memset(dst, c, len))
WRAPPED(void *__wrap_memcpy(void *dst, const void *src, size_t len), src,
	__real_memcpy(dst, src, len))
WRAPPED(void *__wrap_memmove(void *dst, const void *src, size_t len), src,
	__real_memmove(dst, src, len))

// The checking build, make CHECKED=1: the compiler calls a function here for each access to memory.
// Wrong ones panic, at the line that is wrong. (kern/undefined.c has the rest.) Compiled without
// such calls itself, and not part of any other build. Needs no lock.
//
// An access is wrong
//	- if the memory is protected by a lock that this CPU does not hold. tools/build/shared.py
//	  reads from the comments at each declaration what may be used without the lock.
//	- if it is in a free frame of memory. (When it is freed, it is filled with FREE_PATTERN.)
//	- if it is in the stack of another CPU, or just above that of CPU 0.
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
#include <kern/checkednames.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/kdebug.h>
#include <kern/kernellock.h>
#include <kern/panic.h>
#include <kern/pmap.h>
#include <kern/trace.h>
#include <kern/trapframe.h>

enum { STACK_SPACE = KSTKSIZE + KSTKGAP };

// The CPU whose stack is in each part of the address space as large as a stack, or NULL. All are
// NULL before the checks and after a panic. Code that runs on no CPU's stack is not checked.
static struct CpuInfo *stack_owners[-(KSTACKTOP_CPU(NCPU)) / STACK_SPACE];
_Static_assert(KSTACKTOP % STACK_SPACE == 0, "an address must tell which stack it is in");

static inline struct CpuInfo **stack_owner(uintptr_t va)
{
	return &stack_owners[va / STACK_SPACE - KSTACKTOP_CPU(NCPU) / STACK_SPACE];
}

void *__real_memset(void *dst, int c, size_t len);
void *__real_memcpy(void *dst, const void *src, size_t len);
void *__real_memmove(void *dst, const void *src, size_t len);
bool __real_panic_begin(void);
void __wrap_panic_trap(const struct Trapframe *tf) __attribute__((noreturn));

// ---- Reports ----

static void checked_end(void)
{
	for (int n = 0; n < NCPU; n++)
		*stack_owner(KSTACKTOP_CPU(n) - 1) = NULL;
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

// End all checks, and find the line of the call that the compiler has put before address pc.
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

// The kernel panics because of a trap: say at which line. Where there is no code, it is that of the
// call: its return address is on top of the stack, which may be missing after a double fault.
void __wrap_panic_trap(const struct Trapframe *tf)
{
	uintptr_t eip = tf->tf_eip;
	struct Eipdebuginfo info = line_before(eip + 1);

	if (info.eip_line == 0 && tf->tf_trapno != T_DBLFLT)
		eip = *(const uintptr_t *) &tf->tf_esp - 1;
	info = line_before(eip + 1);
	bool first = __real_panic_begin();
	cprintf("kernel panic on CPU %d at %s:%d: %s in the kernel at %08x\n", cpunum(),
		info.eip_file, info.eip_line, trapname(tf->tf_trapno), tf->tf_eip);
	print_trapframe(tf);
	print_kernel_backtrace(tf->tf_regs.reg_ebp, eip);
	if (!first)
		__real_panic_begin(); // for the second time, which ends here
	panic_end();
}

// ---- Protection ----

// What a CPU may do without the lock, by the protection and by whether it is the owner, which may
// be CPU_KERNEL or not.
enum { READ = 1, WRITE = 2, BOTH = 3 };
enum Who { OTHER, IN_KERNEL, OUTSIDE };
static const uint8_t rights[][OUTSIDE + 1] = {
	[KERNEL_LOCK] = {0, 0, 0},
	[CONSTANT] = {READ, BOTH, BOTH}, // its own part, a CPU sets up itself
	[OWNERS] = {0, BOTH, BOTH},
	[OWNER_WRITES] = {READ, BOTH, BOTH},
	[OWNER_STATUS] = {READ, READ, BOTH},
	[OWNER_READS] = {0, READ, READ},
	[READS_OUTSIDE] = {0, 0, READ},
	[USES_OUTSIDE] = {0, 0, BOTH},
	[HINT] = {READ, READ, READ},
	[NO_LOCK] = {BOTH, BOTH, BOTH},
};

// The same for each byte of structs.
static uint8_t rights_in_cpu[OUTSIDE + 1][sizeof(struct CpuInfo)];
static uint8_t rights_in_env[OUTSIDE + 1][sizeof(struct Env)];

static void set_rights(uint8_t *table, size_t size, const struct SharedField *fields)
{
	for (enum Who who = OTHER; who <= OUTSIDE; who++, table += size)
		for (const struct SharedField *f = fields; f->name; f++)
			__real_memset(table + f->offset, rights[f->protection][who], f->size);
}

static inline enum Who who_is(const struct CpuInfo *owner)
{
	return owner->cpu_status == CPU_KERNEL ? IN_KERNEL : OUTSIDE;
}

static size_t events; // the first frame that is a buffer for events, npages if there is none

// Whether no lock protects va because it is not a variable: a constant; the screen or a table of
// the firmware; a buffer for events, which only its CPU uses.
static bool is_no_variable(uintptr_t va)
{
	extern char text_start[], rodata_end[]; // from the linker
	uintptr_t offset = va - KERNBASE;

	return (va >= (uintptr_t) text_start && va < (uintptr_t) rodata_end) ||
	       (offset >= 0xa0000 && offset < 0x100000) || PGNUM(offset) >= events;
}

// Return what CPU self may do at va without holding the kernel lock, if that is not in its own
// entry of cpus[].
static uint8_t rights_at(const struct CpuInfo *self, uintptr_t va)
{
	uint32_t in_own_env = va - (uintptr_t) self->cpu_env;
	uint32_t in_cpus = va - (uintptr_t) cpus, in_envs = va - (uintptr_t) envs;

	if (in_own_env < sizeof(struct Env))
		return rights_in_env[who_is(self)][in_own_env];
	if (in_cpus < sizeof(cpus))
		return rights_in_cpu[OTHER][in_cpus % sizeof(*self)];
	if (in_envs < NENV * sizeof(struct Env))
		return rights_in_env[OTHER][in_envs % sizeof(struct Env)];
	const struct SharedVariable *v = shared_variable(va);
	if (!v)
		return is_no_variable(va) ? BOTH : 0;
	if (shared_is_queue(v))
		return rights[shared_field(fields_of_RunQueue, va - v->address)->protection][OTHER];
	if (v->lock)
		return v->lock->holder == self ? BOTH : 0;
	return rights[v->protection][OTHER];
}

// ---- Frames ----

// What each page of the address space is, by its number.
enum PageUse {
	FRAME_0,   // frame 0, just above the stack of CPU 0; also all that is below KERNBASE
	FREE,      // a free frame
	HAS_PAGES, // has a part of pages[]; each write there is looked at
	IN_USE,
};
static uint8_t page_use[1 << 20];

enum { BIOS_DATA = 0x400 };         // what the kernel uses of frame 0 begins here
enum { FREE_PATTERN = 0xfee0feee }; // as an entry of a page table: not present

// The code at pc writes to va, in pages[]: page_free puts that frame on the free list, any other
// function uses it.
static void note_frame(uintptr_t va, uintptr_t pc)
{
	uint32_t n = KERNBASE / PGSIZE + (va - (uintptr_t) pages) / sizeof(pages[0]);
	bool freed = pc - (uintptr_t) page_free < shared_page_free_size;

	if (freed && page_use[n] != FREE)
		rep_stosl((void *) (n * PGSIZE), FREE_PATTERN, PGSIZE / 4);
	page_use[n] = freed ? FREE : IN_USE;
}

// ---- Accesses ----

// Below, va is the address of an access, write says whether it writes, and pc is where the code
// that makes it goes on.

static const char *how(bool write)
{
	return write ? "written" : "read";
}

// Begin to check, if the boot CPU has come that far.
static void begin(void)
{
	static bool begun;

	if (!CHECK_ACCESSES || begun || read_esp() >= KSTACKTOP)
		return;
	begun = true;
	set_rights(rights_in_cpu[0], sizeof(rights_in_cpu[0]), fields_of_CpuInfo);
	set_rights(rights_in_env[0], sizeof(rights_in_env[0]), fields_of_Env);
	for (size_t i = 1; i < npages; i++)
		page_use[KERNBASE / PGSIZE + i] = pages[i].pp_ref ? IN_USE : FREE;
	for (uintptr_t va = (uintptr_t) pages; va < (uintptr_t) &pages[npages]; va += PGSIZE)
		page_use[va / PGSIZE] = HAS_PAGES;
	events = npages - trace_frames(npages);
	for (int n = 0; n < NCPU; n++)
		*stack_owner(KSTACKTOP_CPU(n) - 1) = &cpus[n];
}

static void access_low(uintptr_t va, uintptr_t pc, bool write)
{
	uint32_t cpu = (KSTACKTOP - 1 - va) / STACK_SPACE; // whose stack it is, perhaps

	if ((va >= MMIOBASE && va < MMIOLIM) || (va ^ read_esp()) < STACK_SPACE)
		return;
	if (cpu >= NCPU)
		wrong_at(pc, "%08x is %s, which is not the kernel's", va, how(write));
	wrong_at(pc, "%08x is %s: that is the stack of CPU %u", va, how(write), cpu);
}

static void __attribute__((noreturn, noinline))
wrong_unlocked(uintptr_t va, uintptr_t pc, bool write)
{
	const struct SharedVariable *v = shared_variable(va);
	char text[64];

	checked_end();
	shared_name(text, sizeof(text), va);
	wrong_at(pc, "%s is %s without the %s lock", text, how(write),
		 v && v->lock ? v->lock->name : "kernel");
}

// The code that goes on at pc accesses va, which is_special.
static void __attribute__((noinline, regparm(3)))
access_slowly(bool write, uintptr_t pc, uintptr_t va)
{
	const struct CpuInfo *self = *stack_owner(read_esp());

	note_outside(pc);
	if (!self)
		begin();
	else if (va - (uintptr_t) &kernel_lock < sizeof(kernel_lock))
		return; // as rights_at would find, which takes longer
	else if (va < KERNBASE)
		access_low(va, pc, write);
	else if (va < KERNBASE + BIOS_DATA)
		wrong_at(pc, "%08x is %s: nothing is there, above CPU 0's stack", va, how(write));
	else if (page_use[va / PGSIZE] == FREE)
		wrong_at(pc, "%08x is %s, but its frame is free", va, how(write));
	else if (kernel_lock.holder != self && !(rights_at(self, va) & (write ? WRITE : READ)))
		wrong_unlocked(va, pc, write);
	else if (page_use[va / PGSIZE] == HAS_PAGES && kernel_lock.holder == self)
		note_frame(va, pc);
}

// A CPU must not sleep with the lock: others would wait for ever.
static void __attribute__((noinline)) check_sleep(uintptr_t pc)
{
	const struct CpuInfo *self = *stack_owner(read_esp());

	if (kernel_lock.holder == self && self->cpu_status > CPU_KERNEL)
		wrong_at(pc, "CPU %d sleeps with the kernel lock", self - cpus);
}

// A CPU must not come from user mode with the lock. And CPU_KERNEL is changed under the lock.
static void __attribute__((noinline)) check_status(const struct CpuInfo *self, uintptr_t pc)
{
	if (kernel_lock.holder != self && self->cpu_status == CPU_KERNEL)
		wrong_unlocked((uintptr_t) &self->cpu_status, pc, true);
	if (kernel_lock.holder == self && self->cpu_status == CPU_USER)
		wrong_at(pc, "CPU %d comes from user mode with the kernel lock", self - cpus);
}

// Whether va is this field of this CPU's entry in cpus[].
#define IS_OWN(field, va)                                                                          \
	((va) - (uintptr_t) *stack_owner(read_esp()) == offsetof(struct CpuInfo, field))

// ---- What the compiler calls for an access ----

// What must be fast, as it is compiled into each function that the compiler calls: most accesses
// need nothing but the lock, or are to this CPU's stack, or to its own entry in cpus[]. Returns
// whether access_slowly has to look.
static inline bool __attribute__((always_inline)) is_special(uintptr_t va, bool write)
{
	const struct CpuInfo *self = *stack_owner(read_esp());
	uint32_t in_self = va - (uintptr_t) self;

	if (kernel_lock.holder == self && page_use[va / PGSIZE] > (write ? HAS_PAGES : FREE))
		return false;
	return (va ^ read_esp()) >= STACK_SPACE &&
	       (in_self >= sizeof(*self) ||
		!(rights_in_cpu[who_is(self)][in_self] & (write ? WRITE : READ)));
}

#define PC ((uintptr_t) __builtin_return_address(0))

#define ACCESSES(size)                                                                             \
	void __tsan_read##size(uintptr_t va);                                                      \
	void __tsan_read##size(uintptr_t va)                                                       \
	{                                                                                          \
		if (size == 1 && IS_OWN(cpu_woken, va))                                            \
			check_sleep(PC);                                                           \
		if (is_special(va, false))                                                         \
			access_slowly(false, PC, va);                                              \
	}                                                                                          \
	void __tsan_write##size(uintptr_t va);                                                     \
	void __tsan_write##size(uintptr_t va)                                                      \
	{                                                                                          \
		if (is_special(va, true))                                                          \
			access_slowly(true, PC, va);                                               \
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
			access_slowly(write, PC, va);
	if (is_special(last, write))
		access_slowly(write, PC, last);
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
// Such an access needs no lock, but for a change of cpu_status. The last arguments are memory
// orders; the strongest order is right for all of them.

#define ATOMICS(bits)                                                                              \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order);    \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order)     \
	{                                                                                          \
		if (bits == 8 && IS_OWN(cpu_woken, (uintptr_t) p))                                 \
			check_sleep(PC);                                                           \
		return NOTED(PC, __atomic_load_n(p, __ATOMIC_SEQ_CST));                            \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order); \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order)  \
	{                                                                                          \
		if (bits == 32 && IS_OWN(cpu_status, (uintptr_t) p))                               \
			check_status(*stack_owner(read_esp()), PC);                                \
		NOTED(PC, __atomic_store_n(p, v, __ATOMIC_SEQ_CST));                               \
	}                                                                                          \
	bool __tsan_atomic##bits##_compare_exchange_strong(                                        \
		volatile uint##bits##_t *p, uint##bits##_t *old, uint##bits##_t new, int, int);    \
	bool __tsan_atomic##bits##_compare_exchange_strong(                                        \
		volatile uint##bits##_t *p, uint##bits##_t *old, uint##bits##_t new, int order,    \
		int failure)                                                                       \
	{                                                                                          \
		return NOTED(PC, __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, \
							     __ATOMIC_SEQ_CST));                   \
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
		return NOTED(PC, __atomic_##builtin(p, v, __ATOMIC_SEQ_CST));                      \
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

// Machine instructions that C has no words for (SDM volume 2), for the kernel, the boot sector and
// programs. Each is one inline function, with few exceptions named after the instruction. Where it
// matters, the compiler moves no memory access across them.

#ifndef JOS_INC_X86_H
#define JOS_INC_X86_H

#include <inc/types.h>

static inline void breakpoint(void)
{
	asm volatile("int3");
}

static inline uint8_t inb(int port)
{
	uint8_t data;
	asm volatile("inb %w1, %0" : "=a"(data) : "Nd"(port));
	return data;
}

static inline void insb(int port, void *addr, int count)
{
	asm volatile("rep insb" : "+D"(addr), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void outsb(int port, const void *addr, int count)
{
	asm volatile("rep outsb" : "+S"(addr), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void insl(int port, void *addr, int count)
{
	asm volatile("rep insl" : "+D"(addr), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void outb(int port, uint8_t data)
{
	asm volatile("outb %0, %w1" : : "a"(data), "Nd"(port));
}

static inline void outw(int port, uint16_t data)
{
	asm volatile("outw %0, %w1" : : "a"(data), "Nd"(port));
}

static inline void outl(int port, uint32_t data)
{
	asm volatile("outl %0, %w1" : : "a"(data), "Nd"(port));
}

// Set and clear bit n of an array of words; n may be beyond the first word.
static inline void btsl(uint32_t *words, uint32_t n)
{
	asm("btsl %1, %0" : "+m"(*(uint32_t(*)[]) words) : "r"(n) : "cc");
}

static inline void btrl(uint32_t *words, uint32_t n)
{
	asm("btrl %1, %0" : "+m"(*(uint32_t(*)[]) words) : "r"(n) : "cc");
}

// Fill or copy count bytes or words, upwards from the start: the direction flag is clear wherever C
// code runs (System V ABI, i386, 2.2.3).
static inline void rep_stosb(void *dst, uint8_t value, uint32_t count)
{
	asm volatile("rep stosb" : "+D"(dst), "+c"(count) : "a"(value) : "memory", "cc");
}

static inline void rep_stosl(void *dst, uint32_t value, uint32_t count)
{
	asm volatile("rep stosl" : "+D"(dst), "+c"(count) : "a"(value) : "memory", "cc");
}

// Return the address of the first word from p on that is not value; end, if there is none.
static inline const volatile uint32_t *repe_scasl(const volatile uint32_t *p, uint32_t value,
						  const volatile uint32_t *end)
{
	uint32_t count = end - p;

	asm volatile("cmpl %2, %2\n\t" // in case count is 0
		     "repe scasl\n\t"
		     "je 1f\n\t"
		     "subl $4, %0\n"
		     "1:"
		     : "+D"(p), "+c"(count)
		     : "a"(value)
		     : "memory", "cc");
	return p;
}

static inline void rep_movsb(void *dst, const void *src, uint32_t count)
{
	asm volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(count) : : "memory", "cc");
}

static inline void rep_movsl(void *dst, const void *src, uint32_t count)
{
	asm volatile("rep movsl" : "+D"(dst), "+S"(src), "+c"(count) : : "memory", "cc");
}

static inline void invlpg(const void *addr)
{
	asm volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

static inline void sidt(void *p)
{
	asm volatile("sidt (%0)" : : "r"(p) : "memory");
}

static inline void lidt(const void *p)
{
	asm volatile("lidt (%0)" : : "r"(p) : "memory");
}

static inline void lgdt(const void *p)
{
	asm volatile("lgdt (%0)" : : "r"(p) : "memory");
}

static inline void lldt(uint16_t sel)
{
	asm volatile("lldt %0" : : "r"(sel));
}

static inline void ltr(uint16_t sel)
{
	asm volatile("ltr %0" : : "r"(sel) : "memory");
}

static inline void lcr0(uint32_t val)
{
	asm volatile("movl %0, %%cr0" : : "r"(val) : "memory");
}

static inline uint32_t rcr0(void)
{
	uint32_t val;
	asm volatile("movl %%cr0, %0" : "=r"(val));
	return val;
}

static inline uint32_t rcr2(void)
{
	uint32_t val;
	asm volatile("movl %%cr2, %0" : "=r"(val));
	return val;
}

static inline void lcr3(uint32_t val)
{
	asm volatile("movl %0, %%cr3" : : "r"(val) : "memory");
}

static inline uint32_t rcr3(void)
{
	uint32_t val;
	asm volatile("movl %%cr3, %0" : "=r"(val));
	return val;
}

static inline void lcr4(uint32_t val)
{
	asm volatile("movl %0, %%cr4" : : "r"(val) : "memory");
}

static inline uint32_t rcr4(void)
{
	uint32_t val;
	asm volatile("movl %%cr4, %0" : "=r"(val));
	return val;
}

// Reload CR3, which drops every cached translation but the global ones.
static inline void tlbflush(void)
{
	lcr3(rcr3());
}

static inline uint32_t read_eflags(void)
{
	uint32_t eflags;
	asm volatile("pushfl; popl %0" : "=r"(eflags));
	return eflags;
}

static inline void write_eflags(uint32_t eflags)
{
	asm volatile("pushl %0; popfl" : : "r"(eflags) : "memory", "cc");
}

static inline uint32_t read_ebp(void)
{
	uint32_t ebp;
	asm volatile("movl %%ebp, %0" : "=r"(ebp));
	return ebp;
}

static inline uint32_t read_esp(void)
{
	uint32_t esp;
	asm volatile("movl %%esp, %0" : "=r"(esp));
	return esp;
}

// Any of the four result pointers may be NULL.
static inline void cpuid(uint32_t leaf, uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
	uint32_t a, b, c, d;
	asm volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(leaf), "c"(0));
	if (eax)
		*eax = a;
	if (ebx)
		*ebx = b;
	if (ecx)
		*ecx = c;
	if (edx)
		*edx = d;
}

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;
	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t) high << 32 | low;
}

// Divide *n by base in place and return the remainder. (The compiler would call libgcc.)
static inline uint32_t divl(uint64_t *n, uint32_t base)
{
	uint32_t high = *n >> 32, low = *n, rem = high % base;
	high /= base;
	asm("divl %2" : "+a"(low), "+d"(rem) : "r"(base) : "cc");
	*n = (uint64_t) high << 32 | low;
	return rem;
}

#ifdef JOS_KERNEL

// ---- For the kernel only: programs may want these names ----

// Return the selector in the task register. The compiler takes it for a constant, so no function
// may use this both before and after ltr.
static inline uint32_t str(void)
{
	uint32_t sel;
	asm("str %0" : "=r"(sel));
	return sel;
}

// The same, for functions that also use ltr.
static inline uint32_t str_now(void)
{
	uint32_t sel;
	asm volatile("str %0" : "=r"(sel));
	return sel;
}

// Load cs; ds, es and ss; fs and gs with these selectors.
static inline void load_segments(uint16_t code, uint16_t data, uint16_t other)
{
	asm volatile("movw %w1, %%ds; movw %w1, %%es; movw %w1, %%ss\n\t"
		     "movw %w2, %%fs; movw %w2, %%gs\n\t"
		     "pushl %0; pushl $1f; lret\n"
		     "1:"
		     :
		     : "ri"((uint32_t) code), "r"(data), "r"(other)
		     : "memory");
}

static inline void load_fs_gs(uint16_t sel)
{
	asm volatile("movw %w0, %%fs; movw %w0, %%gs" : : "r"(sel));
}

// Tell the processor that this is a loop that waits for another processor.
static inline void pause(void)
{
	asm volatile("pause" : : : "memory");
}

static inline void clts(void)
{
	asm volatile("clts" : : : "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint64_t val;
	asm volatile("rdmsr" : "=A"(val) : "c"(msr));
	return val;
}

static inline void fninit(void)
{
	asm volatile("fninit");
}

// Save the state of x87, MMX and SSE to 512 bytes that are aligned to 16, and load it.
static inline void fxsave(void *area)
{
	asm volatile("fxsave (%0)" : : "r"(area) : "memory");
}

static inline void fxrstor(const void *area)
{
	asm volatile("fxrstor (%0)" : : "r"(area) : "memory");
}

// Save the state of the x87 unit to 108 bytes, and load it.
static inline void fnsave(void *area)
{
	asm volatile("fnsave (%0)" : : "r"(area) : "memory");
}

static inline void frstor(const void *area)
{
	asm volatile("frstor (%0)" : : "r"(area) : "memory");
}

static inline void ldmxcsr(uint32_t value)
{
	asm volatile("ldmxcsr %0" : : "m"(value));
}

static inline void cli(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void hlt(void)
{
	asm volatile("hlt" : : : "memory");
}

// Sleep until an interrupt has been handled. On return interrupts are off. They are on only from
// hlt on, so none can be handled before it and leave the CPU asleep.
static inline void sti_hlt_cli(void)
{
	//{ Exercise 13: sleep with interrupts on
	asm volatile("sti; hlt; cli" : : : "memory");
	//}
}

// Call f, which does not return, on the stack that ends at top.
static inline void __attribute__((noreturn)) call_on_stack(void (*f)(void), uintptr_t top)
{
	asm volatile("movl %1, %%esp; xorl %%ebp, %%ebp; call *%0" : : "r"(f), "r"(top) : "memory");
	__builtin_unreachable();
}

#endif

// ---- Kept for code written for JOS; nothing here uses these ----

static inline uint16_t inw(int port)
{
	uint16_t data;
	asm volatile("inw %w1, %0" : "=a"(data) : "Nd"(port));
	return data;
}

static inline uint32_t inl(int port)
{
	uint32_t data;
	asm volatile("inl %w1, %0" : "=a"(data) : "Nd"(port));
	return data;
}

static inline void insw(int port, void *addr, int count)
{
	asm volatile("rep insw" : "+D"(addr), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void outsw(int port, const void *addr, int count)
{
	asm volatile("rep outsw" : "+S"(addr), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void outsl(int port, const void *addr, int count)
{
	asm volatile("rep outsl" : "+S"(addr), "+c"(count) : "d"(port) : "memory", "cc");
}

// Store newval at *addr and return what was there before, atomically.
static inline uint32_t xchg(volatile uint32_t *addr, uint32_t newval)
{
	return __atomic_exchange_n(addr, newval, __ATOMIC_ACQ_REL);
}

#endif

// Floating-point registers of envs: loading and saving them. Needs the kernel lock, except for
// fpu_store and what runs at boot.

#include <kern/fpu.h>

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/envstate.h>
#include <kern/kernellock.h>
#include <kern/pmap.h>

enum { // SDM volume 2, CPUID, leaf 1, edx
	CPUID_FPU = 1 << 0,
	CPUID_FXSR = 1 << 24,
	CPUID_SSE = 1 << 25,

	FXSAVE_SIZE = 512,     // SDM volume 1, section 10.5.1; fnsave needs less
	FXSAVE_REGISTERS = 32, // the offset of the registers in it
	MXCSR_DEFAULT = 0x1f80,
};

static bool have_fpu, have_fxsr; // the same on all CPUs; each sets them, without a lock
static uint8_t clean[FXSAVE_SIZE]
	__attribute__((aligned(16))); // the state of a new env, set at boot, then constant

static void save(void *area)
{
	if (have_fxsr) {
		fxsave(area);
	} else {
		fnsave(area); // also resets the unit, so load everything again
		frstor(area);
	}
}

// Load all registers. Some processors leave the pointers to the last instruction and its operand as
// they are when they load (AMD64 manual volume 5, FXRSTOR; so does QEMU): clear them first, as
// fninit does.
static void restore(const void *area)
{
	fninit();
	if (have_fxsr)
		fxrstor(area);
	else
		frstor(area);
}

// Make the state of a new env, from that of a unit that has just been initialised.
static void make_clean(bool have_sse)
{
	if (have_sse)
		ldmxcsr(MXCSR_DEFAULT);
	save(clean);
	if (have_fxsr)
		memset(clean + FXSAVE_REGISTERS, 0, sizeof(clean) - FXSAVE_REGISTERS);
}

void fpu_init_percpu(void)
{
	uint32_t features;

	cpuid(1, NULL, NULL, NULL, &features);
	have_fpu = features & CPUID_FPU;
	have_fxsr = features & CPUID_FXSR;
	if (!have_fpu)
		return; // CR0_EM stays set (kern/entry.S), and every use traps

	lcr0((rcr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	if (have_fxsr)
		lcr4(rcr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	fninit();
	if (cpunum() == 0)
		make_clean(features & CPUID_SSE);
	fpu_leave();
}

// The memory for the registers of the envs: a frame for SHARERS slots of envs[], or NULL if none of
// these slots is in use.
enum { SHARERS = PGSIZE / FXSAVE_SIZE };
static uint8_t *areas[NENV / SHARERS];

int fpu_alloc(struct Env *e)
{
	uint32_t slot = e - envs;
	uint8_t **area = &areas[slot / SHARERS];

	if (!*area) {
		struct PageInfo *pp = page_alloc(0);
		if (!pp)
			return -E_NO_MEM;
		*area = page2kva(pp);
	}
	pa2page(PADDR(*area))->pp_ref++;
	e->env_fpu = *area + slot % SHARERS * FXSAVE_SIZE;
	e->env_fpu_used = false;
	return 0;
}

int fpu_load(struct Env *e)
{
	if (!have_fpu)
		return -E_INVAL;
	// To memory first: another env may get this CPU before these registers are saved again.
	if (!e->env_fpu_used)
		memcpy(e->env_fpu, clean, FXSAVE_SIZE);
	e->env_fpu_used = true;
	clts();
	restore(e->env_fpu);
	thiscpu->cpu_fpu_loaded = true;
	return 0;
}

void fpu_store(struct Env *e)
{
	save(e->env_fpu);
}

void fpu_leave(void)
{
	lcr0(rcr0() | CR0_TS);
	thiscpu->cpu_fpu_loaded = false;
}

void fpu_copy(struct Env *child)
{
	assert(kernel_locked());
	child->env_fpu_used = curenv->env_fpu_used;
	if (child->env_fpu_used)
		memcpy(child->env_fpu, curenv->env_fpu, FXSAVE_SIZE);
}

void fpu_free(struct Env *e)
{
	struct PageInfo *pp = pa2page(PADDR(e->env_fpu));

	e->env_fpu = NULL;
	if (pp->pp_ref == 1)
		areas[(e - envs) / SHARERS] = NULL;
	page_decref(pp);
}

// inc/x86.h for the fuzzer: what a program on the host may not execute is played by
// tools/fuzz/machine.c.

#ifndef JOS_FUZZ_X86_H
#define JOS_FUZZ_X86_H

#define str         real_str
#define str_now     real_str_now
#define read_tsc    real_read_tsc
#define rcr0        real_rcr0
#define lcr0        real_lcr0
#define rcr2        real_rcr2
#define rcr3        real_rcr3
#define lcr3        real_lcr3
#define rcr4        real_rcr4
#define lcr4        real_lcr4
#define tlbflush    real_tlbflush
#define invlpg      real_invlpg
#define load_fs_gs  real_load_fs_gs
#define clts        real_clts
#define pause       real_pause
#define sti_hlt_cli real_sti_hlt_cli
#include "../../../../inc/x86.h"
#undef str
#undef str_now
#undef read_tsc
#undef rcr0
#undef lcr0
#undef rcr2
#undef rcr3
#undef lcr3
#undef rcr4
#undef lcr4
#undef tlbflush
#undef invlpg
#undef load_fs_gs
#undef clts
#undef pause
#undef sti_hlt_cli

extern uint32_t machine_cpu; // the number of the CPU that is played now

// The selector of its TSS: GD_TSS0 and the next ones.
static inline uint32_t str(void)
{
	return 0x28 + (machine_cpu << 3);
}

static inline uint32_t str_now(void)
{
	return str();
}

uint64_t read_tsc(void);

// The TLB of the played CPU.
void lcr3(uint32_t pgdir);
void tlbflush(void);
void invlpg(const void *va);

// Let other CPUs go on, or sleep until there is an interrupt.
void pause(void);
void sti_hlt_cli(void);

// What makes no difference here.
static inline uint32_t rcr0(void)
{
	return 0;
}

static inline uint32_t rcr2(void)
{
	return 0;
}

static inline uint32_t rcr4(void)
{
	return 0;
}

static inline void lcr0(uint32_t value)
{
}

static inline void lcr4(uint32_t value)
{
}

static inline void clts(void)
{
}

static inline void load_fs_gs(uint16_t selector)
{
}

#endif

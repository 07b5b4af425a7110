// The processor's memory management: paging, control registers, flags, segments. For the kernel,
// the boot sector and programs. Sections, tables and figures are those of Intel's Software
// Developer's Manual (SDM), volume 3; doc/kernel.md says of which edition.

#ifndef JOS_INC_MMU_H
#define JOS_INC_MMU_H

// ---- Paging without PAE (SDM 4.3, "32-Bit Paging") ----
//
//	 31                22 21               12 11                    0
//	+--------------------+-------------------+-----------------------+
//	| PDX: which entry   | PTX: which entry  | PGOFF: which byte of  |
//	| of the directory   | of that table     | that page             |
//	+--------------------+-------------------+-----------------------+
//	|<--------- PGNUM: which page ---------->|
#define PGNUM(la)  (((uintptr_t) (la)) >> PTXSHIFT)
#define PDX(la)    ((((uintptr_t) (la)) >> PDXSHIFT) & 0x3FF)
#define PTX(la)    ((((uintptr_t) (la)) >> PTXSHIFT) & 0x3FF)
#define PGOFF(la)  (((uintptr_t) (la)) & 0xFFF)

#define NPDENTRIES 1024 // entries in a page directory
#define NPTENTRIES 1024 // entries in a page table
#define PGSIZE     4096 // bytes that a page table entry maps
#define PGSHIFT    12
#define PTSIZE     (PGSIZE * NPTENTRIES) // bytes that a page directory entry maps
#define PTXSHIFT   12
#define PDXSHIFT   22

// Entries of page tables and directories (SDM tables 4-4 to 4-6).
#define PTE_P     0x001 // present
#define PTE_W     0x002 // writable
#define PTE_U     0x004 // user mode may use it
#define PTE_PWT   0x008 // write-through
#define PTE_PCD   0x010 // cache disabled
#define PTE_A     0x020 // accessed
#define PTE_D     0x040 // dirty
#define PTE_PS    0x080 // in a directory: maps PTSIZE bytes, without a page table
#define PTE_G     0x100 // stays in the TLB when CR3 is loaded
#define PTE_AVAIL 0xE00 // for software; programs may use these bits

// The rights that programs may ask for in system calls.
#define PTE_SYSCALL   (PTE_AVAIL | PTE_P | PTE_W | PTE_U)

#define PTE_ADDR(pte) ((physaddr_t) (pte) & ~0xFFF)

// ---- Control registers (SDM 2.5, "Control Registers") ----
#define CR0_PE         0x00000001 // protection
#define CR0_MP         0x00000002 // wait and fwait also trap if TS is set
#define CR0_EM         0x00000004 // every x87 instruction traps
#define CR0_TS         0x00000008 // task switched: the next x87 or SSE instruction traps
#define CR0_NE         0x00000020 // x87 errors trap
#define CR0_WP         0x00010000 // read-only pages are read-only for the kernel too
#define CR0_NW         0x20000000
#define CR0_CD         0x40000000
#define CR0_PG         0x80000000 // paging

#define CR4_PSE        0x00000010 // 4 MB pages
#define CR4_OSFXSR     0x00000200 // fxsave and SSE may be used
#define CR4_OSXMMEXCPT 0x00000400 // SSE errors trap
#define CR4_UMIP       0x00000800 // user mode may not read descriptor table registers
#define CR4_SMEP       0x00100000 // the kernel may not execute user pages
#define CR4_SMAP       0x00200000 // nor read or write them, unless EFLAGS.AC is set

// ---- EFLAGS (SDM 2.3, "System Flags and Fields in the EFLAGS Register") ----
#define FL_CF        0x00000001
#define FL_PF        0x00000004
#define FL_AF        0x00000010
#define FL_ZF        0x00000040
#define FL_SF        0x00000080
#define FL_TF        0x00000100 // trap after each instruction
#define FL_IF        0x00000200 // interrupts on
#define FL_DF        0x00000400 // string instructions go to lower addresses
#define FL_OF        0x00000800
#define FL_IOPL_MASK 0x00003000
#define FL_NT        0x00004000 // nested task
#define FL_RF        0x00010000
#define FL_VM        0x00020000 // virtual 8086 mode
#define FL_AC        0x00040000
#define FL_VIF       0x00080000
#define FL_VIP       0x00100000
#define FL_ID        0x00200000

// ---- Page-fault error code (SDM 4.7, "Page-Fault Exceptions") ----
#define FEC_PR 0x1 // the page is present, but the access was not allowed
#define FEC_WR 0x2 // the access was a write
#define FEC_U  0x4 // it came from user mode

// ---- Segments (SDM 3.4, "Logical and Linear Addresses") ----

// Selectors: the index in the GDT times 8.
#define GD_KT   0x08 // code, kernel
#define GD_KD   0x10 // data, kernel
#define GD_UT   0x18 // code, user
#define GD_UD   0x20 // data, user
#define GD_TSS0 0x28 // TSS of the boot CPU; the TSS of CPU n is n entries after it

// Descriptor types (SDM volume 3, tables 3-1 and 3-2).
#define STA_X    0x8 // executable
#define STA_W    0x2 // writable, if not executable
#define STA_R    0x2 // readable, if executable
#define STA_E    0x4 // grows downwards, if not executable
#define STA_C    0x4 // conforming, if executable
#define STA_A    0x1 // accessed

// System descriptors. T: a TSS, free (A) or in use (B). CG, IG, TG: call, interrupt and trap gates;
// a trap gate leaves interrupts on. The number is that of bits. STS_TG alone: a task gate. Those
// that nothing here uses are kept for code written for JOS.
#define STS_T16A 0x1
#define STS_LDT  0x2
#define STS_T16B 0x3
#define STS_CG16 0x4
#define STS_TG   0x5
#define STS_IG16 0x6
#define STS_TG16 0x7
#define STS_T32A 0x9
#define STS_T32B 0xB
#define STS_CG32 0xC
#define STS_IG32 0xE
#define STS_TG32 0xF

#ifdef __ASSEMBLER__

#define SEG_NULL                                                                                   \
	.word 0, 0;                                                                                \
	.byte 0, 0, 0, 0
#define SEG(type, base, lim)                                                                       \
	.word(((lim) >> 12) & 0xffff), ((base) &0xffff);                                           \
	.byte(((base) >> 16) & 0xff), (0x90 | (type)), (0xC0 | (((lim) >> 28) & 0xf)),             \
		(((base) >> 24) & 0xff)

#else

#include <inc/types.h>

// A segment descriptor (SDM figure 3-8).
struct Segdesc {
	unsigned sd_lim_15_0 : 16;
	unsigned sd_base_15_0 : 16;
	unsigned sd_base_23_16 : 8;
	unsigned sd_type : 4;
	unsigned sd_s : 1; // 0 = system, 1 = code or data
	unsigned sd_dpl : 2;
	unsigned sd_p : 1;
	unsigned sd_lim_19_16 : 4;
	unsigned sd_avl : 1;
	unsigned sd_rsv1 : 1;
	unsigned sd_db : 1; // 32-bit
	unsigned sd_g : 1;  // the limit is in pages
	unsigned sd_base_31_24 : 8;
};

// An absent segment; a flat code or data segment of 4 GB; a TSS of lim + 1 bytes.
#define SEG_NULL                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}
#define SEG_FLAT(type, dpl)                                                                        \
	{                                                                                          \
		.sd_lim_15_0 = 0xffff, .sd_lim_19_16 = 0xf, .sd_type = (type), .sd_s = 1,          \
		.sd_dpl = (dpl), .sd_p = 1, .sd_db = 1, .sd_g = 1                                  \
	}
#define SEG_TSS(base, lim)                                                                         \
	((struct Segdesc){.sd_lim_15_0 = (lim) &0xffff,                                            \
			  .sd_base_15_0 = (base) &0xffff,                                          \
			  .sd_base_23_16 = ((base) >> 16) & 0xff,                                  \
			  .sd_type = STS_T32A,                                                     \
			  .sd_p = 1,                                                               \
			  .sd_lim_19_16 = (lim) >> 16,                                             \
			  .sd_base_31_24 = (base) >> 24})

// A 32-bit task state segment (SDM figure 7-2). Here the processor uses only the stack that it
// switches to on a trap from user mode, and the offset of the I/O permission bitmap; the task for
// double faults (kern/doublefault.c) needs the other fields too.
struct Taskstate {
	uint32_t ts_link;
	uintptr_t ts_esp0;
	uint32_t ts_ss0;
	uintptr_t ts_esp1;
	uint32_t ts_ss1;
	uintptr_t ts_esp2;
	uint32_t ts_ss2;
	physaddr_t ts_cr3;
	uintptr_t ts_eip;
	uint32_t ts_eflags;
	uint32_t ts_eax, ts_ecx, ts_edx, ts_ebx;
	uintptr_t ts_esp, ts_ebp;
	uint32_t ts_esi, ts_edi;
	uint32_t ts_es, ts_cs, ts_ss, ts_ds, ts_fs, ts_gs;
	uint32_t ts_ldt;
	uint16_t ts_t;
	uint16_t ts_iomb; // if beyond the limit, user mode may use no I/O port
};

// An interrupt descriptor (SDM figure 6-2).
struct Gatedesc {
	unsigned gd_off_15_0 : 16;
	unsigned gd_sel : 16;
	unsigned gd_args : 8; // 0
	unsigned gd_type : 4;
	unsigned gd_s : 1; // 0
	unsigned gd_dpl : 2;
	unsigned gd_p : 1;
	unsigned gd_off_31_16 : 16;
};

// An interrupt gate to `off' in segment `sel'. Code at privilege level dpl or below may enter it by
// `int n'.
#define INTERRUPT_GATE(sel, off, dpl)                                                              \
	((struct Gatedesc){.gd_off_15_0 = (uint32_t) (off) &0xffff,                                \
			   .gd_sel = (sel),                                                        \
			   .gd_type = STS_IG32,                                                    \
			   .gd_dpl = (dpl),                                                        \
			   .gd_p = 1,                                                              \
			   .gd_off_31_16 = (uint32_t) (off) >> 16})

#ifdef JOS_KERNEL
// A task gate: a trap through it switches to the task whose TSS is `tss'.
#define TASK_GATE(tss) ((struct Gatedesc){.gd_sel = (tss), .gd_type = STS_TG, .gd_p = 1})
#endif

// The operand of lgdt and lidt.
struct Pseudodesc {
	uint16_t pd_lim;
	uint32_t pd_base;
} __attribute__((packed));

#endif

// ---- Kept for code written for JOS; nothing here uses these ----
#ifndef __ASSEMBLER__

// A segment from base on, code or data. lim is how many bytes it has, minus 1; in SEG16 below 1 MB.
// The last one can be loaded, but every use of it faults.
#define SEG(type, base, lim, dpl)                                                                  \
	{                                                                                          \
		.sd_lim_15_0 = ((uint32_t) (lim) >> 12) & 0xffff,                                  \
		.sd_lim_19_16 = (uint32_t) (lim) >> 28, .sd_base_15_0 = (base) &0xffff,            \
		.sd_base_23_16 = ((base) >> 16) & 0xff, .sd_base_31_24 = (uint32_t) (base) >> 24,  \
		.sd_type = (type), .sd_s = 1, .sd_dpl = (dpl), .sd_p = 1, .sd_db = 1, .sd_g = 1    \
	}
#define SEG16(type, base, lim, dpl)                                                                \
	((struct Segdesc){.sd_lim_15_0 = (lim) &0xffff,                                            \
			  .sd_lim_19_16 = (lim) >> 16,                                             \
			  .sd_base_15_0 = (base) &0xffff,                                          \
			  .sd_base_23_16 = ((base) >> 16) & 0xff,                                  \
			  .sd_base_31_24 = (uint32_t) (base) >> 24,                                \
			  .sd_type = (type),                                                       \
			  .sd_s = 1,                                                               \
			  .sd_dpl = (dpl),                                                         \
			  .sd_p = 1,                                                               \
			  .sd_db = 1})
#define SEG_FAULT                                                                                  \
	{                                                                                          \
		.sd_s = 1, .sd_p = 1, .sd_db = 1                                                   \
	}

// Fill in a gate. istrap: whether interrupts stay on. A call gate is entered by lcall.
#define SETGATE(gate, istrap, sel, off, dpl)                                                       \
	((gate) = INTERRUPT_GATE(sel, off, dpl), (gate).gd_type = (istrap) ? STS_TG32 : STS_IG32)
#define SETCALLGATE(gate, sel, off, dpl)                                                           \
	((gate) = INTERRUPT_GATE(sel, off, dpl), (gate).gd_type = STS_CG32)

#endif

#define PGADDR(pd, pt, off) ((void *) ((pd) << PDXSHIFT | (pt) << PTXSHIFT | (off)))
#define PTSHIFT             22
#define CR0_ET              0x00000010
#define CR0_AM              0x00040000 // alignment checks, if FL_AC is set
#define CR4_VME             0x00000001
#define CR4_PVI             0x00000002
#define CR4_TSD             0x00000004 // user mode may not use rdtsc
#define CR4_DE              0x00000008
#define CR4_MCE             0x00000040
#define CR4_PCE             0x00000100 // user mode may use rdpmc
#define FL_IOPL_0           0x00000000
#define FL_IOPL_1           0x00001000
#define FL_IOPL_2           0x00002000
#define FL_IOPL_3           0x00003000

#endif

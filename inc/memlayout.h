// Where everything is in the address space, and what programs see of page tables and frames. For
// the kernel, its assembly included, and for programs.

#ifndef JOS_INC_MEMLAYOUT_H
#define JOS_INC_MEMLAYOUT_H

#include <inc/mmu.h>
#ifndef __ASSEMBLER__
#include <inc/types.h>
#endif

// Virtual memory. Only the part below UTOP differs between envs. On the right, the rights of the
// kernel and of programs.
//
//    4 GB  ------------>  +------------------------------+ ffffffff
//                         |  physical memory 0-256 MB    | RW/-- (kernel text R-/--)
//    KERNBASE, KSTACKTOP  +------------------------------+ f0000000
//                         |  kernel stack of CPU 0       | RW/--  KSTKSIZE
//                         |  - - - - - - - - - - - - - - |
//                         |  guard, never mapped         | --/--  KSTKGAP
//                         +------------------------------+
//                         |  kernel stack of CPU 1       | RW/--
//                         |  - - - - - - - - - - - - - - |
//                         |  guard, and so on downwards  | --/--
//    MMIOLIM ---------->  +------------------------------+ efc00000
//                         |  device registers            | RW/--
//    ULIM, MMIOBASE --->  +------------------------------+ ef800000
//                         |  this env's page tables      | R-/R-  uvpt[], uvpd[]
//    UVPT ------------->  +------------------------------+ ef400000
//                         |  struct PageInfo pages[]     | R-/R-
//    UPAGES ----------->  +------------------------------+ ef000000
//                         |  struct Env envs[]           | R-/R-
//    UTOP, UENVS ------>  +------------------------------+ eec00000
//    UXSTACKTOP           |  exception stack             | RW/RW  PGSIZE
//                         +------------------------------+ eebff000
//                         |  guard, not mapped at first  | --/--  PGSIZE
//    USTACKTOP -------->  +------------------------------+ eebfe000
//                         |  normal stack                | RW/RW  PGSIZE at first
//                         +------------------------------+ eebfd000
//                         |                              |
//                         ~  heap, whatever a program    ~
//                         |  maps                        |
//                         |  program text, data, bss     |
//    UTEXT ------------>  +------------------------------+ 00800000
//    PFTEMP ----------->  |  (last page: fork's scratch) |
//    UTEMP ------------>  +------------------------------+ 00400000
//                         |  free                        |
//    USTABDATA -------->  +------------------------------+ 00200000
//                         |  free                        |
//    UMIN ------------->  +------------------------------+ 00110000
//                         |  never mapped                | --/--
//    0 ---------------->  +------------------------------+

// All physical memory that the kernel uses is mapped here. The kernel itself is linked to run here.
#define KERNBASE 0xF0000000
#ifdef JOS_KERNEL
#define MAXPHYSMEM (0 - KERNBASE) // how much fits: 256 MB
#endif

// Low physical memory: where the range for devices and the BIOS begins, and where it ends and the
// kernel is loaded.
#define IOPHYSMEM  0x0A0000
#define EXTPHYSMEM 0x100000

#define KSTACKTOP  KERNBASE
#define KSTKSIZE   (8 * PGSIZE)
#define KSTKGAP    (8 * PGSIZE)

#define MMIOLIM    (KSTACKTOP - PTSIZE)
#define MMIOBASE   (MMIOLIM - PTSIZE)

#define ULIM       (MMIOBASE)
#define UVPT       (ULIM - PTSIZE)
#define UPAGES     (UVPT - PTSIZE)
#define UENVS      (UPAGES - PTSIZE)

// Programs may change mappings from UMIN to UTOP only. Nothing is ever mapped below UMIN, for two
// reasons: null pointers fault; and virtual-8086 mode, which QEMU lets programs enter, reaches no
// other addresses, so that no program runs in it.
#define UMIN       0x110000
#define UTOP       UENVS
#define UXSTACKTOP UTOP
#define USTACKTOP  (UTOP - 2 * PGSIZE)
#define UTEXT      (2 * PTSIZE)
#define UTEMP      ((void *) ((int) PTSIZE))
#define PFTEMP     (UTEMP + PTSIZE - PGSIZE)
#define USTABDATA  (PTSIZE / 2)

// The physical address to which the start-up code of the other CPUs is copied. A STARTUP interrupt
// needs a page below 1 MB.
#define MPENTRY_PADDR 0x7000

#ifndef __ASSEMBLER__

typedef uint32_t pte_t;
typedef uint32_t pde_t;

#ifndef JOS_KERNEL
// Entry PDX(UVPT) of every page directory names the directory itself. So all page tables appear as
// one array at UVPT, indexed by virtual page number, and the directory as a part of it.
extern volatile pte_t uvpt[];
extern volatile pde_t uvpd[];
#endif

// One physical page frame: pages[n] is the frame at n * PGSIZE. Programs see the array at UPAGES.
struct PageInfo {
	// The next frame on the free list; NULL if this one is in use; itself if it is never free.
	struct PageInfo *pp_link;
	// The number of references: entries of page tables and directories that name the frame,
	// CPUs that have it loaded as their page directory, and others in the kernel. 32 bits are
	// enough for as many entries as there can be.
	uint32_t pp_ref;
};

#endif
#endif

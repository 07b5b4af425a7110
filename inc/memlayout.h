#ifndef JOS_INC_MEMLAYOUT_H
#define JOS_INC_MEMLAYOUT_H

#include <inc/mmu.h>
#ifndef __ASSEMBLER__
#include <inc/types.h>
#endif

// Virtual memory, the same in every env but for the part below UTOP. k/u: rights of kernel/user.
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
//                         |  guard, not mapped by us     | --/--  PGSIZE
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

// All physical memory the kernel uses is mapped here, and linked programs run here.
#define KERNBASE   0xF0000000
#define MAXPHYSMEM (0 - KERNBASE) // how much fits: 256 MB

// Low physical memory: the PC's hole for devices and BIOS, and where the kernel is loaded.
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

// Env code may change mappings from UMIN to UTOP only. Below, null pointers fault; and it is all
// that virtual-8086 mode can reach, which QEMU lets programs enter, but where none finds code.
#define UMIN       0x110000
#define UTOP       UENVS
#define UXSTACKTOP UTOP
#define USTACKTOP  (UTOP - 2 * PGSIZE)
#define UTEXT      (2 * PTSIZE)
#define UTEMP      ((void *) ((int) PTSIZE))
#define PFTEMP     (UTEMP + PTSIZE - PGSIZE)
#define USTABDATA  (PTSIZE / 2)

// Where the start-up code of the other CPUs is copied to (physical; STARTUP wants a page
// below 1 MB).
#define MPENTRY_PADDR 0x7000

#ifndef __ASSEMBLER__

typedef uint32_t pte_t;
typedef uint32_t pde_t;

#ifndef JOS_KERNEL
// A page directory that has itself as entry PDX(UVPT) shows all page tables as one array at
// UVPT, indexed by virtual page number, and itself as a part of it.
extern volatile pte_t uvpt[];
extern volatile pde_t uvpd[];
#endif

// One physical page frame; pages[n] is the frame at n * PGSIZE. Programs see it at UPAGES.
struct PageInfo {
	struct PageInfo *pp_link; // next on the free list; NULL: in use; itself: never free
	// References: entries of page tables and directories that name the frame, and CPUs that
	// have it loaded as their page directory. Wide enough for every entry there can be.
	uint32_t pp_ref;
};

#endif
#endif

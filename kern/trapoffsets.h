// Offsets in struct Trapframe and in struct CpuInfo, for assembly. kern/trapframe.c checks them.

#ifndef JOS_KERN_TRAPOFFSETS_H
#define JOS_KERN_TRAPOFFSETS_H

#define TF_EDI    0
#define TF_ESI    4
#define TF_EBP    8
#define TF_EBX    16
#define TF_EDX    20
#define TF_ECX    24
#define TF_EAX    28
#define TF_ES     32
#define TF_DS     36
#define TF_TRAPNO 40
#define TF_ERR    44
#define TF_EIP    48
#define TF_CS     52
#define TF_EFLAGS 56
#define TF_ESP    60
#define TF_SS     64
#define CPU_ENV   136
#define CPU_SHIFT 5 // a TSS's selector, shifted by this, is the offset of its CPU's entry in cpus

#endif

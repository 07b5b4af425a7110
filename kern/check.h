// Self-checks of memory management, to be called after mem_init, before other CPUs start.

#ifndef JOS_KERN_CHECK_H
#define JOS_KERN_CHECK_H

// Run all of them. Each prints that it succeeded, or panics.
void check_memory(void);

void check_page_alloc(void); // the frame allocator
void check_page(void);       // page tables, in a page directory that no CPU has loaded
void check_kern_pgdir(void); // the kernel's part of the address space is as in inc/memlayout.h
void check_page_installed_pgdir(void); // page tables, in the page directory that is loaded

#endif

#ifndef JOS_KERN_CHECK_H
#define JOS_KERN_CHECK_H

// Self-checks of memory management, run by mem_init while it builds the kernel's address space.
// Each prints that it succeeded, or panics.
void check_page_alloc(void); // the frame allocator
void check_page(void);       // page tables, in a directory of their own
void check_kern_pgdir(void); // the kernel's part of the address space is as in memlayout.h
void check_page_installed_pgdir(void); // the same page-table code against the real MMU

#endif

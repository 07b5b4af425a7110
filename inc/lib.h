#ifndef JOS_INC_LIB_H
#define JOS_INC_LIB_H

// Everything a user program can use. A program defines umain() and needs to include this file only.

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/syscall.h>
#include <inc/trap.h>
#include <inc/types.h>
#include <inc/x86.h>

#define USED(x) (void) (x)

// The program's own main function; when it returns, the env exits.
void umain(int argc, char **argv);

// ---- What every program has ----

extern const char *binaryname; // the program's name, for messages

// The kernel's tables, read-only.
extern const volatile struct Env envs[NENV];
extern const volatile struct PageInfo pages[];

// This env's entry in envs[]. It stands in the topmost word of the normal stack, the one page
// that even envs made by sfork() do not share.
#define thisenv (*(const volatile struct Env **) (USTACKTOP - sizeof(uintptr_t)))

// End this env.
void exit(void) __attribute__((noreturn));

// ---- System calls (kern/syscall.c) ----
//
// Where an argument is an env id, 0 means the caller. Unless said otherwise the caller may name
// itself and its children only, and any other id gives -E_BAD_ENV, as do ids of dead envs.
// A call that returns an error has changed nothing.

// Print len bytes at s. A buffer that is not mapped for the caller ends the caller.
void sys_cputs(const char *s, size_t len);

// Return the next byte from the console, 0 when there is none.
int sys_cgetc(void);

// Return the caller's id.
envid_t sys_getenvid(void);

// End an env; it is gone when the call returns. Returns 0, or
//	-E_BAD_ENV
int sys_env_destroy(envid_t);

// Give the CPU to the next runnable env, if there is one.
void sys_yield(void);

// Make a new env with the caller's registers and no memory, ENV_NOT_RUNNABLE. Returns its id to
// the caller and, once it is set runnable, 0 to the new env; or
//	-E_NO_FREE_ENV, -E_NO_MEM
static inline envid_t sys_exofork(void);

// Make an env runnable (ENV_RUNNABLE) or stop it (ENV_NOT_RUNNABLE), wherever it runs. An env
// that waits in sys_ipc_recv can be neither: only a message ends that. One that waits in
// sys_ipc_send goes on by itself; stopped, it makes that call again when it is started. Returns 0,
// or
//	-E_BAD_ENV
//	-E_INVAL	status is neither of the two, or the env waits in sys_ipc_recv
int sys_env_set_status(envid_t env, int status);

// Give an env other registers. Segments are forced to the user's, interrupts on, I/O privilege
// off. This ends a wait in sys_ipc_send, but not one in sys_ipc_recv. Returns 0, or
//	-E_BAD_ENV
//	-E_FAULT	tf is not readable
int sys_env_set_trapframe(envid_t env, struct Trapframe *tf);

// Set the env's page-fault entry point. Returns 0, or
//	-E_BAD_ENV
int sys_env_set_pgfault_upcall(envid_t env, void *upcall);

// Map a fresh zeroed page at pg in env, in place of whatever was there. perm must have PTE_U and
// PTE_P and nothing outside PTE_SYSCALL. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	pg below UMIN, at or above UTOP or not page-aligned; perm as above
//	-E_NO_MEM	no frame, or none for a page table
int sys_page_alloc(envid_t env, void *pg, int perm);

// Map the page at src_pg in src_env at dst_pg in dst_env too. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	an address or perm not as for sys_page_alloc, nothing mapped at src_pg,
//			or PTE_W on a page that src_env has read-only
//	-E_NO_MEM	no frame for a page table
int sys_page_map(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm);

// Map n pages in a row, each as sys_page_map does it. Returns how many it has mapped, at least
// one, which may be fewer than n; or the error of the first, or
//	-E_INVAL	n is 0
int sys_page_map_run(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm,
		     size_t n);

// Move the caller's page at `from' to `to' in dst_env, where it gets the rights perm: as
// sys_page_map does it, with the same errors, and then unmap it at `from'. Also returns
//	-E_INVAL	both are the same place
int sys_page_move(void *from, envid_t dst_env, void *to, int perm);

// Unmap the page at pg in env, if there is one. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	pg as for sys_page_alloc
int sys_page_unmap(envid_t env, void *pg);

// Send value, and if pg is below UTOP the page mapped there with rights perm, to any env that
// waits in sys_ipc_recv. Returns 0 (also when the receiver wants no page and gets none), or
//	-E_BAD_ENV	no such env (any env will do)
//	-E_IPC_NOT_RECV	it does not wait
//	-E_INVAL	as for sys_page_map
//	-E_NO_MEM	no frame for a page table of the receiver
int sys_ipc_try_send(envid_t to_env, uint32_t value, void *pg, int perm);

// The same, but if the receiver does not wait, wait for it: those who do are served in the order
// they came. The message is as it was at the call. Also returns
//	-E_BAD_ENV	the receiver has ended meanwhile
// An env that waits here can be stopped; started again, it makes the call again.
int sys_ipc_send(envid_t to_env, uint32_t value, void *pg, int perm);

// Wait for a message. If rcv_pg is below UTOP, a page that comes with it is mapped there.
// The message is in thisenv's env_ipc_ fields. Returns 0, or at once
//	-E_INVAL	rcv_pg below UTOP, but below UMIN or not page-aligned
int sys_ipc_recv(void *rcv_pg);

// Inline, so that the child, whose stack is a copy made later, returns from nothing.
static inline envid_t __attribute__((always_inline)) sys_exofork(void)
{
	envid_t ret;
	asm volatile("int %2" : "=a"(ret) : "a"(SYS_exofork), "i"(T_SYSCALL) : "memory", "cc");
	return ret;
}

// ---- Page faults (lib/pgfault.c) ----

// Call handler for every page fault of this env that copy-on-write does not explain. The first
// call allocates the exception stack, and panics if there is no memory.
void set_pgfault_handler(void (*handler)(struct UTrapframe *utf));

// ---- Envs (lib/fork.c) ----

#define PTE_SHARE 0x400 // fork shares such a page instead of copying it
#define PTE_COW   0x800 // to be copied on the first write

// Make a copy of this env. Returns the child's id to the parent and 0 to the child, or
// -E_NO_FREE_ENV or -E_NO_MEM, with no child left behind. (Pages may stay copy-on-write, which
// the next write to each ends.) As copies are made on writing, memory may run out then: that
// ends the env that writes.
envid_t fork(void);

// Like fork, but parent and child share all memory except their stacks.
envid_t sfork(void);

// ---- Messages (lib/ipc.c) ----

// Send val, and the page at pg with rights perm if pg is not NULL, to env `to', and wait until it
// is received. Panics on any error.
void ipc_send(envid_t to, uint32_t val, void *pg, int perm);

// Wait for a message and return its value. If pg is not NULL, a page that comes with it is
// mapped there. The sender's id and the page's rights (0: no page) go to *from and *perm where
// these are not NULL. On an error both are 0 and the error is returned.
int32_t ipc_recv(envid_t *from, void *pg, int *perm);

// Return the id of the first env of this type, 0 if there is none.
envid_t ipc_find_env(enum EnvType type);

#endif

// Everything that a user program can use, and the contracts of the system calls. A program defines
// umain() and needs to include this file only.

#ifndef JOS_INC_LIB_H
#define JOS_INC_LIB_H

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

// The program's own main function. When it returns, the env exits.
void umain(int argc, char **argv);

// ---- What every program has (lib/libmain.c, lib/exit.c) ----

extern const char *binaryname; // the program's name, for messages

// The kernel's tables, read-only.
extern const volatile struct Env envs[NENV];
extern const volatile struct PageInfo pages[];

// The address of this env's entry in envs[]. It is kept in the topmost word of the normal stack,
// because that is the one page that not even envs made by sfork() share.
#define thisenv (*(const volatile struct Env **) (USTACKTOP - sizeof(uintptr_t)))

// End this env.
void exit(void) __attribute__((noreturn));

// ---- System calls (lib/syscall.c, kern/syscall.c) ----
//
// Where an argument is an env id, 0 means the caller. Unless said otherwise the caller may name
// only itself and its children; any other id, and the id of an env that has ended, gives
// -E_BAD_ENV. A call that returns an error has changed nothing. Where several errors apply, it may
// return any of them.

// Print len bytes at s. If the caller may not read all of them, it is destroyed.
void sys_cputs(const char *s, size_t len);

// Return the next byte from the console, 0 if there is none.
int sys_cgetc(void);

// Return the caller's id.
envid_t sys_getenvid(void);

// End an env; it is gone when the call returns. A child of it that is stopped, or was never
// started, ends soon, as nobody else can start it; so does one that is stopped later. Returns 0, or
//	-E_BAD_ENV
int sys_env_destroy(envid_t);

// Give the CPU to the next runnable env that has time left, or if none has, to any other one.
void sys_yield(void);

// Make a new env with the caller's registers, the floating-point ones too, no memory and no
// page-fault entry point, ENV_NOT_RUNNABLE. Returns its id to
// the caller and, once the new env has been made runnable, 0 to that; or
//	-E_NO_FREE_ENV, -E_NO_MEM
static inline envid_t sys_exofork(void);

// Make an env runnable (ENV_RUNNABLE) or stop it (ENV_NOT_RUNNABLE), wherever it runs. For an env
// that waits in sys_ipc_recv both are errors: only a message ends its wait. One that waits in
// sys_ipc_send can be stopped; made runnable after that, it makes the same call again. Without
// having been stopped it goes on waiting. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	status is neither of the two, or the env waits in sys_ipc_recv
int sys_env_set_status(envid_t env, int status);

// Set all registers of an env. Its segments are forced to those of user mode; of its flags IF is
// forced on, and IOPL, NT, RF, VM, VIF and VIP off. This ends a wait in sys_ipc_send, but not one
// in sys_ipc_recv. Returns 0 (an env that sets its own registers has the new eax instead), or
//	-E_BAD_ENV
//	-E_FAULT	tf is not readable
int sys_env_set_trapframe(envid_t env, struct Trapframe *tf);

// Set the env's page-fault entry point. Returns 0, or
//	-E_BAD_ENV
int sys_env_set_pgfault_upcall(envid_t env, void *upcall);

// Map a new page, filled with zeros, at pg in env, in place of what was mapped there. perm must
// have PTE_U and PTE_P, and no bit outside PTE_SYSCALL. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	pg is below UMIN, not below UTOP, or not page-aligned; or perm is not as
//			above
//	-E_NO_MEM	no frame for the page, or for a page table
int sys_page_alloc(envid_t env, void *pg, int perm);

// Map the page that src_env has at src_pg also at dst_pg in dst_env. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	an address or perm is not as for sys_page_alloc, nothing is mapped at
//			src_pg, or perm has PTE_W and src_env has the page read-only
//	-E_NO_MEM	no frame for a page table
int sys_page_map(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm);

// For each of n consecutive pages: map it as sys_page_map does, and then give it the same rights,
// perm, in src_env, too. It ends before a page that gives an error, or earlier if there are very
// many. Returns how many have been mapped, from 1 to n; or the error of the first one, or
//	-E_INVAL	n is 0
int sys_page_share(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm,
		   size_t n);

// Map a copy of the caller's page at src_pg, which it may not be allowed to write to, at dst_pg in
// dst_env. (Where the copy takes the place of a page that is mapped nowhere else, and waits in no
// message, it is that page.)
// Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	an address or perm is not as for sys_page_alloc, or nothing is mapped at
//			src_pg
//	-E_NO_MEM	no frame for the copy, or for a page table
int sys_page_copy(void *src_pg, envid_t dst_env, void *dst_pg, int perm);

// Unmap the page at pg in env, if there is one. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	pg is not as for sys_page_alloc
int sys_page_unmap(envid_t env, void *pg);

// Send a message to any env that waits in sys_ipc_recv: value and, if pg is below UTOP, the page
// mapped there, with rights perm. Returns 0 (also if the receiver wants no page and gets none), or
//	-E_BAD_ENV	no such env
//	-E_IPC_NOT_RECV	it does not wait
//	-E_INVAL	as for sys_page_map
//	-E_NO_MEM	no frame for a page table of the receiver
int sys_ipc_try_send(envid_t to_env, uint32_t value, void *pg, int perm);

// The same, but if the receiver does not wait for a message, wait until it does. Senders that wait
// are served in the order of their calls. The page sent is the one mapped at pg at the time of the
// call. Also returns
//	-E_BAD_ENV	the receiver has ended meanwhile
// An env that waits here can be stopped. When it is made runnable, it makes the call again.
int sys_ipc_send(envid_t to_env, uint32_t value, void *pg, int perm);

// Wait for a message. If rcv_pg is below UTOP, a page that comes with the message is mapped there.
// The message is then in thisenv's env_ipc_ fields. Returns 0, or at once
//	-E_INVAL	rcv_pg is below UTOP, but below UMIN or not page-aligned
int sys_ipc_recv(void *rcv_pg);

// Send a message as sys_ipc_try_send does, and then wait for one as sys_ipc_recv does. Returns 0,
// or an error of one of them; then nothing has been sent.
int sys_ipc_send_recv(envid_t to_env, uint32_t value, void *pg, int perm, void *rcv_pg);

// Inline, because the child gets its stack later, as a copy: at this point it must not have a
// return address there.
static inline envid_t __attribute__((always_inline)) sys_exofork(void)
{
	envid_t ret;
	asm volatile("int %2" : "=a"(ret) : "a"(SYS_exofork), "i"(T_SYSCALL) : "memory", "cc");
	return ret;
}

// ---- Page faults (lib/pgfault.c) ----

// Call handler for every page fault of this env that is not about copy-on-write. The first call
// allocates the exception stack, and panics if there is no memory.
void set_pgfault_handler(void (*handler)(struct UTrapframe *utf));

// ---- Envs (lib/fork.c) ----

#define PTE_SHARE 0x400 // fork shares such a page instead of copying it
#define PTE_COW   0x800 // to be copied on the first write

// Make a child with a copy of this env's memory; each page is copied when one of the two writes to
// it. Returns the child's id to the parent and 0 to the child, or
//	-E_NO_FREE_ENV, -E_NO_MEM	there is no child
// An env that writes to such a page when there is no memory for the copy is destroyed.
envid_t fork(void);

// Like fork, but parent and child share all memory except their stacks.
envid_t sfork(void);

// ---- Messages (lib/ipc.c) ----

// Send val, and the page at pg with rights perm if pg is not NULL, to env `to', and wait until it
// has been received. Panics on any error.
void ipc_send(envid_t to, uint32_t val, void *pg, int perm);

// The same as ipc_send and then ipc_recv, but in one system call if the receiver waits already. For
// requests and their answers.
int32_t ipc_send_recv(envid_t to, uint32_t val, void *pg, int perm, envid_t *from, void *rcv_pg,
		      int *rcv_perm);

// Wait for a message and return its value. If pg is not NULL, a page that comes with the message is
// mapped there. The sender's id is stored in *from, the page's rights (0: no page) in *perm, unless
// the pointer is NULL. On an error, both are set to 0 and the error is returned.
int32_t ipc_recv(envid_t *from, void *pg, int *perm);

// ---- Kept for programs written for JOS; nothing here uses these ----

#define USED(x) (void) (x)

// Return the id of the first env of this type, 0 if there is none.
envid_t ipc_find_env(enum EnvType type);

#endif

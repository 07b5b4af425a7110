// Calling the function for a system call. Needs the kernel lock. Inline function: every system call
// goes through it.

#ifndef JOS_KERN_SYSCALL_H
#define JOS_KERN_SYSCALL_H

#include <inc/env.h>
#include <inc/error.h>
#include <inc/syscall.h>
#include <inc/types.h>

#include <kern/trapframe.h>

// For each number the function of that system call, which takes its arguments from the registers
// and returns the result.
typedef IN_REGISTERS int32_t SystemCall(const struct PushRegs *regs);
extern SystemCall *const syscalls[NSYSCALLS];

// Do the system call that e, the current env, asks for in its registers, and store the result in
// its eax. An unknown number gives -E_INVAL. (The call may destroy e; the result in its slot of
// envs[] is then not used.)
static inline void syscall_dispatch(struct Env *e)
{
	struct PushRegs *regs = &e->env_tf.tf_regs;

	regs->reg_eax = regs->reg_eax < NSYSCALLS ? syscalls[regs->reg_eax](regs) : -E_INVAL;
}

#endif

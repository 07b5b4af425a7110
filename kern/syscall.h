// System calls. Inline: every one of them comes through here.

#ifndef JOS_KERN_SYSCALL_H
#define JOS_KERN_SYSCALL_H

#include <inc/env.h>
#include <inc/error.h>
#include <inc/syscall.h>
#include <inc/types.h>

// For each number the system call, which takes its arguments from the registers and returns its
// result.
extern int32_t (*const syscalls[NSYSCALLS])(const struct PushRegs *);

// Do the system call that e, the current env, asks for in its registers, and put the result into
// its eax. (If e is destroyed by it, nobody sees that.) Needs the kernel lock.
static inline void syscall_dispatch(struct Env *e)
{
	struct PushRegs *regs = &e->env_tf.tf_regs;

	regs->reg_eax = regs->reg_eax < NSYSCALLS ? syscalls[regs->reg_eax](regs) : -E_INVAL;
}

#endif

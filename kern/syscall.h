#ifndef JOS_KERN_SYSCALL_H
#define JOS_KERN_SYSCALL_H

struct Env;

// Do the system call that e, the current env, asks for in its registers, and put the result
// into its eax, unless e does not exist any more afterwards. Needs the kernel lock.
void syscall_dispatch(struct Env *e);

#endif

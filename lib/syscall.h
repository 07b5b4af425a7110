// How the library makes a system call: arguments into registers, then `int $T_SYSCALL'. Inline
// functions: every system call goes through one of them.

#ifndef JOS_LIB_SYSCALL_H
#define JOS_LIB_SYSCALL_H

#include <inc/lib.h>

// Make the system call with that number; what follows says which registers get which arguments.
// There is a function for each number of arguments, because a function that uses ebx, edi or esi
// has to save them.
#define SYSCALL(number, ...)                                                                       \
	({                                                                                         \
		int32_t result;                                                                    \
		asm volatile("int %1"                                                              \
			     : "=a"(result)                                                        \
			     : "i"(T_SYSCALL), "a"(number), ##__VA_ARGS__                          \
			     : "memory", "cc");                                                    \
		result;                                                                            \
	})

static inline int32_t syscall0(int number)
{
	return SYSCALL(number);
}

static inline int32_t syscall1(int number, uint32_t a1)
{
	return SYSCALL(number, "d"(a1));
}

static inline int32_t syscall2(int number, uint32_t a1, uint32_t a2)
{
	return SYSCALL(number, "d"(a1), "c"(a2));
}

static inline int32_t syscall3(int number, uint32_t a1, uint32_t a2, uint32_t a3)
{
	return SYSCALL(number, "d"(a1), "c"(a2), "b"(a3));
}

static inline int32_t syscall4(int number, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4)
{
	return SYSCALL(number, "d"(a1), "c"(a2), "b"(a3), "D"(a4));
}

static inline int32_t syscall5(int number, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
			       uint32_t a5)
{
	return SYSCALL(number, "d"(a1), "c"(a2), "b"(a3), "D"(a4), "S"(a5));
}

// Kept for calls that are written as in JOS; nothing here uses it: with `check', a result above 0
// is a panic.
static inline int32_t syscall(int number, int check, uint32_t a1, uint32_t a2, uint32_t a3,
			      uint32_t a4, uint32_t a5)
{
	int32_t result = syscall5(number, a1, a2, a3, a4, a5);

	if (check && result > 0)
		panic("system call %d returned %d (> 0)", number, result);
	return result;
}

#endif

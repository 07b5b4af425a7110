// What is called where an exercise of doc/lab4.md is to be solved, in the kernel and in lib/.
// Remove the call when you have solved it there.

#ifndef JOS_INC_EXERCISE_H
#define JOS_INC_EXERCISE_H

#ifndef __ASSEMBLER__

// Say that exercise n is missing here, and stop: the kernel, or this program.
#define missing_exercise(n, what) missing_exercise_at(__FILE__, __LINE__, n, what)
void missing_exercise_at(const char *file, int line, int n, const char *what)
	__attribute__((noreturn));

#ifdef JOS_KERNEL

#include <inc/types.h>

// Exercise n is missing here too, but the kernel can go on for a while. Where it stops in the end,
// it names the first of all missing exercises that it has met.
#define without_exercise(n, what) without_exercise_at(__FILE__, __LINE__, n, what)
void without_exercise_at(const char *file, int line, int n, const char *what);

// The same, but the kernel also says so when nothing is left to run.
#define note_exercise(n, what) note_exercise_at(__FILE__, __LINE__, n, what)
void note_exercise_at(const char *file, int line, int n, const char *what);
void say_noted_exercises(void);

// Whether one of these has been met for exercise n.
bool exercise_is_missing(int n);

#endif
#else // in assembly

// clang-format off
#define missing_exercise(n, what)                                                                  \
	pushl $2f;                                                                                 \
	pushl $n;                                                                                  \
	pushl $__LINE__;                                                                           \
	pushl $1f;                                                                                 \
	call missing_exercise_at;                                                                  \
1:	.asciz __FILE__;                                                                           \
2:	.asciz what
// clang-format on

#endif
#endif

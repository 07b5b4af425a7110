#ifndef JOS_INC_TYPES_H
#define JOS_INC_TYPES_H

// Fixed-width integers are spelled out here because the compilers disagree on whether
// uint32_t is `unsigned int' or `unsigned long'; the rest comes from the compiler.
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

typedef int32_t intptr_t;
#define INT32_MIN  (-2147483647 - 1)
#define INT32_MAX  2147483647
#define UINT32_MAX 4294967295U

typedef uint32_t uintptr_t;  // an address in the current address space
typedef uint32_t physaddr_t; // an address on the memory bus
typedef uint32_t ppn_t;      // a physical page frame number
typedef int32_t ssize_t;
typedef int32_t off_t;

#define MIN(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) min_a = (a);                                                         \
		__typeof__(b) min_b = (b);                                                         \
		min_a < min_b ? min_a : min_b;                                                     \
	})

#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) max_a = (a);                                                         \
		__typeof__(b) max_b = (b);                                                         \
		max_a > max_b ? max_a : max_b;                                                     \
	})

// Round an integer or a pointer down or up to a multiple of n, a power of two.
// ROUNDUP of a value within n of 4 GB wraps to 0.
#define ROUNDDOWN(a, n) ((__typeof__(a)) ((uint32_t) (a) & ~((uint32_t) (n) -1)))
#define ROUNDUP(a, n)                                                                              \
	((__typeof__(a)) (((uint32_t) (a) + (uint32_t) (n) -1) & ~((uint32_t) (n) -1)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif

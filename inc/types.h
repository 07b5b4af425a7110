// Basic types and macros, for the kernel, the boot sector and programs. The types have their
// standard or JOS names, also those that nothing here uses.

#ifndef JOS_INC_TYPES_H
#define JOS_INC_TYPES_H

// The integer types are defined here because the compilers disagree on whether uint32_t is
// `unsigned int' or `unsigned long'. The rest comes from the compiler.
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
#define INT64_MAX  __INT64_MAX__
#define INT64_MIN  (-INT64_MAX - 1)
#define INT32_MAX  2147483647
#define UINT32_MAX 4294967295U

typedef uint32_t uintptr_t;  // a virtual address
typedef uint32_t physaddr_t; // a physical address
typedef uint32_t ppn_t;      // the number of a physical page frame
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

// Round an integer or a pointer down or up to a multiple of n, which may be any positive number. If
// n is a constant and a power of 2, the compiler makes an AND of it. ROUNDUP of a value less than n
// below 4 GB gives 0 for a power of 2.
#define ROUNDDOWN(a, n) ((__typeof__(a)) ((uint32_t) (a) - (uint32_t) (a) % (uint32_t) (n)))
#define ROUNDUP(a, n)                                                                              \
	({                                                                                         \
		uint32_t round_n = (n);                                                            \
		(__typeof__(a)) ROUNDDOWN((uint32_t) (a) + round_n - 1, round_n);                  \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif

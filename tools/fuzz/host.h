// What the fuzzer needs of the host (host.c). The types are C's own, because the kernel's headers
// and the C library's cannot be included together.

#ifndef JOS_FUZZ_HOST_H
#define JOS_FUZZ_HOST_H

#include <stdarg.h>

// Memory at this address, filled with zeros.
void host_map(unsigned address, unsigned size);

// Print to the standard output.
void host_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void host_vprint(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

// End this sequence of calls: whether it has gone well.
void host_end(int well) __attribute__((noreturn));

// What a sequence of calls is made from, and what it tells. The latter is shared with the process
// that has started it.
struct FuzzOptions {
	unsigned seed, length, audit_every;
	int show; // print every call
};
struct FuzzTold {
	unsigned long long calls, errors, audits; // made; that returned an error; audits
};

// Make a sequence of calls. Ends by host_end.
void run_sequence(const struct FuzzOptions *options, struct FuzzTold *told)
	__attribute__((noreturn));

// Called when the kernel has made the processor trap, or does not end.
void run_crashed(int signal);

#endif

#ifndef JOS_USER_EXERCISES_CHECK_H
#define JOS_USER_EXERCISES_CHECK_H

// What the checks of single exercises have in common. Program exN checks exercise N of lab4.md, and
// needs no later one; `make grade EX=N' runs it once for each check: `exN:NAME'. A check prints
// `exN:NAME: FAIL ...' for each thing that is wrong, and at the end `exN:NAME: OK' if none is.

#include "../common.h"

// A named check: its function returns when it has seen everything.
struct Check {
	const char *name;
	void (*run)(void);
};

static const char *check_name; // of the check that runs
static int check_failures;

// Say what is wrong, and why that may be: a line without its end.
static inline void __attribute__((format(printf, 1, 2))) fail(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cprintf("%s:%s: FAIL %s\n", binaryname, check_name, text);
	check_failures++;
}

// Fail unless what this system call returns, is, equals want; hint says what may be wrong then.
static inline void expect_result(const char *call, int is, int want, const char *hint)
{
	if (is == want)
		return;
	if (want < 0)
		fail("%s returns %d, not %d (%e): %s", call, is, want, want, hint);
	else if (is < 0)
		fail("%s returns %d (%e), not %d: %s", call, is, is, want, hint);
	else
		fail("%s returns %d, not %d: %s", call, is, want, hint);
}
#define EXPECT(call, want, hint) expect_result(#call, call, want, hint)

// Run the check the first argument names, or all.
static inline void run_checks(int argc, char **argv, const struct Check *checks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && strcmp(argv[1], checks[i].name) != 0)
			continue;
		check_name = checks[i].name;
		check_failures = 0;
		checks[i].run();
		if (check_failures == 0)
			cprintf("%s:%s: OK\n", binaryname, check_name);
	}
}

#endif

// What the programs that check challenges of the lab have in common. Program tryX checks one of
// them. It prints `tryX: OK' if the challenge is done, and otherwise one line:
// `tryX: not there yet: ...'. The functions are inline because each program is one source file.

#ifndef JOS_USER_CHALLENGES_CHALLENGE_H
#define JOS_USER_CHALLENGES_CHALLENGE_H

#include "../common.h"
#include "../panic.h"

static envid_t tester; // the env that began; others are its children

// Destroy all our children.
static inline void destroy_children(void)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && envs[i].env_parent_id == sys_getenvid())
			sys_env_destroy(envs[i].env_id);
}

// Say what is missing, and end this env and its children.
PRINTF_LIKE(1, 2) static inline void __attribute__((noreturn)) not_there_yet(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cprintf("%s: not there yet: %s\n", binaryname, text);
	destroy_children();
	exit();
}

void tell_panic(const char *text)
{
	not_there_yet("%s", text);
}

// Say that the challenge is done.
static inline void done(void)
{
	destroy_children();
	cprintf("%s: OK\n", binaryname);
}

// Return r, the result of a call. An error means that it is not there yet.
static inline int must(const char *call, int r)
{
	if (r < 0)
		not_there_yet("%s returns %d (%e)", call, r, r);
	return r;
}
#define MUST(call) must(#call, call)

// What parent and children share: a page with words.
#define WORDS ((volatile uint32_t *) 0x30000000)

static inline void begin(void)
{
	tester = sys_getenvid();
	alloc_or_panic(WORDS, RW | PTE_SHARE);
}

// Wait until condition holds; if it does not after some seconds, it is not there yet.
#define WAIT_UNTIL(condition, ...)                                                                 \
	do {                                                                                       \
		uint64_t wait_began = read_tsc();                                                  \
		while (!(condition)) {                                                             \
			if (!is_early(wait_began))                                                 \
				not_there_yet(__VA_ARGS__);                                        \
			sys_yield();                                                               \
		}                                                                                  \
	} while (0)

#endif

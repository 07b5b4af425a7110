// What the played kernel needs of files that are left out: devices, the monitor, recording.

#include <inc/assert.h>
#include <inc/error.h>

#include <kern/checked.h>
#include <kern/console.h>
#include <kern/env.h>
#include <kern/envlist.h>
#include <kern/kdebug.h>
#include <kern/lapic.h>
#include <kern/load.h>
#include <kern/monitor.h>
#include <kern/options.h>
#include <kern/panic.h>
#include <kern/power.h>
#include <kern/seed.h>
#include <kern/trace.h>
#include <kern/trap.h>

#include "console.h"
#include "host.h"
#include "report.h"
#include "run.h"

// ---- Printing ----

bool console_loud;
char console_written[2048];
size_t console_length;
int console_key;

int vcprintf(const char *fmt, va_list ap)
{
	if (console_loud)
		host_vprint(fmt, ap);
	return 0;
}

int cprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcprintf(fmt, ap);
	va_end(ap);
	return 0;
}

void cons_write(const char *s, size_t len)
{
	require(len <= sizeof(console_written), "a call prints %u bytes at once", len);
	for (size_t i = 0; i < len; i++)
		console_written[i] = s[i];
	console_length = len;
}

int cons_getc(void)
{
	return console_key;
}

// Print what the kernel finds wrong, and where.
static void tell(const char *what, const char *file, int line, const char *fmt, va_list ap)
{
	host_print("%s at %s:%d: ", what, file, line);
	host_vprint(fmt, ap);
	host_print("\n");
}

void _panic(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell("kernel panic", file, line, fmt, ap);
	va_end(ap);
	fail("a call made the kernel panic");
}

void checked_panic(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell("undefined behaviour", file, line, fmt, ap);
	va_end(ap);
	fail("a call made the kernel do something undefined");
}

void panic_trap(const struct Trapframe *tf)
{
	fail("trap %u in the kernel", tf->tf_trapno);
}

void panic_stop_if_asked(void)
{
}

// ---- When no env can run, another one is started, as by the monitor ----

void monitor_when_done(void)
{
	run_first_env();
}

void monitor(struct Trapframe *tf)
{
}

void print_user_backtrace(struct Env *e)
{
}

void print_envs(const struct Env *at_breakpoint)
{
}

// ---- Programs are not loaded ----

bool program_loadable(const struct Program *program, const char *command)
{
	return false;
}

int program_load(const struct Program *program, const char *command, struct Env *e)
{
	return -E_INVAL;
}

// ---- Devices, recording ----

struct Options options;
bool tracing;

void trace_event(int type, envid_t env, uint32_t arg)
{
}

void trace_end(void)
{
}

bool trace_is_full(void)
{
	return false;
}

void seed_tick(void)
{
}

void lapic_tick_every(uint32_t ticks)
{
}

void lapic_eoi(void)
{
}

uint32_t lapic_error(void)
{
	return 0;
}

void power_off(void)
{
}

void power_off_failed(enum Failure failure)
{
}

#define VECTOR(entry, number, code, privilege, name)                                               \
	void entry(void)                                                                           \
	{                                                                                          \
	}
#include <kern/vectors.h>
#undef VECTOR

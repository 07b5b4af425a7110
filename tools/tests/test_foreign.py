"""Lab 4 programs written elsewhere: dropped into user/, they compile and run unchanged."""

import re
from pathlib import Path

from gradelib import CLEAN_END

import pytest

from kit import enter_copy, make, params, require, require_equal
from machine import Machine, command, play, verify

# A copy-on-write fork as a student writes it, with a page-fault handler of its own.
OWN_FORK = r"""
// A student's fork, done in the program itself.
#include <inc/string.h>
#include <inc/lib.h>

#define PTE_MYCOW	0x800

extern void _pgfault_upcall(void);
int shared_counter = 100;
char message[PGSIZE * 2] __attribute__((aligned(PGSIZE))) = "parent";

static void
my_pgfault(struct UTrapframe *utf)
{
	void *addr = (void *) utf->utf_fault_va;
	uint32_t err = utf->utf_err;
	int r;

	if (!((err & FEC_WR) && (uvpt[PGNUM(addr)] & PTE_MYCOW)))
		panic("not copy-on-write: %08x err %x ip %08x", addr, err, utf->utf_eip);
	if ((r = sys_page_alloc(0, PFTEMP, PTE_P|PTE_U|PTE_W)) < 0)
		panic("sys_page_alloc: %e", r);
	memmove(PFTEMP, ROUNDDOWN(addr, PGSIZE), PGSIZE);
	if ((r = sys_page_map(0, PFTEMP, 0, ROUNDDOWN(addr, PGSIZE), PTE_P|PTE_U|PTE_W)) < 0)
		panic("sys_page_map: %e", r);
	if ((r = sys_page_unmap(0, PFTEMP)) < 0)
		panic("sys_page_unmap: %e", r);
}

static int
duppage(envid_t envid, unsigned pn)
{
	void *addr = (void *) (pn * PGSIZE);
	pte_t pte = uvpt[pn];
	int r;

	if (!(pte & (PTE_W|PTE_MYCOW)))
		return sys_page_map(0, addr, envid, addr, PTE_P|PTE_U);
	if ((r = sys_page_map(0, addr, envid, addr, PTE_P|PTE_U|PTE_MYCOW)) < 0)
		return r;
	return sys_page_map(0, addr, 0, addr, PTE_P|PTE_U|PTE_MYCOW);
}

static envid_t
my_fork(void)
{
	envid_t envid;
	uintptr_t va;
	int r;

	set_pgfault_handler(my_pgfault);
	envid = sys_exofork();
	if (envid < 0)
		panic("sys_exofork: %e", envid);
	if (envid == 0) {
		// fix "thisenv" in the child
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}
	for (va = UTEXT; va < USTACKTOP; va += PGSIZE)
		if ((uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_U))
			if ((r = duppage(envid, PGNUM(va))) < 0)
				panic("duppage: %e", r);
	if ((r = sys_page_alloc(envid, (void*) (UXSTACKTOP-PGSIZE), PTE_P|PTE_U|PTE_W)) < 0)
		panic("sys_page_alloc: %e", r);
	if ((r = sys_env_set_pgfault_upcall(envid, _pgfault_upcall)) < 0)
		panic("sys_env_set_pgfault_upcall: %e", r);
	if ((r = sys_env_set_status(envid, ENV_RUNNABLE)) < 0)
		panic("sys_env_set_status: %e", r);
	return envid;
}

void
umain(int argc, char **argv)
{
	envid_t who = my_fork();

	if (who == 0) {
		shared_counter++;
		strcpy(message, "child");
		cprintf("child %04x: counter %d message %s parent %04x\n",
			thisenv->env_id, shared_counter, message, thisenv->env_parent_id);
		return;
	}
	while (envs[ENVX(who)].env_status != ENV_FREE)
		sys_yield();
	cprintf("parent %04x: counter %d message %s\n", thisenv->env_id, shared_counter, message);
}
"""

# A server with shared pages, found by its type or told by its parent; errors printed by %e.
SERVER = r"""
#include <inc/lib.h>

#define REQVA		0x0ffff000
union Req {
	struct { int a, b; } add;
	char pad[PGSIZE];
} *req = (union Req *)REQVA;

static const struct { int error; } *nothing;

void
serve(void)
{
	uint32_t what;
	envid_t whom;
	int perm = 0;

	while (1) {
		perm = 0;
		what = ipc_recv((int32_t *) &whom, req, &perm);
		if (!(perm & PTE_P)) {
			cprintf("Invalid request from %08x: no argument page\n", whom);
			ipc_send(whom, -E_INVAL, 0, 0);
			continue;
		}
		if (what == 0) {
			ipc_send(whom, 0, 0, 0);
			exit();
		}
		req->add.a += req->add.b;
		ipc_send(whom, req->add.a, req, PTE_P|PTE_U);
		sys_page_unmap(0, req);
	}
}

void
umain(int argc, char **argv)
{
	envid_t server, from;
	int32_t r;
	int i, perm;

	binaryname = "server";
	if ((server = fork()) < 0)
		panic("fork: %e", server);
	if (server == 0)
		serve();

	ipc_send(server, 1, NULL, 0);
	r = ipc_recv(&from, NULL, NULL);
	cprintf("without a page: %e\n", r);
	for (i = 0; i < 3; i++) {
		if ((r = sys_page_alloc(0, req, PTE_P|PTE_U|PTE_W)) < 0)
			panic("sys_page_alloc: %e", r);
		req->add.a = i * 1000;
		req->add.b = 42;
		ipc_send(server, 1, req, PTE_P|PTE_W|PTE_U);
		r = ipc_recv(&from, (void *) 0x10000000, &perm);
		assert(from == server && (perm & (PTE_P|PTE_U|PTE_W)) == (PTE_P|PTE_U));
		cprintf("sum %d in page %d\n", r, *(int *) 0x10000000);
	}
	if ((r = sys_page_map(0, (void *) 0x10000000, 0, (void *) 0x20000000, PTE_P|PTE_U|PTE_W)) < 0)
		cprintf("sys_page_map: %e\n", r);
	if ((r = sys_page_alloc(0, (void *) UTOP, PTE_P|PTE_U)) < 0)
		cprintf("sys_page_alloc: %e\n", r);
	if ((r = sys_env_destroy(0x12345)) < 0)
		cprintf("sys_env_destroy: %e\n", r);
	if ((r = sys_ipc_try_send(thisenv->env_id, 0, (void *) UTOP, 0)) < 0)
		cprintf("sys_ipc_try_send: %e\n", r);
	if ((r = sys_env_set_status(0, ENV_FREE)) < 0)
		cprintf("sys_env_set_status: %e\n", r);
	cprintf("%e %e %e %e\n", -E_UNSPECIFIED, -E_NO_MEM, -E_NO_FREE_ENV, -E_FAULT);
	ipc_send(server, 0, req, PTE_P|PTE_U);
	USED(nothing);
	cprintf("server answered %d\n", ipc_recv(NULL, NULL, NULL));
}
"""

# What is in the library: formats, strings, the tables of the kernel, memory by page faults. The
# panic at the end takes it to the monitor.
LIBRARY = r"""
#include <inc/lib.h>

static void
handler(struct UTrapframe *utf)
{
	int r;
	void *addr = (void*)utf->utf_fault_va;

	if ((r = sys_page_alloc(0, ROUNDDOWN(addr, PGSIZE), PTE_P|PTE_U|PTE_W)) < 0)
		panic("allocating at %x in page fault handler: %e", addr, r);
	snprintf((char*) addr, 100, "%s:%06.2d|%-5d|%5s|%c%%", "made", 7, 42, "ab", 'z');
}

static void __attribute__((format(printf, 1, 2)))
show(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vcprintf(fmt, ap);
	va_end(ap);
}

static int
count_envs(int status)
{
	int i, n = 0;
	for (i = 0; i < NENV; i++)
		n += envs[i].env_status == status;
	return n;
}

void
umain(int argc, char **argv)
{
	char buf[32], *end;
	struct PageInfo *pp = (struct PageInfo *) UPAGES;
	int i, cpus[2] = { 0, 0 };
	envid_t id, children[8];

	static_assert(sizeof(struct Trapframe) == 68);
	set_pgfault_handler(handler);
	cprintf("[%s]\n", (char*)0xDeadBee0);
	show("%d %u %x %o %p %c %s %08x %lld\n", -5, 5u, 0xabc, 8, (void *) 0x1234, 'c', "str", 0xbeef,
		123456789012LL);
	strncpy(buf, "copied", sizeof buf);
	cprintf("%s %d %d %d\n", buf, strlen(buf), strnlen(buf, 3),
		strcmp("abc", "abd") < 0 && strncmp("abc", "abd", 2) == 0);
	cprintf("%ld %ld\n", strtol(" -077 rest", &end, 0), strtol("7fff", NULL, 16));
	memset(buf, 'm', sizeof buf);
	memmove(buf + 1, buf, 3);
	buf[4] = 0;
	cprintf("%s %s %c %d\n", buf, end, *strchr("find", 'n'), memcmp("aa", "ab", 2) < 0);
	cprintf("free %d running %d refs %d argc %d argv %s\n", count_envs(ENV_FREE) > 1000,
		count_envs(ENV_RUNNING), pp[PGNUM(uvpt[PGNUM(UTEXT)])].pp_ref > 0, argc, argv[0]);
	for (i = 0; i < 8; i++)
		if ((children[i] = fork()) == 0) {
			thisenv = &envs[ENVX(sys_getenvid())];
			cpus[thisenv->env_cpunum > 0]++;
			for (int j = 0; j < 3; j++)
				sys_yield();
			ipc_send(thisenv->env_parent_id, thisenv->env_id, 0, 0);
			return;
		}
	for (i = 0; i < 8; i++) {
		assert(ipc_recv(&id, 0, 0) == id);
		assert(thisenv->env_ipc_from == id);
	}
	cprintf("all %d children reported, cgetc %d\n", i, sys_cgetc());
	warn("this is a %s", "warning");
	panic("the end %d", cpus[0] + cpus[1]);
}
"""

# Each program with what it prints.
PROGRAMS = {
    "ownfork": (OWN_FORK, [r"child 1001: counter 101 message child parent 1000",
                           r"parent 1000: counter 100 message parent",
                           re.escape(CLEAN_END)]),
    "server": (SERVER, ["Invalid request from 00001000: no argument page",
                        "without a page: invalid parameter",
                        "sum 42 in page 42", "sum 1042 in page 1042", "sum 2042 in page 2042",
                        "sys_page_map: invalid parameter", "sys_page_alloc: invalid parameter",
                        "sys_env_destroy: bad environment",
                        "sys_ipc_try_send: env is not recving",
                        "sys_env_set_status: invalid parameter",
                        "unspecified error out of memory out of environments segmentation fault",
                        "server answered 0", re.escape(CLEAN_END)]),
    "library": (LIBRARY, [r"\[made:....07\|42   \|   ab\|z%\]", "-5 5 abc 10 0x1234 c str "
                          "0000beef 123456789012$", "copied 6 3 1", "-63 32767", "mmmm  rest n 1",
                          "free 1 running [1-4] refs 1 argc 1 argv library",
                          "all 8 children reported, cgetc 0",
                          r"\[00001000\] user warning in library at user/library.c:\d+: "
                          "this is a warning",
                          r"\[00001000\] user panic in library at user/library.c:\d+: the end 0"]),
}


@pytest.mark.parametrize("name", params({name: [name] for name in PROGRAMS}, ("server",)))
def test_drops_in(name):
    """A program compiles without a warning and does what its author expects."""
    source, must = PROGRAMS[name]
    enter_copy()
    Path(f"user/{name}.c").write_text(source)
    output = make("WERROR=")
    # That %x gets a pointer, which trees without format checks let pass, the compiler may say.
    warnings = [line for line in output.splitlines()
                if "warning" in line and "-Wformat" not in line]
    require(not warnings, "the compiler warns", *warnings)
    if "panic" not in must[-1]:         # a panic leaves the program at a breakpoint
        must = [*must, re.escape(CLEAN_END)]
    for cpus in (1, 4):
        verify(play(command(name, cpus=cpus)), must)


@pytest.mark.thorough
def test_blocked():
    """When a program waits for ever the system ends all the same; it says so, and who waits."""
    enter_copy()
    Path("user/waiter.c").write_text("#include <inc/lib.h>\nvoid umain(int argc, char **argv)\n"
                                     "{\n\tipc_recv(NULL, NULL, NULL);\n}\n")
    make()
    with Machine(command("waiter hello", end=False)) as machine:
        machine.expect(f"^{re.escape(CLEAN_END)}\n1 blocked for ever; 'envs' lists them.$")
        machine.prompt()
        found = machine.answer("envs")
        require(len(found) == 2 and re.match("00001000  00000000  waiting .* waiter", found[1]),
                "wrong answer to envs", *found)


# Envs that all warn at once.
CROWD = """
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	for (int i = 0; i < 2; i++)
		fork();
	for (int i = 0; i < 100; i++)
		warn("number %d of %s", i, "many");
}
"""


@pytest.mark.thorough
def test_whole():
    """What an env warns of is a line, whatever others print meanwhile."""
    enter_copy()
    Path("user/crowd.c").write_text(CROWD)
    make()
    for seed in ("", "1"):
        run = play(command("crowd", cpus=4, seed=seed))
        verify(run)
        lines = [line for line in run.lines if "number" in line or "user" in line]
        wrong = [line for line in lines if not re.fullmatch(
            r"\[0000100\d\] user warning in crowd at user/crowd.c:9: number \d+ of many", line)]
        require(not wrong, "lines that are cut", *wrong[:10])
        require_equal(len(lines), 400, "number of warnings")

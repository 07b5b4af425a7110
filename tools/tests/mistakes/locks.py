"""Mistakes in exercise 5: at each of the six places the lock is not taken, taken late, not released,
or released early. The checking build names all of them in the first run."""

from mistakes.mistake import Mistake

BOOT = "	lock_kernel(); // from here on there is more than one CPU [S2]\n"
JOIN = "	lock_kernel(); // [S13]\n	//}\n	tlb_load(thiscpu, kern_pgdir);"
TRAP = "	lock_kernel_by(cpu); // [K11]\n"
USER = "	unlock_kernel_by(cpu); // [K15]\n"
SLEEP = "	unlock_kernel(); // [H9]\n	//}\n\n"
DISPATCH = "			trap_dispatch(e, trapno);\n	}\n"


def lock(panic, *edits, program="primes", cpus="2", **graded):
    """Return such a mistake."""
    return Mistake(5, edits, panic=panic, program=program, cpus=cpus, **graded)


MISTAKES = {
    "at boot the lock is not taken": lock(
        "kern/init.c:.* is written without the kernel lock",
        "kern/init.c", BOOT, ""),
    "at boot the lock is taken late": lock(
        "kern/init.c:.* is written without the kernel lock",
        "kern/init.c", BOOT, "",
        "kern/init.c", "they wait for the lock\n", "they wait for the lock\n" + BOOT),
    "a CPU that joins: the lock is not taken": lock(
        r"kern/pmap.h:.* cpus\[1\].cpu_pgdir_page is read without",
        "kern/init.c", JOIN, JOIN.replace("	lock_kernel(); // [S13]\n", "")),
    "a CPU that joins: the lock is taken late": lock(
        r"kern/pmap.h:.* cpus\[1\].cpu_pgdir_page is read without",
        "kern/init.c", JOIN, JOIN.replace("	lock_kernel(); // [S13]\n", ""),
        "kern/init.c", "	sched_join();\n", "	lock_kernel();\n	sched_join();\n"),
    "at a trap the lock is not taken": lock(
        "is (read|written) without the kernel lock", "kern/trap.c", TRAP, ""),
    "at a trap the lock is taken late": lock(
        "is (read|written) without the kernel lock",
        "kern/trap.c", TRAP, "", "kern/trap.c", DISPATCH, DISPATCH + TRAP),
    "before user mode the lock is not released": lock(
        "takes the kernel lock, which this CPU holds|with the kernel lock", "kern/env.h", USER, ""),
    "before user mode the lock is released early": lock(
        "is (read|written) without the kernel lock",
        "kern/env.h", USER, "",
        "kern/trap.c", "	if (cpu->cpu_resched)\n", USER + "	if (cpu->cpu_resched)\n",
        "kern/sched.c", "	sched_choose(thiscpu);\n", "	unlock_kernel();\n	sched_choose(thiscpu);\n"),
    "before sleeping the lock is not released": lock(
        "takes the kernel lock, which this CPU holds|with the kernel lock",
        "kern/sched.c", SLEEP, "	//}\n\n", program="hello yield yield yield", cpus="4"),
    "before sleeping the lock is released early": lock(
        "kern/sched.c:.* ncpu_halted is read without the kernel lock",
        "kern/sched.c", SLEEP, "	//}\n\n",
        "kern/sched.c", "	ncpu_halted += !rest;", "	unlock_kernel();\n	ncpu_halted += !rest;"),
    "after sleeping the lock is not taken": lock(
        "kern/sched.c:.* ncpu_halted is read without the kernel lock",
        "kern/sched.c", "after sleeping\n	lock_kernel();", "after sleeping"),
    "after sleeping the lock is taken late": lock(
        "kern/sched.c:.* ncpu_halted is read without the kernel lock",
        "kern/sched.c", "after sleeping\n	lock_kernel();", "after sleeping",
        "kern/sched.c", "	if (cpu_ticks(cpu) != begin)\n",
        "	lock_kernel();\n	if (cpu_ticks(cpu) != begin)\n",
        check="sleep", says="with CHECKED=1: kern/sched.c:.* ncpu_halted is read without the kernel"),
    "what the lock protects is read before the lock is taken": lock(
        "kern/trap.c:.* run_queue.count is read without the kernel lock",
        "kern/trap.c", TRAP, "	if (run_queue.count > NENV)\n		return;\n" + TRAP),
}

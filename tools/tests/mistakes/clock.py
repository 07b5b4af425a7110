"""Mistakes in exercises 13 and 14: interrupts and the timer."""

from mistakes.instead import ONLY_IRQ_0
from mistakes.mistake import Mistake

MISTAKES = {
    "a program can pretend an interrupt": (
        13, "gates", "interrupt request 0 returns: give its line privilege 0",
        "kern/vectors.h", "IRQ_TIMER, NO_ERROR_CODE, KERNEL", "IRQ_TIMER, NO_ERROR_CODE, USER"),
    "an interrupt may come between sti and hlt": (
        13, "sleep", "hlt has to follow sti at once",
        "inc/x86.h", "sti; hlt; cli", "sti; nop; nop; hlt; cli"),
    "a CPU with nothing to do does not sleep": (
        13, "sleep", "hlt has to follow sti at once", "inc/x86.h", "sti; hlt; cli", "sti; nop; cli"),
    "a program's flags are lost": (
        13, "flags", "loses a program's flags: trapframe_force_user adds FL_IF to those",
        "kern/trapframe.c", "tf->tf_eflags |= FL_IF;", "tf->tf_eflags = FL_IF;"),
    "all ticks are counted as CPU 0's": (
        14, "charged", "computes on CPU 1, and its time is not charged: does handle_tick count",
        "kern/trap.c", "cpu->cpu_timer_ticks++;", "cpus[0].cpu_timer_ticks++;"),
    "interrupts stay on after sleeping": (
        13, "sleep", "look whether sti_hlt_cli comes back with interrupts off",
        "inc/x86.h", "sti; hlt; cli", "sti; hlt"),
    "the timer does not hear that it was served": (
        14, "turns", "the timer .* the CPU away.*: is .*lapic_eoi called",
        "kern/trap.c", "	cpu->cpu_timer_ticks++;\n	lapic_eoi();\n",
        "	cpu->cpu_timer_ticks++;\n"),
    "a tick does not end the turn": (
        14, "turns", "the timer does not take the CPU away: is cpu_resched set",
        "kern/trap.c", "	cpu->cpu_resched = true;\n", ""),
    "only the timer's interrupt has a line": (
        13, "interrupts", "there is no gate for interrupt request 1: kern/vectors.h has no line",
        *ONLY_IRQ_0),
    "nobody waits until a CPU has left user mode": (
        13, "kick", "wait_kicked wait|wait_kicked waits until the CPU has left user mode",
        "kern/kick.c", "	while (in_user_mode(cpu)) // [K2]\n		pause();\n", "	(void) cpu;\n"),
    "user mode runs with interrupts off": (
        13, "flags", "interrupts are off in user mode: does trapframe_force_user set FL_IF",
        "kern/trapframe.c", "	tf->tf_eflags |= FL_IF;\n", "	tf->tf_eflags &= ~FL_IF;\n"),
    "ticks are not counted": (
        14, "ticks", "does handle_tick count in cpu_timer_ticks",
        "kern/trap.c", "	cpu->cpu_timer_ticks++;\n", ""),
    "a tick yields at once": (
        14, "turns", "kernel panic|kernel lock",
        "kern/trap.c", "	cpu->cpu_resched = true;\n	cpu->cpu_timer_ticks++;\n	lapic_eoi();\n",
        "	cpu->cpu_timer_ticks++;\n	lapic_eoi();\n	sched_yield();\n"),
    "a tick uses what the lock protects": Mistake(
        14, ("kern/trap.c", "	cpu->cpu_timer_ticks++;\n",
             "	cpu->cpu_timer_ticks++;\n	run_queue.words[1] = 0;\n"),
        panic="kern/trap.c:.* run_queue.words is written without the kernel lock", program="primes"),
}

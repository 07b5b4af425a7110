"""Mistakes in exercises 13 and 14: interrupts and the timer."""

MISTAKES = {
    "a program can pretend an interrupt": (
        13, "gates", "interrupt request 0 returns: give its line privilege 0",
        "kern/vectors.h", "IRQ_TIMER, NO_ERROR_CODE, KERNEL", "IRQ_TIMER, NO_ERROR_CODE, USER"),
    "interrupts stay on after sleeping": (
        13, "sleep", "look whether sti_hlt_cli comes back with interrupts off",
        "inc/x86.h", "sti; hlt; cli", "sti; hlt"),
    "the timer does not hear that it was served": (
        14, "turns", "the timer .* the CPU away.*: is .*lapic_eoi called",
        "kern/trap.c", "	cpu->cpu_waits /= 2;\n	lapic_eoi();\n",
        "	cpu->cpu_waits /= 2;\n"),
    "a tick does not end the turn": (
        14, "turns", "the timer does not take the CPU away: is cpu_resched set",
        "kern/trap.c", "	cpu->cpu_resched = true;\n", ""),
}

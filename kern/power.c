// Switching the machine off, and restarting it. No lock: nothing is stored here.

#include <kern/power.h>

#include <inc/mmu.h>
#include <inc/stdio.h>
#include <inc/types.h>
#include <inc/x86.h>

#include <kern/lapic.h>

enum {
	// Power-management control registers of the PC models of QEMU (i440FX, Q35) and of older
	// QEMU and Bochs; the value means "sleep type 0 = off, now" there.
	PM1A_CONTROL_QEMU = 0x604,
	PM1A_CONTROL_BOCHS = 0xb004,
	PM1_SLEEP_ENABLE = 0x2000,

	// QEMU's -device isa-debug-exit,iobase=0xf4: writing v ends it with status 2v + 1. Status 1
	// is also that of a QEMU that could not start.
	DEBUG_EXIT = 0xf4,
	DEBUG_EXIT_CLEAN = 4,

	STOP_US = 2000000, // emulators need not stop at once; on a busy host they take long

	KBD_COMMAND = 0x64,
	KBD_PULSE_RESET = 0xfe,
};

void power_off(void)
{
	outw(PM1A_CONTROL_QEMU, PM1_SLEEP_ENABLE);
	outw(PM1A_CONTROL_BOCHS, PM1_SLEEP_ENABLE);
	microdelay(STOP_US);
	outl(DEBUG_EXIT, DEBUG_EXIT_CLEAN);
	cprintf("This machine cannot be switched off from here. It is safe to do so now.\n");
}

void power_off_failed(enum Failure failure)
{
	outl(DEBUG_EXIT, failure);
	microdelay(STOP_US);
}

void machine_reset(void)
{
	static const struct Pseudodesc no_idt;

	outb(KBD_COMMAND, KBD_PULSE_RESET);
	microdelay(100000);
	// There is no keyboard controller. A trap without an IDT makes the processor reset itself.
	lidt(&no_idt);
	breakpoint();
	for (;;)
		;
}

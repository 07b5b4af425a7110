// The local APIC of the CPU that calls: its timer, and interrupts to other CPUs. No lock: every
// CPU has its own. Interrupts must be off.

#ifndef JOS_KERN_LAPIC_H
#define JOS_KERN_LAPIC_H

#include <inc/types.h>

#include <kern/cpu.h>

// Say where the registers are mapped: at the same address on every CPU. Without this call there is
// no local APIC, and lapic_init does nothing.
void lapic_set_registers(volatile uint32_t *registers);

// Enable it and start the timer, 100 interrupts a second.
void lapic_init(void);

// Let the timer interrupt after so many ticks of a 100th of a second, 1 to 40, and then each time
// they have passed again.
void lapic_tick_every(uint32_t ticks);

// The same, after so many counts of the timer; and how many counts make a tick.
void lapic_timer_start(uint32_t counts);
uint32_t lapic_counts_per_tick(void);

// Tell that the interrupt being handled is over.
void lapic_eoi(void);

// Read and clear the error status register (SDM volume 3, section 11.5.3).
uint32_t lapic_error(void);

// Wait, no less than this many microseconds.
void microdelay(uint32_t us);

// Send a CPU the interrupt IRQ_KICK, or the one with that APIC ID a non-maskable interrupt.
void lapic_kick(const struct CpuInfo *cpu);
void lapic_nmi(uint8_t apicid);

// ---- Starting CPUs ----

// Put the CPU with that APIC ID into the state in which it waits for lapic_startap.
void lapic_park(uint8_t apicid);

// Make it begin in real mode at physical address addr, a page below 1 MB. Some CPUs have to be told
// twice.
void lapic_startap(uint8_t apicid, uint32_t addr);

// To be called after the last lapic_startap: a reset is an ordinary one again.
void lapic_startap_done(void);

#endif

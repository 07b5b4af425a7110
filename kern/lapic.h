// The local APIC of the CPU that calls: its timer, and interrupts for other CPUs. No lock: each CPU
// has its own. Interrupts must be off.

#ifndef JOS_KERN_LAPIC_H
#define JOS_KERN_LAPIC_H

#include <inc/types.h>

#include <kern/cpu.h>

// Set the address at which the registers are mapped, the same one for every CPU. Without this call
// there is no local APIC, and lapic_init does nothing.
void lapic_set_registers(volatile uint32_t *registers);

// Enable the local APIC and start its timer, with 100 interrupts a second.
void lapic_init(void);

// Let the timer interrupt each time so many ticks have passed, 1 to 40. A tick is a 100th of a
// second.
void lapic_tick_every(uint32_t ticks);

// The same, with the time in counts of the timer; and how many counts make a tick.
void lapic_timer_start(uint32_t counts);
uint32_t lapic_counts_per_tick(void);

// Sleep until the timer has counted so far, or another interrupt comes. Then the timer interrupts
// as after lapic_init.
void lapic_sleep(uint32_t counts);

// Tell the local APIC that the interrupt being handled has ended.
void lapic_eoi(void);

// Whether it waits for that: until then there are no further interrupts. There must be a local
// APIC.
bool lapic_in_interrupt(void);

// Read and clear the error status register (SDM volume 3, section 10.5.3, "Error Handling").
uint32_t lapic_error(void);

// Wait for at least this many microseconds.
void microdelay(uint32_t us);

// Send a CPU the interrupt IRQ_KICK; send the CPU with that APIC ID a non-maskable interrupt.
void lapic_kick(const struct CpuInfo *cpu);
void lapic_nmi(uint8_t apicid);

// ---- Starting CPUs ----

// Stop the CPU with that APIC ID, so that it waits for lapic_startap.
void lapic_park(uint8_t apicid);

// Make that CPU begin in real mode at physical address addr, a page below 1 MB. Some CPUs have to
// be told twice.
void lapic_startap(uint8_t apicid, uint32_t addr);

// To be called after the last lapic_startap: let a reset of the machine be an ordinary one again.
void lapic_startap_done(void);

#endif

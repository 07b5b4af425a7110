// The local APIC of each CPU: its timer, and interrupts for other CPUs (SDM volume 3, chapter 10,
// "Advanced Programmable Interrupt Controller (APIC)"). No lock: each CPU uses its own.

#include <kern/lapic.h>

#include <inc/memlayout.h>
#include <inc/string.h>
#include <inc/trap.h>

#include <kern/cpu.h>
#include <kern/kclock.h>
#include <kern/trace.h>

// Registers, as indices into an array of words (SDM volume 3, table 10-1: byte offsets).
enum {
	TPR = 0x080 / 4, // task priority
	EOI = 0x0b0 / 4, // end of interrupt
	SVR = 0x0f0 / 4, // spurious interrupt vector
	SVR_ENABLE = 0x100,
	ISR_32 = 0x110 / 4,  // interrupts 32 to 63 being handled
	ESR = 0x280 / 4,     // error status
	ICR_LOW = 0x300 / 4, // interrupt command
	ICR_FIXED = 0x000,
	ICR_NMI = 0x400,
	ICR_INIT = 0x500,
	ICR_STARTUP = 0x600,
	ICR_PENDING = 0x1000,
	ICR_ASSERT = 0x4000,
	ICR_LEVEL = 0x8000,
	ICR_HIGH = 0x310 / 4,  // destination
	LVT_TIMER = 0x320 / 4, // local vector table
	LVT_PERFORMANCE = 0x340 / 4,
	LVT_LINT0 = 0x350 / 4,
	LVT_LINT1 = 0x360 / 4,
	LVT_ERROR = 0x370 / 4,
	LVT_MASKED = 0x10000,
	LVT_PERIODIC = 0x20000,
	TIMER_START = 0x380 / 4, // initial count
	TIMER_COUNT = 0x390 / 4, // current count
	TIMER_DIVIDE = 0x3e0 / 4,
	TIMER_DIVIDE_BY_1 = 0xb,
	VERSION = 0x030 / 4,
};

enum { TICKS_PER_SECOND = 100 };

// Set by lapic_init, then constant.
static volatile uint32_t *lapic; // the registers of the CPU that accesses them
static uint32_t timer_hz;        // how fast the timer counts; the same on all CPUs

static void write(int reg, uint32_t value)
{
	lapic[reg] = value;
}

// Return how fast the timer counts, in counts per second, measured by the interval timer. If an
// emulator stops this CPU between the readings of the two timers, the result is too large, never
// too small.
static uint32_t measure_timer_once(void)
{
	const uint16_t period = PIT_HZ / 30000; // 0.03 ms
	uint16_t pit_start_count, pit_count;
	uint32_t count;
	int tries = 100000; // in case the interval timer does not run

	pit_start();
	count = lapic[TIMER_COUNT];
	pit_start_count = pit_read();
	do
		pit_count = pit_read();
	while ((uint16_t) (pit_start_count - pit_count) < period && --tries > 0);
	count -= lapic[TIMER_COUNT];

	uint16_t elapsed = pit_start_count - pit_count;
	uint64_t hz = (uint64_t) count * PIT_HZ;
	divl(&hz, elapsed ? elapsed : period);
	return hz;
}

static void measure_timer(void)
{
	write(LVT_TIMER, LVT_MASKED);
	write(TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	write(TIMER_START, UINT32_MAX);

	uint64_t cycles = read_tsc();
	uint32_t counts = lapic[TIMER_COUNT];
	timer_hz = UINT32_MAX;
	for (int i = 0; i < 3; i++)
		timer_hz = MIN(timer_hz, measure_timer_once());
	cycles = read_tsc() - cycles;
	counts -= lapic[TIMER_COUNT];

	// An emulator may have stopped this CPU in between: so not longer or shorter than can be.
	if (counts > 0) {
		cycles *= lapic_counts_per_tick();
		divl(&cycles, counts);
		tick_length = MIN(MAX(cycles, 1ULL << 20), 1ULL << 26);
	}
}

static void begin_ticks(void)
{
	write(LVT_TIMER, LVT_PERIODIC | (IRQ_OFFSET + IRQ_TIMER));
	lapic_tick_every(1);
}

void lapic_set_registers(volatile uint32_t *registers)
{
	lapic = registers;
}

void lapic_init(void)
{
	if (!lapic)
		return;

	write(SVR, SVR_ENABLE | (IRQ_OFFSET + IRQ_SPURIOUS));
	write(LVT_LINT0, LVT_MASKED); // the 8259s, whose interrupts are not used
	write(LVT_LINT1, LVT_MASKED);
	if ((lapic[VERSION] >> 16 & 0xff) >= 4)
		write(LVT_PERFORMANCE, LVT_MASKED);
	write(LVT_ERROR, IRQ_OFFSET + IRQ_ERROR);
	lapic_error();
	lapic_eoi(); // for an interrupt that the firmware may not have ended

	if (!timer_hz)
		measure_timer();
	write(TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	begin_ticks();

	write(TPR, 0); // accept all interrupts
}

uint32_t lapic_counts_per_tick(void)
{
	return timer_hz / TICKS_PER_SECOND;
}

void lapic_timer_start(uint32_t counts)
{
	write(TIMER_START, counts);
}

void lapic_tick_every(uint32_t ticks)
{
	lapic_timer_start(lapic_counts_per_tick() * ticks);
}

void lapic_sleep(uint32_t counts)
{
	write(LVT_TIMER, IRQ_OFFSET + IRQ_KICK); // once; no tick, which would be counted
	lapic_timer_start(counts);
	sti_hlt_cli();
	begin_ticks();
}

bool lapic_in_interrupt(void)
{
	return lapic[ISR_32] != 0;
}

uint32_t lapic_error(void)
{
	write(ESR, 0); // store the errors so far in the register
	return lapic[ESR];
}

void lapic_eoi(void)
{
	write(EOI, 0);
}

void microdelay(uint32_t us)
{
	if (!timer_hz) {
		pit_delay(us);
		return;
	}
	// The timer counts down and starts again from the top. Add up what it counts.
	const uint32_t period = lapic[TIMER_START];
	uint64_t left = (uint64_t) us * (timer_hz / 1000000 + 1);
	uint32_t last = lapic[TIMER_COUNT];
	// The timer of a CPU that starts does not run yet: stop after so many tries.
	for (uint32_t tries = us * 100 + 1000000; tries > 0; tries--) {
		pause();
		uint32_t now = lapic[TIMER_COUNT];
		uint32_t passed = now <= last ? last - now : last + period - now;
		if (passed >= left)
			return;
		left -= passed;
		last = now;
	}
}

// Send an interrupt command, after the last one has been sent.
static void send(uint8_t apicid, uint32_t command)
{
	while (lapic[ICR_LOW] & ICR_PENDING)
		pause();
	write(ICR_HIGH, (uint32_t) apicid << 24);
	write(ICR_LOW, command);
}

void lapic_kick(const struct CpuInfo *cpu)
{
	trace(TRACE_KICK, cpu - cpus);
	send(cpu->cpu_id, ICR_FIXED | ICR_ASSERT | (IRQ_OFFSET + IRQ_KICK));
}

void lapic_nmi(uint8_t apicid)
{
	send(apicid, ICR_NMI | ICR_ASSERT);
}

void lapic_park(uint8_t apicid)
{
	// MultiProcessor Specification 1.4, B.4, waits much longer here and before STARTUP.
	// Processors since the Pentium Pro do not need that.
	send(apicid, ICR_INIT | ICR_LEVEL | ICR_ASSERT);
	microdelay(20);
	send(apicid, ICR_INIT | ICR_LEVEL); // deassert, for processors before the Pentium 4
}

enum {
	NVRAM_SHUTDOWN = 0x0f, // what the BIOS does after a reset
	SHUTDOWN_NORMAL = 0x00,
	SHUTDOWN_JUMP = 0x0a, // jump to the address at 40:67
	WARM_RESET = 0x467,
};

void lapic_startap_done(void)
{
	nvram_write(NVRAM_SHUTDOWN, SHUTDOWN_NORMAL);
}

void lapic_startap(uint8_t apicid, uint32_t addr)
{
	// The same section: old processors do not wait for STARTUP, but jump to this address after
	// INIT.
	nvram_write(NVRAM_SHUTDOWN, SHUTDOWN_JUMP);
	uint32_t target = addr >> 4 << 16; // offset 0, and above it the segment
	memcpy((void *) (KERNBASE + WARM_RESET), &target, sizeof(target));

	send(apicid, ICR_STARTUP | addr >> PGSHIFT);
}

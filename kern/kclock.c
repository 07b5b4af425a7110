// The PC's clock chip with its memory, and its interval timer. Used on the boot CPU before the
// others run, so without a lock.

#include <kern/kclock.h>

#include <inc/memlayout.h>
#include <inc/stdio.h>
#include <inc/x86.h>

// ---- Motorola MC146818: clock and 128 bytes of battery-backed memory ----

enum {
	NVRAM_INDEX = 0x70,
	NVRAM_DATA = 0x71,

	// Memory sizes that the BIOS stores there, low byte first.
	NVRAM_BASE = 0x15,      // below 640 KB, in KB
	NVRAM_EXTENDED = 0x17,  // above 1 MB, in KB, at most 63 MB
	NVRAM_ABOVE_16M = 0x34, // from 16 MB to 4 GB, in units of 64 KB
	NVRAM_ABOVE_4G = 0x5b,  // above 4 GB, in units of 64 KB, three bytes
};

static uint8_t nvram_byte(int reg)
{
	outb(NVRAM_INDEX, reg);
	return inb(NVRAM_DATA);
}

void nvram_write(int reg, uint8_t value)
{
	outb(NVRAM_INDEX, reg);
	outb(NVRAM_DATA, value);
}

static uint32_t nvram_word(int reg)
{
	return nvram_byte(reg) | nvram_byte(reg + 1) << 8;
}

size_t i386_detect_memory(void)
{
	uint32_t base = nvram_word(NVRAM_BASE);
	uint32_t total = 1024 + nvram_word(NVRAM_EXTENDED); // all in KB, which reach 4 TB
	uint32_t above_16m = nvram_word(NVRAM_ABOVE_16M) * 64;
	uint32_t above_4g =
		(nvram_word(NVRAM_ABOVE_4G) | nvram_byte(NVRAM_ABOVE_4G + 2) << 16) * 64;

	if (above_16m)
		total = 16 * 1024 + above_16m;
	cprintf("Physical memory: %uK available, base = %uK, extended = %uK\n", total, base,
		total - base);

	uint32_t used = MIN(total, (uint32_t) MAXPHYSMEM / 1024);
	if (used < total + above_4g)
		cprintf("Using %uK of %uK: the kernel maps no more\n", used, total + above_4g);
	return used * 1024;
}

// ---- Intel 8254: the interval timer ----

enum {
	PIT_CHANNEL0 = 0x40,
	PIT_CHANNEL2 = 0x42,
	PIT_CONTROL = 0x43,
	PIT_LATCH_2 = 0x80,      // freeze the count of channel 2 for reading
	PIT_COUNT_DOWN_0 = 0x30, // channel 0, low byte then high byte, mode 0: once
	PIT_COUNT_DOWN_2 = 0xb0, // the same for channel 2
	PORT_B = 0x61,
	PORT_B_GATE_2 = 0x01,
	PORT_B_SPEAKER = 0x02,
};

void pit_start(void)
{
	outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE_2);
	outb(PIT_CONTROL, PIT_COUNT_DOWN_2);
	outb(PIT_CHANNEL2, 0xff);
	outb(PIT_CHANNEL2, 0xff);
}

uint16_t pit_read(void)
{
	outb(PIT_CONTROL, PIT_LATCH_2);
	uint8_t low = inb(PIT_CHANNEL2);
	return low | inb(PIT_CHANNEL2) << 8;
}

void pit_stop(void)
{
	outb(PIT_CONTROL, PIT_COUNT_DOWN_0);
	outb(PIT_CHANNEL0, 0xff);
	outb(PIT_CHANNEL0, 0xff);
}

void pit_delay(uint32_t us)
{
	const uint32_t step_us = 10000; // less than the count's range
	int tries = 1000000;            // in case the timer does not run

	for (; us > 0; us -= MIN(us, step_us)) {
		uint32_t counts = MIN(us, step_us) * (PIT_HZ / 1000) / 1000 + 1;

		pit_start();
		uint16_t start = pit_read();
		while ((uint16_t) (start - pit_read()) < counts && --tries > 0)
			pause();
	}
}

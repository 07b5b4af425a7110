// The 8259 interrupt controllers, which this kernel does not use. Runs on the boot CPU before the
// others start, so without a lock.

#include <kern/picirq.h>

#include <inc/trap.h>
#include <inc/types.h>
#include <inc/x86.h>

// Intel 8259A data sheet, "Initialization Command Words".
enum {
	MASTER = 0x20, // command port; the data port follows
	SLAVE = 0xa0,
	SLAVE_LINE = 2, // the input of the master to which the slave is connected

	ICW1_INIT_WITH_ICW4 = 0x11,
	ICW4_8086 = 0x01,
	MASK_ALL = 0xff,
};

// Set up the controller at port. icw2: the vector of input 0. icw3: how the two are connected.
static void init_8259(int port, uint8_t icw2, uint8_t icw3)
{
	outb(port, ICW1_INIT_WITH_ICW4);
	outb(port + 1, icw2);
	outb(port + 1, icw3);
	outb(port + 1, ICW4_8086);
	outb(port + 1, MASK_ALL);
}

void pic_init(void)
{
	init_8259(MASTER, IRQ_OFFSET, 1 << SLAVE_LINE);
	init_8259(SLAVE, IRQ_OFFSET + 8, SLAVE_LINE);
}

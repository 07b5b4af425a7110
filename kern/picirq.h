// The 8259 interrupt controllers, for kern/init.c.

#ifndef JOS_KERN_PICIRQ_H
#define JOS_KERN_PICIRQ_H

// Mask all interrupts of the 8259s. Move their vectors to IRQ_OFFSET, because the BIOS has set them
// to vectors of the processor's exceptions.
void pic_init(void);

#endif

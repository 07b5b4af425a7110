// The 8259 interrupt controllers.

#ifndef JOS_KERN_PICIRQ_H
#define JOS_KERN_PICIRQ_H

// Silence the 8259 interrupt controllers: move their interrupts, which the BIOS left on the
// processor's exception vectors, to IRQ_OFFSET, and mask them all.
void pic_init(void);

#endif

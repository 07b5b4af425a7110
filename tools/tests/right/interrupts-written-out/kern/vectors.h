// The interrupt requests by their plain numbers, the timer last.

//{ Exercise 13: interrupt requests 0 to 15
VECTOR(irq_15, IRQ_OFFSET + 15, NO_ERROR_CODE, KERNEL, "Interrupt request 15")
VECTOR(irq_14, IRQ_OFFSET + 14, NO_ERROR_CODE, KERNEL, "Interrupt request 14")
VECTOR(irq_13, IRQ_OFFSET + 13, NO_ERROR_CODE, KERNEL, "Interrupt request 13")
VECTOR(irq_12, IRQ_OFFSET + 12, NO_ERROR_CODE, KERNEL, "Interrupt request 12")
VECTOR(irq_11, IRQ_OFFSET + 11, NO_ERROR_CODE, KERNEL, "Interrupt request 11")
VECTOR(irq_10, IRQ_OFFSET + 10, NO_ERROR_CODE, KERNEL, "Interrupt request 10")
VECTOR(irq_9, IRQ_OFFSET + 9, NO_ERROR_CODE, KERNEL, "Interrupt request 9")
VECTOR(irq_8, IRQ_OFFSET + 8, NO_ERROR_CODE, KERNEL, "Interrupt request 8")
VECTOR(irq_7, IRQ_OFFSET + 7, NO_ERROR_CODE, KERNEL, "Interrupt request 7")
VECTOR(irq_6, IRQ_OFFSET + 6, NO_ERROR_CODE, KERNEL, "Interrupt request 6")
VECTOR(irq_5, IRQ_OFFSET + 5, NO_ERROR_CODE, KERNEL, "Interrupt request 5")
VECTOR(irq_4, IRQ_OFFSET + 4, NO_ERROR_CODE, KERNEL, "Interrupt request 4")
VECTOR(irq_3, IRQ_OFFSET + 3, NO_ERROR_CODE, KERNEL, "Interrupt request 3")
VECTOR(irq_2, IRQ_OFFSET + 2, NO_ERROR_CODE, KERNEL, "Interrupt request 2")
VECTOR(irq_1, IRQ_OFFSET + 1, NO_ERROR_CODE, KERNEL, "Interrupt request 1")
VECTOR(irq_0, IRQ_OFFSET + 0, NO_ERROR_CODE, KERNEL, "Interrupt request 0")
//}

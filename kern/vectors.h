// The traps that the kernel handles. For each line, kern/trapentry.S makes an entry point,
// kern/trap.c a gate, and kern/trapframe.c a name:
//
//	VECTOR(entry point, number, error code, lowest privilege for `int n', name)
//
// The third is ERROR_CODE if the processor pushes one (SDM volume 3, table 6-1), otherwise
// NO_ERROR_CODE. The fourth is KERNEL or USER. A program that uses any other vector gets a general
// protection fault.

VECTOR(trap_divide, T_DIVIDE, NO_ERROR_CODE, KERNEL, "Divide error")
VECTOR(trap_debug, T_DEBUG, NO_ERROR_CODE, KERNEL, "Debug")
VECTOR(trap_nmi, T_NMI, NO_ERROR_CODE, KERNEL, "Non-Maskable Interrupt")
VECTOR(trap_brkpt, T_BRKPT, NO_ERROR_CODE, USER, "Breakpoint")
VECTOR(trap_oflow, T_OFLOW, NO_ERROR_CODE, KERNEL, "Overflow")
VECTOR(trap_bound, T_BOUND, NO_ERROR_CODE, KERNEL, "BOUND Range Exceeded")
VECTOR(trap_illop, T_ILLOP, NO_ERROR_CODE, KERNEL, "Invalid Opcode")
VECTOR(trap_device, T_DEVICE, NO_ERROR_CODE, KERNEL, "Device Not Available")
VECTOR(trap_dblflt, T_DBLFLT, ERROR_CODE, KERNEL, "Double Fault") // its gate: kern/doublefault.c
VECTOR(trap_tss, T_TSS, ERROR_CODE, KERNEL, "Invalid TSS")
VECTOR(trap_segnp, T_SEGNP, ERROR_CODE, KERNEL, "Segment Not Present")
VECTOR(trap_stack, T_STACK, ERROR_CODE, KERNEL, "Stack Fault")
VECTOR(trap_gpflt, T_GPFLT, ERROR_CODE, KERNEL, "General Protection")
VECTOR(trap_pgflt, T_PGFLT, ERROR_CODE, KERNEL, "Page Fault")
VECTOR(trap_fperr, T_FPERR, NO_ERROR_CODE, KERNEL, "x87 FPU Floating-Point Error")
VECTOR(trap_align, T_ALIGN, ERROR_CODE, KERNEL, "Alignment Check")
VECTOR(trap_mchk, T_MCHK, NO_ERROR_CODE, KERNEL, "Machine-Check")
VECTOR(trap_simderr, T_SIMDERR, NO_ERROR_CODE, KERNEL, "SIMD Floating-Point Exception")

//{ Exercise 13: interrupt requests 0 to 15
VECTOR(irq_0, IRQ_OFFSET + IRQ_TIMER, NO_ERROR_CODE, KERNEL, "Timer interrupt")
VECTOR(irq_1, IRQ_OFFSET + IRQ_KBD, NO_ERROR_CODE, KERNEL, "Keyboard interrupt")
VECTOR(irq_2, IRQ_OFFSET + 2, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 2")
VECTOR(irq_3, IRQ_OFFSET + 3, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 3")
VECTOR(irq_4, IRQ_OFFSET + IRQ_SERIAL, NO_ERROR_CODE, KERNEL, "Serial interrupt")
VECTOR(irq_5, IRQ_OFFSET + 5, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 5")
VECTOR(irq_6, IRQ_OFFSET + 6, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 6")
VECTOR(irq_7, IRQ_OFFSET + IRQ_SPURIOUS, NO_ERROR_CODE, KERNEL, "Spurious interrupt")
VECTOR(irq_8, IRQ_OFFSET + 8, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 8")
VECTOR(irq_9, IRQ_OFFSET + 9, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 9")
VECTOR(irq_10, IRQ_OFFSET + 10, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 10")
VECTOR(irq_11, IRQ_OFFSET + 11, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 11")
VECTOR(irq_12, IRQ_OFFSET + 12, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 12")
VECTOR(irq_13, IRQ_OFFSET + 13, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 13")
VECTOR(irq_14, IRQ_OFFSET + IRQ_IDE, NO_ERROR_CODE, KERNEL, "Disk interrupt")
VECTOR(irq_15, IRQ_OFFSET + 15, NO_ERROR_CODE, KERNEL, "Hardware Interrupt 15")
//}

VECTOR(trap_syscall, T_SYSCALL, NO_ERROR_CODE, USER, "System call")
VECTOR(irq_error, IRQ_OFFSET + IRQ_ERROR, NO_ERROR_CODE, KERNEL, "APIC error interrupt")
VECTOR(irq_kick, IRQ_OFFSET + IRQ_KICK, NO_ERROR_CODE, KERNEL, "Kick from another CPU")

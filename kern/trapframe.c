// Trap frames: the names of traps, printing frames, and making one enter user mode. No lock: the
// caller says which frame.

#include <kern/trapframe.h>

#include <inc/assert.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/stdio.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/trapoffsets.h>

#define IS_AT(field, offset) static_assert(offsetof(struct Trapframe, field) == (offset))
IS_AT(tf_regs.reg_edi, TF_EDI);
IS_AT(tf_regs.reg_esi, TF_ESI);
IS_AT(tf_regs.reg_ebp, TF_EBP);
IS_AT(tf_regs.reg_ebx, TF_EBX);
IS_AT(tf_regs.reg_edx, TF_EDX);
IS_AT(tf_regs.reg_ecx, TF_ECX);
IS_AT(tf_regs.reg_eax, TF_EAX);
IS_AT(tf_es, TF_ES);
IS_AT(tf_ds, TF_DS);
IS_AT(tf_trapno, TF_TRAPNO);
IS_AT(tf_err, TF_ERR);
IS_AT(tf_eip, TF_EIP);
IS_AT(tf_cs, TF_CS);
IS_AT(tf_eflags, TF_EFLAGS);
IS_AT(tf_esp, TF_ESP);
IS_AT(tf_ss, TF_SS);
static_assert(offsetof(struct Env, env_tf) == 0);
static_assert(offsetof(struct CpuInfo, cpu_env) == CPU_ENV);
static_assert(8 << CPU_SHIFT == sizeof(struct CpuInfo));

IN_REGISTERS void (*trap_leave)(const struct Trapframe *tf) __attribute__((noreturn)) = trap_return;

void trapframe_force_user(struct Trapframe *tf)
{
	tf->tf_cs = GD_UT | 3;
	tf->tf_ds = tf->tf_es = tf->tf_ss = GD_UD | 3;
	tf->tf_eflags &= ~(FL_IOPL_MASK | FL_NT | FL_VM | FL_VIF | FL_VIP | FL_RF);
	//{ Exercise 13: user mode runs with interrupts on
	tf->tf_eflags |= FL_IF;
	//}
}

// ---- Printing ----

const char *trapname(uint32_t trapno)
{
	switch (trapno) {
#define VECTOR(entry, number, code, privilege, name)                                               \
	case number:                                                                               \
		return name;
#include <kern/vectors.h>
#undef VECTOR
	default:
		return "(unknown trap)";
	}
}

static void print_reg(const char *name, uint32_t value)
{
	cprintf("  %-4s 0x%08x\n", name, value);
}

static void print_selector(const char *name, uint16_t selector)
{
	cprintf("  %-4s 0x----%04x\n", name, selector);
}

void print_regs(const struct PushRegs *regs)
{
	print_reg("edi", regs->reg_edi);
	print_reg("esi", regs->reg_esi);
	print_reg("ebp", regs->reg_ebp);
	print_reg("oesp", regs->reg_oesp);
	print_reg("ebx", regs->reg_ebx);
	print_reg("edx", regs->reg_edx);
	print_reg("ecx", regs->reg_ecx);
	print_reg("eax", regs->reg_eax);
}

static void print_page_fault(uint32_t err)
{
	print_reg("cr2", rcr2());
	cprintf("  err  0x%08x [%s, %s, %s]\n", err, err & FEC_U ? "user" : "kernel",
		err & FEC_WR ? "write" : "read", err & FEC_PR ? "protection" : "not-present");
}

void print_trapframe(const struct Trapframe *tf)
{
	cprintf("TRAP frame at %p from CPU %d\n", tf, cpunum());
	print_regs(&tf->tf_regs);
	print_selector("es", tf->tf_es);
	print_selector("ds", tf->tf_ds);
	cprintf("  trap 0x%08x %s\n", tf->tf_trapno, trapname(tf->tf_trapno));
	if (tf->tf_trapno == T_PGFLT)
		print_page_fault(tf->tf_err);
	else
		print_reg("err", tf->tf_err);
	print_reg("eip", tf->tf_eip);
	print_selector("cs", tf->tf_cs);
	print_reg("flag", tf->tf_eflags);
	if (tf->tf_cs & 3) {
		print_reg("esp", tf->tf_esp);
		print_selector("ss", tf->tf_ss);
	}
}

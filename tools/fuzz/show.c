// Showing calls.

#include "show.h"

#include <inc/env.h>
#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/syscall.h>

#include "host.h"

static const struct Form {
	const char *name;
	const char *arguments; // a letter for each: id, address, number
} forms[NSYSCALLS] = {
	[SYS_cputs] = {"cputs", "an"},
	[SYS_cgetc] = {"cgetc", ""},
	[SYS_getenvid] = {"getenvid", ""},
	[SYS_env_destroy] = {"env_destroy", "i"},
	[SYS_page_alloc] = {"page_alloc", "iap"},
	[SYS_page_map] = {"page_map", "iaiap"},
	[SYS_page_unmap] = {"page_unmap", "ia"},
	[SYS_exofork] = {"exofork", ""},
	[SYS_env_set_status] = {"env_set_status", "is"},
	[SYS_env_set_trapframe] = {"env_set_trapframe", "ia"},
	[SYS_env_set_pgfault_upcall] = {"env_set_pgfault_upcall", "ia"},
	[SYS_yield] = {"yield", ""},
	[SYS_ipc_try_send] = {"ipc_try_send", "iaap"},
	[SYS_ipc_recv] = {"ipc_recv", "a"},
	[SYS_ipc_send] = {"ipc_send", "iaap"},
	[SYS_page_share] = {"page_share", "iaiaS"},
	[SYS_page_copy] = {"page_copy", "aiap"},
	[SYS_ipc_send_recv] = {"ipc_send_recv", "iaapa"},
};

static void print_rights(uint32_t perm)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{PTE_P, "P"}, {PTE_W, "W"}, {PTE_U, "U"}};
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (perm & names[i].bit) {
			host_print("%sPTE_%s", between, names[i].name);
			between = "|";
		}
		perm &= ~names[i].bit;
	}
	if (perm || !*between)
		host_print("%s0x%x", between, perm);
}

static void print_argument(char form, uint32_t value)
{
	switch (form) {
	case 'i':
		host_print(value ? "0x%08x" : "0", value);
		break;
	case 'a':
		host_print("0x%08x", value);
		break;
	case 'p':
		print_rights(value);
		break;
	case 's':
		if (value == ENV_RUNNABLE || value == ENV_NOT_RUNNABLE)
			host_print(value == ENV_RUNNABLE ? "ENV_RUNNABLE" : "ENV_NOT_RUNNABLE");
		else
			host_print("%u", value);
		break;
	case 'S':
		print_rights(value % PGSIZE);
		host_print(", %u", value / PGSIZE);
		break;
	default:
		host_print("%u", value);
	}
}

void show_call(const struct PushRegs *regs)
{
	uint32_t number = regs->reg_eax;
	const uint32_t values[] = {regs->reg_edx, regs->reg_ecx, regs->reg_ebx, regs->reg_edi,
				   regs->reg_esi};

	if (number >= NSYSCALLS) {
		host_print("call number %u", number);
		return;
	}
	host_print("sys_%s(", forms[number].name);
	for (int i = 0; forms[number].arguments[i]; i++) {
		host_print(i ? ", " : "");
		print_argument(forms[number].arguments[i], values[i]);
	}
	host_print(")");
}

void show_result(uint32_t number, int32_t r)
{
#define NAME(name, n, text) [n] = #name,
	static const char *const names[] = {JOS_ERRORS(NAME)};
#undef NAME

	if (r < 0 && r > -(int) ARRAY_SIZE(names) && names[-r])
		host_print(" = -%s", names[-r]);
	else
		host_print(number == SYS_exofork || number == SYS_getenvid ? " = 0x%08x" : " = %d",
			   r);
}

// Page faults that this env handles itself: its exception stack, and the functions that are called.
// Both pointers to such functions are variables of the program, which fork copies.

#include "pgfault.h"

#define EXCEPTION_STACK ((void *) (UXSTACKTOP - PGSIZE))

// The program's handler, NULL for none.
void (*_pgfault_handler)(struct UTrapframe *utf);

bool (*pgfault_resolve)(struct UTrapframe *utf);

int pgfault_install(void)
{
	//{ Exercise 11: make sure that there is an exception stack, and set the upcall
	bool stack_there =
		(uvpd[PDX(EXCEPTION_STACK)] & PTE_P) && (uvpt[PGNUM(EXCEPTION_STACK)] & PTE_P);

	if (!stack_there) {
		int r = sys_page_alloc(0, EXCEPTION_STACK, PTE_U | PTE_W | PTE_P);
		if (r < 0)
			return r;
	}
	return sys_env_set_pgfault_upcall(0, _pgfault_upcall);
	//}
}

void set_pgfault_handler(void (*handler)(struct UTrapframe *utf))
{
	//{ Exercise 11: call pgfault_install, and store the handler
	int r = pgfault_install();

	if (r < 0)
		panic("set_pgfault_handler: %e", r);
	_pgfault_handler = handler;
	//}
}

// Let a fault that nothing handles happen again without an entry point: the kernel reports it and
// destroys this env. Returning as usual would need the stack, which may be what has no page.
static void __attribute__((noinline)) fault_again(const struct UTrapframe *utf)
{
	struct Trapframe tf = {
		.tf_regs = utf->utf_regs,
		.tf_eip = utf->utf_eip,
		.tf_eflags = utf->utf_eflags,
		.tf_esp = utf->utf_esp,
	};

	sys_env_set_pgfault_upcall(0, NULL);
	sys_env_set_trapframe(0, &tf);
}

// Called by lib/pfentry.S for every page fault.
void pgfault_dispatch(struct UTrapframe *utf)
{
	if (pgfault_resolve && pgfault_resolve(utf))
		return;
	if (_pgfault_handler) {
		_pgfault_handler(utf);
		return;
	}
	fault_again(utf);
}

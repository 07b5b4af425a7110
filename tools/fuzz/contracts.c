// All contracts.

#include "contracts.h"

#include <inc/error.h>
#include <inc/stdio.h>
#include <inc/syscall.h>

#include "report.h"
#include "terms.h"

// ---- Errors ----

// Return the names of the errors in a set.
static const char *names(Errors errors)
{
#define NAME(name, number, text) [number] = "-" #name,
	static const char *const all[] = {JOS_ERRORS(NAME)};
#undef NAME
	static char text[100];
	int length = 0;

	for (size_t i = 1; i < ARRAY_SIZE(all); i++)
		if (errors >> i & 1)
			length += snprintf(text + length, sizeof(text) - length, "%s%s",
					   length ? " or " : "", all[i]);
	return text;
}

bool succeeds(Errors errors, int32_t r)
{
	if (errors)
		require(r < 0 && r > -32 && errors >> -r & 1, "it returns %d, not %s", r,
			names(errors));
	else
		require(r >= 0, "it returns %d, but no error applies", r);
	return errors == 0;
}

// ---- All calls ----

static void (*const ends[NSYSCALLS])(struct ModelEnv *self, const uint32_t a[5], int32_t r) = {
	[SYS_cputs] = end_cputs,
	[SYS_cgetc] = end_cgetc,
	[SYS_getenvid] = end_getenvid,
	[SYS_env_destroy] = end_env_destroy,
	[SYS_page_alloc] = end_page_alloc,
	[SYS_page_map] = end_page_map,
	[SYS_page_unmap] = end_page_unmap,
	[SYS_exofork] = end_exofork,
	[SYS_env_set_status] = end_env_set_status,
	[SYS_env_set_trapframe] = end_env_set_trapframe,
	[SYS_env_set_pgfault_upcall] = end_env_set_pgfault_upcall,
	[SYS_yield] = end_yield,
	[SYS_ipc_try_send] = end_ipc_try_send,
	[SYS_ipc_recv] = end_ipc_recv,
	[SYS_ipc_send] = end_ipc_send,
	[SYS_page_share] = end_page_share,
	[SYS_page_copy] = end_page_copy,
	[SYS_ipc_send_recv] = end_ipc_send_recv,
};

void contract_begin(struct ModelEnv *self, uint32_t number, const uint32_t args[5])
{
	if (number == SYS_cputs)
		begin_cputs(self, args);
	if (number == SYS_env_set_trapframe)
		begin_env_set_trapframe(self, args);
}

void contract_end(struct ModelEnv *self, uint32_t number, const uint32_t args[5], int32_t r)
{
	self->named = true;
	ends[number](self, args, r);
	// What sys_env_set_trapframe returns to itself is the eax that it has set.
	if (self->state != GONE)
		self->tf.tf_regs.reg_eax =
			r; // for an env that waits to send, this is not its result yet
}

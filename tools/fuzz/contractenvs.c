// The contracts of the calls for the console and for envs.

#include "contracts.h"

#include <inc/string.h>

#include <kern/env.h>

#include "console.h"
#include "terms.h"

// ---- Console ----

static uint8_t text[1024]; // what sys_cputs prints: one call prints at most so much
static uint32_t readable;  // how many of the bytes that it names can be read

void begin_cputs(struct ModelEnv *self, const uint32_t a[5])
{
	console_length = 0;
	readable = 0;
	while (readable < MIN(a[1], sizeof(text)) &&
	       model_readable(self, a[0] + readable, &text[readable]))
		readable++;
	// All of it must be readable, not only what is printed.
	while (readable >= sizeof(text) && readable < a[1] && a[0] + readable >= a[0] &&
	       model_readable(self, a[0] + readable, NULL))
		readable += MIN(a[1] - readable, PGSIZE - PGOFF(a[0] + readable));
}

void end_cputs(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	if (readable < a[1]) {
		require(console_length == 0, "what cannot be read is printed");
		model_end(self);
		return;
	}
	require(r == (int32_t) MIN(a[1], sizeof(text)), "%d of %u bytes are printed", r, a[1]);
	require(console_length == (uint32_t) r && memcmp(console_written, text, r) == 0,
		"something else is printed");
}

void end_cgetc(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	require(r == console_key, "the key is %d, not %d", r, console_key);
}

// ---- Envs ----

void end_getenvid(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	require(r == self->id, "the id is %08x, not %08x", r, self->id);
}

void end_env_destroy(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);

	if (succeeds(error_if(!e, E_BAD_ENV), r))
		model_end(e);
}

void end_yield(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
}

void end_exofork(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	// One frame for a page directory; sometimes one more, for floating-point registers.
	Errors errors = error_if(model_free_slots == 0, E_NO_FREE_ENV) |
			error_if(model_lacks(1) || (r == -E_NO_MEM && model_lacks(2)), E_NO_MEM);

	if (!succeeds(errors, r))
		return;
	struct ModelEnv *child = model_new_env(r, self->id);
	child->tf = self->tf;
	child->tf.tf_regs.reg_eax = 0;

	const struct Env *parent = &envs[self - model], *found = &envs[child - model];
	require(found->env_fpu_used == parent->env_fpu_used &&
			(!found->env_fpu_used || memcmp(found->env_fpu, parent->env_fpu, 512) == 0),
		"the child has other floating-point registers");
}

void end_env_set_status(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);
	uint32_t status = a[1];

	if (!succeeds(error_if(!e, E_BAD_ENV) |
			      error_if((status != ENV_RUNNABLE && status != ENV_NOT_RUNNABLE) ||
					       (e && e->state == RECEIVES),
				       E_INVAL),
		      r))
		return;
	if (status == ENV_NOT_RUNNABLE) {
		interrupt(e);
		e->state = STOPPED;
	} else if (e->state == STOPPED) {
		e->state = RUNS;
	}
}

static struct Trapframe new_frame; // what sys_env_set_trapframe is to read
static bool frame_readable;

void begin_env_set_trapframe(struct ModelEnv *self, const uint32_t a[5])
{
	frame_readable = true;
	for (uint32_t i = 0; i < sizeof(new_frame); i++)
		frame_readable &= a[1] + i >= a[1] &&
				  model_readable(self, a[1] + i, (uint8_t *) &new_frame + i);
}

void end_env_set_trapframe(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);
	Errors errors = error_if(!e, E_BAD_ENV) | error_if(!frame_readable, E_FAULT);

	if (errors || e != self) {
		if (!succeeds(errors, r))
			return;
		interrupt(e);
		e->again = false;
	} else {
		require((uint32_t) r == new_frame.tf_regs.reg_eax, "its eax is %08x, not %08x", r,
			new_frame.tf_regs.reg_eax);
	}
	e->tf = new_frame;
	e->tf.tf_cs = GD_UT | 3;
	e->tf.tf_ds = e->tf.tf_es = e->tf.tf_ss = GD_UD | 3;
	e->tf.tf_eflags |= FL_IF;
	e->tf.tf_eflags &= ~(FL_IOPL_MASK | FL_NT | FL_RF | FL_VM | FL_VIF | FL_VIP);
}

void end_env_set_pgfault_upcall(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);

	if (succeeds(error_if(!e, E_BAD_ENV), r))
		e->upcall = a[1];
}

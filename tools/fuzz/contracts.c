// The contracts of the system calls. Each function has the caller, the arguments, and what the
// kernel has returned. Where several errors apply, the kernel may return any of them.

#include "contracts.h"

#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/syscall.h>

#include <kern/env.h>

#include "console.h"
#include "machine.h"
#include "report.h"

// ---- Errors ----

// A set of errors.
typedef uint32_t Errors;

static Errors error_if(bool condition, int error)
{
	return condition ? 1U << error : 0;
}

// Check that r is an error of the set or, if that is empty, none. Returns whether it is none.
static bool succeeds(Errors errors, int32_t r)
{
	if (errors)
		require(r < 0 && r > -32 && errors >> -r & 1,
			"the call returns %d, but one of the errors with bits %x applies", r,
			errors);
	else
		require(r >= 0, "the call returns %d, but no error applies", r);
	return errors == 0;
}

// ---- What calls have in common ----

// Return the env with this id, NULL if there is none.
static struct ModelEnv *any(struct ModelEnv *self, uint32_t id)
{
	struct ModelEnv *e = &model[ENVX(id)];

	return id == 0 ? self : e->state != GONE && e->id == (envid_t) id ? e : NULL;
}

// The same, if it is the caller or its child.
static struct ModelEnv *own(struct ModelEnv *self, uint32_t id)
{
	struct ModelEnv *e = any(self, id);

	return e == self || (e && e->parent == self->id) ? e : NULL;
}

static bool bad_page(uint32_t va)
{
	return va < UMIN || va >= UTOP || va % PGSIZE != 0;
}

static bool bad_perm(uint32_t perm)
{
	return !(perm & PTE_U) || !(perm & PTE_P) || (perm & ~(PTE_U | PTE_P | PTE_W | PTE_AVAIL));
}

// What the entry for a page is, 0 if there can be none.
static uint32_t mapped(struct ModelEnv *e, uint32_t va)
{
	return bad_page(va) || !model_pte(e, va) ? 0 : *model_pte(e, va);
}

// Whether sys_page_map may not map src's page at va with perm elsewhere.
static bool bad_source(struct ModelEnv *src, uint32_t va, uint32_t perm)
{
	uint32_t pte = mapped(src, va);

	return bad_perm(perm) || !pte || ((perm & PTE_W) && !(pte & PTE_W));
}

// If e waits to send, or is in a system call on another CPU, take it out of that: it will make the
// call again.
static void interrupt(struct ModelEnv *e)
{
	if (e->state == SENDS)
		model_end_sending(e, SYS_ipc_send);
	else if (e->in_call)
		e->in_call = false;
	else
		return;
	e->tf.tf_eip -= 2;
	e->again = true;
}

// ---- Console ----

static uint8_t text[1024]; // what sys_cputs prints: one call prints at most so much
static uint32_t readable;  // how many of the bytes that it names can be read

static void begin_cputs(struct ModelEnv *self, const uint32_t a[5])
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

static void end_cputs(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

static void end_cgetc(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	require(r == console_key, "the key is %d, not %d", r, console_key);
}

// ---- Envs ----

static void end_getenvid(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	require(r == self->id, "the id is %08x, not %08x", r, self->id);
}

static void end_env_destroy(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);

	if (succeeds(error_if(!e, E_BAD_ENV), r))
		model_end(e);
}

static void end_yield(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
}

static void end_exofork(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

static void end_env_set_status(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

static void begin_env_set_trapframe(struct ModelEnv *self, const uint32_t a[5])
{
	frame_readable = true;
	for (uint32_t i = 0; i < sizeof(new_frame); i++)
		frame_readable &= a[1] + i >= a[1] &&
				  model_readable(self, a[1] + i, (uint8_t *) &new_frame + i);
}

static void end_env_set_trapframe(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

static void end_env_set_pgfault_upcall(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);

	if (succeeds(error_if(!e, E_BAD_ENV), r))
		e->upcall = a[1];
}

// ---- Memory ----

static void end_page_alloc(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	static const uint8_t zeros[PGSIZE];
	struct ModelEnv *e = own(self, a[0]);
	Errors errors =
		error_if(!e, E_BAD_ENV) | error_if(bad_page(a[1]) || bad_perm(a[2]), E_INVAL);

	if (!errors)
		errors = error_if(model_lacks(1 + model_lacks_table(e, a[1])), E_NO_MEM);
	if (!succeeds(errors, r))
		return;
	uint32_t frame = model_new_frame(e, a[1]);
	require(memcmp((void *) (KERNBASE + frame * PGSIZE), zeros, PGSIZE) == 0,
		"the new page has something else than zeros");
	model_frames[frame].content = 0;
	model_map(e, a[1], frame, a[2]);
}

static void end_page_map(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *src = own(self, a[0]), *dst = own(self, a[2]);
	Errors errors =
		error_if(!src || !dst, E_BAD_ENV) |
		error_if(bad_page(a[1]) || bad_page(a[3]) || (src && bad_source(src, a[1], a[4])),
			 E_INVAL);

	if (!errors)
		errors = error_if(model_lacks_table(dst, a[3]) && model_lacks(1), E_NO_MEM);
	if (succeeds(errors, r))
		model_map(dst, a[3], PGNUM(mapped(src, a[1])), a[4]);
}

// The same for the pages with number i of two ranges.
static Errors share_errors(struct ModelEnv *src, struct ModelEnv *dst, const uint32_t a[5],
			   uint32_t i)
{
	uint32_t from = a[1] + i * PGSIZE, to = a[3] + i * PGSIZE, perm = a[4] % PGSIZE;

	if (bad_page(to) || bad_source(src, from, perm))
		return 1U << E_INVAL;
	return error_if(model_lacks_table(dst, to) && model_lacks(1), E_NO_MEM);
}

static void end_page_share(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *src = own(self, a[0]), *dst = own(self, a[2]);
	uint32_t n = a[4] / PGSIZE, perm = a[4] % PGSIZE;
	Errors errors = error_if(!src || !dst, E_BAD_ENV) | error_if(n == 0, E_INVAL);

	if (src && dst)
		errors |= share_errors(src, dst, a, 0);
	if (!succeeds(errors, r))
		return;
	require(r > 0 && (uint32_t) r <= n, "%d of %u pages have been mapped", r, n);
	for (int32_t i = 0; i < r; i++) {
		uint32_t from = a[1] + i * PGSIZE;

		require(share_errors(src, dst, a, i) == 0, "%d pages have been mapped, not %d", r,
			i);
		uint32_t frame = PGNUM(mapped(src, from));
		model_map(dst, a[3] + i * PGSIZE, frame, perm);
		*model_pte(src, from) = frame << PGSHIFT | perm;
	}
	require((uint32_t) r == n || r == 256 || share_errors(src, dst, a, r),
		"only %d of %u pages have been mapped", r, n);
}

static void end_page_copy(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *dst = own(self, a[1]);
	uint32_t from = a[0], to = a[2], old = mapped(self, from) >> PGSHIFT;
	Errors errors = error_if(!dst, E_BAD_ENV) |
			error_if(bad_page(from) || bad_page(to) || bad_perm(a[3]) || !old, E_INVAL);
	bool same = !errors && dst == self && to == from && model_frames[old].pages == 1;

	if (!errors && !same)
		errors = error_if(model_lacks(1 + model_lacks_table(dst, to)), E_NO_MEM);
	if (!succeeds(errors, r))
		return;
	if (same) {
		*model_pte(self, from) = old << PGSHIFT | a[3];
		return;
	}
	uint32_t frame = model_new_frame(dst, to), content = model_frames[old].content;
	const uint32_t *words = (const uint32_t *) (KERNBASE + frame * PGSIZE);
	for (int i = 0; i < 1024; i++)
		require(words[i] == content, "word %d of the copy is %08x, not %08x", i, words[i],
			content);
	model_frames[frame].content = content;
	model_map(dst, to, frame, a[3]);
}

static void end_page_unmap(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);

	if (succeeds(error_if(!e, E_BAD_ENV) | error_if(bad_page(a[1]), E_INVAL), r) &&
	    model_pte(e, a[1]))
		model_unmap(e, a[1]);
}

// ---- Messages ----

// What is wrong with a message: receiver, page, rights. to may be NULL.
static Errors message_errors(struct ModelEnv *self, struct ModelEnv *to, uint32_t pg, uint32_t perm)
{
	return error_if(!to, E_BAD_ENV) |
	       error_if(pg < UTOP && (bad_page(pg) || bad_source(self, pg, perm)), E_INVAL);
}

static uint32_t frame_at(struct ModelEnv *self, uint32_t pg)
{
	return pg < UTOP ? PGNUM(mapped(self, pg)) : 0;
}

// What hinders the page of a message from being mapped at its receiver.
static Errors delivery_errors(struct ModelEnv *to, uint32_t frame)
{
	return error_if(frame && to->dst < UTOP && model_lacks_table(to, to->dst) && model_lacks(1),
			E_NO_MEM);
}

static void deliver(struct ModelEnv *from, struct ModelEnv *to, uint32_t value, uint32_t frame,
		    int perm)
{
	bool with_page = frame && to->dst < UTOP;

	if (with_page)
		model_map(to, to->dst, frame, perm);
	to->state = RUNS;
	to->value = value;
	to->from = from->id;
	to->perm = with_page ? perm : 0;
}

static Errors try_errors(struct ModelEnv *self, struct ModelEnv *to, const uint32_t a[5])
{
	Errors errors = message_errors(self, to, a[2], a[3]) |
			error_if(to && to->state != RECEIVES, E_IPC_NOT_RECV);

	return errors ? errors : delivery_errors(to, frame_at(self, a[2]));
}

static void end_ipc_try_send(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *to = any(self, a[0]);

	if (succeeds(try_errors(self, to, a), r))
		deliver(self, to, a[1], frame_at(self, a[2]), a[3]);
}

static void end_ipc_send(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	static uint32_t number;
	struct ModelEnv *to = any(self, a[0]);
	uint32_t frame = frame_at(self, a[2]);
	Errors errors = message_errors(self, to, a[2], a[3]);

	if (!errors && to->state == RECEIVES)
		errors = delivery_errors(to, frame);
	if (!succeeds(errors, r))
		return;
	if (to->state == RECEIVES) {
		deliver(self, to, a[1], frame, a[3]);
		return;
	}
	self->state = SENDS;
	self->message = (struct ModelMessage){to, ++number, a[1], frame, a[3]};
	if (frame)
		model_frames[frame].pages++;
}

static struct ModelEnv *first_sender(struct ModelEnv *to)
{
	struct ModelEnv *first = NULL;

	for (struct ModelEnv *e = model; e < model + NENV; e++)
		if (e->state == SENDS && e->message.to == to &&
		    (!first || e->message.number < first->message.number))
			first = e;
	return first;
}

static void receive(struct ModelEnv *self, uint32_t dst)
{
	struct ModelEnv *sender;

	self->state = RECEIVES;
	self->dst = dst;
	while (self->state == RECEIVES && (sender = first_sender(self))) {
		Errors errors = delivery_errors(self, sender->message.frame);

		if (!errors)
			deliver(sender, self, sender->message.value, sender->message.frame,
				sender->message.perm);
		model_end_sending(sender, errors ? -E_NO_MEM : 0);
	}
}

static void end_ipc_recv(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	if (succeeds(error_if(a[0] < UTOP && bad_page(a[0]), E_INVAL), r))
		receive(self, a[0]);
}

static void end_ipc_send_recv(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *to = any(self, a[0]);

	if (!succeeds(try_errors(self, to, a) | error_if(a[4] < UTOP && bad_page(a[4]), E_INVAL),
		      r))
		return;
	deliver(self, to, a[1], frame_at(self, a[2]), a[3]);
	receive(self, a[4]);
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
	ends[number](self, args, r);
	// What sys_env_set_trapframe returns to itself is the eax that it has set.
	if (self->state != GONE)
		self->tf.tf_regs.reg_eax =
			r; // for an env that waits to send, this is not its result yet
}

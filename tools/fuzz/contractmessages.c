// The contracts of the calls for messages.

#include "contracts.h"

#include "terms.h"

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

void end_ipc_try_send(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *to = any(self, a[0]);

	if (succeeds(try_errors(self, to, a), r))
		deliver(self, to, a[1], frame_at(self, a[2]), a[3]);
}

void end_ipc_send(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

		if (errors)
			model_fail_nth = 0; // the one that had to fail has failed
		else
			deliver(sender, self, sender->message.value, sender->message.frame,
				sender->message.perm);
		model_end_sending(sender, errors ? -E_NO_MEM : 0);
	}
}

void end_ipc_recv(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	if (succeeds(error_if(a[0] < UTOP && bad_page(a[0]), E_INVAL), r))
		receive(self, a[0]);
}

void end_ipc_send_recv(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *to = any(self, a[0]);

	if (!succeeds(try_errors(self, to, a) | error_if(a[4] < UTOP && bad_page(a[4]), E_INVAL),
		      r))
		return;
	deliver(self, to, a[1], frame_at(self, a[2]), a[3]);
	receive(self, a[4]);
}

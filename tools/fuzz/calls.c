// Choosing calls.

#include "calls.h"

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/syscall.h>

#include <kern/envstate.h>

#include "random.h"

int calls_most_envs;
bool calls_popular;

// ---- Arguments ----

// Return an env of which this is so, from a place drawn by lot on; NULL if there is none.
static struct ModelEnv *find(bool wanted(const struct ModelEnv *e, const struct ModelEnv *self),
			     const struct ModelEnv *self)
{
	uint32_t first = random_below(NENV);

	for (uint32_t i = 0; i < NENV; i++) {
		struct ModelEnv *e = &model[(first + i) % NENV];
		if (wanted(e, self))
			return e;
	}
	return NULL;
}

static bool is_child(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return e->state != GONE && e->parent == self->id;
}

static bool is_there(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return e->state != GONE;
}

static bool has_ended(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return e->state == GONE && e->id;
}

static bool receives(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return e->state == RECEIVES;
}

// Whether e waits to send, and is self's.
static bool sends(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return e->state == SENDS && e->parent == self->id;
}

// Whether somebody waits to send to e.
static bool is_waited_for(const struct ModelEnv *e, const struct ModelEnv *self)
{
	for (const struct ModelEnv *sender = model; sender < model + NENV; sender++)
		if (sender->state == SENDS && sender->message.to == e)
			return true;
	return false;
}

// Whether e is self's and has so many children that they do not end at once when e does.
static bool has_many_children(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return is_child(e, self) && envs[e - model].env_children > NENV / 2;
}

// Whether the kernel has not yet freed all that e had.
static bool is_dying(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return envs[e - model].env_status == ENV_DYING;
}

static bool is_stopped_child(const struct ModelEnv *e, const struct ModelEnv *self)
{
	return e->state == STOPPED && e->parent == self->id;
}

static uint32_t id_of(const struct ModelEnv *e)
{
	return e ? e->id : 0;
}

static uint32_t strange_id(struct ModelEnv *self)
{
	uint32_t id = id_of(find(is_there, self));

	switch (random_below(6)) {
	case 0:
		return id + 0x1000; // the next generation, and the one before
	case 1:
		return id - 0x1000;
	case 2:
		return id ^
		       NENV << random_below(12 - LOG2NENV); // a bit between generation and index
	case 3:
		return id | 1U << 31;
	case 4:
		return random_below(2 * NENV);
	default:
		return random_word();
	}
}

static uint32_t an_id(struct ModelEnv *self)
{
	switch (random_below(16)) {
	case 0 ... 3:
		return 0;
	case 4 ... 5:
		return self->id;
	case 6 ... 9:
		return id_of(find(is_child, self));
	case 10:
		return id_of(find(sends, self));
	case 11 ... 12:
		return id_of(find(is_there, self));
	case 13:
		return self->parent;
	case 14:
		return id_of(find(one_in(2) ? is_dying : has_ended, self));
	default:
		return strange_id(self);
	}
}

static uint32_t receiver(struct ModelEnv *self)
{
	if (calls_popular && one_in(2))
		for (const struct ModelEnv *e = model; e < model + NENV; e++)
			if (e->state == RUNS && e != self)
				return e->id;
	if (one_in(4) && find(is_dying, self))
		return id_of(find(is_dying, self));
	switch (random_below(8)) {
	case 0 ... 1:
		return an_id(self);
	case 2:
		return id_of(find(is_there, self));
	case 3 ... 4:
		return id_of(find(is_waited_for, self));
	default:
		return id_of(find(receives, self));
	}
}

uint32_t calls_page(void)
{
	static const uint32_t pages[] = {
		UMIN,
		UMIN + PGSIZE,
		PTSIZE - PGSIZE,
		PTSIZE,
		PTSIZE + PGSIZE,
		UTOP - 3 * PGSIZE,
		UTOP - 2 * PGSIZE,
		UTOP - PGSIZE,
	};

	return pages[random_below(ARRAY_SIZE(pages))];
}

static uint32_t strange_page(void)
{
	static const uint32_t pages[] = {
		0,
		UMIN - PGSIZE,
		UMIN - 1,
		UTOP,
		UTOP + PGSIZE,
		UPAGES,
		UVPT,
		ULIM - PGSIZE,
		ULIM,
		ULIM + PGSIZE,
		KSTACKTOP - PGSIZE,
		KERNBASE,
		0U - PGSIZE,
		0U - 1,
		1U << 31 | 1,
	};
	static const uint32_t offsets[] = {1, 2, 4, 0x800, PGSIZE - 1};

	if (one_in(2))
		return pages[random_below(ARRAY_SIZE(pages))];
	if (one_in(8))
		return random_word() | 1;
	return calls_page() + offsets[random_below(ARRAY_SIZE(offsets))];
}

static uint32_t a_page(void)
{
	return one_in(12) ? strange_page() : calls_page();
}

// The same, mostly one that the env with this id has.
static uint32_t its_page(struct ModelEnv *self, uint32_t id)
{
	struct ModelEnv *e = id ? &model[ENVX(id)] : self;
	uint32_t page = a_page();

	for (int i = 0; i < 4 && !(model_pte(e, page) && *model_pte(e, page)); i++)
		page = a_page();
	return page;
}

// A page to map something at in e: more often than by chance one that needs a page table first.
static uint32_t place(struct ModelEnv *e)
{
	uint32_t page = calls_page();

	if (!one_in(3))
		return a_page();
	for (int i = 0; i < 6 && !model_lacks_table(e, page); i++)
		page = calls_page();
	return page;
}

// A page for a message, or none.
static uint32_t page_or_none(uint32_t page)
{
	return !one_in(3) ? page : UTOP + (one_in(2) ? 0 : random_below(0U - UTOP));
}

static uint32_t rights(void)
{
	static const uint32_t strange[] = {0, PTE_P, PTE_U, PTE_W, PTE_P | PTE_W, PTE_U | PTE_W};

	if (one_in(24))
		return strange[random_below(ARRAY_SIZE(strange))] | (one_in(4) ? PTE_AVAIL : 0);
	uint32_t perm = PTE_P | PTE_U;
	if (!one_in(3))
		perm |= PTE_W;
	if (one_in(4))
		perm |= random_word() & PTE_AVAIL;
	if (one_in(16))
		perm |= 1U << random_below(32);
	return perm;
}

// ---- Arguments of some calls ----

static uint32_t text_address(struct ModelEnv *self)
{
	static const uint32_t strange[] = {UENVS, UPAGES, UVPT,     UVPT + PGSIZE, ULIM - PGSIZE,
					   ULIM,  0,      KERNBASE, 0U - PGSIZE};

	if (one_in(8))
		return strange[random_below(ARRAY_SIZE(strange))] - random_below(80) +
		       random_below(80);
	return its_page(self, 0) + (one_in(2) ? 0 : PGSIZE - random_below(80));
}

static uint32_t text_length(void)
{
	switch (random_below(7)) {
	case 0:
		return random_below(2);
	case 1:
		return 1023 + random_below(3);
	case 2:
		return PGSIZE - 1 + random_below(3);
	case 3:
		return random_below(3 * PGSIZE);
	case 4:
		return one_in(2) ? 0U - random_below(2 * PGSIZE) : random_word() | 1U << 31;
	default:
		return random_below(120);
	}
}

static uint32_t pages_and_rights(void)
{
	static const uint32_t counts[] = {0, 1, 2, 3, 4, 255, 256, 257, 0xfffff};
	uint32_t n = one_in(3) ? counts[random_below(ARRAY_SIZE(counts))] : 1 + random_below(4);

	return n * PGSIZE | (rights() & (PGSIZE - 1));
}

static uint32_t status(void)
{
	switch (random_below(12)) {
	case 0:
		return random_below(8);
	case 1:
		return random_word();
	default:
		return one_in(3) ? ENV_NOT_RUNNABLE : ENV_RUNNABLE;
	}
}

static int count_envs(void)
{
	int n = 0;

	for (struct ModelEnv *e = model; e < model + NENV; e++)
		n += e->state != GONE;
	return n;
}

// ---- Choosing ----

// How often each call is made.
static const uint8_t weights[NSYSCALLS] = {
	[SYS_cputs] = 3,
	[SYS_cgetc] = 1,
	[SYS_getenvid] = 1,
	[SYS_env_destroy] = 2,
	[SYS_page_alloc] = 12,
	[SYS_page_map] = 12,
	[SYS_page_unmap] = 6,
	[SYS_exofork] = 8,
	[SYS_env_set_status] = 12,
	[SYS_env_set_trapframe] = 5,
	[SYS_env_set_pgfault_upcall] = 2,
	[SYS_yield] = 3,
	[SYS_ipc_try_send] = 10,
	[SYS_ipc_recv] = 6,
	[SYS_ipc_send] = 8,
	[SYS_page_share] = 7,
	[SYS_page_copy] = 8,
	[SYS_ipc_send_recv] = 8,
};

static uint32_t a_number(void)
{
	uint32_t sum = 0, at, number = 0;

	for (int i = 0; i < NSYSCALLS; i++)
		sum += weights[i];
	for (at = random_below(sum); at >= weights[number]; number++)
		at -= weights[number];
	return number;
}

static void set(struct PushRegs *regs, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
		uint32_t a5)
{
	regs->reg_edx = a1;
	regs->reg_ecx = a2;
	regs->reg_ebx = a3;
	regs->reg_edi = a4;
	regs->reg_esi = a5;
}

static void choose_arguments(struct ModelEnv *self, struct PushRegs *regs)
{
	uint32_t id = an_id(self);

	set(regs, random_word(), random_word(), random_word(), random_word(), random_word());
	switch (regs->reg_eax) {
	case SYS_cputs:
		set(regs, text_address(self), text_length(), 0, 0, 0);
		break;
	case SYS_env_destroy:
		if (one_in(2) && find(has_many_children, self))
			id = id_of(find(has_many_children, self));
		set(regs,
		    id && id != (uint32_t) self->id ? id
		    : one_in(8)                     ? 0
						    : strange_id(self),
		    0, 0, 0, 0);
		break;
	case SYS_page_alloc:
		set(regs, id, a_page(), rights(), 0, 0);
		break;
	case SYS_page_map:
		set(regs, id, its_page(self, id), an_id(self), place(self), rights());
		break;
	case SYS_page_unmap:
		set(regs, id, its_page(self, id), 0, 0, 0);
		break;
	case SYS_env_set_status:
		if (one_in(3) && find(sends, self))
			set(regs, id_of(find(sends, self)), status(), 0, 0, 0);
		else if (one_in(2)) // so that there are not ever more that are stopped
			set(regs, id_of(find(is_stopped_child, self)), ENV_RUNNABLE, 0, 0, 0);
		else
			set(regs, id, status(), 0, 0, 0);
		break;
	case SYS_env_set_trapframe:
		set(regs, id, text_address(self), 0, 0, 0);
		break;
	case SYS_env_set_pgfault_upcall:
		set(regs, id, random_word(), 0, 0, 0);
		break;
	case SYS_ipc_try_send:
	case SYS_ipc_send:
	case SYS_ipc_send_recv:
		set(regs, receiver(self), random_word(), page_or_none(its_page(self, 0)), rights(),
		    page_or_none(place(self)));
		break;
	case SYS_ipc_recv:
		set(regs, page_or_none(place(self)), 0, 0, 0, 0);
		break;
	case SYS_page_share:
		set(regs, id, its_page(self, id), an_id(self), a_page(), pages_and_rights());
		break;
	case SYS_page_copy:
		set(regs, its_page(self, 0), one_in(2) ? 0 : id, one_in(2) ? a_page() : 0, rights(),
		    0);
		if (regs->reg_ebx == 0)
			regs->reg_ebx = regs->reg_edx;
		break;
	}
}

void calls_choose(struct ModelEnv *self, struct PushRegs *regs, bool alone)
{
	uint32_t number = a_number();

	if (number == SYS_exofork && count_envs() >= calls_most_envs && !one_in(8))
		number = SYS_env_destroy;
	// One env makes nearly all that there can be; then it is destroyed.
	if (calls_most_envs == NENV && self->parent && count_envs() < NENV && !one_in(8))
		number = SYS_exofork;
	if (one_in(8) && find(has_many_children, self))
		number = SYS_env_destroy;
	if (calls_popular && one_in(4))
		number = SYS_ipc_send;
	// Who has children seldom waits, so that somebody can stop and destroy them.
	if (find(is_child, self) && !one_in(4) &&
	    (number == SYS_ipc_recv || number == SYS_ipc_send || number == SYS_ipc_send_recv))
		number = one_in(2) ? SYS_yield : SYS_env_set_status;
	if (is_waited_for(self, self) && one_in(calls_popular ? 48 : 16))
		number = SYS_ipc_recv;
	regs->reg_eax = number;
	if (alone && one_in(200))
		regs->reg_eax = NSYSCALLS + (one_in(2) ? 0 : random_word() >> 1);
	choose_arguments(self, regs);
}

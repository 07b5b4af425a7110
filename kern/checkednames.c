// The checking build, make CHECKED=1: which variable or field is at an address. Compiled without
// checks itself. Needs no lock.

#include <kern/checkednames.h>

#include <inc/memlayout.h>
#include <inc/stdio.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/envstate.h>
#include <kern/pmap.h>

const struct SharedVariable *shared_variable(uintptr_t va)
{
	static const struct SharedVariable *last = shared_variables; // found, by any CPU
	const struct SharedVariable *low = last, *high = shared_variables_end;

	if (va - low->address < low->size)
		return low;
	low = shared_variables;
	while (high - low > 1) { // if there is one, it is in [low, high)
		const struct SharedVariable *middle = low + (high - low) / 2;
		if (middle->address <= va)
			low = middle;
		else
			high = middle;
	}
	if (va - low->address >= low->size)
		return NULL;
	last = low;
	return low;
}

const struct SharedField *shared_field(const struct SharedField *fields, uint32_t offset)
{
	while (fields->name && offset - fields->offset >= fields->size)
		fields++;
	return fields;
}

bool shared_is_queue(const struct SharedVariable *v)
{
	return v->address == (uintptr_t) &run_queue || v->address == (uintptr_t) &spent_queue;
}

// If va is in a table of count structs, write the name of the field there into text.
static bool name_in(char *text, int size, uintptr_t va, const char *table, const void *base,
		    uint32_t element_size, uint32_t count, const struct SharedField *fields)
{
	uint32_t offset = va - (uintptr_t) base;

	if (offset >= element_size * count)
		return false;
	const char *field = shared_field(fields, offset % element_size)->name;
	snprintf(text, size, "%s[%u].%s", table, offset / element_size, field ? field : "?");
	return true;
}

void shared_name(char *text, int size, uintptr_t va)
{
	const struct SharedVariable *v = shared_variable(va);

	if (name_in(text, size, va, "cpus", cpus, sizeof(cpus[0]), NCPU, fields_of_CpuInfo) ||
	    name_in(text, size, va, "envs", envs, sizeof(envs[0]), NENV, fields_of_Env) ||
	    name_in(text, size, va, "pages", pages, sizeof(pages[0]), npages, fields_of_PageInfo))
		return;
	const struct SharedField *f =
		v && shared_is_queue(v) ? shared_field(fields_of_RunQueue, va - v->address) : NULL;
	if (f && f->name)
		snprintf(text, size, "%s.%s", v->name, f->name);
	else if (!v)
		snprintf(text, size, "memory at %08x", va);
	else if (v->address == va)
		snprintf(text, size, "%s", v->name);
	else
		snprintf(text, size, "%s+%u", v->name, va - v->address);
}

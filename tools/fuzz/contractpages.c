// The contracts of the calls for memory.

#include "contracts.h"

#include <inc/string.h>

#include "terms.h"

// ---- Memory ----

void end_page_alloc(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

void end_page_map(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

void end_page_share(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

void end_page_copy(struct ModelEnv *self, const uint32_t a[5], int32_t r)
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

void end_page_unmap(struct ModelEnv *self, const uint32_t a[5], int32_t r)
{
	struct ModelEnv *e = own(self, a[0]);

	if (succeeds(error_if(!e, E_BAD_ENV) | error_if(bad_page(a[1]), E_INVAL), r) &&
	    model_pte(e, a[1]))
		model_unmap(e, a[1]);
}

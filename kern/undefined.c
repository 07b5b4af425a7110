// The checking build, make CHECKED=1: what the compiler calls where an operation of C is undefined.
// Each panics at the line of that operation. Compiled without checks itself. Needs no lock.
//
// The compiler passes what it knows in structs, and the values as words, or as pointers to them if
// they are longer than that.

#include <inc/stdio.h>
#include <inc/string.h>

#include <kern/checked.h>

struct SourceLocation {
	const char *file;
	uint32_t line, column;
};

struct Type {
	uint16_t kind; // 0: integer
	uint16_t info; // of an integer: bit 0: signed; above: log2 of its bits
	char name[];   // in quotes
};

struct Typed {
	struct SourceLocation at;
	const struct Type *type;
};

struct Shift {
	struct SourceLocation at;
	const struct Type *left, *right;
};

struct Bounds {
	struct SourceLocation at;
	const struct Type *array, *index;
};

struct Mismatch {
	struct SourceLocation at;
	const struct Type *type;
	uint8_t log2_alignment;
	uint8_t use;
};

static const char *file_of(const struct SourceLocation *at)
{
	bool here = strncmp(at->file, "./", 2) == 0; // headers are found in the directory `.'

	return here ? at->file + 2 : at->file;
}

#define undefined_at(at, ...) checked_panic(file_of(at), (at)->line, __VA_ARGS__)

// Write a value of this type, as the compiler passes it, into text. Returns text.
static const char *value(char *text, int size, const struct Type *type, uintptr_t word)
{
	int bits = 1 << (type->info >> 1);
	bool is_signed = type->info & 1;
	uint64_t n = bits > 32 ? *(const uint64_t *) word : word;

	if (bits < 64) // the bits above are not defined
		n &= (1ULL << bits) - 1;
	if (is_signed && n >> (bits - 1))
		snprintf(text, size, "-%llu", (n ^ ((2ULL << (bits - 1)) - 1)) + 1);
	else
		snprintf(text, size, "%llu", n);
	return text;
}

enum { DIGITS = 24 };

static void __attribute__((noreturn))
overflow(const struct Typed *o, const char *operation, uintptr_t a, uintptr_t b)
{
	char x[DIGITS], y[DIGITS];

	undefined_at(&o->at, "%s %s %s overflows type %s", value(x, DIGITS, o->type, a), operation,
		     value(y, DIGITS, o->type, b), o->type->name);
}

#define UNDEFINED(name, ...)                                                                       \
	void __attribute__((noreturn)) __ubsan_handle_##name(__VA_ARGS__);                         \
	void __ubsan_handle_##name(__VA_ARGS__)

UNDEFINED(add_overflow_abort, const struct Typed *o, uintptr_t a, uintptr_t b)
{
	overflow(o, "+", a, b);
}

UNDEFINED(sub_overflow_abort, const struct Typed *o, uintptr_t a, uintptr_t b)
{
	overflow(o, "-", a, b);
}

UNDEFINED(mul_overflow_abort, const struct Typed *o, uintptr_t a, uintptr_t b)
{
	overflow(o, "*", a, b);
}

UNDEFINED(divrem_overflow_abort, const struct Typed *o, uintptr_t a, uintptr_t b)
{
	overflow(o, "/", a, b);
}

UNDEFINED(negate_overflow_abort, const struct Typed *o, uintptr_t a)
{
	char x[DIGITS];

	undefined_at(&o->at, "-(%s) overflows type %s", value(x, DIGITS, o->type, a),
		     o->type->name);
}

UNDEFINED(shift_out_of_bounds_abort, const struct Shift *s, uintptr_t a, uintptr_t b)
{
	char x[DIGITS], y[DIGITS];

	undefined_at(&s->at, "%s of type %s is shifted by %s", value(x, DIGITS, s->left, a),
		     s->left->name, value(y, DIGITS, s->right, b));
}

UNDEFINED(out_of_bounds_abort, const struct Bounds *b, uintptr_t index)
{
	char x[DIGITS];

	undefined_at(&b->at, "index %s of an array of type %s", value(x, DIGITS, b->index, index),
		     b->array->name);
}

UNDEFINED(type_mismatch_v1_abort, const struct Mismatch *m, uintptr_t va)
{
	uint32_t alignment = 1U << m->log2_alignment;

	if (va == 0)
		undefined_at(&m->at, "a null pointer to type %s is used", m->type->name);
	if (va & (alignment - 1))
		undefined_at(&m->at, "%08x is not aligned for type %s, which needs %u", va,
			     m->type->name, alignment);
	undefined_at(&m->at, "%08x has not enough room for type %s", va, m->type->name);
}

UNDEFINED(load_invalid_value_abort, const struct Typed *i, uintptr_t a)
{
	char x[DIGITS];

	undefined_at(&i->at, "%s is no value of type %s", value(x, DIGITS, i->type, a),
		     i->type->name);
}

UNDEFINED(builtin_unreachable, const struct SourceLocation *at)
{
	undefined_at(at, "code is reached that cannot be");
}

UNDEFINED(missing_return, const struct SourceLocation *at)
{
	undefined_at(at, "a function ends without a return value");
}

UNDEFINED(vla_bound_not_positive_abort, const struct Typed *o, uintptr_t n)
{
	char x[DIGITS];

	undefined_at(&o->at, "an array of %s elements", value(x, DIGITS, o->type, n));
}

UNDEFINED(nonnull_arg_abort, const struct SourceLocation *at)
{
	undefined_at(at, "a null pointer is passed where none may be");
}

UNDEFINED(invalid_builtin_abort, const struct SourceLocation *at)
{
	undefined_at(at, "0 is passed to a function that counts zeros");
}

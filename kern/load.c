// Loading a program into a new env: its segments, and its stack with the arguments. Needs the
// kernel lock.

#include <kern/load.h>

#include <inc/elf.h>
#include <inc/env.h>
#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/string.h>

#include <kern/pmap.h>
#include <kern/programtable.h>
#include <kern/trace.h>

enum { MAX_COMMAND = 1024, MAX_ARGS = 16 }; // so that the arguments fit into one page

// Whether a file is an ELF file for this machine, and all the fields that are used here are valid.
static bool elf_check(const uint8_t *file, size_t size)
{
	const struct Elf *elf = (const struct Elf *) file;

	if (size < sizeof(*elf) || elf->e_magic != ELF_MAGIC || elf->e_elf[0] != ELF_CLASS_32 ||
	    elf->e_elf[1] != ELF_DATA_LSB || elf->e_type != ELF_TYPE_EXEC ||
	    elf->e_machine != ELF_MACHINE_386 || elf->e_phentsize != sizeof(struct Proghdr) ||
	    elf->e_phoff % 4 != 0 || elf->e_phoff > size ||
	    elf->e_phnum > (size - elf->e_phoff) / sizeof(struct Proghdr))
		return false;

	const struct Proghdr *headers = (const struct Proghdr *) (file + elf->e_phoff);
	const uintptr_t limit = USTACKTOP - PGSIZE; // the stack is above
	bool entry_ok = false;
	for (const struct Proghdr *ph = headers; ph < headers + elf->e_phnum; ph++) {
		if (ph->p_type != ELF_PROG_LOAD)
			continue;
		if (ph->p_offset > size || ph->p_filesz > size - ph->p_offset ||
		    ph->p_filesz > ph->p_memsz || ph->p_va < UMIN || ph->p_va > limit ||
		    ph->p_memsz > limit - ph->p_va)
			return false;
		if ((ph->p_flags & ELF_PROG_FLAG_EXEC) && elf->e_entry - ph->p_va < ph->p_memsz)
			entry_ok = true;
	}
	return entry_ok;
}

// Make sure that e has a page at va which it may read, and write if perm has PTE_W. Returns the
// page's kernel address, or NULL if there is no memory.
static char *load_page(struct Env *e, uintptr_t va, int perm)
{
	pte_t *pte;
	struct PageInfo *pp = page_lookup(e->env_pgdir, (void *) va, &pte);

	if (pp) { // two segments have parts of this page
		*pte |= perm;
		return page2kva(pp);
	}
	pp = page_alloc(ALLOC_ZERO);
	if (!pp)
		return NULL;
	if (page_insert(e->env_pgdir, pp, (void *) va, perm) < 0) {
		page_free(pp);
		return NULL;
	}
	return page2kva(pp);
}

// Load one segment, which elf_check has checked. Returns 0, or
//	-E_NO_MEM
static int load_segment(struct Env *e, const uint8_t *file, const struct Proghdr *ph)
{
	int perm = PTE_U | (ph->p_flags & ELF_PROG_FLAG_WRITE ? PTE_W : 0);
	uintptr_t file_end = ph->p_va + ph->p_filesz, end = ph->p_va + ph->p_memsz;

	for (uintptr_t va = ph->p_va; va < end; va = ROUNDDOWN(va, PGSIZE) + PGSIZE) {
		char *page = load_page(e, ROUNDDOWN(va, PGSIZE), perm);
		if (!page)
			return -E_NO_MEM;
		if (va < file_end)
			memcpy(page + PGOFF(va), file + ph->p_offset + (va - ph->p_va),
			       MIN(file_end - va, PGSIZE - PGOFF(va)));
	}
	return 0;
}

static size_t count_words(const char *command)
{
	size_t n = 1;

	for (; *command; command++)
		n += *command == ':';
	return n;
}

// Make e's stack, with what lib/entry.S expects there. The words of command are separated by
// colons. Returns 0, or
//	-E_NO_MEM
//
//	USTACKTOP ->	+---------------------------+
//			| word for thisenv          |
//			| the words, each with a 0  |
//			| NULL                      |
//			| address of the last word  |
//			| ...                       |
//	argv ->		| address of the first word |
//			| argv                      |
//	tf_esp ->	| argc                      |
//			+---------------------------+
static int load_stack(struct Env *e, const char *command)
{
	size_t size = strlen(command) + 1, argc = count_words(command);
	char *page = load_page(e, USTACKTOP - PGSIZE, PTE_U | PTE_W);
	if (!page)
		return -E_NO_MEM;

	uintptr_t words_va = USTACKTOP - sizeof(uintptr_t) - ROUNDUP(size, 4);
	uintptr_t argv_va = words_va - (argc + 1) * sizeof(uint32_t);
	e->env_tf.tf_esp = argv_va - 2 * sizeof(uint32_t);

	char *words = page + PGOFF(words_va), *word = words;
	uint32_t *slot = (uint32_t *) (page + PGOFF(e->env_tf.tf_esp));
	memcpy(words, command, size);
	*slot++ = argc;
	*slot++ = argv_va;
	for (size_t i = 0; i < argc; i++) {
		*slot++ = words_va + (word - words);
		word = strfind(word, ':');
		*word++ = '\0';
	}
	*slot = 0;
	return 0;
}

bool program_loadable(const struct Program *program, const char *command)
{
	return elf_check(program->elf, program->elf_end - program->elf) &&
	       strlen(command) < MAX_COMMAND && count_words(command) <= MAX_ARGS;
}

int program_load(const struct Program *program, const char *command, struct Env *e)
{
	const struct Elf *elf = (const struct Elf *) program->elf;
	const struct Proghdr *ph = (const struct Proghdr *) (program->elf + elf->e_phoff);
	int r = 0;

	e->env_program = program;
	trace_env(TRACE_PROGRAM, e, program - programs);
	e->env_tf.tf_eip = elf->e_entry;
	for (int i = 0; i < elf->e_phnum && r == 0; i++)
		if (ph[i].p_type == ELF_PROG_LOAD)
			r = load_segment(e, program->elf, &ph[i]);
	return r == 0 ? load_stack(e, command) : r;
}

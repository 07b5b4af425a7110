"""Solutions otherwise than ours, to be put in their places."""

from handoutmarks import blocks, parse

from kit import ROOT

# The round robin of exercise 6, the last of its solutions in that file, and a loop in its place.
SCHED = "kern/sched.c"
ROUND = "\n".join([block.lines for block in blocks(parse(SCHED, (ROOT / SCHED).read_text()))
                   if block.exercise == 6][-1]) + "\n"
LOOP = """\
	(void) above;
	for (int i = FIRST; i < FIRST + NENV; i++) {
		struct Env *e = &envs[(from - envs + i) % NENV];
		if (WANTED)
			return e;
	}
	return NULL;
"""


def loop(first="1", wanted="e->env_status == ENV_RUNNABLE"):
    """Return what puts a loop in the place of the round robin."""
    return SCHED, ROUND, LOOP.replace("FIRST", first).replace("WANTED", wanted)


# A fork as simple as can be, in the place of ours.
SIMPLE_FORK = "lib/fork.c", None, (ROOT / "tools/tests/simple_fork.c").read_text()

# Finding the page to be mapped by page_lookup, and reading its entry too early.
LOOKUP_FIRST = "kern/syscall.c", """\
	pte_t *pte = pte_of(e->env_pgdir, va);
	if (!pte || !(*pte & PTE_P) || ((perm & PTE_W) && !(*pte & PTE_W)))
		return -E_INVAL;
""", """\
	pte_t *pte;
	struct PageInfo *pp = page_lookup(e->env_pgdir, va, &pte);
	if ((perm & PTE_W) && !(*pte & PTE_W))
		return -E_INVAL;
	if (!pp)
		return -E_INVAL;
"""

# The lines for interrupt requests but that for 0 left out.
VECTORS = "kern/vectors.h"
LINES = [line for block in blocks(parse(VECTORS, (ROOT / VECTORS).read_text()))
         if block.exercise == 13 for line in block.lines]
ONLY_IRQ_0 = VECTORS, "\n".join(LINES[1:]) + "\n", ""

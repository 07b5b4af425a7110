"""Mistakes in exercise 6: round robin."""

from mistakes.instead import ROUND, SCHED, loop

# The first runnable env of all; the search of LOOP, but it accepts the last one if it runs.
FIRST = """\
	(void) above;
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status == ENV_RUNNABLE)
			return &envs[i];
	return NULL;
"""
RUNS = "e->env_status == ENV_RUNNABLE || (i == NENV && e->env_status == ENV_RUNNING)"

MISTAKES = {
    "the search always begins at envs[0]": (
        6, "turns", "has its turn before|others have several turns|goes on at once",
        SCHED, ROUND, FIRST),
    "nothing is found": (
        6, "alone", r"does not come to its end(.*\n)*.*runnable +0 +0 +ex6 +a CPU",
        SCHED, ROUND, "	(void) above;\n	return NULL;\n"),
    "the env itself is forgotten": (
        6, "again", "does not come to its end|exercise", *loop("1", "e != from && "
        "e->env_status == ENV_RUNNABLE")),
    "an env that runs elsewhere is returned": (
        6, "cpus", r"from ENV_RUNNING to ENV_RUNNING(.*\n)*.*may run on another CPU",
        *loop(wanted="e->env_status == ENV_RUNNABLE || e->env_status == ENV_RUNNING")),
    "an env that has run here and runs elsewhere is returned": (
        6, "elsewhere", r"from ENV_RUNNING to ENV_RUNNING(.*\n)*.*may run on another CPU",
        *loop("1", RUNS)),
    "the search goes on after the last slot": (
        6, "turns", r"kernel panic(.*\n)*.*the search goes on at envs.0. after the last slot",
        SCHED, ROUND, "	(void) above;\n	for (const struct Env *e = from + 1;; e++)\n"
        "		if (e->env_status == ENV_RUNNABLE)\n			return (struct Env *) e;\n"),
    "the search begins at the current env": (
        6, "turns", "yields and goes on at once, though others are runnable: begin the search",
        *loop("0", "e->env_status == ENV_RUNNABLE || e->env_status == ENV_RUNNING")),
    "the search does not go round": (
        6, "turns", r"does not come to its end(.*\n)*.*goes on at envs.0. after the last slot",
        "kern/sched.c", "			words = q->summary;\n", ""),
    "words of the run queue that the search has passed are not masked off": (
        6, "far", "after the env in slot 31 that in slot 30 has its turn, not that in slot 32",
        SCHED, "words = above(q->summary, w);", "words = q->summary;"),
    "a word is shifted by its whole width": (
        6, "far", "after the env in slot 31 that in slot 30 has its turn, not that in slot 32",
        SCHED, "word & (~1U << i)", "word & (~0U << (i + 1))"),
    "an env that is blocked runs": (
        6, "blocked", r"from ENV_NOT_RUNNABLE to ENV_RUNNING(.*\n)*"
        ".*returns an env only if it is ENV_RUNNABLE",
        *loop(wanted="e->env_status == ENV_RUNNABLE || e->env_status == ENV_NOT_RUNNABLE")),
    "the last slot is forgotten": (
        6, "last", "the env in slot 1023 is runnable and never runs",
        *loop(wanted="e->env_status == ENV_RUNNABLE && e < &envs[NENV - 1]")),
}

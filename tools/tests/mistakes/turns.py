"""Mistakes in exercise 6: round robin."""

from mistakes.instead import loop

MISTAKES = {
    "the search begins at the current env": (
        6, "turns", "yields and goes on at once, though others are runnable: begin the search",
        *loop("0", "e->env_status == ENV_RUNNABLE || e->env_status == ENV_RUNNING")),
    "the search does not go round": (
        6, "turns", r"does not come to its end(.*\n)*.*goes on at envs.0. after the last slot",
        "kern/sched.c", "			words = q->summary;\n", ""),
    "an env that is blocked runs": (
        6, "blocked", r"status 4 to 3(.*\n)*.*returns an env only if it is ENV_RUNNABLE",
        *loop(wanted="e->env_status == ENV_RUNNABLE || e->env_status == ENV_NOT_RUNNABLE")),
    "the last slot is forgotten": (
        6, "last", "the env in slot 1023 is runnable and never runs",
        *loop(wanted="e->env_status == ENV_RUNNABLE && e < &envs[NENV - 1]")),
}

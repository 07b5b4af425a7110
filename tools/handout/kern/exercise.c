// Exercises that are missing in the kernel: which have been met, and what is said about them. No
// lock: some are met before there is one.

#include <inc/exercise.h>

#include <inc/assert.h>
#include <inc/string.h>

#include <kern/options.h>
#include <kern/panic.h>
#include <kern/power.h>

enum {
	EXERCISES = 15,
	EXERCISE_MISSING =
		5, // to be told apart from what goes wrong (enum Failure in kern/power.h)
};

// The first place where each exercise was met and is missing; no file: not met.
static struct {
	const char *file;
	int line;
	const char *what;
} places[EXERCISES + 1];

static bool noted[EXERCISES + 1];

static void say(int n)
{
	cprintf("Exercise %d is missing: %s:%d (%s)\n", n, places[n].file, places[n].line,
		places[n].what);
}

static void set_place(const char *file, int line, int n, const char *what)
{
	places[n].line = line;
	places[n].what = what;
	// Headers come as ./kern/x.h.
	places[n].file = strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

void without_exercise_at(const char *file, int line, int n, const char *what)
{
	if (!exercise_is_missing(n))
		set_place(file, line, n, what);
}

void note_exercise_at(const char *file, int line, int n, const char *what)
{
	if (!noted[n])
		set_place(file, line, n, what); // this place matters more than one just met
	noted[n] = true;
}

void say_noted_exercises(void)
{
	for (int n = 1; n <= EXERCISES; n++)
		if (noted[n])
			say(n);
}

void missing_exercise_at(const char *file, int line, int n, const char *what)
{
	int first = 1;

	without_exercise_at(file, line, n, what);
	while (!exercise_is_missing(first))
		first++;
	if (panic_begin())
		say(first);
	if (options.exit)
		power_off_failed((enum Failure) EXERCISE_MISSING);
	panic_end();
}

bool exercise_is_missing(int n)
{
	return places[n].file != NULL;
}

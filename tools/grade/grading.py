"""How a test is graded: it is run, and judged by what it prints; what is wrong is explained."""

import re
import time
from dataclasses import dataclass, replace
from typing import Dict, List, Optional

from gradeblame import blamed, exercise_of, panic_gist
from gradebuild import as_built, machine_code, make, qemu_command
from gradelib import Run, Verdict, Watch, crashed_when_typed, diagnose, judge
from gradetests import (ARGUMENTS, EXERCISE_OF, GLANCE, GROUND, STANDS_ON, STATES, Test,
                        exercises_below, patterns)
from gradetext import PANIC, ending, excerpt, missing_exercise, panic_lines, shown

PATIENCE = 10       # so many times its limit a test may take on a busy host
INTERRUPTS = 13, 14     # exercises without which the monitor may wait for ever for what is typed
IN_PROGRAMS = 10, 11, 12    # exercises without code in the kernel
WITH_CHECKED = "with CHECKED=1:"
NOT_JUDGED = "this cannot be judged:"

# What is said of a program that is killed, up to the first place in its backtrace; when that is on the
# way back from a page fault; and when it is because fork reads an entry of a page table that is not there.
BACKTRACE = r".*\n(?:(?! +\w[\w/]*\.[chS]:\d).*\n)* +"
KILLED_AT = rf"user fault va{BACKTRACE}(lib/pfentry\.S:\d+)"
READS_UVPT = rf"user fault va ef[4-7]{BACKTRACE}lib/fork\.c:"
UVPD = "uvpd is asked first, whether there is a page table, before its entries are read in uvpt"


@dataclass(frozen=True)
class Graded:
    """A test, its run and the verdict on it.

    waits_for   a later exercise that has to be done before this check of one can say anything; or 0
    """
    test: Test
    run: Run
    verdict: Verdict
    waits_for: int = 0

    @property
    def points(self) -> int:
        """The points earned."""
        return self.test.points if self.verdict.ok else 0


def build(tests: List[Test], width: int, variables: List[str],
          limit: Optional[float] = None) -> None:
    """Build what these tests run, and what shows whether other exercises are wrong."""
    checked = {test.exercise for test in tests if test.exercise}
    checked = checked.union(*[exercises_below(str(exercise)) for exercise in checked])
    make(f"-j{max(2, width)}", "all", f"EX={' '.join(map(str, sorted(checked)))}", *variables,
         limit=limit)


def commands(tests: List[Test], variables: List[str]) -> List[List[str]]:
    """Return the QEMU command of each test; make is asked once for all that differ in RUN only."""
    program = "@PROGRAM@"

    def others(test):
        words = [f"{name}={value}" for name, value in test.variables.items()]
        return (*words, "EXIT=" if test.typed else "EXIT=1")

    template = {words: qemu_command(f"RUN={program}", *words, *variables)
                for words in {others(test) for test in tests}}
    return [[word.replace(program, test.run or test.name) for word in template[others(test)]]
            for test in tests]


def places(run: Run) -> List[str]:
    """Return where the kernel has panicked in a run, and what it has said."""
    found = (re.search(rf"{PANIC} \d+ at (\S+:\d+: .*)", line) for line in run.lines)
    return [shown(match[1]) for match in found if match]


def grade(test: Test, ground: "Ground", command: List[str], checking: Optional[List[str]] = None):
    """A job for parallel(): run a test, and return it Graded. If there is a command that runs it on
    the checking kernel, it must pass there, too.

    A check of an exercise that fails says nothing if what the exercise builds on is wrong.
    """
    graded = yield from ground.play(test, command)
    if graded.verdict.ok and checking:
        closer = yield from ground.play(test, checking)
        other = places(closer.run) and blamed(test, closer.run)
        if other:
            return replace(graded, verdict=not_judged(*other))
        if places(closer.run):
            return replace(graded, run=closer.run, verdict=Verdict(
                False, f"{WITH_CHECKED} {places(closer.run)[0]}",
                [f"to see it: {test.command.replace('make', 'make CHECKED=1', 1)}"]))
    if test.exercise == 0 or graded.verdict.ok or graded.waits_for or \
            missing_exercise([graded.verdict.reason]):
        return graded
    wrong = yield from ground.wrong_before(test)
    if not wrong and test.exercise <= max(EXERCISE_OF.values()):
        wrong = blamed(test, graded.run)
    if not wrong:
        wrong = yield from ground.wrong_below(test.part)
    if not wrong:
        return graded
    return replace(graded, verdict=not_judged(*wrong))


def not_judged(exercise: int, what: str) -> Verdict:
    """Return the verdict on a check that says nothing because of what is wrong with an exercise."""
    first = (f"{NOT_JUDGED} exercise {exercise} has to be right first, see: "
             + as_built(f"make grade EX={exercise}"))
    return Verdict(False, first, [what])


class Ground:
    """Plays tests, and knows what is wrong with the exercises that others build on.

    variables   for make
    token       as --token
    deadline    when all has to be over
    """

    def __init__(self, variables: List[str], token: str, deadline: float):
        self._variables, self._token, self._deadline = variables, token, deadline
        self._found: Dict[str, Graded] = {}

    def play(self, test: Test, command: List[str]):
        """Run a test, as a part of a job, and return it Graded, whatever else is wrong."""
        token = self._token
        mark = re.escape(token) + " " if token else ""
        must = [f"{mark}{test.begins} begins"] if token and test.begins else []
        must += patterns(test.must, mark)
        patience = min(PATIENCE * test.limit, self._deadline - time.monotonic())
        run = yield Run(command, Watch(
            stop="".join(patterns(test.stop, mark)), forbidden=patterns(test.mustnot, f"({mark})?"),
            replies=test.replies, limit=test.limit, patience=max(0, patience)))
        verdict = diagnose(run, must)
        if verdict.ok and test.inspects:
            verdict = judge_before(test, run)
        if verdict.ok and test.code[0] not in machine_code():
            return Graded(test, run, Verdict(False, test.code[1], []))
        if token:
            if verdict.ok and test.begins:
                verdict = judge_order(run.lines, must)
            run.lines = [line.replace(token + " ", "> ") for line in run.lines]
            details = [line.replace(mark, "> ").replace(token + " ", "> ")
                       for line in verdict.details]
            verdict = verdict._replace(details=details)
        return Graded(test, run, verdict) if verdict.ok else failed(test, run, verdict, token)

    def wrong_before(self, test: Test):
        """Find, as a part of a job, what is wrong with an exercise before that of the test: return
        which, and what; or ()."""
        if test.inspects and test.exercise < 5:     # each of these is looked at by itself
            return ()
        glance = yield from self._find(GLANCE)
        if glance.verdict.ok or is_deaf(glance.run):
            return ()
        for other in GROUND:
            if other.exercise < test.exercise:
                found = yield from self._find(other)
                if died_late(found.run) or other.exercise < 5 and is_deaf(found.run):
                    continue
                if not found.verdict.ok and not found.waits_for:
                    panic = panic_lines(found.run.lines, found.run.typed_at)
                    what = panic_gist(panic) if panic else found.verdict.reason
                    wrong = blamed(other, found.run) or (other.exercise, what)
                    return wrong if wrong[0] != test.exercise else ()
        return ()

    def wrong_below(self, name: str):
        """The same, of what a step, or the checks of an exercise from 8 on, builds on."""
        for other in STANDS_ON.get(name, ()):
            found = yield from self._find(other)
            if found.verdict.ok or found.waits_for or missing_exercise([found.verdict.reason]):
                continue
            lower = yield from self.wrong_below(other.name)
            panic = exercise_of(panic_lines(found.run.lines))
            wrong = lower or (max(panic, other.exercise), first_failure(other, found))
            return wrong if str(wrong[0]) != name else ()
        return ()

    def _find(self, test: Test):
        """Play a test once."""
        if test.name not in self._found:
            command, = commands([test], self._variables)
            self._found[test.name] = yield from self.play(test, command)
        return self._found[test.name]


def died_late(run: Run) -> bool:
    """Whether the kernel has panicked when envs ran, did not come to the monitor, and nothing tells
    which exercise that is about."""
    panic = panic_lines(run.lines)
    return bool(panic) and run.typed_at is None and not exercise_of(panic) and \
        any("] new env " in line for line in run.lines)


def first_failure(step: Test, found: Graded) -> str:
    """Return what the first check that fails in a step says, or else what comes to its end first."""
    said = [line.split(": FAIL ", 1)[1] for line in found.run.lines
            if re.match(rf"(> )?ex{step.part}:\w+: FAIL ", line)]
    panic = panic_lines(found.run.lines)
    return shown(said[0]) if said else panic_gist(panic) if panic else found.verdict.reason


def may_name(graded: Graded) -> bool:
    """Whether the checking kernel may name the line of a failure: not if the check has said what is
    wrong, nor where only programs are, nor what cannot be judged."""
    test = graded.test
    said = test.says and any(line.startswith(f"{test.says}: FAIL ") for line in graded.run.lines)
    return not said and test.exercise not in IN_PROGRAMS and \
        not graded.verdict.reason.startswith(NOT_JUDGED)


def is_deaf(run: Run) -> bool:
    """Whether the monitor is there, but falls silent while it finds nothing wrong: it may lack a
    later exercise's interrupts."""
    return run.typed_at is not None and not panic_lines(run.lines) and \
        not any(re.match("inspect: (done|.*: FAIL )", line) for line in run.lines)


def failed(test: Test, run: Run, verdict: Verdict, token: str) -> Graded:
    """Return a test that has failed, with what went wrong; or what it waits for."""
    undone = missing_exercise(run.lines)
    missing = int(undone.split()[1]) if undone else 0
    if crashed_when_typed(run) and not (missing in INTERRUPTS and is_deaf(run)):
        undone, missing = "", 0
    # What a program says when it has met what is missing, it says because of that.
    end = next((at for at, line in enumerate(run.lines)
                if undone and line.endswith(undone) and not test.typed), len(run.lines))
    fails = f"{token and '> '}{test.says}: FAIL "
    said = [line[len(fails):] for line in run.lines[:end] if test.says and line.startswith(fails)]
    if missing > test.exercise > 0 and not said:
        return Graded(test, run, verdict, missing)
    return Graded(test, run, explained(test, verdict, run, said, missing, token))


def explained(test: Test, verdict: Verdict, run: Run, said: List[str], missing: int,
              token: str) -> Verdict:
    """Return what went wrong, and how to go on.

    said        what the check itself says
    missing     the exercise that stopped the run, 0 for none
    """
    reason, details = verdict.reason, verdict.details
    panic = panic_lines(run.lines, run.typed_at)
    if panic and reason.startswith("wrong output"):
        reason, details = "kernel panic", excerpt(panic[:20])
    if said and not 0 < missing <= test.exercise:
        reason, details = shown(said[0]), [shown(line) for line in said[1:10]]
        if exercise_of(panic) == test.exercise and PANIC not in test.must:
            details.append(panic_gist(panic))
        killed = re.search(KILLED_AT, "\n".join(run.lines))
        if killed:
            details.append(f"it is killed at {shown(killed[1])}")
    elif test.exercise and not missing:
        if reason.startswith("wrong output"):
            audit = [line for line in run.lines if re.match("audit: (?!.* all agrees)", line)]
            reason = audit[0] if audit else "it does not come to its end"
            details = ending(run.lines)
        hint = test.hint
        if hint == ARGUMENTS and panic and "cannot go from" in panic[0]:
            hint = STATES
        if re.search(READS_UVPT, "\n".join(run.lines)):
            hint = UVPD
        tried = [line for line in run.lines if line.startswith(f"{token and '> '}{test.says}: tries ")]
        if panic and test.says and tried:
            details.append(shown(tried[-1]))
        if hint:
            details = [*details, f"look whether {hint}"]
    if not test.exercise:
        details = [*details, f"it depends on exercises {test.needs} of doc/lab4.md"]
    return Verdict(False, reason, [*details, f"to see it: {as_built(test.command)}"])


def judge_before(test: Test, run: Run) -> Verdict:
    """Return the verdict on a run in which all is well that the monitor has looked at: before, the
    kernel must not have panicked because of the test's exercise. Only 5 has to do with all."""
    panic = panic_lines(run.lines[:run.typed_at])
    if panic and (exercise_of(panic) or 5) == test.exercise:
        return Verdict(False, "kernel panic", excerpt(panic[:20]))
    return Verdict(True, "", [])


def judge_order(lines: List[str], must: List[str]) -> Verdict:
    """Return the verdict on output that has every line it must: none may be older than the program.

    Its first line is must[0], which is there. Only that its env is made may be told before.
    """
    begin = next(at for at, line in enumerate(lines) if re.match(must[0], line))
    late = [pattern for pattern in must if not pattern.startswith(".00000000. new env")]
    early, _ = judge(lines[begin:], late)
    return Verdict(not early, "printed before the program began" if early else "", early)

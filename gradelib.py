"""Run JOS kernels under QEMU, many at a time, and judge what they print.

    Run, Watch    one running command, and what to look out for in its output
    parallel()    drives many runs side by side and hands back results in order; play() one
    judge()       which expected lines are missing, which forbidden ones are there
    diagnose()    the verdict on a whole run: passed, or what went wrong, in words

A job for parallel() is a generator. It yields a Run, gets it back when it is over, may yield
further ones, and returns whatever the caller wants to have:

    def hello(command):
        run = yield Run(command, Watch(limit=10))
        return diagnose(run, must=["hello, world"])

    with closing(parallel([hello(one), hello(two)], width=2)) as verdicts: ...

All of it happens in one thread: a run is a file descriptor in a selector, and a few deadlines.
"""

import ctypes
import difflib
import enum
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Sequence, Tuple

from gradetext import (BOOT_LINES, CLEAN_END, EXCERPT, PANIC, PROMPT, ending, excerpt,
                       missing_exercise, panic_lines, shown)

# QEMU's exit status as the kernel chooses it when it is told to end the machine (doc/running.md).
STATUS_CLEAN, STATUS_PANIC, STATUS_FAILED, STATUS_BLOCKED, STATUS_STAYS_ON = 0, 3, 5, 7, 9
STATUS_MISSING = 11     # an exercise is missing, which diagnose() finds in what is printed
ENDS = STATUS_CLEAN, STATUS_FAILED, STATUS_BLOCKED, STATUS_STAYS_ON     # when it has come to an end

IDLE = 0.03         # computing less than this share of the time is being idle
LOOK = 0.5          # seconds between looks at what a process has computed
CHUNK = 1 << 16     # bytes read at once, and bytes kept of stderr
POLL = 0.02         # seconds between looks at the clock
QEMU_STATE = r"[A-Z][A-Z0-9]* ?="       # in its dump of the processor when it gives up


# ---- Running ----

class Why(enum.Enum):
    """Why a run is over, or about to be."""
    ENDED = "ended by itself"
    STOPPED = "printed the line to stop at"
    FORBIDDEN = "printed a forbidden line"
    PANIC = "kernel panic"
    PROMPT = "idle at the monitor prompt"
    QUIET = "no output any more"
    LATE = "out of time"
    FLOOD = "too much output"
    NO_START = "could not be started"
    KILLED = "given up by us"


@dataclass(frozen=True)
class Watch:
    """What to look out for while a command runs. Patterns match from the start of a line."""
    stop: str = ""                            # a line like this ends the run, when all is typed
    forbidden: Sequence[str] = ()             # one of these ends it too, at the next prompt
    replies: Sequence[Tuple[str, str]] = ()   # (pattern found anywhere, text to type), in turn
    limit: float = 60                         # seconds for the whole run, see Run.own_seconds
    quiet: float = 15                         # the same without output: then it is a hang
    patience: float = 600                     # seconds for the whole run, by the clock
    grace: float = 1                          # seconds of silence that end a run which has nothing
                                              # more to say: at the prompt, or after a bad line
    keep: int = 512 << 10                      # bytes of output that are too much


class Run:
    """One command: its process, what it has printed, and how it ended.

    lines     output lines so far; once over, the unfinished last one too
    times     for each of them, how many seconds after the start it came
    errors    what it wrote to stderr, once over
    over      true once it has ended and nothing of it is left
    why       a Why; None as long as nothing has happened
    status    its exit status; None if we had to kill it
    typed_at  how many lines there were when the first reply was typed; None as long as it is not
    """

    def __init__(self, command: Sequence[str], watch: Watch = Watch()):
        self.command, self.watch = list(command), watch
        self.lines: List[str] = []
        self.times: List[float] = []
        self.errors = ""
        self.over = False
        self.why: Optional[Why] = None
        self.status: Optional[int] = None
        self.typed_at: Optional[int] = None
        self._process: Optional[subprocess.Popen] = None
        self._replies = deque(watch.replies)
        self._unanswered = ""               # output since the last reply
        self._partial = bytearray()         # the line that is being printed
        self._size = 0                      # bytes of output
        self._typed = False                 # whether a reply is the last that has happened
        # When it began, was last heard of, and ended.
        self._began = self._heard = self._ended = time.monotonic()
        # A moment of silence, and that of a bad line; and what was computed before each.
        self._silence = self._decided = (0.0, 0.0)
        self._looked = 0.0                  # when we last looked what it has computed

    @property
    def seconds(self) -> float:
        """Seconds since the start, or up to the end once it is over."""
        return (self._ended if self.over else time.monotonic()) - self._began

    @property
    def at_prompt(self) -> bool:
        """Whether the last thing printed is the kernel monitor's prompt, and nothing was typed."""
        return self._partial.endswith(PROMPT.encode()) and not self._typed

    def start(self, selector: selectors.BaseSelector) -> None:
        """Start the command in a session of its own, its output announced by selector."""
        self._selector, self._stderr = selector, tempfile.TemporaryFile()
        self._began = self._heard = time.monotonic()
        try:
            self._process = subprocess.Popen(
                self.command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._stderr, start_new_session=True, preexec_fn=DIE_WITH_US)
        except OSError as error:
            self.errors = str(error)
            self.finish(Why.NO_START)
            return
        os.set_blocking(self._process.stdout.fileno(), False)
        selector.register(self._process.stdout, selectors.EVENT_READ, self)

    def read(self) -> bool:
        """Take what output there is; false if that is nothing more for now."""
        if self.over or self._process.stdout.closed:
            return False
        try:
            data = os.read(self._process.stdout.fileno(), CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._take(data)
        else:
            self._close()
        return bool(data)

    def check(self) -> None:
        """Look at the process and the clock, and finish the run if it is time."""
        if self.over:
            return
        now, watch = time.monotonic(), self.watch
        silent = now - self._heard
        if silent > watch.quiet / 2 and self._silence[0] < self._heard:
            self._silence = now, cpu_seconds(self._process.pid)
        if self._process.poll() is not None:
            while self.read():
                pass
            self.finish(Why.ENDED)
        elif self.why is not None and (self.at_prompt or (
                silent > watch.grace and self.own_seconds(*self._decided) > watch.grace)):
            self.finish(self.why)
        elif now - self._began > watch.patience:
            self.finish(Why.LATE)
        elif now - self._looked > LOOK and (now - self._began > watch.limit
                                            or silent > watch.quiet):
            self._looked = now
            if self.own_seconds(self._began, 0) > watch.limit:
                self.finish(Why.LATE)
            elif silent > watch.quiet and self.own_seconds(*self._silence) > watch.quiet / 2:
                self.finish(Why.QUIET)
        elif silent > watch.grace and self.at_prompt and not self._replies:
            self.finish(Why.PROMPT)

    def own_seconds(self, since: float, computed: float) -> float:
        """Return how many of the seconds since a time it has used, when it had computed so much.

        Where other processes keep it waiting, only those in which it computes are its own; but
        all of them if it is idle, as then nobody keeps it from anything.
        """
        passed = time.monotonic() - since
        computed = cpu_seconds(self._process.pid) - computed
        return passed if computed < IDLE * passed else min(passed, computed)

    def finish(self, why: Why = Why.KILLED) -> None:
        """End the run: see to it that nothing is left of the process, and close the books."""
        if self.over:
            return
        self.over, self.why, self._ended = True, self.why or why, time.monotonic()
        if self._process is not None:
            self._reap()
        if self._partial:
            self._end_line()

    def _reap(self) -> None:
        """Kill what is left of the process, and fetch its status and its complaints."""
        self.status = self._process.poll()
        # Whoever still holds the pipe belongs to the group, so the group is still ours.
        if self.status is None or not self._process.stdout.closed:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._close()
        with self._stderr as file:
            file.seek(0)
            self.errors = file.read(CHUNK).decode(errors="replace").replace("\r", "")

    def _take(self, data: bytes) -> None:
        """Split output into lines and act on each."""
        self._heard, self._typed = time.monotonic(), False
        self._size += len(data)
        data = data.replace(b"\r", b"")
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._partial += end
            self._end_line()
            self._heed(self.lines[-1])
            if self.over:
                return
        self._partial += rest
        self._reply(data.decode(errors="replace"))
        if self._size > self.watch.keep:
            self.finish(Why.FLOOD)

    def _end_line(self) -> None:
        """Add what has been printed of a line to the lines."""
        self.lines.append(self._partial.decode(errors="replace"))
        self.times.append(self._heard - self._began)
        self._partial.clear()

    def _heed(self, line: str) -> None:
        """See whether a line decides the run."""
        if self.why is not None:
            return
        if self.watch.stop and not self._replies and re.match(self.watch.stop, line):
            self.finish(Why.STOPPED)
        elif PANIC in line and not self._replies:   # else the monitor may still answer
            self._decide(Why.PANIC)
        elif any(re.match(pattern, line) for pattern in self.watch.forbidden):
            self._decide(Why.FORBIDDEN)

    def _decide(self, why: Why) -> None:
        """Let the run go on only as long as it has something to say."""
        self.why = why
        self._decided = time.monotonic(), cpu_seconds(self._process.pid)

    def _reply(self, text: str) -> None:
        """Type the replies whose turn has come."""
        self._unanswered = (self._unanswered + text)[-CHUNK:] if self._replies else ""
        while self._replies:
            seen = re.search(self._replies[0][0], self._unanswered)
            if not seen:
                break
            self._unanswered, self._typed = self._unanswered[seen.end():], True
            with suppress(BrokenPipeError):     # it may be about to end
                self._process.stdin.write(self._replies.popleft()[1].encode())
            if self.typed_at is None:
                self.typed_at = len(self.lines)

    def _close(self) -> None:
        """Listen no longer."""
        if not self._process.stdout.closed:
            with suppress(KeyError):    # interrupted before it was registered
                self._selector.unregister(self._process.stdout)
            self._process.stdout.close()


def cpu_seconds(pid: int) -> float:
    """Return how many seconds a process has computed so far."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    except OSError:         # not Linux
        listed = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, check=False)
    days, _, time_of_day = listed.stdout.decode().strip().rpartition("-")
    parts = [float(part or 0) for part in time_of_day.split(":")]
    return 86400 * int(days or 0) + sum(part * 60 ** n for n, part in enumerate(reversed(parts)))


def _die_with_us():
    """Return what a child calls so that it is killed when our thread ends; None if unknown."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError, TypeError):
        return None     # not Linux
    return lambda: prctl(1, signal.SIGKILL)     # 1 is PR_SET_PDEATHSIG


DIE_WITH_US = _die_with_us()     # give this to Popen as preexec_fn


def exit_on_signals() -> None:
    """Turn the signals that ask us to end into an ordinary exit, which cleans up."""
    for wanted in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(wanted) is not signal.SIG_IGN:      # as nohup has it
            signal.signal(wanted, lambda number, frame: sys.exit(128 + number))


def parallel(jobs, width: int, costs: Sequence[float] = (), tick=None):
    """Run jobs side by side, at most width at once; yield their results in the order of jobs.

    jobs     generators, as the top of this file describes
    costs    about how long each takes; the longest start first
    tick     called many times a second with {position in jobs: its current Run}

    Closing this generator kills what still runs.
    """
    jobs = list(jobs)
    waiting = deque(sorted(range(len(jobs)), key=lambda job: -costs[job] if costs else job))
    running, results = {}, {}
    selector = selectors.DefaultSelector()

    def resume(job, run=None):
        """Hand a job the run it waited for, and start the next one it wants."""
        try:
            running[job] = jobs[job].send(run)
            running[job].start(selector)
        except StopIteration as stop:
            running.pop(job, None)
            results[job] = stop.value

    try:
        for due in range(len(jobs)):
            while due not in results:
                while waiting and len(running) < width:
                    resume(waiting.popleft())
                for key, _ in selector.select(POLL):
                    key.data.read()
                for job, run in list(running.items()):
                    run.check()
                    if run.over:
                        resume(job, run)
                if tick:
                    tick(running)
            yield results.pop(due)
    finally:
        for run in running.values():
            run.finish()
        selector.close()


def play(command: Sequence[str], watch: Watch = Watch()) -> Run:
    """Run one command until it is over."""
    def job():
        return (yield Run(command, watch))

    with closing(parallel([job()], 1)) as runs:
        return next(runs)


# ---- Judging ----

class Verdict(NamedTuple):
    """What diagnose() found."""
    ok: bool
    reason: str             # what went wrong, in a few words; empty if ok
    details: List[str]      # lines that explain it


def judge(lines: Sequence[str], must: Sequence[str],
          mustnot: Sequence[str] = ()) -> Tuple[List[str], List[int]]:
    """Return the patterns in must that no line matches, and where lines match one in mustnot."""
    return ([pattern for pattern in must if not any(re.match(pattern, line) for line in lines)],
            [at for at, line in enumerate(lines) if any(re.match(bad, line) for bad in mustnot)])


def diagnose(run: Run, must: Sequence[str] = ()) -> Verdict:
    """Judge a run that is over: by what must match, by what its Watch forbids, by its end."""
    missing, unexpected = judge(run.lines, must, run.watch.forbidden)
    reason, details = "", []
    if run.why is Why.PANIC or not unexpected:
        reason, details = _mishap(run)
    if reason and 0 < len(missing) < len(must):
        details += [f"{len(missing)} of {len(must)} expected lines missing, the first:",
                    *_first_missing(run.lines, missing)]
    elif not reason and (missing or unexpected):
        reason, details = "wrong output", _mismatches(run.lines, missing, unexpected)
        if run.why is Why.PROMPT:
            reason += "; it finished early and is idle at the monitor prompt"
        elif run.status == STATUS_FAILED and not any(CLEAN_END in line for line in run.lines):
            reason += "; a program has panicked, or come to a breakpoint"
            details += ending(run.lines)
    undone = missing_exercise(run.lines)
    if reason and undone and not crashed_when_typed(run):
        reason, details = shown(undone), []
    return Verdict(not reason, reason, details)


def crashed_when_typed(run: Run) -> bool:
    """Whether a run came to a bad end only after a reply had been typed."""
    return run.typed_at is not None and run.why in (Why.PANIC, Why.ENDED, Why.QUIET, Why.LATE)


def _mishap(run: Run) -> Tuple[str, List[str]]:
    """Say what went wrong with a run, whatever it was to print: reason and details, or none."""
    if run.why is Why.STOPPED:
        return "", []
    last = ending(run.lines)
    errors = [line for line in run.errors.splitlines() if not re.match(QEMU_STATE, line)]
    errors = [f"stderr: {shown(line)}" for line in errors[-EXCERPT:]]
    lines = panic_lines(run.lines, run.typed_at)
    if lines:
        return "kernel panic", excerpt(lines[:2 * EXCERPT])
    if run.status == STATUS_PANIC:
        return "kernel panic, but no panic line", last
    if run.why is Why.NO_START or run.status not in (None, *ENDS, STATUS_MISSING):
        how = f"ended with status {run.status}" if run.lines else "could not start"
        if "qemu: fatal: " in run.errors:
            how = "gave up, because the processor had gone astray"
        return f"QEMU {how}", errors + last
    if run.why is Why.FLOOD:
        return f"too much output: more than {run.watch.keep >> 10} KB", last

    how = {Why.LATE: f"not finished within {run.watch.limit:g} s",
           Why.QUIET: f"hang: no output for {run.watch.quiet:g} s"}.get(run.why, "")
    if how and run.at_prompt:
        how += "; it finished early and is idle at the monitor prompt"
    if run.why is Why.ENDED and run.status != STATUS_FAILED \
            and not any(CLEAN_END in line for line in run.lines):
        how = "rebooted: a triple fault has reset the machine"
    lacking = [sign for sign in BOOT_LINES if not any(sign in line for line in run.lines)]
    if how and lacking:
        how = f"no boot: no line `{lacking[0]}'; {how}"
    return how, errors + last if how else []


def _first_missing(lines: List[str], missing: List[str]) -> List[str]:
    """Show the first missing line beside what may be there in its place."""
    near = difflib.get_close_matches(missing[0], list(dict.fromkeys(lines))[-500:], n=1)
    return [f"expected: {missing[0]}", *[f"found:    {shown(line)}" for line in near]]


def _mismatches(lines: List[str], missing: List[str], unexpected: List[int]) -> List[str]:
    """Explain each finding of judge() by the lines that decided it."""
    details = _first_missing(lines, missing) if missing else []
    details += [f"missing:  {pattern}" for pattern in missing[1:]]
    for at in unexpected[:3]:
        details += [f"unexpected: {shown(lines[at])}"] + excerpt(lines[max(at - 2, 0):at + 3])
    return details

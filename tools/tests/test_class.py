"""For a class: a folder of hand-ins is graded by one command, which goes on where it was."""

import csv
import io
import json
import os
import re
import shutil
import signal
import sys
import zipfile
from pathlib import Path

import pytest

from grades import PROGRAMS
from kit import (PATIENCE, cache_for_others, call, edit, enter_copy, make, params,
                 processors, require, require_equal, scratch, start, wait_for)
from sshhosts import Hosts
from trial import PLAIN

# In place of the grader: a test passes if kern/init.c has its name. Why another one fails is a random
# number, who grades, and what others may do with the directory.
STUB = '''#!/usr/bin/env python3
import json, os, sys, time
text = open("kern/init.c").read()
if "crash" in text:
    sys.exit("a traceback, as it were")
while "forever" in text:
    time.sleep(1)
tests = [{"name": name, "part": "A", "passed": name in text.split(), "score": 0, "max_score": 1,
          "seconds": 0, "reason": "" if name in text.split() else
          f"{os.urandom(8).hex()} {os.getuid()} {os.stat('..').st_mode & 7}",
          "details": []} for name in sys.argv[sys.argv.index("--limit") + 2:]]
print(json.dumps({"lab": "lab4", "score": 0, "seconds": 0, "build": "", "tests": tests,
                  "waiting": {}}))
'''


def sources(passing, answers=""):
    """Return the files of a hand-in that passes these tests."""
    files = {"kern/init.c": f"// {passing}\n", "lib/fork.c": "\n", "inc/lib.h": "\n"}
    return {**files, **({"doc/lab4.md": answers} if answers else {})}


def hand_in(name, files):
    """Put a hand-in into the folder ../class."""
    Path("../class").mkdir(exist_ok=True)
    if name.endswith(".zip"):
        with zipfile.ZipFile(f"../class/{name}", "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        return
    for file, text in files.items():
        path = Path("../class", name, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def enter_stubbed():
    """Go to a copy of the tree whose grader is the stub, with a table for two tests."""
    enter_copy(built=False)
    Path("grade-lab4").write_text(STUB)
    Path("weights").write_text("spin 10\nforktree 5.5\n")


def grade(*variables, fails=False):
    """Grade ../class; return what is said of each hand-in that has been graded now."""
    text = make("-s", "grade-class", "HANDINS=../class", "WEIGHTS=weights", *variables, fails=fails)
    return dict(re.findall(r"^(?!make)(.+?): (.+)$", text, re.M))


def table():
    """Return the table of results, by name."""
    text = Path("../class-results/grades.csv").read_text()
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text))}


def scores():
    """Return what counts, by name."""
    return {name: row["score"] for name, row in table().items()}


def record(name):
    """Return what is known of a hand-in."""
    path, = Path("../class-results/records").glob(f"{name}-*.json")
    return json.loads(path.read_text())


def test_results():
    """Each file and directory is graded or refused, whatever it is and is called."""
    enter_stubbed()
    hand_in("alice.zip", sources("spin forktree"))
    hand_in("Bob B_17_file_", sources("spin"))
    hand_in("=cmd<b>.zip", sources("forktree"))
    hand_in("dora", {"kern/init.c": "// only this\n"})
    hand_in("eve.zip", sources("crash spin"))
    Path("../class/fred.rar").write_bytes(b"Rar!\x1a\x07\x01\0")
    shutil.copy("../class/alice.zip", os.fsdecode(b"../class/g\xfcnter.zip"))
    hand_in("same.zip", sources("spin"))
    hand_in("same", sources("forktree"))
    said = grade(fails=True)
    require_equal(len(said), 9, "number of hand-ins of which something is said")
    require("the autograder failed" in said["eve"], "nothing is said of it", str(said))
    require_equal({name: row["score"] for name, row in table().items()}, {
        "alice": "15.5", "Bob B_17_file_": "10", "'=cmd<b>": "5.5", "dora": "0", "eve": "",
        "fred": "0", "g\\udcfcnter": "15.5", "same.zip": "10", "same": "5.5"}, "scores")
    row = table()["Bob B_17_file_"]
    require_equal((row["spin"], row["forktree"], row["points"], row["of"]),
                  ("10", "0", "10", "15.5"), "points")
    require("none in lib/ and inc/" in table()["dora"]["remarks"], "no reason", str(table()))
    require("RAR" in table()["fred"]["remarks"], "no reason", str(table()))
    page = Path("../class-results/index.html").read_text()
    require("=cmd&lt;b&gt;" in page and "<b>" not in page, "names are markup")
    require(not re.search(r"(src|href)=.?(http|//)", page), "the page needs others")
    require_equal(list(grade(fails=True)), ["eve"], "graded again")


@pytest.mark.thorough
def test_kept():
    """Results stay, until a hand-in or the grader changes; other points need no new grading."""
    enter_stubbed()
    for name in ("alice", "bob"):
        hand_in(f"{name}.zip", sources(""))
    require_equal(sorted(grade()), ["alice", "bob"], "graded")
    before = {name: record(name)["tests"] for name in ("alice", "bob")}
    Path("weights").write_text("spin 1\nforktree 2\nprimes 3\n")
    require_equal(sorted(grade()), ["alice", "bob"], "graded for a new test")
    for name, tests in before.items():
        after = record(name)["tests"]
        require_equal({test: after[test] for test in tests}, tests, "tests that were there")
        require("primes" in after, "the new test has not run")
    require_equal(grade(), {}, "graded again")
    hand_in("bob.zip", sources("spin primes"))
    require_equal(sorted(grade()), ["bob"], "graded when one has changed")
    require_equal(scores(), {"alice": "0", "bob": "4"}, "scores")
    edit("grade-lab4", "as it were", "as it is")
    require_equal(sorted(grade()), ["alice", "bob"], "graded when the grader has changed")


@pytest.mark.thorough
def test_only():
    """ONLY grades a test again for all, and leaves the others, even if the grader has changed."""
    enter_stubbed()
    for name in ("alice", "bob"):
        hand_in(name, sources(""))
    grade()
    before = {name: record(name)["tests"] for name in ("alice", "bob")}
    edit("grade-lab4", "as it were", "as it is")
    require_equal(sorted(grade("ONLY=spin")), ["alice", "bob"], "graded")
    for name, tests in before.items():
        after = record(name)["tests"]
        require_equal(after["forktree"], tests["forktree"], "another test")
        require(after["spin"] != tests["spin"], "it is not graded again")
    require_equal(grade(), {}, "graded again")


@pytest.mark.parametrize("number, status", params({
    "Ctrl-C": (signal.SIGINT, 130), "told to end": (signal.SIGTERM, 143),
    "killed": (signal.SIGKILL, -signal.SIGKILL)}, many=["told to end", "Ctrl-C"]))
def test_interrupted(number, status):
    """What is graded is kept, nothing goes on in secret, and the same command does the rest."""
    enter_stubbed()
    for name in ("a", "b", "c"):
        hand_in(f"{name}.zip", sources("spin"))
    for at in range(8):
        hand_in(f"x{at}.zip", sources("forever"))
    os.environ["TMPDIR"] = str(scratch())
    os.chmod(os.environ["TMPDIR"], 0o755)
    process = start([sys.executable, "tools/classroom/class/gradeclass.py", "../class",
                     "--weights", "weights"])
    wait_for(lambda: len(list(Path("../class-results").glob("records/[abc]-*.json"))) == 3 and
             all(record(name)["tests"] for name in "abc"), "three are graded")
    wait_for(lambda: len(list(Path(os.environ["TMPDIR"]).glob("jos-grade-*"))) ==
             min(8, processors()), "all processors have something to do")
    process.send_signal(number)
    require_equal(process.wait(PATIENCE), status, "status")
    if number == signal.SIGKILL:
        wait_for(lambda: not list(Path(os.environ["TMPDIR"]).glob("jos-[ag]*")), "the graders end")
    else:
        require_equal(os.listdir(os.environ["TMPDIR"]), [], "files left")
        require_equal({name: score for name, score in scores().items() if score},
                      {"a": "10", "b": "10", "c": "10"}, "scores")
    for at in range(8):
        hand_in(f"x{at}.zip", sources("forktree"))
    require_equal(sorted(grade()), [f"x{at}" for at in range(8)], "graded then")


@pytest.mark.thorough
def test_apart():
    """Each is compiled and run by another user, and none can get at the files of another one."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    enter_stubbed()
    for name in ("a", "b", "c"):
        hand_in(f"{name}.zip", sources(""))
    Path("..").chmod(0o755)
    require_equal(grade()["Hand-ins can read each other while they are compiled. Run"],
                  f"chmod 700 {Path('../class').resolve()}", "warning")
    users = [record(name)["tests"]["spin"]["why"].split()[1:] for name in ("a", "b", "c")]
    require_equal(len({user for user, _ in users}), 3, f"number of users of {users}")
    require_equal([mode for _, mode in users], ["0", "0", "0"], "rights of others")
    Path("../class").chmod(0o700)
    Path("weights").write_text("primes 1\n")
    require_equal(sorted(grade()), ["a", "b", "c"], "said of a folder of our own")


@pytest.mark.thorough
def test_misuse():
    """What is wrong is said in one line, before anything is graded."""
    enter_stubbed()
    hand_in("alice.zip", sources(""))
    Path("late").write_text("due tomorrow\n")
    Path("empty").mkdir()
    for variables, complaint in (
            (["HANDINS=nowhere"], "HANDINS=nowhere: give the folder with the hand-ins"),
            (["HANDINS="], "HANDINS=: give the folder"),
            (["HANDINS=empty"], "/empty is empty: it should have"),
            (["WEIGHTS=none"], "none cannot be read"),
            (["LATE=late"], "late:1: `tomorrow' is no time"),
            (["TIMES=none"], "none cannot be read"),
            (["HOSTS=none"], "HOSTS=none: there is no such file"),
            (["ONLY=primes"], "ONLY=primes: nothing that gives points is called so")):
        text = make("-s", "grade-class", *dict((word.split("=")[0], word) for word in [
            "HANDINS=../class", "WEIGHTS=weights", *variables]).values(), fails=True)
        lines = [line for line in text.splitlines() if not line.startswith("make")]
        require(len(lines) == 1 and lines[0].startswith("grade-class: ") and complaint in lines[0],
                f"no `{complaint}'", *lines)


@pytest.mark.thorough
@pytest.mark.limit(1200)
def test_graded():
    """Milestones by exercise: with the grader itself, a handout with some exercises gets their
    points, and what hangs or does not build gets none and harms nobody."""
    enter_copy(built=False)
    edit("conf/sources.mk", "$(wildcard $(USER_DIRS:%=%/*.c))",     # no more is needed
         " ".join(f"user/{name}.c" for name in {"dumbfork", *PLAIN}))
    cache_for_others(Path())
    Path("weights").write_text("2 2\ndumbfork 5\nex8:upcall 3\n")
    Path("../class").mkdir()
    shutil.copytree(".", "../class/all")
    call(sys.executable, "tools/handout/handout.py", "--from", "8", "../class/some")
    for name, text in (("hangs", "for (;;) hlt(); // the"), ("fails", "this is no C // the")):
        shutil.copytree(".", f"../class/{name}")
        edit(f"../class/{name}/kern/init.c", PROGRAMS, text)
    require_equal(len(grade()), 4, "graded")
    require_equal(scores(), {"all": "10", "some": "7", "hangs": "0", "fails": "0"}, "scores")
    require("does not build" in table()["fails"]["remarks"], "no remark", str(table()))
    page = Path("../class-results/index.html").read_text()
    require("this is no C" in page and "hang: no output" in page, "the page does not say why")


# ---- On several machines ----

@pytest.mark.thorough
def test_hosts():
    """Hand-ins are graded on all hosts that answer, and nothing is left there."""
    enter_stubbed()
    names = [f"s{at}" for at in range(4)]
    for name in names:
        hand_in(f"{name}.zip", sources("spin"))
    hand_in("$(touch proof) ';x.zip", sources("forktree"))
    hosts = Hosts(3)
    hosts.lines.append("1/ssh -F none -p 1 nobody@127.0.0.1")
    hosts.write("hosts")
    said = grade("HOSTS=hosts")
    require_equal(len(said), 5, "graded")
    require_equal({name: score for name, score in scores().items() if score == "10"},
                  {name: "10" for name in names}, "scores")
    require_equal(hosts.used(), [0, 1, 2], "hosts used")
    require_equal([os.listdir(hosts.home(at)) for at in range(3)], [[], [], []], "files left")
    require_equal(grade("HOSTS=hosts"), {}, "graded again")



@pytest.mark.thorough
def test_hosts_noisy():
    """A host whose shell says more than it is asked is named."""
    enter_stubbed()
    hand_in("a.zip", sources("spin"))
    hosts = Hosts(1)
    login = hosts.top / "login0"
    login.write_text(login.read_text().replace("cd\n", "cd\necho 'Welcome to 127.0.0.1!'\n"))
    hosts.write("hosts")
    text = make("-s", "grade-class", "HANDINS=../class", "WEIGHTS=weights", "HOSTS=hosts", fails=True)
    require("the shell of a host says more than it is asked: ssh " in text, "wrong complaint",
            *text.splitlines())


@pytest.mark.many
def test_hosts_lost():
    """What one host loses another one grades; what all lose is said, and graded the next time."""
    enter_stubbed()
    for name in ("a", "b", "c"):
        hand_in(f"{name}.zip", sources("spin"))
    hosts = Hosts(2)
    hosts.write("hosts")
    hosts.lose(0, "autograder.zip")
    require_equal(sorted(grade("HOSTS=hosts")), ["a", "b", "c"], "graded")
    hand_in("d.zip", sources("spin"))
    hosts.lose(1, "autograder.zip")
    require("d" not in grade("HOSTS=hosts", fails=True), "it is graded")
    require_equal(scores(), {"a": "10", "b": "10", "c": "10", "d": ""}, "scores")
    require_equal(sorted(grade()), ["d"], "graded here")


@pytest.mark.many
def test_hosts_interrupted():
    """Nothing goes on there in secret."""
    enter_stubbed()
    for name in ("a", "b", "c"):
        hand_in(f"{name}.zip", sources("forever"))
    hosts = Hosts(2)
    hosts.write("hosts")
    process = start([sys.executable, "tools/classroom/class/gradeclass.py", "../class",
                     "--weights", "weights", "--hosts", "hosts"])
    wait_for(lambda: len(graders(hosts.top)) >= 2, "both hosts grade")
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=PATIENCE)[0].decode()
    require_equal(process.returncode, 130, f"status: {text}")
    wait_for(lambda: not graders(hosts.top), "the graders have ended")


def graders(top):
    """Return the processes that grade in a directory."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(place / "cwd").startswith(str(top)) and \
                    b"--json" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:     # gone, or not ours
            pass
    return found

"""What surrounds each test: a built tree, a time limit, and an end to all it has started."""

import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

import pytest

# Leave no __pycache__ in the source tree: neither others', nor the one pytest has just made.
sys.dont_write_bytecode = True
shutil.rmtree(Path(__file__).with_name("__pycache__"), ignore_errors=True)

import kit
import progress
from gradebuild import MakeError, make

CCACHES = ("/usr/lib/ccache", "/usr/lib64/ccache")     # where ccache has names of compilers
MEMORY, ROOM = "/dev/shm", 4 << 30  # bytes: they take half of that
LIMIT = 300     # seconds a test may take; none comes near, even on a busy host


# ---- The session ----

def pytest_addoption(parser):
    """Add what only concerns these tests."""
    parser.addoption("--record-costs", action="store_true",
                     help="write down how long these tests take, for others' estimates")


def pytest_configure(config):
    """Build the tree and make room for the tests, once: workers find it done."""
    config.pluginmanager.register(progress.Progress(config), "progress")
    if kit.SCRATCH in os.environ or config.option.collectonly:
        return
    for number in (signal.SIGTERM, signal.SIGHUP):      # end as after Ctrl-C, tidily
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    kit.set_make_variables(kit.make_variables())    # and no -j that is not for us
    os.environ[kit.SCRATCH] = tempfile.mkdtemp(prefix="jos-check-", dir=quick_place())
    os.chmod(os.environ[kit.SCRATCH], 0o755)
    use_scratch_for_temporary_files(os.path.join(os.environ[kit.SCRATCH], "tmp"))
    use_ccache(os.path.join(os.environ[kit.SCRATCH], "ccache"))
    config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(kit.SCRATCH), ignore_errors=True))
    print("building", flush=True)
    try:
        make("-C", str(kit.ROOT), f"-j{max(2, kit.processors())}", "all")
    except MakeError as error:
        pytest.exit("\n".join(["the build failed:", *str(error).splitlines()[-20:]]), 2)


def quick_place():
    """Return the directory in memory if there is one with room for what tests write: they make a
    million files, which takes a fraction of the time there. Else None: the usual place."""
    try:
        state = os.statvfs(MEMORY)
        available = re.search(r"MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    room = min(state.f_bavail * state.f_frsize, int(available[1]) * 1024 // 2 if available else 0)
    good = room >= ROOM and not state.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK)
    return MEMORY if good and "TMPDIR" not in os.environ else None


def use_scratch_for_temporary_files(place):
    """Let everything that is started put its temporary files where the tests have theirs. Only pytest
    cleans up when they are gone already."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.mkdir(place)
    os.chmod(place, 0o1777)     # some is started for other users
    os.environ["TMPDIR"], tempfile.tempdir = place, None


def use_ccache(cache):
    """Let ccache, if it is there, answer for compilers: the tests build the same files many times."""
    names = next(filter(os.path.isdir, CCACHES), None)
    if not names:
        return
    os.mkdir(cache)
    os.chmod(cache, 0o1777)     # some builds are other users'
    os.environ.update(PATH=f"{names}:{os.environ['PATH']}", CCACHE_DIR=cache, CCACHE_UMASK="000",
                      CCACHE_NOHASHDIR="1",     # the trees are in different directories
                      CCACHE_SLOPPINESS="include_file_mtime,include_file_ctime")


def pytest_xdist_auto_num_workers(config):
    """Return how many tests run at once: two more than can, as many wait for something."""
    return kit.processors() + 2


# ---- One test ----

@pytest.fixture(autouse=True)
def surroundings(request):
    """Run a test at the top of the tree, within its time limit; then undo what it has done to the
    directory and the environment, and end what it has started."""
    def out_of_time(number, frame):
        where = traceback.format_stack(frame)[-3:]
        kit.fail(f"not finished within {seconds:g} s", *"".join(where).splitlines())

    marker = request.node.get_closest_marker("limit")
    seconds = marker.args[0] if marker else LIMIT
    before, environment = os.getcwd(), dict(os.environ)
    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds, 10)
    os.chdir(kit.ROOT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        kit.end_started()
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environment)
        kit.remove_scratch()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure the commands that led to it, and how to repeat the test."""
    outcome = yield
    if call.when == "call" and call.excinfo and outcome.get_result().failed:
        variables = [word for word in kit.make_variables() if not word.startswith("CHECKFLAGS=")]
        target = "check-handout" if item.get_closest_marker("many") else "check-all"
        again = shlex.join(["make", target, f"CHECKFLAGS={item.nodeid}", *variables])
        outcome.get_result().sections.append(
            ("how", "\n".join([*[f"ran: {command}" for command in kit.NOTES[-3:]],
                               f"again: {again}"])))
    if call.when == "teardown":
        kit.NOTES.clear()

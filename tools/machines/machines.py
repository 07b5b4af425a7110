#!/usr/bin/env python3
"""Try this tree, as it is committed, on other machines: Debian's releases to come, each in a
directory that this program becomes a machine in by chroot(8). As root.

Each machine is made by debootstrap when it is first asked for, and brought up to date each time.
The steps are what README tells a newcomer to type, and what maintainers run. A step's output is
in a file beside the machine. The mounts that a step needs end with it.
"""

import argparse
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from tree import ROOT

DEFAULT_MIRROR = "http://deb.debian.org/debian"
GIGABYTES = 5           # that a machine may take
TREE = "root/jos"       # where in a machine the tree is
APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends"

ENVIRONMENT = ("HOME=/root LC_ALL=C.UTF-8 TERM=dumb "
               "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")

# What tests of the tree use if it is there.
OPTIONAL = "clang lld grub-pc-bin xorriso mtools"

GDB = r"""make -s run-hello-nox-gdb CPUS=2 EXIT=1 > gdb.txt & sleep 1
until grep -q 'make gdb' gdb.txt; do kill -0 $! || exit 1; sleep 1; done
printf '%s\n' 'break env_create' continue backtrace 'user-symbols hello' 'break umain' continue \
	envs backtrace kill quit | make gdb"""


class Step(NamedTuple):
    """What is typed on a machine, how many minutes it may take, what must be in its output."""
    command: str
    minutes: int
    must: str = ""


STEPS: Dict[str, Step] = {
    "boot": Step("sh tools/setup.sh && make qemu CPUS=4 EXIT=1", 15,
                 r"No runnable environments in the system!"),
    "check": Step("sh tools/setup.sh check && make check", 30, r"^\d+ passed, 0 failed"),
    "gdb": Step(GDB, 5, r"(?s)i386_init.*00001000 .* hello .*libmain"),
    "bench": Step("make bench", 20, "^Built with"),
    "check-all": Step(f"{APT} install {OPTIONAL} && make check-all", 60, r"^\d+ passed, 0 failed"),
}


class Trouble(Exception):
    """Why something cannot be done, in a line."""


# ---- The host's settings of apt ----

def host_settings() -> Dict[str, str]:
    """Return what this host's apt is told about how to get packages, by name."""
    if not shutil.which("apt-config"):
        return {}
    dump = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE, check=False).stdout
    return dict(re.findall(r'^(Acquire::(?:Check-|https?::)\S+) "(.*)";$', dump.decode(), re.M))


def host_mirror() -> str:
    """Return from where this host gets Debian's packages, or where everybody can."""
    if not shutil.which("apt-get"):
        return DEFAULT_MIRROR
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)",
                              "Created-By: Packages", "Origin: Debian"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout.decode().split()
    return next((uri.rstrip("/") for uri in targets if uri.rstrip("/").endswith("/debian")),
                DEFAULT_MIRROR)


# ---- One machine ----

class Machine:
    """A machine: a Debian release of that name in a directory."""

    def __init__(self, name: str, chroots: Path, mirror: str, checkflags: str):
        self.name, self.mirror, self.checkflags = name, mirror, checkflags
        self.root, self.logs = chroots / name, chroots / f"{name}.logs"

    def prepare(self) -> None:
        """Make the machine if there is none, bring it up to date, put the tree there."""
        self.logs.mkdir(parents=True, exist_ok=True)
        if not self.root.exists():
            self._make()
        settings = "".join(f'{name} "{value}";\n' for name, value in host_settings().items())
        (self.root / "etc/apt/apt.conf.d/90host").write_text(settings)
        self._inside("update", f"{APT} update && {APT} dist-upgrade && {APT} install git", 30)
        shutil.rmtree(self.root / TREE, ignore_errors=True)
        self._run("clone", ["git", "clone", "-q", "--no-hardlinks", str(ROOT),
                            str(self.root / TREE)], 5)

    def step(self, name: str) -> None:
        """Take one of STEPS, or raise Trouble."""
        step = STEPS[name]
        text = self._inside(name, f"cd /{TREE} && {{ {step.command}\n}}", step.minutes)
        if not re.search(step.must, text, re.M):
            raise Trouble(f"no `{step.must}'")

    def _make(self) -> None:
        """Let debootstrap make the machine; what is not finished has another name."""
        if shutil.disk_usage(self.logs).free < GIGABYTES << 30:
            raise Trouble(f"{self.logs.parent} has less than {GIGABYTES} GB left. Set CHROOTS")
        unfinished = self.root.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        proxy = host_settings().get("Acquire::http::Proxy")
        # In a mount namespace of its own, so that what it mounts does not outlive it.
        self._run("debootstrap", ["unshare", "--mount", "debootstrap", "--variant=minbase",
                                  self.name, str(unfinished), self.mirror], 30,
                  {**os.environ, **({"http_proxy": proxy} if proxy else {})})
        unfinished.rename(self.root)

    def _inside(self, name: str, command: str, minutes: int) -> str:
        """Run a shell's command on the machine and return its output. All mounts and processes
        are in namespaces that end with the first process, at the latest after so many minutes."""
        enter = ('mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && '
                 f'exec chroot "$0" /usr/bin/env -i {ENVIRONMENT} '
                 f'CHECKFLAGS={shlex.quote(self.checkflags)} sh -c "$1"')
        return self._run(name, ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                                enter, str(self.root), command], minutes)

    def _run(self, name: str, words: List[str], minutes: int, environment=None) -> str:
        """Run a command with its output in a log, which is returned, or raise Trouble."""
        log = self.logs / f"{name}.txt"
        with open(log, "wb") as file:
            try:
                status = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=file,
                                        stderr=subprocess.STDOUT, timeout=60 * minutes,
                                        env=environment, check=False).returncode
            except subprocess.TimeoutExpired as expired:
                raise Trouble(f"not finished after {minutes} minutes, see {log}") from expired
        text = log.read_text(errors="replace").replace("\r", "")
        if status != 0:
            last = [line for line in text.splitlines() if not line.startswith("make")][-1:]
            raise Trouble(f"{name} ended with status {status}: {''.join(last)}, see {log}")
        return text


# ---- All of them ----

def attempt(what: str, do) -> bool:
    """Do something, say in a line what has come of it, and return whether it went well."""
    begin, trouble = time.monotonic(), ""
    print(f"{what}: ", end="", flush=True)
    try:
        do()
    except Trouble as found:
        trouble = str(found)
    print(f"failed: {trouble}" if trouble else f"passed ({time.monotonic() - begin:.0f} s)",
          flush=True)
    return not trouble


def parse() -> argparse.Namespace:
    """Parse the command line, and check it and this host."""
    parser = argparse.ArgumentParser(prog="make check-machines",
                                     description="The options are variables of make.")
    parser.add_argument("--machines", metavar="MACHINES", default="trixie unstable")
    parser.add_argument("--steps", metavar="STEPS", default=" ".join(STEPS))
    parser.add_argument("--chroots", metavar="CHROOTS", type=Path, required=True)
    parser.add_argument("--mirror", metavar="MIRROR", default="")
    parser.add_argument("--checkflags", metavar="CHECKFLAGS", default="")
    options = parser.parse_args()
    options.machines, options.steps = options.machines.split(), options.steps.split()
    for step in options.steps:
        if step not in STEPS:
            raise Trouble(f"STEPS={step} is no step. There are: {' '.join(STEPS)}")
    for name in options.machines:
        if not re.fullmatch(r"[a-z]+", name):
            raise Trouble(f"MACHINES={name} is no release of Debian. Try MACHINES=unstable")
    if os.geteuid() != 0:
        raise Trouble("make check-machines makes machines with chroot: run it as root")
    for tool in ("debootstrap", "unshare", "git"):
        if not shutil.which(tool):
            raise Trouble(f"{tool} is missing. Install Debian's package "
                          f"{'util-linux' if tool == 'unshare' else tool}")
    return options


def main() -> int:
    """Do what the command line says and return the exit status."""
    try:
        options = parse()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    mirror, results = options.mirror or host_mirror(), []
    with contextlib.suppress(KeyboardInterrupt):
        for name in options.machines:
            machine = Machine(name, options.chroots.resolve(), mirror, options.checkflags)
            results.append(attempt(f"{name}: prepare", machine.prepare))
            if results[-1]:
                results += [attempt(f"{name}: {step}", lambda step=step: machine.step(step))
                            for step in options.steps]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

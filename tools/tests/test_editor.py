"""What editors are told about this tree: the language server finds nothing to complain about, and
what starts the debugger does."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from debugger import free_port, read_until
from kit import call, enter, enter_copy, line_of, need, require, require_equal, scratch, start

SOURCES = ("boot", "inc", "kern", "lib", "user")


# ---- clangd ----

class LanguageServer:
    """clangd, asked as an editor asks it."""

    def __init__(self):
        self._server = start(["clangd", "--log=error", "--background-index=false"],
                             stderr=subprocess.DEVNULL)
        self._send("initialize", {"rootUri": Path.cwd().as_uri(), "capabilities": {}}, id=1)
        while self._receive().get("id") != 1:
            pass
        self._send("initialized", {})

    def _send(self, method: str, parameters: dict, **more) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters, **more})
        self._server.stdin.write(f"Content-Length: {len(body.encode())}\r\n\r\n{body}".encode())

    def _receive(self) -> dict:
        size = 0
        while True:
            line = b""
            while not line.endswith(b"\n"):
                byte = self._server.stdout.read(1)
                require(byte, "clangd has ended")
                line += byte
            if line == b"\r\n":
                break
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        body = b""
        while len(body) < size:
            body += self._server.stdout.read(size - len(body))
        return json.loads(body)

    def diagnose(self, file: Path) -> List[str]:
        """Return what it says about a file."""
        uri = file.resolve().as_uri()
        self._send("textDocument/didOpen", {"textDocument": {
            "uri": uri, "languageId": "c", "version": 1, "text": file.read_text()}})
        message: dict = {}
        while (message.get("method") != "textDocument/publishDiagnostics"
               or message["params"]["uri"] != uri):
            message = self._receive()
        self._send("textDocument/didClose", {"textDocument": {"uri": uri}})
        return [f"{file}:{found['range']['start']['line'] + 1}: {found['message']}"
                for found in message["params"]["diagnostics"]]


def require_no_diagnostics() -> None:
    """Fail if clangd complains about a source of the current tree, in which nothing is built."""
    server = LanguageServer()
    files = [file for folder in SOURCES for file in sorted(Path(folder).rglob("*.[ch]"))]
    require(len(files) > 150, f"only {len(files)} sources")
    require_equal([said for file in files for said in server.diagnose(file)], [], "diagnostics")


@pytest.mark.thorough
def test_clangd():
    """In a fresh clone it knows the options of each file, and has nothing to say."""
    need("clangd")
    enter_copy(built=False)
    require_no_diagnostics()


@pytest.mark.thorough
@pytest.mark.handout
def test_clangd_in_handout():
    """The same in what students get."""
    need("clangd")
    enter_copy(built=False)
    handout = scratch() / "handout"
    call(sys.executable, "tools/handout/handout.py", str(handout))
    enter(handout)
    require_no_diagnostics()


# ---- VS Code ----

def read(name: str, file: str = "") -> dict:
    """Return what is in a file of .vscode/, for when the file is open in the editor."""
    text = Path(".vscode", name).read_text()
    for variable, value in (("workspaceFolder", str(Path.cwd())),
                            ("fileBasenameNoExtension", Path(file).stem)):
        text = text.replace(f"${{{variable}}}", value)
    require("${" not in text, f"{name} has a variable unknown here")
    return json.loads(text)


class Debugger:
    """gdb's machine interface."""

    def __init__(self):
        self._gdb = start(["gdb", "-nx", "--interpreter=mi"])
        self._number = 0
        self._unread = ""

    def wait(self, pattern: str) -> str:
        """Return the output until a line matches, without what follows."""
        while not re.search(pattern, self._unread, re.M):
            data = self._gdb.stdout.read(4096).decode()
            require(data, f"gdb has ended, without {pattern}", *self._unread.splitlines()[-10:])
            self._unread += data
        end = re.search(pattern, self._unread, re.M).end()
        said, self._unread = self._unread[:end], self._unread[end:]
        return said

    def say(self, command: str, result: str = "done") -> str:
        """Give a command, of either kind; return what gdb says until it has this result."""
        if not command.startswith("-"):
            command = f"-interpreter-exec console {json.dumps(command)}"
        self._number += 1
        self._gdb.stdin.write(f"{self._number}{command}\n".encode())
        said = self.wait(rf"^{self._number}\^.*\n")
        require(f"\n{self._number}^{result}" in "\n" + said, f"gdb refuses {command}", said)
        return said


def enter_compiled_here(*files: str) -> None:
    """Go to a copy of the tree in which these files are compiled, as gdb finds them by their whole
    names."""
    enter_copy()
    os.environ["CCACHE_DISABLE"] = "1"      # it has what was compiled in other folders
    for file in files:
        Path(file).touch()


def begin(name: str, file: str) -> Debugger:
    """Do what VS Code does for F5 with this file open, until the breakpoints are set."""
    launch = next(each for each in read("launch.json", file)["configurations"]
                  if each["name"].startswith(name))
    tasks: Dict[str, dict] = {task["label"]: task for task in read("tasks.json", file)["tasks"]}
    task = tasks[launch["preLaunchTask"]]
    command = f"{task['command']} GDBPORT={free_port()}"
    read_until(start(["sh", "-c", command]), task["problemMatcher"]["background"]["endsPattern"])
    require(Path(launch["program"]).exists(), "there is no " + launch["program"])
    gdb = Debugger()
    for setup in launch["customLaunchSetupCommands"]:
        gdb.say(setup["text"])
    return gdb


def break_at(gdb: Debugger, file: str, line: int) -> None:
    """Set a breakpoint, as for a click beside a line."""
    said = gdb.say(f"-break-insert -f {json.dumps(f'{Path.cwd() / file}:{line}')}")
    require('pending="' not in said, f"there is no {file}:{line} for gdb", *said.splitlines())


def go_on(gdb: Debugger, launch_command: str, file: str, line: int) -> None:
    """Go on to a breakpoint at a line."""
    gdb.say("-" + launch_command, "running")
    said = gdb.wait(r"^\*stopped.*\n")
    require('reason="breakpoint-hit"' in said and f'line="{line}"' in said
            and file in said, f"not stopped at {file}:{line}", *said.splitlines()[-3:])


def test_debug():
    """F5 stops at breakpoints in the program and in the kernel, says who called, and names the
    threads."""
    places = [("user/hello.c", "i am environment"), ("kern/syscall.c", "cons_write(text, n)")]
    enter_compiled_here(*(file for file, _ in places))
    gdb = begin("the program", places[0][0])
    lines = [line_of(file, text) for file, text in places]
    for (file, _), line in zip(places, lines):
        break_at(gdb, file, line)
    go_on(gdb, "exec-continue", places[1][0], lines[1])     # for the line before
    require('func="sys_cputs"' in gdb.say("-stack-list-frames"), "wrong frames in the kernel")
    said = gdb.say("-data-evaluate-expression n")
    require('value="13"' in said, "wrong value", *said.splitlines())
    require('name="CPU 0: hello 00001000"' in gdb.say("-thread-info"), "wrong names of threads")
    go_on(gdb, "exec-continue", places[0][0], lines[0])
    require('func="umain"' in gdb.say("-stack-list-frames"), "wrong frames in the program")


def test_debug_kernel():
    """The other way to begin stops in the kernel, before there is a program."""
    enter_compiled_here("kern/init.c")
    gdb = begin("the kernel", "kern/init.c")
    line = line_of("kern/init.c", "lock_kernel(); // from here on")
    break_at(gdb, "kern/init.c", line)
    go_on(gdb, "exec-continue", "kern/init.c", line)


@pytest.mark.parametrize("name", ["tasks", "launch", "settings", "extensions"])
def test_readable(name):
    """Each file is JSON; each command of a task is there."""
    tasks = read(f"{name}.json", "user/hello.c").get("tasks", [])
    for task in tasks:
        require("problemMatcher" in task, f"{task['label']} would ask what finds its errors")
        words = task["command"].split()
        require_equal(words[0], "make", f"command of {task['label']}")
        call("make", "-n", *words[1:])


# ---- The container ----

def test_container():
    """It has what setup.sh would install, but for what only the book needs."""
    script, container = Path("tools/setup.sh").read_text(), Path(".devcontainer/Dockerfile").read_text()
    words = re.search(r"apt-get install .*\n((?:.*\\\n)*.*)", script)[0]
    packages = set(re.findall(r"(?<![-\w])(?:[a-z][a-z0-9-]+)(?![-\w=])", words.partition("||")[0]))
    packages -= {"apt-get", "install", "check", "book", "pandoc", "browser"}
    require("qemu-system-x86" in packages and len(packages) > 8, "no packages", *packages)
    require_equal(sorted(packages - set(re.findall(r"[\w-]+", container))), [], "missing packages")
    settings = json.loads(Path(".devcontainer/devcontainer.json").read_text())
    require(Path(".devcontainer", settings["build"]["dockerfile"]).exists(), "no Dockerfile")
    require_equal(settings["customizations"]["vscode"]["extensions"],
                  read("extensions.json")["recommendations"], "extensions")

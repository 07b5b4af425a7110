"""The kernel in a browser (make web): the page boots it, types, starts programs, draws."""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import List

import pytest

import tracefile
import tracemodel
import tracepage
import web

from browser import Page, served
from kit import ROOT, enter, enter_copy, fail, make, require, require_equal, shared_tree
from gradebuild import objdir
from test_trace import image_bytes

# How far the emulator may come, in instructions, until something is there. The tour ends after
# 80 million. And how long it may take at most for that, in seconds, if the host is very busy.
INSTRUCTIONS, SECONDS = 1_500_000_000, 300
MONITOR = "document.documentElement.dataset.machine == 'monitor'"
COUNTER = "machine && machine.emulator ? machine.emulator.get_instruction_counter() : 0"
TEXT = ("Array.from({length: terminal.buffer.active.length}, (_, n) => "
        "terminal.buffer.active.getLine(n).translateToString(true)).join('\\n')")

pytestmark = pytest.mark.limit(1800)


def enter_built() -> None:
    """Go to a tree with a page in obj/web; there is none without a network."""
    def build():
        enter_copy()
        make("-s", "web")

    try:
        enter(shared_tree("web", build))
    except pytest.fail.Exception as failed:
        if "cannot be fetched" in str(failed):
            pytest.skip("there is no network")
        raise


class Site(Page):
    """The page, opened."""

    def __init__(self, address: str, width: int = 1400, height: int = 1000, query: str = ""):
        super().__init__(width, height)
        self.open(address + query)

    def wait_in_emulator(self, script: str, what: str) -> None:
        """Wait until an expression is true, as long as the emulator has not come too far."""
        result = self.wait(f"document.documentElement.dataset.error || ({script} ? 'yes' : "
                           f"({COUNTER}) > {INSTRUCTIONS} ? 'no' : '')", what, SECONDS)
        if result != "yes":
            fail(f"{what}: {result}", *self.run(TEXT).split("\n")[-20:])

    def monitor(self, what: str) -> str:
        """Wait until the kernel is in its monitor; return all that the terminal shows."""
        self.wait_in_emulator(MONITOR, what)
        return self.wait(f"/K> $/.test(({TEXT}).trimEnd() + ' ') && {TEXT}", "the prompt")

    def command(self, line: str) -> str:
        """Type a line to the monitor; return what the terminal shows then."""
        before = self.run(TEXT).count("K>")
        self.run("terminal.focus()")
        self.type(line + "\n")
        self.wait_in_emulator(f"({TEXT}).split('K>').length - 1 > {before}", line)
        return self.run(TEXT)


@pytest.mark.thorough
def test_boots():
    """The tour runs at once; what is typed is answered; a click starts a program and shows its
    source; the picture has what runs."""
    enter_built()
    with served(Path("obj/web")) as address:
        page = Site(address)
        text = page.monitor("the tour")
        require("That was the tour" in text and "SMP: CPU 0 found 1 CPU(s)" in text,
                "no tour", *text.split("\n"))
        require_equal(page.run("$('file').textContent"), "user/tour.c", "source")
        require("kerninfo" in page.command("help"), "the monitor does not answer")

        page.run("[...document.querySelectorAll('#programs button')].find("
                 "(button) => button.textContent == 'pingpong').id = 'wanted'")
        page.click("#wanted")
        page.wait("document.documentElement.dataset.program == 'pingpong'", "a click")
        text = page.monitor("pingpong")
        require("got 10 from" in text, "pingpong does not run", *text.split("\n"))
        require_equal(page.run("$('source').textContent"),
                      (ROOT / "user/pingpong.c").read_text(), "source shown")
        page.wait("data && data.messages.length == 11", "the messages")
        page.wait("document.querySelectorAll('.flow.arrow').length == 11", "the arrows")
        require_equal(page.run("[envs.length, document.querySelectorAll('.lane').length]"), [2, 1],
                      "lanes")
        require(page.run("envs.every((env) => env.program == 'pingpong')"), "wrong names of envs")
        page.close()


@pytest.mark.thorough
def test_offline():
    """What has been loaded once boots without a network, also anew."""
    enter_built()
    with served(Path("obj/web")) as address:
        page = Site(address)
        page.wait("navigator.serviceWorker.controller && "
                  "caches.match('v86.wasm').then((found) => found ? 'kept' : '')", "the worker", 60)
    page.open(address + "?run=hello")       # nobody serves it any more
    text = page.monitor("hello")
    require("hello, world" in text, "it does not boot", *text.split("\n"))
    page.close()


@pytest.mark.many
def test_pause():
    """A machine that pauses executes nothing, and does not see the time; then it goes on; it can be
    started anew."""
    enter_built()
    with served(Path("obj/web")) as address:
        page = Site(address, query="?run=primes")
        page.wait_in_emulator("document.documentElement.dataset.events > 50", "a record")
        page.click("#pause")
        page.wait("document.documentElement.dataset.machine == 'paused'", "a pause")
        before, length = page.run(COUNTER), page.run("model.length")
        page.run("new Promise((done) => setTimeout(done, 2000))")
        require_equal(page.run(COUNTER), before, "instructions after a pause")
        gone = page.run("(async () => { const clock = () => { machine.emulator.v86.cpu"
                        ".store_current_tsc(); const [low, high] = machine.emulator.v86.cpu"
                        ".current_tsc; return (low >>> 0) + (high >>> 0) * 2 ** 32; }; "
                        "const [low, high] = machine.clock; await $('pause').onclick(); "
                        "return clock() - (low >>> 0) - (high >>> 0) * 2 ** 32; })()")
        require(gone < 1e9, f"the machine has seen {gone} ticks of a pause of 2 seconds")
        page.wait_in_emulator(f"model.length > {length} + 1e6", "going on")
        page.click("#restart")
        page.wait(f"({COUNTER}) > 0 && document.documentElement.dataset.program == 'primes' "
                  "&& document.documentElement.dataset.machine == 'running'", "a new start")
        page.close()


@pytest.mark.many
def test_own_kernel():
    """A kernel that is dropped boots, and a disk, too, without a picture; what does not boot is
    said so."""
    enter_built()
    kernels = {"kernel": (objdir() / "kern/kernel", "multiboot"),
               "kernel.img": (objdir() / "kern/kernel.img", "hda")}
    folder = Path("obj/web").resolve()
    for name, (file, _) in kernels.items():
        (folder / f"own-{name}").write_bytes(file.read_bytes())
    with served(folder) as address:
        page = Site(address)
        page.monitor("the tour")
        page.run("takeFile(new File(['nothing'], 'notes.txt'))")
        require("notes.txt does not boot" in page.run("$('note').textContent"), "no complaint")
        for name, (_, kind) in kernels.items():
            page.run("(async () => { const bytes = await (await fetch("
                     f"'own-{name}')).arrayBuffer(); const drop = new DataTransfer(); "
                     f"drop.items.add(new File([bytes], '{name}')); state.machine = 'loading'; "
                     "document.dispatchEvent(new DragEvent('drop', {dataTransfer: drop, "
                     "bubbles: true, cancelable: true})); })()")
            page.wait(f"own && own.kind == '{kind}'", name)
            require("That was the tour" in page.monitor(name), f"{name}: no tour")
            require_equal(page.run("reader !== null"), kind == "multiboot", f"{name}: picture")
            require(name in page.run("$('note').textContent"), f"{name}: not named")
        page.close()


def trace_file(memory: bytes, programs: List[str], khz: int) -> bytes:
    """Return what the kernel would send for these events; time does not go back, as the page has
    it."""
    events, time = [], 0
    for at, *rest in tracefile.EVENT.iter_unpack(memory):
        time = max(time, at)
        events.append(tracefile.EVENT.pack(time, *rest))
    return (tracefile.HEADER.pack(b"JOSTRACE", 1, len(programs), khz, 0)
            + b"".join(name.encode().ljust(tracefile.NAME_SIZE, b"\0") for name in programs)
            + len(events).to_bytes(4, "little") + b"".join(events))


@pytest.mark.thorough
def test_model():
    """The page understands a record as the tool for QEMU's does."""
    enter_built()
    with served(Path("obj/web")) as address:
        page = Site(address)
        page.monitor("the tour")
        for program in ("tour", "testipc", "forktree"):
            page.run(f"start('{program}')")
            page.monitor(program)
            page.run("look()")
            memory = page.run(
                "(() => { const at = reader.symbols.get('buffers'); const first = reader.word(at);"
                "const bytes = new Uint8Array(reader.memory(first, reader.word(at + 4) * 16).buffer);"
                "return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''); })()")
            model = tracemodel.build(tracefile.read(trace_file(
                bytes.fromhex(memory), page.run("reader.programs()"), page.run("KHZ"))))
            require(model.events > 50, f"{program}: only {model.events} events",
                    *page.run(TEXT).split("\n"))
            expected = tracepage.data(model)
            found = page.run("model.data()")
            for part in expected:
                require_equal(json.dumps(found[part]), json.dumps(expected[part]),
                              f"{program}: {part}")
        page.close()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.many
def test_widths(width):
    """On a desk and on a phone: nothing is wider than the page, and there is a picture."""
    enter_built()
    with served(Path("obj/web")) as address:
        page = Site(address, width, 844)
        page.monitor("the tour")
        page.wait("document.documentElement.dataset.drawn", "a picture")
        require(page.run("document.documentElement.scrollWidth <= "
                         "document.documentElement.clientWidth"), "the page is too wide")
        require(page.run("terminal.cols") >= (80 if width > 800 else 50), "few columns")
        require(page.run("$('terminal').querySelector('.xterm-screen').clientWidth <= "
                         "$('terminal').clientWidth"), "the terminal is too wide")
        require(len(Counter(image_bytes(page.picture()))) > 100, "an empty picture")
        page.close()


# ---- Making it ----

@pytest.mark.many
def test_no_network():
    """Without one there is a line that says so, and what can be done; a file that is not what it
    should be is not used."""
    enter_copy()
    os.environ.update(https_proxy="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9",
                      npm_config_registry="http://127.0.0.1:9/", npm_config_fetch_retries="0")
    said = make("-s", "web", fails=True)
    package = web.PACKAGES[0]
    require(re.match(rf"web\.py: {package.name} {package.version} cannot be fetched \(.*\)\.\n"
                     "This takes a network, once", said), "wrong complaint", *said.splitlines())
    place = Path(re.search(r"here: (\S+)", said)[1])
    place.write_bytes(b"something else")
    said = make("-s", "web", fails=True)
    require(f"{place} is not what it should be" in said, "wrong complaint", *said.splitlines())
    require(not Path("obj/web").exists(), "there is a page")


@pytest.mark.many
def test_folder():
    """It names no other host to load from, and has licences of all that is in it."""
    enter_built()
    folder = Path("obj/web")
    for file in folder.glob("*.html"):
        require(not re.search(r'(src|href)="https?:[^"]*\.(js|css|wasm)', file.read_text()),
                f"{file} loads something")
    require_equal(sorted(file.name for file in (folder / "licences").glob("*.txt")),
                  ["jos.txt", "seabios.txt", "v86.txt", "xterm.js.txt"], "licences")

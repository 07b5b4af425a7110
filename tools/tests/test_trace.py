"""Recorded runs (make trace-X): the record, what is made of it, and the page in a browser."""

import json
import re
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import List

import tracecounts
import tracefile
import tracemodel
from tracemodel import KERNEL, USER, Model

import pytest

from browser import browse
from kit import enter_copy, make, need_repeats, require, require_equal

PLACE = Path("obj/trace")
LOOK = ("--window-size=1400,1000", "--virtual-time-budget=5000")     # for a browser

# Put at the end of a page: it uses the page as somebody would, and leaves in its root element
# what has come of it.
USE_PAGE = """<script>
	const found = document.documentElement.dataset, box = svg.getBoundingClientRect();
	const at = (x, y) => ({clientX: box.left + x, clientY: box.top + y, bubbles: true});
	const length = () => view[1] - view[0];
	const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", {key}));
	let before = length();
	svg.dispatchEvent(new WheelEvent("wheel", {...at(width / 2, 60), deltaY: -300}));
	found.wheel = length() < before;
	before = view[0];
	press("ArrowRight");
	found.arrow = view[0] > before;
	press("0");
	svg.dispatchEvent(new PointerEvent("pointermove", at(width / 2, cpuTop(0) + 10)));
	found.tip = $("tip").textContent;
	$("legend").querySelector("button").click();
	found.chosen = chosen >= 0 &&
	    $("legend").querySelector("button").textContent.startsWith(title(chosen) + " ");
	draw();
	const file = picture();
	const saved = new DOMParser().parseFromString(file, "image/svg+xml").documentElement;
	found.saved = [saved.nodeName, saved.querySelectorAll(".lane").length,
	    saved.querySelector("style").textContent.includes("font-size"), file.includes("var(")];
	found.named = $("legend").querySelectorAll("button").length;
</script>"""


def record(program: str, *variables: str) -> Model:
    """Run make trace-PROGRAM in a copy of the tree; return what it has recorded."""
    make("-s", f"trace-{program}", *variables)
    return tracemodel.build(tracefile.read((PLACE / f"{program}.bin").read_bytes()))


def lanes(program: str) -> dict:
    """Return the slices in the JSON file as [(begin, end, event)], by lane, in nanoseconds."""
    found = defaultdict(list)
    for event in json.loads((PLACE / f"{program}.json").read_text())["traceEvents"]:
        if event["ph"] == "X":
            begin = round(event["ts"] * 1000)
            found[event["pid"], event["tid"]].append((begin, begin + round(event["dur"] * 1000),
                                                      event))
    return found


def require_nesting(slices: List[tuple], where: str) -> None:
    """Fail unless each two slices are apart, or one is within the other."""
    within: List[int] = []      # the ends of those that have begun
    for begin, end, event in sorted(slices, key=lambda one: (one[0], -one[1])):
        while within and within[-1] <= begin:
            within.pop()
        require(end >= begin, f"{where}: a slice ends before it begins", str(event))
        require(not within or end <= within[-1], f"{where}: slices overlap", str(event))
        within.append(end)


@pytest.mark.thorough
def test_repeatable():
    """The same seed gives the same record, byte for byte; another one another record."""
    need_repeats()
    enter_copy()
    records = []
    for seed in (7, 7, 8):
        record("stresssched", f"SEED={seed}")
        records.append((PLACE / "stresssched.bin").read_bytes())
    require(len(records[0]) > 10000, "an empty record")
    require(records[0] == records[1], "two records with the same seed differ")
    require(records[0] != records[2], "two seeds give the same record")


def test_messages():
    """Each is found, with its sender and receiver, once."""
    enter_copy()
    model = record("pingpong", "CPUS=2")
    require_equal(dict(tracecounts.count(model).pairs), {(0, 1): 6, (1, 0): 5}, "messages")
    require(all(message.call.begin < message.received for message in model.messages),
            "a message comes before it is sent")
    model = record("pingpong", "SEED=1")    # without one, all may come before they are waited for
    waits = {state.what for states in model.states.values() for state in states}
    require("sys_ipc_recv" in waits, "nobody waits for a message", *sorted(waits))


@pytest.mark.thorough
def test_forks():
    """They are a tree of four levels; each has begun, run and ended."""
    enter_copy()
    model = record("forktree")
    depth, children = {}, Counter(env.parent for env in model.envs)
    for env in model.envs:
        depth[env.number] = 0 if env.parent is None else depth[env.parent] + 1
        require_equal(env.program, "forktree", "program")
        require(env.end and env.begin < env.first_run < env.end,
                f"wrong life of {env.id:08x}", str(env))
        require_equal(children[env.number], 2 if depth[env.number] < 3 else 0,
                      f"number of children of {env.id:08x}")
    require_equal(Counter(depth.values()), {0: 1, 1: 2, 2: 4, 3: 8}, "envs by level")


@pytest.mark.thorough
def test_totals():
    """The times of a CPU add up to the length of the run, those of the envs to those of the CPUs,
    and the counts to each other."""
    enter_copy()
    model = record("stresssched", "CPUS=4")
    counts = tracecounts.count(model)
    require_equal([sum(times.values()) for times in counts.cpu_times], [model.length] * 4,
                  "sums of times")
    require(min(min(times.values()) for times in counts.cpu_times) >= 0, "a negative time")
    for kind in (USER, KERNEL):
        require_equal(sum(times[kind] for times in counts.env_times.values()),
                      sum(times[kind] for times in counts.cpu_times), f"sum of {kind} times")
    require_equal(sum(times[USER] for times in counts.cpu_times),
                  sum(part.end - part.begin for lane in model.slices for part in lane
                      if part.kind == USER), "sum of slices in user mode")
    require_equal(len(model.envs), 21, "number of envs")
    # Each child yields at least so often, and says at its end where it is.
    require(counts.calls["sys_yield"] >= 20 * 100, "calls are missing", str(counts.calls))
    require_equal(counts.calls["sys_env_destroy"], 21, "number of ends")
    require_equal(sum(counts.env_calls.values()), sum(counts.calls.values()), "system calls")


@pytest.mark.thorough
def test_perfetto():
    """Slices nest, lanes have names, arrows have two ends, in slices."""
    enter_copy()
    for program, arrows in (("pingpong", {"message": 11, "fork": 1}), ("forktree", {"fork": 14})):
        make("-s", f"trace-{program}")
        found = lanes(program)
        for lane, slices in found.items():
            require_nesting(slices, f"lane {lane}")
        events = json.loads((PLACE / f"{program}.json").read_text())["traceEvents"]
        named = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
        require_equal(sorted(named), sorted(set(found) | named), "lanes with names")
        ends = {phase: {event["id"]: event for event in events if event["ph"] == phase}
                for phase in "sf"}
        require_equal(sorted(ends["s"]), sorted(ends["f"]), "ends of arrows")
        require_equal(Counter(event["name"] for event in ends["s"].values()), arrows, "arrows")
        for number, begin in ends["s"].items():
            require(begin["ts"] <= ends["f"][number]["ts"], "an arrow goes back", str(begin))
            for end in (begin, ends["f"][number]):
                require(any(first <= round(end["ts"] * 1000) <= last
                            for first, last, _ in found[end["pid"], end["tid"]]),
                        "an arrow's end is in no slice", str(end))


@pytest.mark.thorough
def test_amount():
    """TRACE_MS ends a trace; so does the end of the room for it, which it says."""
    need_repeats()
    enter_copy()
    text = make("-s", "trace-primes", "TRACE_MS=30", "CPUS=2", "SEED=1")
    found = re.match(r"primes on 2 CPUs: [\d,]+ events in ([\d.]+) ms\n", text)
    require(found and 20 < float(found[1]) < 31, "wrong summary", *text.splitlines())
    text = make("-s", "trace-primes", "CPUS=8", "QEMUEXTRA=-m 16")
    require(re.match(r"primes on 8 CPUs: the first [\d.,]+ ms, [\d,]+ events; the room for events "
                     "was used up\n", text), "wrong summary", *text.splitlines())


@pytest.mark.thorough
def test_no_machine():
    """What QEMU says is shown, and nothing is left that looks like a trace."""
    enter_copy()
    text = make("-s", "trace-hello", "QEMUEXTRA=-nosuch", fails=True)
    require(text.startswith("trace.py: no trace came (ended by itself)") and "-nosuch" in text,
            "wrong report", *text.splitlines())
    require_equal([path.name for path in PLACE.iterdir() if path.suffix != ".bin"], [], "files")


# ---- The page ----

def image_bytes(png: bytes) -> bytes:
    """Return the filtered pixels of a PNG file."""
    at, packed = 8, b""
    while at < len(png):
        size = int.from_bytes(png[at:at + 4], "big")
        if png[at + 4:at + 8] == b"IDAT":
            packed += png[at + 8:at + 8 + size]
        at += size + 12
    return zlib.decompress(packed)


@pytest.mark.thorough
def test_page():
    """It has lanes, arrows, a legend and tables, hears wheel, keys and pointer, and needs nothing
    but itself."""
    need_repeats()
    enter_copy()
    for program, envs, arrows, seen in (
            ("pingpong", 2, 12, "4 CPUs and 2 environments, with 1 fork and 11 messages between"),
            ("forktree", 15, 14, "15 environments, with 14 forks between them: after the start, the"),
            ("primes", None, 0, "% waiting for its lock, ")):
        make("-s", f"trace-{program}", "SEED=1", "TRACE_MS=60")
        file = (PLACE / f"{program}.html").resolve()
        text = file.read_text(encoding="utf-8")
        require(not re.search(r"(src|href)=|@import|url\(http", text), "it loads something")
        used = file.with_name("used.html")
        used.write_text(text.replace("</body>", USE_PAGE + "</body>"), encoding="utf-8")
        dom = browse(used.as_uri(), *LOOK, "--dump-dom")
        root = dict(re.findall(r'data-(\w+)="([^"]*)"', re.search(r"<html[^>]*>", dom)[0]))
        require("error" not in root, f"{program}: {root.get('error')}")
        require_equal({name: root.get(name) for name in ("wheel", "arrow", "chosen")},
                      {"wheel": "true", "arrow": "true", "chosen": "true"}, f"{program}: uses")
        require_equal(root["saved"], "svg,4,true,false", f"{program}: saved")
        require_equal(int(root["named"]), min(envs or 6, 6), f"{program}: envs with names")
        require(seen in text, f"{program}: no `{seen}'")
        require(re.search(r"CPU 0.*\n.* – ", root["tip"]), f"{program}: tip", root["tip"])
        require_equal(dom.count('class="lane"'), 4, f"{program}: lanes of CPUs")
        require(dom.count('class="slices"') >= 4, f"{program}: nothing in the lanes")
        require_equal(dom.count('class="env"'), envs or int(root["drawn"].split()[1]),
                      f"{program}: lanes of envs")
        if arrows:
            require_equal(dom.count('class="flow '), arrows, f"{program}: arrows")
        require(min(len(re.findall("<button", dom)), dom.count("<section>")) >= 3,
                f"{program}: no legend or tables")
        browse(file.as_uri(), *LOOK, "--screenshot=shot.png")
        require(len(Counter(image_bytes(Path("shot.png").read_bytes()))) > 100,
                f"{program}: an empty picture")

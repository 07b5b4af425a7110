"""Booting: numbers and topologies of CPUs, sizes of memory, other machines, again and again."""

import os
import re
import struct
import threading
from pathlib import Path

import pytest

from kit import (ROOT, case, enter_copy, make, need, params, require, require_equal, scratch, start,
                 wait_for)
from machine import Machine, command, play, verify
from tree import symbols

from gradebuild import objdir
from gradelib import CLEAN_END, Watch

pytestmark = pytest.mark.compiler

NCPU = int(re.search(r"\bNCPU\b\D*(\d+)", (ROOT / "kern/cpu.h").read_text())[1])
BOOTS = 20          # in a row


def boots(*options, cpus=1, extra=(), must=("hello, world",), watch=Watch(), program="hello",
          **how):
    """A machine comes up with this many CPUs, says just that about them (and extra), and runs a
    program to the end. Other arguments are those of machine.command()."""
    how.setdefault("smp", cpus)
    run = play(command(program, *options, cpus=how.pop("smp"), **how), watch)
    verify(run, [*must, re.escape(CLEAN_END)])
    found = cpus + sum("does not answer" in line for line in extra)
    starting = [f"SMP: CPU {cpu} starting" for cpu in range(1, cpus)]
    require_equal(sorted(line for line in run.lines if line.startswith("SMP:")),
                  sorted([f"SMP: CPU 0 found {found} CPU(s)", *starting, *extra]),
                  "lines about CPUs")
    return run


# ---- CPUs ----

# What is after a name: options for QEMU, and the other arguments of boots().
CPUS = {
    **{f"{n} CPUs": ([], {"cpus": n}) for n in range(1, 9)},
    "one socket of four cores": ([], {"smp": "4,sockets=1,cores=4,threads=1", "cpus": 4}),
    "four sockets": ([], {"smp": "4,sockets=4,cores=1,threads=1", "cpus": 4}),
    "two cores of two threads": ([], {"smp": "4,sockets=1,cores=2,threads=2", "cpus": 4}),
    "sparse APIC IDs": ([], {"smp": "6,sockets=2,cores=3,threads=1", "cpus": 6}),
    "more CPUs than NCPU": ([], {"smp": NCPU + 4, "cpus": NCPU, "extra": [
        f"SMP: this kernel is built for {NCPU} CPUs (NCPU), 4 more stay off"]}),
    # The next three cannot be switched off, but end well all the same.
    "MP table only": (["-machine", "acpi=off"], {"smp": "4,sockets=4,cores=1,threads=1",
                                                 "cpus": 4}),
    "machine isapc": (["-machine", "isapc", "-cpu", "pentium2"], {}),
    "machine microvm": (["-machine", "microvm"], {"disk": False}),
    **{f"CPU model {model}": (["-cpu", model], {"cpus": 2})
       for model in ("qemu32", "pentium2", "n270", "max", "Skylake-Client")},
    "no VGA": (["-vga", "none"], {}),
    "machine q35": (["-machine", "q35"], {"disk": False, "cpus": 4}),
}


@pytest.mark.parametrize("options, how", params(CPUS, ("1 CPUs", "2 CPUs", "4 CPUs")))
def test_machine(options, how):
    """A machine comes up."""
    boots(*options, **how)


KERNBASE, BIOS, BIOS_SIZE = 0xf0000000, 0xe0000, 0x20000


@pytest.mark.thorough
@pytest.mark.parametrize("cpus, signatures", [(1, (b"RSD PTR ", b"_MP_")), (4, (b"RSD PTR ",))],
                         ids=["neither-ACPI-nor-MP-table", "no-ACPI-tables"])
def test_without(cpus, signatures):
    """The BIOS has left no table with these signatures: gdb has overwritten them. Then the
    kernel finds so many of four CPUs."""
    where = symbols()["mp_init"]
    with Machine(command("hello", cpus="4,sockets=4,cores=1,threads=1"), gdb=True) as machine:
        machine.gdb.break_at(where)
        machine.gdb.resume()
        machine.gdb.stopped()
        bios = machine.gdb.memory(KERNBASE + BIOS, BIOS_SIZE)
        for signature in signatures:
            require(signature in bios, f"the BIOS has no table {signature.decode()}")
            for match in re.finditer(signature, bios):
                machine.gdb.write(KERNBASE + BIOS + match.start(), b"gone")
        machine.gdb.clear(where)
        machine.gdb.resume()
        machine.expect(rf"^SMP: CPU 0 found {cpus} CPU\(s\)$")
        machine.expect("^hello, world$")
        require_equal(machine.status(), 0, "status")


@pytest.mark.thorough
def test_ghost():
    """A second ACPI table lists one that is not there, with APIC ID 77."""
    madt = scratch() / "madt"
    madt.write_bytes(struct.pack("<II", 0xfee00000, 0) + struct.pack("<BBBBI", 0, 8, 77, 77, 1))
    boots("-acpitable", f"sig=APIC,data={madt}", smp=2, cpus=2,
          extra=["SMP: CPU 2 (APIC ID 77) does not answer"])


@pytest.mark.thorough
@pytest.mark.parametrize("options, how, says", [
    (["-machine", "q35"], {}, "No RAM or no IDE disk: try DISKLESS=1\n"),
    (["-m", "1"], {}, "No RAM or no IDE disk: try DISKLESS=1\n"),
    *[(["-cpu", model], {"disk": disk}, "This processor is too old: JOS needs a Pentium Pro or a "
       "later one. In QEMU leave -cpu away.\n")
      for model in ("486", "pentium", "qemu32,-pse") for disk in (True, False)]],
    ids=["q35", "1-MB", *[f"{model}-{how}" for model in ("486", "pentium", "no-pse")
                  for how in ("disk", "header")]])
def test_refused(options, how, says):
    """A machine that cannot run the kernel is told so in one line, and the run ends."""
    run = play(command("hello", *options, **how))
    require_equal((run.lines[-1:], run.status), ([says.rstrip("\n")], 21), "last line and status")


@pytest.mark.thorough
def test_no_apic():
    """No timer then, but programs that yield run."""
    boots("-cpu", "qemu32,-apic", program="hello yield",
          must=["hello, world", "Hello, I am environment 00001001.",
                "All done in environment 00001001."],
          extra=["SMP: no local APIC, so no timer: environments run until they yield"])


@pytest.mark.thorough
def test_no_fpu():
    """Then every program that uses floating point is killed at its first such instruction."""
    run = play(command("testfpu", "-cpu", "qemu32,-fpu"))
    traps = {line.strip() for line in run.lines if "  trap 0x" in line}
    require_equal(traps, {"trap 0x00000007 Device Not Available"}, "traps")


# ---- Memory ----

MAPPED = 256        # MB the kernel can use
BELOW_HOLE = 3072   # MB of a large memory that QEMU's PC has below 4 GB


@pytest.mark.thorough
@pytest.mark.parametrize("megabytes", (16, 32, 64, 128, 256, 300, 1024, 3072, 4096))
def test_memory(megabytes):
    """The kernel tells how much memory there is, and how much of it it uses if not all."""
    run = boots("-m", str(megabytes))
    below, total = min(megabytes, BELOW_HOLE) * 1024, megabytes * 1024
    expected = [f"Physical memory: {below}K available, base = 640K, extended = {below - 640}K"]
    if megabytes > MAPPED:
        expected.append(f"Using {MAPPED * 1024}K of {total}K: the kernel maps no more")
    require_equal([line for line in run.lines if re.match("Physical|Using", line)], expected,
                  "lines about memory")


# ---- Other machines, other ways ----

def test_multiboot():
    """Both ways into the kernel lead to the same place."""
    by_header, by_disk = boots(disk=False, cpus=4), boots(cpus=4)
    require_equal(by_header.lines, by_disk.lines, "output")


@pytest.mark.thorough
@pytest.mark.parametrize("medium, cpus", [("-cdrom", 1), ("-cdrom", 4), ("-hda", 4)])
def test_grub(medium, cpus):
    """GRUB loads the kernel from a CD, and from a disk with the same contents (make iso)."""
    need("grub-mkrescue", "xorriso", "mformat")
    if not Path("/usr/lib/grub/i386-pc").is_dir():
        pytest.skip("GRUB's files for a BIOS are not installed")
    enter_copy()
    make("-s", "iso")
    words = command("hello", cpus=cpus)
    disk = words.index("-drive")
    words[disk:disk + 2] = [medium, "obj/jos.iso"]
    run = play(words, Watch(limit=100, quiet=100))
    verify(run, [rf"SMP: CPU 0 found {cpus} CPU\(s\)", "hello, world", re.escape(CLEAN_END)])


# Debian's Bochs is made with its debugger, which waits for a command, and with a window in a terminal.
BOCHS = """\
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: 64
cpu: count=4, ips=50000000, reset_on_triple_fault=0
ata0-master: type=disk, path=kernel.img, mode=volatile, cylinders=10, heads=16, spt=63
boot: disk
com1: enabled=1, mode=file, dev=serial
log: log
panic: action=fatal
"""


@pytest.mark.thorough
@pytest.mark.limit(900)
def test_bochs():
    """The tour runs on four CPUs in Bochs, booted from the disk."""
    need("bochs", "script")
    image = (ROOT / objdir() / "kern/kernel.img").read_bytes()
    os.chdir(scratch())
    for name, content in (("kernel.img", image), ("bochsrc", BOCHS.encode()), ("go", b"c\n")):
        Path(name).write_bytes(content)
    bochs = start(["script", "-qec", "bochs -q -f bochsrc -rc go", "/dev/null"],
                  env={**os.environ, "TERM": "xterm"})
    threading.Thread(target=bochs.stdout.read, daemon=True).start()
    serial = Path("serial")
    wait_for(lambda: bochs.poll() is not None
             or serial.exists() and serial.read_bytes().endswith(b"K> "), "the prompt", patience=800)
    text = serial.read_text(errors="replace") if serial.exists() else ""
    for expected in ("SMP: CPU 0 found 4 CPU(s)", "CPUs seen at work: 4", "That was the tour"):
        require(expected in text, f"no `{expected}'", *text.splitlines()[-20:])


@pytest.mark.thorough
@pytest.mark.limit(900)
def test_in_a_row():
    """It works every time."""
    for n in range(BOOTS):
        with case(f"boot {n}"):
            boots(cpus=4)

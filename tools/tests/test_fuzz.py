"""make fuzz: system calls in a program on the host agree with their contracts, and the fuzzer sees
where they do not."""

import re

import pytest

from kit import edit, enter_copy, make, need_to_work, params, require, require_equal
from unchecked import EQUIVALENT, all_edits, apply

EDITS = all_edits()
# In the kernel as it is, nothing that programs do leads to these: to a change of state that is not
# legal, where env_set_state panics.
PANICS = re.compile(r".*: (env_set_state\(.*|to->env_last_sender = e;)$")


@pytest.fixture(autouse=True)
def copy():
    """Go to a copy of the tree, if there is a compiler for make fuzz."""
    need_to_work("sh", "-c", "echo 'int main(void) { return 0; }' |"
                 "i686-linux-gnu-gcc -static -x c -o /dev/null -")
    enter_copy(built=False)


def fuzz(*variables: str, fails: bool = False) -> str:
    """Run the fuzzer; return what it says, without the lines about its compilation."""
    said = make("-s", "fuzz", *variables, fails=fails)
    return re.sub(r"^\+ .*\n", "", said, flags=re.M)


@pytest.mark.thorough
def test_agrees():
    """Calls do what their contracts say."""
    said = fuzz("FUZZ_SEED=1", "FUZZ_CALLS=100000", "FUZZ_AUDIT=10")
    require(re.match(r"\d+ calls, .*: all agrees$", said), "not all agrees", said)


@pytest.mark.thorough
def test_repeats():
    """The same seed makes the same calls, another one others."""
    def shown(seed):
        return fuzz(f"FUZZ_SEED={seed}", "FUZZ_CALLS=1", "FUZZ_SHOW=1")

    first = shown(7)
    require("sys_page_map(" in first, "no call is shown", *first.splitlines()[:10])
    require_equal(shown(7), first, "calls with the same seed")
    require(shown(8) != first, "another seed gives the same calls")


@pytest.mark.many
def test_coverage():
    """The fuzzer reaches every branch of the system calls but those that panic."""
    said = make("-s", "fuzz-coverage", "FUZZ_SEED=1", "FUZZ_CALLS=500000", "FUZZ_AUDIT=100")
    lines = said.splitlines()
    require("kern/ipc.h: 10 of 10 branches reached" in lines, "kern/ipc.h is not reached", *lines)
    require_equal([line for line in lines if line.startswith("  ") and not PANICS.match(line)], [],
                  "branches that are not reached")


def finds(what: str) -> str:
    """Return what is said when a check has been taken away, with the command that shows it again."""
    apply(EDITS[what])
    said = fuzz("FUZZ_SEED=1", "FUZZ_CALLS=2000000", "FUZZ_AUDIT=50", fails=True)
    require(re.search(r"^Found after \d+ calls", said, re.M), "nothing is found", said)
    return said


SOME = ("user_page_ok without PGOFF(va) == 0", "sys_page_map lets anybody name dstid",
        "sys_env_set_status without e->env_ipc_recving", "trapframe_force_user without FL_VM")


@pytest.mark.parametrize("what", params(
    {what: [what] for what in EDITS if what not in EQUIVALENT},
    many=[what for what in EDITS if what not in SOME]))
def test_finds(what):
    """A check of arguments that is missing is found."""
    finds(what)


@pytest.mark.thorough
def test_finds_again():
    """The command that is shown leads to the same calls."""
    said = finds(SOME[0])
    command = re.search(r"^\tmake (fuzz .*)$", said, re.M)
    reason = re.search(r"^\*\*\* after call .*$", said, re.M)
    require(command and reason, "no command, or no reason", said)
    require(reason[0] in fuzz(*command[1].split()[1:], fails=True).splitlines(),
            "the command shows something else", said)


# What goes wrong elsewhere than in an argument's check, and what is said.
BROKEN = {
    "a TLB is not flushed": (
        "kern/kick.c", "\t\tcpu->cpu_tlb_stale = true; // [K5]\n", "", "a TLB is out of date"),
    "a frame leaks": (
        "kern/ipc.c", "\t\tpage_decref(e->env_send_page);\n", "\t\t{}\n", "the audit failed"),
    "two allocations get one frame": (
        "kern/pmap.c", "\tfree_list = pp->pp_link;\n", "", ""),
    "a page has old contents": (
        "kern/pmap.c", "\t\trep_stosl(page2kva(pp), 0, PGSIZE / 4);\n", "\t\t{}\n", ""),
    "messages overtake each other": (
        "kern/ipc.c", "struct Env *first = last->env_next_sender;", "struct Env *first = last;", ""),
}


@pytest.mark.parametrize("file, old, new, reason", params(BROKEN))
def test_other_mistakes(file, old, new, reason):
    """What else goes wrong in a call is found, too."""
    edit(file, old, new)
    said = fuzz("FUZZ_SEED=1", "FUZZ_CALLS=2000000", "FUZZ_AUDIT=10", fails=True)
    require(reason in said and "Found after" in said, "it is not found", said)


@pytest.mark.thorough
def test_no_compiler():
    """Without a compiler the answer is one line."""
    lines = fuzz("FUZZ_CC=no-such-compiler", fails=True).splitlines()
    require(len(lines) == 2 and "install gcc-i686-linux-gnu" in lines[0], "no clear line", *lines)

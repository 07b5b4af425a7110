#!/usr/bin/env python3
"""Write what may be accessed without the kernel lock, for kern/checked.c.

usage: shared.py fields OUT             write a C file: the fields of some structs
       shared.py variables OBJDUMP ELF OUT
                                        write an assembly file: all variables of the kernel in ELF

How a variable or field is protected is read from comments in kern/ and inc/: from that at the end
of its line, or else from that just above it, which also holds for the lines that follow without an
empty one. What counts is one of these words:

    then constant                       its CPU sets it up, if it has one; then all read it
    this CPU alone ... used             only its CPU uses it
    this CPU alone ... written          only its CPU writes it; all read it
    from CPU_KERNEL it changes under the kernel lock
                                        the same, but its CPU leaves that value under the lock only
    its CPU reads it without the lock   but for that, it is protected by the kernel lock
    when not CPU_KERNEL, its CPU reads it without the lock
    while it runs, its CPU uses it without the lock
                                        the same, if that CPU is not CPU_KERNEL
    a hint                              protected by the kernel lock, but all may read it
    protected by the NAME lock          by another lock
    without a lock                      in another way

Everything else is protected by the kernel lock.
"""

import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

# The words, in the order in which they are looked for, and what they mean.
WORDS = [
    (r"then constant", "CONSTANT"),
    (r"\bfrom CPU_KERNEL it changes under the kernel lock", "OWNER_STATUS"),
    (r"\bused by this CPU alone", "OWNERS"),
    (r"\bwritten by this CPU alone", "OWNER_WRITES"),
    (r"\bwhile it runs, its CPU uses it without the lock", "USES_OUTSIDE"),
    (r"\bwhen not CPU_KERNEL, its CPU reads it without the lock", "READS_OUTSIDE"),
    (r"\bits CPU reads it without the lock", "OWNER_READS"),
    (r"\bas a hint\b", "HINT"),
    (r"\bwithout a lock\b", "NO_LOCK"),
    (r"\bprotected by the (?!kernel)(\w+) lock", "OTHER_LOCK"),
]

# The structs whose fields have protection of their own.
STRUCTS = {"CpuInfo": "kern/cpu.h", "Env": "inc/env.h",
           "PageInfo": "inc/memlayout.h", "RunQueue": "kern/envstate.h"}

LOCKS = {"console": "cons_lock"}     # but for the kernel lock

DECLARATION = re.compile(r"""(?:extern\s+|static\s+|const\s+|volatile\s+)*
    (?:(?:struct|enum|unsigned)\s+)?\w+ [\s*]+ (?:const\s+|volatile\s+)*
    (?P<names>\w+ [^;={]*) \s* (?:;|=|\Z)""", re.VERBOSE)


def protection(comment):
    """Return what a comment says: a Protection and the name of a lock; None if it says nothing."""
    for words, meaning in WORDS:
        found = re.search(words, comment, re.IGNORECASE)
        if found:
            return meaning, found[1] if meaning == "OTHER_LOCK" else ""
    return None


def declarations(lines):
    """Yield, for each declaration of a variable or field in lines: struct, name, protection."""
    struct, above, before = "", "", ""      # comments above this line, and above this struct
    ended = True                            # the next comment begins anew
    for number, line in enumerate(lines):
        code, slashes, comment = line.partition("//")
        if not code.strip():
            if not slashes:
                above = ""
            else:
                above = comment if ended else above + " " + comment.strip()
            ended = not slashes
            continue
        ended = True
        opening = re.match(r"(?:static |extern )*struct (?:__attribute__\S+ )?(\w*)\s*\{", code)
        if opening:
            struct, before, above = opening[1], above, ""
            continue
        if code.startswith("}"):    # with the name of a variable, perhaps
            struct, above = "", before
            code = "struct " + code.replace("}", "x ")
        if code[0] == "\t" and not struct:
            continue                            # it is in a function
        code = re.sub(r"\(\*(\w+)\)\(.*\)", r"\1", code.strip())   # a pointer to a function
        found = DECLARATION.match(re.sub(r"__attribute__\(\(.*\)\)", "", code))
        if not found or "(" in found["names"]:
            continue
        for after in lines[number + 1:]:    # the comment may go on
            rest = re.match(r"\s+//(.*)", after)
            if not slashes or not rest:
                break
            comment += rest[1]
        said = protection(comment) or protection(above) or ("KERNEL_LOCK", "")
        for name in re.findall(r"(\w+)(?:\[[^]]*\])*\s*(?:,|\Z)", found["names"].strip()):
            yield struct, name, said


def sources():
    """Return all files with declarations."""
    return sorted(Path("inc").glob("*.h")) + sorted(Path("kern").glob("*.[ch]"))


def fields(out):
    """Write the tables of fields."""
    with open(out, "w", encoding="ascii") as file:
        file.write("#include <kern/checkednames.h>\n#include <kern/envstate.h>\n")
        for struct, header in STRUCTS.items():
            file.write(f"const struct SharedField fields_of_{struct}[] = {{\n")
            text = Path(header).read_text(encoding="utf-8", errors="replace").splitlines()
            for owner, name, (said, _) in declarations(text):
                if owner == struct:
                    file.write(f'{{"{name}", offsetof(struct {struct}, {name}), '
                               f"sizeof(((struct {struct} *) 0)->{name}), {said}}},\n")
            file.write("{0}};\n")


def symbols(objdump, elf):
    """Yield all symbols of data and code: source file if local, name, address, size, section."""
    file = ""
    for line in subprocess.run([objdump, "-t", elf], check=True, stdout=subprocess.PIPE,
                               universal_newlines=True).stdout.splitlines():
        found = re.match(r"([0-9a-f]{8}) (.{7}) (\S+)\s+([0-9a-f]{8}) (?:\S+ )?(\S+)$", line)
        if found and found[2].endswith("f"):
            file = found[5]
        elif found:
            yield (file if found[2][0] == "l" else "", found[5], int(found[1], 16),
                   int(found[4], 16), found[3])


def variables(objdump, elf, out):
    """Write the table of variables."""
    said = {}
    for source in sources():
        text = source.read_text(encoding="utf-8", errors="replace").splitlines()
        for struct, name, how in declarations(text):
            if not struct and how != ("KERNEL_LOCK", ""):
                said[name if source.suffix == ".h" else (source.name, name)] = how
                said.setdefault(name, how)
    entries, strings, page_free, base = [], {}, 0, 0
    for file, name, address, size, section in symbols(objdump, elf):
        if section in (".data", ".bss") and size:
            plain = name.partition(".")[0]      # of a static variable in a function: name.number
            how, lock = said.get((file, plain), said.get(plain, ("KERNEL_LOCK", "")))
            entries.append((address, size, name, how, lock))
        elif name == "page_free":
            page_free = size
        elif name == "rodata_end":
            base = address      # where .data begins; the last link may move it as a whole
    by_name = {name: address - base for address, _, name, _, _ in entries}
    values = re.findall(r"^\t([A-Z_]+), +// ", Path("kern/checkednames.h").read_text(), re.M)
    with open(out, "w", encoding="ascii") as table:
        table.write('\t.section .kernel_symbols, "a"\n\t.balign 4\n'
                    "\t.globl shared_variables, shared_variables_end, shared_page_free_size\n"
                    f"shared_page_free_size: .long {page_free}\nshared_variables:\n")
        for number, (address, size, name, how, lock) in enumerate(sorted(entries)):
            strings[number] = name
            table.write(f"\t.long rodata_end + {address - base:#x}, {size}, name_{number}, "
                        f"{values.index(how)}, "
                        f"{LOCKS.get(lock) and f'rodata_end + {by_name[LOCKS[lock]]:#x}' or 0}\n")
        table.write("shared_variables_end:\n")
        for number, name in strings.items():
            table.write(f'name_{number}: .asciz "{name}"\n')
        table.write('\t.section .note.GNU-stack, "", @progbits\n')


if __name__ == "__main__":
    if sys.argv[1:2] == ["fields"] and len(sys.argv) == 3:
        fields(sys.argv[2])
    elif sys.argv[1:2] == ["variables"] and len(sys.argv) == 5:
        variables(*sys.argv[2:])
    else:
        sys.exit("usage: shared.py fields OUT | variables OBJDUMP ELF OUT")

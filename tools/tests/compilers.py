"""The compilers that the tree is built with."""

COMPILE = ("-x", "c", "-c", "-o", "/dev/null", "/dev/null")       # with a compiler before it
GNU_LD = ("ld", "-m", "elf_i386", "-v")
CLANG = ("clang", "--target=i386-none-elf", *COMPILE)

# What chooses each set of tools, and commands that work where it is installed.
COMPILERS = {
    "i686-linux-gnu-gcc": (["GCCPREFIX=i686-linux-gnu-"], [("i686-linux-gnu-gcc", *COMPILE)]),
    "gcc": (["GCCPREFIX="], [("gcc", "-m32", *COMPILE), GNU_LD]),
    "clang and lld": (["CC=clang", "LD=ld.lld"], [CLANG, ("ld.lld", "--version")]),
    "clang and GNU ld": (["CC=clang", "LD=ld"], [CLANG, GNU_LD]),
}

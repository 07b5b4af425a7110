# What a site may set. Each of these can also be given on make's command line.

# V=1 shows every command, V=0 (or nothing) a line per file.
# V = 1

# The compiler is found by itself. To choose another one: the prefix of a GNU toolchain for
# 32-bit x86 (empty for the host's own gcc), or CC = clang.
# GCCPREFIX = i686-elf-
# CC = clang

# The emulator and the debugger, if they are not on PATH or have other names.
# QEMU = /usr/local/bin/qemu-system-i386
# GDB = gdb-multiarch

# More options for QEMU.
# QEMUEXTRA = -m 64

# Where QEMU listens for gdb. The default depends on your user number.
# GDBPORT = 26000

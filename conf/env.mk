# Settings of a site. Each of them can also be given on make's command line.

# V=1 prints every command; V=0, or no setting, a line for each file.
# V = 1

# make finds a compiler by itself. To choose another one, set the prefix of a GNU toolchain for
# 32-bit x86 (empty for the host's own gcc), or CC = clang.
# GCCPREFIX = i686-elf-
# CC = clang

# More options for the compiler, after those it is called with anyway.
# CFLAGS = -O0

# The emulator and the debugger, if they are not in PATH or have other names.
# QEMU = /usr/local/bin/qemu-system-i386
# GDB = gdb-multiarch

# More options for QEMU.
# QEMUEXTRA = -m 64

# The TCP port at which QEMU waits for gdb. The default depends on your user number,
# and where another one waits already, the next that is free is taken.
# GDBPORT = 26000

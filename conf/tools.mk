# Finding the tools: sets CC, LD, AR, NM, OBJCOPY, OBJDUMP, the options for code for 32-bit x86
# (TARGET_CFLAGS), those of our options that the compiler knows (SUPPORTED_CFLAGS), and the directory
# of its own headers (COMPILER_INCLUDE).

# The path of the first of these commands that exists.
first-of = $(firstword $(foreach tool,$(1),$(shell command -v $(tool))))

GCC_PREFIXES := i386-jos-elf- i686-elf- x86_64-elf- i686-linux-gnu- x86_64-linux-gnu-

# Goals that need no compiler.
ifneq ($(filter-out clean realclean distclean help which-qemu print-% gdb handin autograder \
	tarball grade-class,$(or $(MAKECMDGOALS),all)),)
need_compiler := 1
endif

compiles = $(shell echo 'int x;' | $(1) -x c -c -o /dev/null - 2>/dev/null && echo yes)

ifeq ($(origin CC),default)
  ifeq ($(origin GCCPREFIX),undefined)
    GCCPREFIX := $(shell for p in $(GCC_PREFIXES); do \
	command -v $${p}gcc >/dev/null && echo $$p && break; done)
  endif
  CC := $(GCCPREFIX)gcc
endif

is_clang := $(findstring clang,$(notdir $(firstword $(CC))))
ifneq ($(is_clang),)
  TARGET_CFLAGS := --target=i386-none-elf
  # clang-17 goes with ld.lld-17 and so on.
  llvm_suffix := $(patsubst clang%,%,$(notdir $(firstword $(CC))))
  ifeq ($(origin LD),default)
    LD := $(or $(call first-of,ld.lld$(llvm_suffix) ld.lld),$(GCCPREFIX)ld)
  endif
  tool = $(or $(call first-of,$(GCCPREFIX)$(1) llvm-$(1)$(llvm_suffix) llvm-$(1)),$(1))
else
  TARGET_CFLAGS := -m32
  ifeq ($(origin LD),default)
    LD := $(GCCPREFIX)ld
  endif
  tool = $(GCCPREFIX)$(1)
endif
ifeq ($(origin AR),default)
  AR := $(call tool,ar)
endif
NM ?= $(call tool,nm)
OBJCOPY ?= $(call tool,objcopy)
OBJDUMP ?= $(call tool,objdump)
NM := $(NM)
OBJCOPY := $(OBJCOPY)
OBJDUMP := $(OBJDUMP)

# Options that not every compiler knows.
NEW_CFLAGS := -fno-tree-loop-distribute-patterns -fcf-protection=none

ifdef need_compiler
  if-supported = $(if $(filter yes,$(call compiles,$(CC) $(TARGET_CFLAGS) -Werror $(1))),$(1))
  # Most compilers know them all: then one question is enough. The make that is alone (GNUmakefile)
  # is told the answer.
  ifndef ALONE
    SUPPORTED_CFLAGS := $(call if-supported,$(NEW_CFLAGS))
    ifeq ($(SUPPORTED_CFLAGS),)
      ifneq ($(call compiles,$(CC) $(TARGET_CFLAGS)),yes)
        $(error No compiler for 32-bit x86: $(CC) is missing or makes no such code. Run \
	tools/setup.sh, or set GCCPREFIX or CC (conf/env.mk))
      endif
      SUPPORTED_CFLAGS := $(foreach option,$(NEW_CFLAGS),$(call if-supported,$(option)))
    endif
  endif
  ifeq ($(shell command -v perl),)
    $(error perl is missing. Run tools/setup.sh)
  endif
  COMPILER_INCLUDE := $(shell $(CC) $(TARGET_CFLAGS) -print-file-name=include)
endif

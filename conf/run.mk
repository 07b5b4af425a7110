# Running the system, debugging, grading, checking.

QEMU ?= $(call first-of,qemu-system-i386 qemu-system-x86_64)
GDB ?= $(call first-of,gdb-multiarch i386-jos-elf-gdb x86_64-elf-gdb gdb)
gdbport_chosen := $(filter-out undefined,$(origin GDBPORT))
GDBPORT ?= $(shell expr `id -u` % 5000 + 25000)
PYTHON ?= python3
TRACE_MS ?= 2000
SEEDS ?= 100
RUNS ?= 1000
FROM ?= 1
OUT ?= $(OBJDIR)/handout

# The variables in which the targets below differ. Each may also be given on the command line.
#	RUN		the programs to start at boot, instead of `tour'; run-user_X is run-X, as in JOS
#	NOX		open no window
#	WAIT		wait for gdb before the first instruction
#	AUDIT		when no program is left to run, check that the kernel's data structures agree
#	EXIT		instead of entering the monitor, leave QEMU, with a status that says how the run
#			has gone
#	TRACE		a file for a record of what every CPU does in the first TRACE_MS milliseconds
#	SEED		a number: QEMU counts instructions instead of reading a clock, so that a run can
#			be repeated; each number gives another run
#	ORDER		moments at which the other of two CPUs goes on, or a tick comes (kern/order.c)
#	STOP		the tick of such a run in which seed_stop is called, for gdb
#	SNAPSHOT	a directory: boot the copies there, which stay as they are when others build
#	DISKLESS	boot by the multiboot header instead of from the disk, as runs with SEED and
#			recordings always do
run-% prep-% instructions-% explore-% trace-% record-% replay-% replay-%-gdb: \
	RUN = $(or $(filter $*,$(USER_NAMES)),$(patsubst user_%,%,$*))
trace-%: TRACE = $(OBJDIR)/trace/$*.bin
explore-% trace-%: CPUS := $(if $(filter file,$(origin CPUS)),$(if $(ORDERS),2,4),$(CPUS))
record-%: EXIT = 1
record-%: RECORD = $(OBJDIR)/replay/$*
replay-% replay-%-gdb: REPLAY = $(OBJDIR)/replay/$*
%-nox %-nox-gdb: NOX = 1
%-gdb: WAIT = 1

# Without a display there is no window to open.
ifeq ($(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname -s)),)
NOX ?= 1
endif

comma := ,
kernel_option = $(if $(2),-fw_cfg name=opt/jos/$(1)$(comma)string='$(strip $(2))')
BOOTED = $(or $(SNAPSHOT),$(OBJDIR)/kern)
FROM_DISK = -drive file=$(BOOTED)/kernel.img,index=0,media=disk,format=raw,snapshot=on
BY_HEADER = -kernel $(BOOTED)/kernel
CLOCK = -rtc base=2020-01-01,clock=vm
SEEDED = $(CLOCK) -icount shift=1,sleep=off,align=off
# QEMU stores the state at the beginning of a recording in a disk image. With the device called
# vapic it hangs when it goes back to that state.
RECORDED = $(CLOCK) -icount shift=1,align=off,rr=record,rrfile=$(RECORD).log,rrsnapshot=init \
	-drive file=$(RECORD).qcow2,if=none,id=rr -global apic.vapic=off
WAITING = $(if $(WAIT),-gdb tcp::$(GDBPORT) -S)
QEMUOPTS = $(if $(RECORD)$(SEED)$(ORDER)$(DISKLESS),$(BY_HEADER),$(FROM_DISK)) \
	$(if $(RECORD),$(RECORDED),$(if $(SEED)$(ORDER),$(SEEDED))) \
	-smp $(CPUS) -net none -serial mon:stdio $(if $(NOX),-display none) \
	$(call kernel_option,run,$(RUN)$(if $(ORDER),@$(ORDER))) \
	$(call kernel_option,seed,$(if $(ORDER),0,$(SEED))) $(call kernel_option,stop,$(STOP)) \
	$(call kernel_option,exit,$(EXIT)) $(call kernel_option,audit,$(AUDIT)) \
	$(if $(TRACE),$(call kernel_option,trace,$(TRACE_MS)) -debugcon file:$(TRACE)) \
	-device isa-debug-exit,iobase=0xf4,iosize=4 \
	$(WAITING) $(QEMUEXTRA)

preflight = @perl tools/run/preflight.pl qemu='$(QEMU)' programs='$(USER_NAMES)' cpus='$(CPUS)' \
	run='$(RUN)' seed='$(SEED)' order='$(ORDER)' bound='$(BOUND)' hosts='$(HOSTS)' \
	explore='$(filter explore-%,$@)' stop='$(STOP)' port='$(if $(WAIT),$(GDBPORT))' \
	window='$(if $(NOX)$(findstring -display,$(QEMUEXTRA))$(findstring -vnc,$(QEMUEXTRA)),,1)' \
	port_chosen='$(gdbport_chosen)' \
	no_disk='$(if $(findstring -kernel,$(QEMUOPTS)),,$(findstring microvm,$(QEMUEXTRA)))' \
	record='$(RECORD)' replay='$(REPLAY)' kernel='$(OBJDIR)/kern/kernel' \
	trace_ms='$(if $(TRACE),$(TRACE_MS))'

# JOS compiles the program to run into the kernel; here it is chosen when the kernel starts.
jos_test := $(patsubst user_%,%,$(patsubst -DTEST=%,%,\
	$(sort $(filter $(JOS_TESTS),$(GIVEN_CFLAGS) $(INIT_CFLAGS) $(DEFS)))))
ifneq ($(jos_test),)
RUN ?= $(jos_test)
$(if $(ALONE),,$(info The kernel runs any program without being compiled again: make run-$(firstword $(jos_test))))
endif

gdbport = perl tools/run/gdbport.pl
gdbport_args = '$(OBJDIR)' '$(GDBPORT)' '$(gdbport_chosen)'

# Start QEMU by the command $(1) or, if there is none, with QEMUOPTS. When make is told to end, it tells
# this shell, which tells QEMU.
define start_qemu
@$(if $(NOX),echo "*** To leave QEMU type Ctrl-a x",:)
$(Q)exec 3<&0; $(if $(WAIT),$(gdbport) wait $(gdbport_args)) \
	$(or $(1),$(QEMU) $(QEMUOPTS)) <&3 3<&- & qemu=$$!; \
	trap 'kill $$qemu; wait $$qemu; exit 143' TERM HUP; wait $$qemu; status=$$?; \
	case $$status in \
	3) echo "*** The kernel panicked" >&2;; \
	5) echo "*** A program failed" >&2;; \
	7) echo "*** Programs are blocked for ever" >&2;; \
	9) exit 0;; \
	11) echo "*** An exercise is missing" >&2;; \
	21) echo "*** This machine cannot run the kernel" >&2;; \
	esac; exit $$status
endef
define run_qemu
$(preflight)
$(start_qemu)
endef

qemu qemu-nox: $(RUNNABLE)
	$(run_qemu)
qemu-gdb qemu-nox-gdb: $(RUNNABLE)
	$(run_qemu)
run-%-nox-gdb: $(RUNNABLE)
	$(run_qemu)
run-%-gdb: $(RUNNABLE)
	$(run_qemu)
run-%-nox: $(RUNNABLE)
	$(run_qemu)
run-%: $(RUNNABLE)
	$(run_qemu)

# A run on one CPU can be recorded and then replayed, under gdb also backwards. Several replays may
# go on side by side.
locked = perl tools/run/lock.pl $(OBJDIR)/replay/$*.lock
recording = perl tools/run/recording.pl
replay = $(locked) share "$* is being recorded somewhere else. End that first" \
	$(recording) replay $(REPLAY)
record-%: $(RUNNABLE)
	$(preflight)
	$(call start_qemu,$(locked) refuse \
		"$* is being recorded or replayed somewhere else. End that first" \
		$(recording) record $(RECORD) $(OBJDIR)/kern/kernel $(QEMU) $(QEMUOPTS))
replay-%-gdb: $(RUNNABLE)
	$(preflight)
	$(call start_qemu,$(replay) $(WAITING))
replay-%: $(RUNNABLE)
	$(preflight)
	$(call start_qemu,$(replay))

gdb:
	@if [ -z '$(GDB)' ]; then echo "gdb is missing. Run tools/setup.sh, or set GDB" >&2; exit 1; fi
	$(Q)$(gdbport) attach $(gdbport_args) $(GDB)

# For a gdb that make does not start.
.gdbinit:
	$(Q)$(gdbport) write $(gdbport_args)

# For scripts: the emulator, its port for gdb, the whole command of a run.
print-qemu which-qemu:
	@echo $(QEMU)
print-gdbport:
	@echo $(GDBPORT)
print-command:
	@printf '%s\n' "$(QEMU) $(QEMUOPTS)"
print-nm:
	@echo $(NM)
print-compiler:
	@$(CC) --version | sed q

# The grader and the tests call make again for what they need.
export OBJDIR
grade:
	@$(PYTHON) ./grade-lab$(LAB) $(EX:%=--exercise '%') $(GRADEFLAGS)
#{ Not in the handout
# The tests need a Python with pytest: $(1) is what it runs.
define run_python
@python=`for python in '$(PYTHON)' /usr/bin/python3; do \
		$$python -c 'import pytest, xdist' 2>/dev/null && echo $$python && break; done`; \
	if [ -z "$$python" ]; then \
		echo "pytest or pytest-xdist is missing. Run: sh tools/setup.sh check" >&2; exit 1; fi; \
	PYTHONDONTWRITEBYTECODE=1 exec $$python $(1)
endef
# $(1) says which of the tests run.
define run_tests
$(call run_python,-m pytest --no-header -n auto --dist loadgroup \
	-o cache_dir='$(abspath $(OBJDIR))/pytest' -m '$(1)' \
	$(if $(findstring tools/tests,$(CHECKFLAGS)),,tools/tests) $(CHECKFLAGS))
endef
check:
	$(call run_tests,not thorough and not long and not many)
check-all:
	$(call run_tests,not long and not many)
check-handout:
	$(call run_tests,handout or many)
mistakes: $(RUNNABLE)
	$(call run_python,tools/tests/mistaketable.py $(if $(ONLY),--only '$(ONLY)',doc/mistakes.md))
# What is set of MACHINES, STEPS, MIRROR becomes an option of the same name. (CHECKFLAGS, which may
# have quotes in it, is in the environment if it is on make's command line.)
CHROOTS ?= $(OBJDIR)/machines
check-machines:
	@$(PYTHON) tools/machines/machines.py --chroots='$(CHROOTS)' $(if $(MACHINES),--machines='$(MACHINES)') \
		$(if $(STEPS),--steps='$(STEPS)') --checkflags="$$CHECKFLAGS" \
		$(if $(MIRROR),--mirror='$(MIRROR)')
prove:
	@$(PYTHON) tools/models/models.py $(if $(COMPARED),--compared) \
		$(if $(ONLY),--only '$(ONLY)',--write doc/models.md)
bench:
	@$(PYTHON) tools/measure/bench.py $(BENCHFLAGS)
handout:
	@$(PYTHON) tools/handout/handout.py --from '$(FROM)' '$(OUT)'
layers: $(RUNNABLE)
	@$(PYTHON) tools/build/layers.py --objects $(OBJDIR)/kern --nm '$(NM)' --draw doc/layers.svg
# ONLY=06-sched makes one chapter; READ=06-sched records that what it says about its code was read.
book: $(RUNNABLE)
	@$(PYTHON) tools/book/book.py --only '$(ONLY)' --read '$(READ)'
instructions-%: $(RUNNABLE)
	$(preflight)
	@$(PYTHON) tools/measure/instructions.py $* $(INSTRUCTIONSFLAGS)
.PHONY: check check-all check-handout check-machines mistakes prove bench handout layers book
# The autograder, which has this file, too, is without the fuzzer.
-include tools/fuzz/Makefrag
#}
# Without BOUND the runs differ in their seeds, with it in their orders.
explore-%: $(RUNNABLE)
	$(preflight)
	@$(PYTHON) $(if $(BOUND),tools/run/orders.py '$(RUN)' --bound '$(BOUND)' --runs '$(RUNS)', \
		tools/run/explore.py '$(RUN)' --seeds '$(SEEDS)' --cpus '$(CPUS)' --hosts '$(HOSTS)') \
		$(if $(JOBS),-j '$(JOBS)') $(EXPLOREFLAGS)
trace-%: $(RUNNABLE)
	$(preflight)
	@$(PYTHON) tools/trace/trace.py '$(RUN)' CPUS='$(CPUS)' SEED='$(SEED)' ORDER='$(ORDER)' TRACE_MS='$(TRACE_MS)'

# A CD image, with GRUB.
iso: $(RUNNABLE)
	@sh tools/build/iso.sh $(OBJDIR)/kern/kernel $(OBJDIR)/jos.iso

# The kernel in a browser.
web: $(RUNNABLE)
	@$(PYTHON) tools/web/web.py --qemu '$(QEMU)' --objcopy '$(OBJCOPY)' '$(OBJDIR)' $(USER_NAMES)

# As in JOS: build what run-X runs, but do not run it.
prep-%: $(RUNNABLE)
	$(preflight)
	@echo "All is built: make run-$* runs $(RUN)"

help:
	@sed -n 's/^# \?//p; /^$$/q' GNUmakefile
	@echo "make asm		disassemble everything, with source, into obj/"
	@echo "make handin		pack what is committed, to hand it in"
	@echo "make autograder		a bundle that grades hand-ins: for Gradescope, or your CI"
	@echo "make clean		remove what was made"
	@echo
	@echo "CPUS=n RUN=\"program program...\" EXIT=1 SEED=n SEEDS=n ORDER=n.n BOUND=n RUNS=n"
	@echo "TRACE_MS=n QEMUEXTRA=... CFLAGS=... EX=n GRADEFLAGS=... CHECKED=1 V=1, conf/env.mk"

.PHONY: qemu qemu-nox qemu-gdb qemu-nox-gdb gdb .gdbinit grade help which-qemu \
	print-qemu print-gdbport print-command print-nm print-compiler web iso

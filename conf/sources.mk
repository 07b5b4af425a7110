# Which sources there are. From each user/X.c, and each X.c in a folder of user/, comes a program X.
# Of those in user/exercises, only exN.c is built, with EX=N: it checks exercise N of doc/lab4.md.

ifdef need_compiler
  wrong_name := $(shell perl tools/build/names.pl boot kern lib user)
  ifneq ($(wrong_name),)
    $(error $(wrong_name))
  endif
endif

USER_DIRS := user $(patsubst %/,%,$(wildcard user/*/))
USER_SOURCES := $(filter-out user/exercises/%,$(wildcard $(USER_DIRS:%=%/*.c))) \
	$(wildcard $(EX:%=user/exercises/ex%.c))
USER_NAMES := $(sort $(basename $(notdir $(USER_SOURCES))))

# The source of program $(1). More than one is an error.
sources_of = $(filter %/$(1).c,$(USER_SOURCES))
$(foreach name,$(USER_NAMES),$(if $(word 2,$(call sources_of,$(name))),$(error \
	Two programs have the name $(name): $(call sources_of,$(name)). Rename one)))

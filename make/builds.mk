# Builds of other kinds, each in a directory of its own: with sanitizers, with coverage, with the tests' hook.

comma := ,

# SANITIZE=address,undefined builds into a directory of its own, shared: the sanitizers need that.
ifdef SANITIZE
BUILD := build-$(subst $(comma),-,$(SANITIZE))
LINK := shared
FORTIFY :=
HARDEN += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN_LD += -fsanitize=$(SANITIZE)
BUILT_IN = tests/lib/reports.c
endif
# Where a sanitizer's findings go, if that file is there.
REPORTS ?= $(abspath $(BUILD))/reports

# COVERAGE=DIR builds programs that count their lines there, in a directory of its own.
ifdef COVERAGE
BUILD := build-coverage
CC := clang
CFLAGS := -O1 -g
FORTIFY :=
HARDEN += -fprofile-instr-generate -fcoverage-mapping
HARDEN_LD += $(addprefix -Wl$(comma)--wrap=,_exit execv raise)
BUILT_IN = tests/lib/coverage.c
endif

# INETLS_HOOK builds a session that tries what one would who had taken it over (tests/wrap/misbehave.bats).
ifneq ($(findstring INETLS_HOOK,$(CPPFLAGS)),)
BUILT_IN += tests/lib/hook.c
endif
$(BUILD)/tests/lib/reports.o: ALL_CPPFLAGS += -DREPORTS='"$(REPORTS)"'
$(BUILD)/tests/lib/coverage.o: ALL_CPPFLAGS += -DCOVERAGE='"$(COVERAGE)"'

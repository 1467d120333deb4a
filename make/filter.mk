# The system call filters: data, made by libseccomp, by a program that runs here, for what is built.

CC_FOR_BUILD ?= cc
build_machine := $(firstword $(subst -, ,$(shell $(CC_FOR_BUILD) -dumpmachine 2>/dev/null)))
filter_arch := $(filter-out $(build_machine),$(target))
PKG_CONFIG_FOR_BUILD ?= $(if $(filter_arch),pkg-config,$(PKG_CONFIG))
$(BUILD)/mkfilter: wrap/confine/filter/mkfilter.c wrap/confine/filter/calls.h wrap/confine/filter_marks.h
	@mkdir -p $(@D)
	$(CC_FOR_BUILD) -std=c11 $(WARN) -D_GNU_SOURCE -Iwrap -o $@ $< $(shell $(PKG_CONFIG_FOR_BUILD) --cflags --libs libseccomp || echo -lseccomp)
$(BUILD)/gen/filter.h: $(BUILD)/mkfilter
	@mkdir -p $(@D)
	$(BUILD)/mkfilter $(filter_arch) > $@
$(BUILD)/wrap/confine/confine_linux.o: $(BUILD)/gen/filter.h

# How it is linked: one static-pie where every archive is there, else shared.

ARCHIVES = gnutls hogweed nettle gmp tasn1 idn2 unistring c
have_archive = $(findstring /,$(shell $(CC) -print-file-name=$(1) 2>/dev/null))
ifndef LINK
missing_archives := $(strip $(foreach a,$(ARCHIVES),$(if $(call have_archive,lib$(a).a),,lib$(a).a))) \
	$(if $(call have_archive,rcrt1.o),,rcrt1.o)
LINK := $(if $(strip $(missing_archives)),shared,static)
endif

ifeq ($(LINK),static)
# glibc warns that a static getaddrinfo cannot load NSS modules; `files` and `dns` are built in since 2.34.
no_warnings := $(shell $(CC) -Wl,--help 2>/dev/null | grep -q -- --no-warnings && echo -Wl,--no-warnings)
LINK_LD = -static-pie $(no_warnings)
LINK_LIBS = -Wl,--start-group $(addprefix -l,$(filter-out c,$(ARCHIVES))) -Wl,--end-group
LINK_SRC = common/static/p11stub.c common/static/token.c
# GnuTLS makes trees of all its ASN.1 when it starts, a sixth of a session's instructions (common/static/lazyasn1.c).
WRAP_LINK_SRC = common/static/lazyasn1.c
$(BUILD)/inetls-wrap: LINK_LD += $(addprefix -Wl$(comma)--wrap=,asn1_array2tree asn1_create_element)
# Which libraries go in: --check compares them with the installed ones, and after an update of one the next make builds
# everything again.
linked = $(BUILD)/gen/linked.h
ALL_CPPFLAGS += -DINETLS_STATIC
# Its relocations in 2 kB instead of 131, where the libc that carries them out knows that form.
hash := \#
relr := $(shell printf '$(hash)%s\n' 'include <features.h>' 'if __GLIBC_PREREQ(2, 36)' 'warning known' endif | \
	$(CC) -E - 2>&1 | grep -q 'warning known' && $(CC) -Wl,--help 2>/dev/null | grep -q pack-relative-relocs && \
	echo -Wl,-z,pack-relative-relocs)
LINK_LD += $(relr)
else
LINK_LD = -pie
LINK_SRC = $(sort $(wildcard common/shared/*.c))
LINK_LIBS = $(shell $(PKG_CONFIG) --libs gnutls hogweed nettle 2>/dev/null) -lgmp
endif

# Written anew only where it changes, as the flags in GNUmakefile.
$(BUILD)/gen/linked.h: FORCE
	@mkdir -p $(@D)
	@CC='$(CC)' PKG_CONFIG='$(PKG_CONFIG)' sh common/static/linked $(ARCHIVES) > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

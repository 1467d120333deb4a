# What a build needs, brought where it is not there, as `make demo` does: then make begins anew and finds it.

ifeq ($(DESTDIR)$(MAKE_RESTARTS)$(findstring n,$(firstword -$(MAKEFLAGS))),)
ifneq ($(if $(MAKECMDGOALS),$(filter all install cert,$(MAKECMDGOALS)),all),)
headers = stdio.h gmp.h gnutls/gnutls.h nettle/ecdsa.h seccomp.h
ifneq ($(shell { printf '\043include <%s>\n' $(headers) | $(CC) $(CPPFLAGS) $(GNUTLS_CFLAGS) -E - && \
	$(PKG_CONFIG) --exists gnutls hogweed nettle; } >/dev/null 2>&1 || echo lacking),)
include $(BUILD)/packages
$(BUILD)/packages: FORCE
	@tests/deps build
	@mkdir -p $(@D) && touch $@
endif
endif
endif

# A variable that no makefile has is a slip: BACKEN=localhost:5433 would be passed over in silence, and something else be
# put into place.  It is refused where a target changes this machine; whoever makes a package may set what he likes.

changing := $(filter $(if $(DESTDIR),,install uninstall) cert services inetd xinetd systemd renewal transparent uninstall-%,$(MAKECMDGOALS))
ifneq ($(changing),)
known := $(shell grep -ohE '^[A-Za-z_]+ *[:?+]?=|[$$][(][A-Za-z_]+[),]' GNUmakefile make/*.mk | tr -d ' :?+=$$(),')
known := $(filter-out $(shell printf '%s\n' $(known) | grep '[a-z]' | grep -vE '^(exec_)?prefix$$|dir$$'),$(known)) YES CI
# NAME is this package's, and easily written for NAMES.
slips := $(strip $(foreach v,$(filter-out $(filter-out NAME,$(known)),$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $(v)))),$(v))))
ifneq ($(slips),)
$(error $(foreach v,$(slips),$(v)=$($(v)): make has no such variable;) make help lists them)
endif
endif

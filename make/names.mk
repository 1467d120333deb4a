# A variable that no makefile knows is a slip, such as BACKEND without its last letter: it would be passed over in silence.
# It is refused where a target changes this machine; whoever makes a package may set any.

changing := $(filter $(if $(DESTDIR),,install uninstall) cert services inetd xinetd systemd renewal transparent uninstall-%,$(MAKECMDGOALS))
ifneq ($(changing),)
# Known is every name in the makefiles that is written like a variable; YES and CI are for the scripts.
known := YES CI $(shell LC_ALL=C grep -ohE '\<([A-Z_]+|(exec_)?prefix|[a-z]+dir)\>' GNUmakefile make/*.mk | sort -u)
typed := $(foreach v,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(v)))),$(v)))
# NAME is this package's, and easily written for NAMES.
slips := $(filter-out $(filter-out NAME,$(known)),$(typed))
ifneq ($(slips),)
$(error $(foreach v,$(slips),$(v)=$($(v)): make has no such variable;) make help lists them)
endif
endif

# help: each target's line stands behind its name.

.PHONY: help
help: ## this list
	@echo 'usage: make [target] [VARIABLE=value]'
	@echo
	@LC_ALL=C sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' GNUmakefile $(CHAPTERS) | \
		while IFS="$$(printf '\t')" read -r target text; do printf '  %-12s %s\n' "$$target" "$$text"; done
	@echo '  uninstall-services, uninstall-inetd, uninstall-xinetd, uninstall-systemd,'
	@echo '  uninstall-renewal, uninstall-transparent'
	@echo '               take away exactly what these targets added'
	@echo
	@echo 'SERVICE=$(SERVICE) PORT=$(PORT) PROTOCOL=$(PROTOCOL) BACKEND=$(BACKEND) SERVICE_USER=$(SERVICE_USER)'
	@echo 'PEM=$(PEM)'
	@echo 'prefix=$(prefix) sbindir=$(sbindir) bindir=$(bindir) mandir=$(mandir) DESTDIR=$(DESTDIR)'
	@echo 'CERT=no, NAMES="host ...", CA=DIR, ACCEPT=no, FORCE=1, DRY_RUN=1, SOURCE=127.0.0.77, TRANSPARENT=yes, TICKETS=file, LOG=file, SYSTEM_USER=no, LINK=shared, SANITIZE=address,undefined'

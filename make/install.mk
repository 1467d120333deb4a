# install, uninstall, and the certificate.  Many makefiles call the prefix PREFIX; in the environment that may be something else's.

prefix ?= $(if $(filter command,$(origin PREFIX)),$(PREFIX),/usr/local)
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
sbindir ?= $(exec_prefix)/sbin
sysconfdir ?= $(prefix)/etc
datarootdir ?= $(prefix)/share
mandir ?= $(datarootdir)/man
completionsdir ?= $(datarootdir)/bash-completion/completions
INSTALL ?= install
INSTALL_PROGRAM ?= $(INSTALL)
INSTALL_DATA ?= $(INSTALL) -m 644

PAGES = $(wildcard man/*.[1-8])
# What can be copied out of a page works where it was installed.
with_paths = sed $(call to_path,etc,$(sysconfdir)) $(call to_path,sbin,$(sbindir)) $(call to_path,bin,$(bindir))
to_path = -e $(call quote,s|/usr/local/$(1)/|$(2)/|g)
COMPLETIONS = $(wildcard contrib/completion/*)
section = $(patsubst .%,%,$(suffix $(1)))

# A user for sessions and a directory for the key of their tickets; SYSTEM_USER=no: neither.
SYSTEM_USER = yes
RUN_DIR = /run/inetls
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
account = RUN_DIR=$(call quote,$(RUN_DIR)) SYSUSERS_CONF=$(call quote,$(sysusersdir)/inetls.conf) \
	TMPFILES_CONF=$(call quote,$(tmpfilesdir)/inetls.conf) sh activate/account
apply_account = $(if $(DESTDIR)$(filter no,$(SYSTEM_USER)),:,$(account))

say_static = echo 'These programs contain GnuTLS and what it needs: after an update of these libraries run make install again; inetls-wrap -V warns then'

# Those that install had to make are removed by uninstall, if they are empty.  A package's are left to the packager.
made_directories = $(call quote,$(datarootdir)/inetls/made-directories)
make_directories = $(if $(DESTDIR),$(INSTALL) -d,sh activate/directories make $(made_directories) $(call quote,$(datarootdir)/inetls)) \
	$(foreach dir,bindir sbindir completionsdir sysusersdir tmpfilesdir,$(call quote,$(DESTDIR)$($(dir)))) \
	$(foreach n,$(sort $(foreach page,$(PAGES),$(call section,$(page)))),$(call quote,$(DESTDIR)$(mandir)/man$(n)))

# make -s is silent.
aloud = $(if $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),: ,echo)

.PHONY: install uninstall cert
# may_write DIRECTORY: before the first file, in whose place install(1) would say less.
may_write = [ ! -d $(call quote,$(1)) ] || [ -w $(call quote,$(1)) ] || \
	{ echo $(call quote,$(1))': cannot be written to by this user: run make $@ as root, or with prefix=DIRECTORY' >&2; exit 77; }

install: all ## the programs and pages; on a terminal also the certificate, unless there is one
	@$(call may_write,$(DESTDIR)$(sbindir))
	@$(make_directories)
	@$(INSTALL_PROGRAM) $(BUILD)/inetls-wrap $(call quote,$(DESTDIR)$(sbindir)/inetls-wrap)
	@$(INSTALL_PROGRAM) $(BUILD)/inetls-certgen $(call quote,$(DESTDIR)$(bindir)/inetls-certgen)
	$(foreach page,$(PAGES),$(call install_page,$(page),$(DESTDIR)$(mandir)/man$(call section,$(page)),$(with_paths)))
	$(foreach file,$(COMPLETIONS),$(call install_page,$(file),$(DESTDIR)$(completionsdir)))
	$(call install_page,systemd/sysusers/inetls.conf,$(DESTDIR)$(sysusersdir))
	$(call install_page,systemd/tmpfiles/inetls.conf,$(DESTDIR)$(tmpfilesdir))
	@$(aloud) 'installed '$(call quote,$(DESTDIR)$(sbindir)/inetls-wrap)' and '$(call quote,$(DESTDIR)$(bindir)/inetls-certgen)', with their pages'
	@$(apply_account) make
	@$(if $(filter static,$(LINK)),$(say_static))
	@$(if $(DESTDIR)$(filter no,$(CERT))$(filter cert,$(MAKECMDGOALS)),:,$(certificate) offer)

# install_page FILE DIRECTORY [FILTER]
define install_page
	@$(INSTALL_DATA) $(1) $(call quote,$(2)/$(notdir $(1)))
	@$(if $(3),$(3) $(1) > $(call quote,$(2)/$(notdir $(1))))

endef

uninstall: fragments ## take away what install put there; the certificate stays
	@$(call may_write,$(DESTDIR)$(sbindir))
	@rm -f $(call quote,$(DESTDIR)$(sbindir)/inetls-wrap) $(call quote,$(DESTDIR)$(bindir)/inetls-certgen)
	@rm -f $(foreach file,$(COMPLETIONS),$(call quote,$(DESTDIR)$(completionsdir)/$(notdir $(file))))
	@rm -f $(foreach page,$(PAGES),$(call quote,$(DESTDIR)$(mandir)/man$(call section,$(page))/$(notdir $(page))))
	@rm -f $(call quote,$(DESTDIR)$(sysusersdir)/inetls.conf) $(call quote,$(DESTDIR)$(tmpfilesdir)/inetls.conf)
	@$(if $(DESTDIR),:,sh activate/directories remove $(made_directories))
	@$(aloud) 'took away what make install put there'
	@$(apply_account) remove
	@$(if $(DESTDIR),:,$(activate_env) sh activate/activate mention)

certificate = PEM=$(call quote,$(pem)) WHICH_PEM=$(call quote,$(which_pem)) OWNER=$(call quote,$(SERVICE_USER)) NAMES=$(call quote,$(NAMES)) PORT=$(call quote,$(PORT)) \
	CA=$(call quote,$(ca_dir)) FORCE=$(call quote,$(FORCE)) CERTGEN=$(BUILD)/inetls-certgen sh activate/certificate

# `make install cert` is one wish and not two: neither is the PEM made twice, nor is an existing one an error.
cert: $(BUILD)/inetls-certgen ## make the key and certificate, asking on a terminal
	@$(not_with_destdir)$(certificate) $(if $(filter install,$(MAKECMDGOALS)),keep,make)

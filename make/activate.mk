# Activation: the entries of the super-servers, from templates that are filled in to /etc.

# -- the service: what the targets below put into place, for `make inetd PORT=5433` to change ---------------
# Set with = and not ?=, since the environment often has a PORT or a SERVICE that means something else.
SERVICE = pgssl
PORT = 9000
# What clients say before TLS, a word of -n; none: they begin with TLS at once.  PostgreSQL's alone has a usual BACKEND.
PROTOCOL = pgsql
BACKEND = $(if $(filter pgsql,$(PROTOCOL)),localhost:5432)
# Where wrapped clients seem to come from, so that pg_hba.conf can tell them from local ones: SOURCE=127.0.0.77.
SOURCE =
# yes: the service sees the clients' own addresses (`make transparent` prepares the kernel).  try: or else that of SOURCE.
TRANSPARENT =
SERVICE_USER = root
PEM = $(sysconfdir)/inetls/$(SERVICE).pem
# The variables that a `make cert` for this PEM needs, in messages: without them it would make another service's.
given = $(if $(filter command,$(origin $1)), $1=$($1))
which_pem = $(call given,SERVICE)$(call given,PEM)
# The key of session tickets.  /run/inetls is root's; for another SERVICE_USER give a file in a directory of that user.
TICKETS = $(if $(filter root,$(SERVICE_USER)),/run/inetls/$(SERVICE).tickets)
# The file of the log; none: syslog, or the journal.  Who starts the wrapper must be able to write it.
LOG =
# Names for the certificate instead of questions; CERT=no: install makes none; FORCE=1: replace what is there.
NAMES =
CERT = yes
FORCE =
# What activation would change is shown, and nothing changed.  From the environment as well: to pass it over would hurt.
DRY_RUN ?=
# systemd: yes has a process started for each connection, no has one wait for them all.
ACCEPT = yes
# A CA's directory: make cert has it sign, and makes the CA first where there is none.
CA =

# The files of this machine that activation changes, and how its super-servers are told.
ETC = /etc
SERVICES_FILE = $(ETC)/services
INETD_CONF = $(ETC)/inetd.conf
XINETD_D = $(ETC)/xinetd.d
CRON_D = $(ETC)/cron.d
UNITDIR = $(ETC)/systemd/system
RC_LOCAL = $(ETC)/rc.local
INETD_PIDFILE = /var/run/inetd.pid
XINETD_PIDFILE = /var/run/xinetd.pid
RELOAD_XINETD = killall -HUP xinetd
SYSTEMCTL = systemctl
# What is there while systemd runs: see sd_booted(3).
SYSTEMD_RUN = /run/systemd/system

# What was chosen for an entry holds for later targets too, until the last entry is taken away.
SETTINGS_FILE = $(ETC)/inetls-$(SERVICE).settings
REMEMBERED = PORT PROTOCOL BACKEND SOURCE TRANSPARENT SERVICE_USER PEM TICKETS ACCEPT CA LOG
-include $(SETTINGS_FILE)
$(foreach v,$(REMEMBERED),$(if $(filter file,$(origin was.$(v))),$(eval $(v) = $(was.$(v)))))
chosen = $(foreach v,$(REMEMBERED),$(if $(filter command,$(origin $(v)))$(filter file,$(origin was.$(v))),$(v)=$(whole_$(v))$(if $(whole_$(v)),,$($(v)))))
recalled = $(foreach v,$(REMEMBERED),$(if $(filter command,$(origin $(v))),,$(if $(was.$(v)),$(v)=$($(v)))))
whole_PEM = $(pem)
whole_CA = $(ca_dir)

# A package gets programs and pages; what belongs to one machine is made on it.
not_with_destdir = $(if $(DESTDIR),echo 'make $@ changes this machine and cannot be used with DESTDIR' >&2; exit 64; )

ifneq ($(and $(DRY_RUN),$(filter install uninstall cert,$(MAKECMDGOALS))),)
$(error DRY_RUN=1 works only with targets that change /etc: services, inetd, xinetd, systemd, renewal, transparent, uninstall-inetd and so on. For other targets: make -n)
endif

# One that make only remembers is no mistake: it was chosen for make systemd.
ifneq ($(and $(filter command,$(origin ACCEPT)),$(filter-out yes,$(ACCEPT)),$(filter inetd xinetd,$(MAKECMDGOALS))),)
$(error ACCEPT=$(ACCEPT): only make systemd has this. To have one process wait for all connections, leave it out, and write by hand wait instead of nowait.6000 into the line for inetd, or wait = yes into the file for xinetd)
endif

# Not every shell expands the tilde of PEM=~/pgssl.pem, and a super-server needs the whole path.
pem := $(abspath $(patsubst ~/%,$(HOME)/%,$(PEM)))
ca_dir := $(abspath $(patsubst ~/%,$(HOME)/%,$(CA)))

# -- activation: the fragments filled in, and put where the super-servers read them -------------------------
FRAGMENT_DIR = $(BUILD)/fragments
FRAGMENTS = $(addprefix $(FRAGMENT_DIR)/,inetd/services inetd/pgssl.conf xinetd/pgssl systemd/pgssl.socket \
	systemd/pgssl@.service systemd/pgssl.service systemd/pgssl-pem.path systemd/pgssl-pem.service \
	systemd/pgssl-renew.service systemd/pgssl-renew.timer cron/pgssl-renew \
	systemd/pgssl-check.service systemd/pgssl-check.timer cron/pgssl-check \
	init/pgssl systemd/pgssl-listen.service systemd/pgssl-client@.service systemd/inetls-transparent.service)

# What is not a super-server's stands in contrib/.
vpath %.in contrib
.PHONY: fragments services inetd xinetd systemd renewal transparent
fragments: $(FRAGMENTS) ## fill in the entries for all super-servers, in build/fragments
$(FRAGMENTS): $(FRAGMENT_DIR)/%: %.in systemd/confine.in $(FRAGMENT_DIR)/settings
	@mkdir -p $(@D)
	@sed -e '/^@confine@$$/{r systemd/confine.in' -e 'd}' $< | sed -f $(FRAGMENT_DIR)/settings > $@

# A sed script that changes only when a setting does, as with the flags in GNUmakefile.
$(FRAGMENT_DIR)/settings: FORCE
	@mkdir -p $(@D)
	@SERVICE=$(call quote,$(SERVICE)) PORT=$(call quote,$(PORT)) PROTOCOL=$(call quote,$(PROTOCOL)) BACKEND=$(call quote,$(BACKEND)) \
		SOURCE=$(call quote,$(SOURCE)) TRANSPARENT=$(call quote,$(TRANSPARENT)) SERVICE_USER=$(call quote,$(SERVICE_USER)) SBINDIR=$(call quote,$(sbindir)) PEM=$(call quote,$(pem)) \
		TICKETS=$(call quote,$(TICKETS)) LOG=$(call quote,$(LOG)) BINDIR=$(call quote,$(bindir)) CA=$(call quote,$(ca_dir)) ACCEPT=$(call quote,$(ACCEPT)) \
		sh activate/settings > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

activate_env = $(foreach v,SERVICE PORT PROTOCOL ACCEPT SERVICE_USER TRANSPARENT SERVICES_FILE INETD_CONF XINETD_D CRON_D UNITDIR RC_LOCAL INETD_PIDFILE \
	XINETD_PIDFILE RELOAD_XINETD SYSTEMCTL SYSTEMD_RUN LOG FORCE DRY_RUN,$(v)=$(call quote,$($(v)))) PEM=$(call quote,$(pem)) WHICH_PEM=$(call quote,$(which_pem)) CA=$(call quote,$(ca_dir)) \
	PROGRAM=$(call quote,$(sbindir)/inetls-wrap) CERTGEN=$(call quote,$(bindir)/inetls-certgen) \
	SETTINGS_FILE=$(call quote,$(SETTINGS_FILE)) SETTINGS=$(call quote,$(chosen)) RECALLED=$(call quote,$(strip $(recalled))) FRAGMENTS=$(FRAGMENT_DIR)
activate = @$(not_with_destdir)$(activate_env) sh activate/activate

services: fragments ## the name and port into /etc/services
	$(activate) add services
inetd: services ## the line into /etc/inetd.conf; inetd is told
	$(activate) add inetd
xinetd: services ## the file into /etc/xinetd.d; xinetd is told
	$(activate) add xinetd
systemd: fragments ## the socket and its service; systemd is told
	$(activate) add systemd

renewal: fragments ## daily: all is looked at and, with CA=, the certificate renewed in time; a timer or cron
	$(activate) add renewal

transparent: fragments ## the kernel's rules and routes for TRANSPARENT=yes, now and at each boot, by a unit or a line in rc.local
	$(activate) add transparent

UNINSTALLS = uninstall-services uninstall-inetd uninstall-xinetd uninstall-systemd uninstall-renewal uninstall-transparent
.PHONY: $(UNINSTALLS)
$(UNINSTALLS): uninstall-%: fragments
	$(activate) remove $*

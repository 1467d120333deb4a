# make systemd under a systemd that really boots: in a container whose root is an overlay over this machine's, with
# its upper layer in memory, so that nothing which is written there reaches this machine.

# $status and $output are what bats gives.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
}

nspawn_path() {
	first_program "$SUPERSERVERS/systemd-container/usr/bin/systemd-nspawn" systemd-nspawn
}

# What runs in the container, as the one service of its boot.  It says what it sees, and the test reads it.
write_probe() {
	cat > "$T/probe" <<-'END'
	#!/bin/bash
	ip link set lo up
	systemctl start systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service
	cd /inetls
	. tests/pg.sh
	PG_PORT=5432 pg_start
	run_make() {
		make -s -o all -o build/inetls-certgen CC=true PKG_CONFIG=true "$@"
	}
	ask() {
		timeout 30 psql -XAt -v ON_ERROR_STOP=1 -c "select 'answered: $*'" "host=localhost hostaddr=127.0.0.1 \
			port=9000 sslmode=verify-full sslrootcert=/usr/local/etc/inetls/pgssl.crt"
	}
	run_make install cert NAMES=localhost < /dev/null
	ask before
	run_make systemd
	ask TCP
	run_make systemd
	ask again
	run_make systemd BACKEND="$PGSOCKET/.s.PGSQL.5432" FORCE=1
	ask Unix socket
	chown nobody /usr/local/etc/inetls/pgssl.pem
	run_make systemd SERVICE_USER=nobody FORCE=1
	ask nobody
	chmod 644 /usr/local/etc/inetls/pgssl.pem
	ask PEM that others can read
	sleep 1
	echo "log: $(journalctl -o cat -t pgssl | grep -c 'result=ok') sessions"
	echo "failed: $(systemctl --failed --no-legend 'pgssl*' | wc -l) units"
	run_make uninstall-systemd SERVICE_USER=nobody
	ask after
	echo "left: $(find /etc/systemd/system -name 'pgssl*')"

	# The units for those who have no socket, and the daily look.
	chown root /usr/local/etc/inetls/pgssl.pem
	chmod 600 /usr/local/etc/inetls/pgssl.pem
	run_make renewal
	cp build/fragments/systemd/pgssl-{listen,client@}.service /etc/systemd/system
	sed -i 's/-d 5432/-d 5433/' /etc/systemd/system/pgssl-client@.service
	systemctl daemon-reload
	systemctl start pgssl-listen pgssl-client@localhost
	sleep 1
	ask listening
	timeout 30 psql -XAtc "select 'answered: client'" "host=127.0.0.1 port=5433 sslmode=disable"
	systemctl start pgssl-check && echo "check: in order"
	chmod 644 /usr/local/etc/inetls/pgssl.pem
	systemctl start pgssl-check || echo "check: not in order"
	journalctl -o cat -u pgssl-check | grep '^error' | sed 's/^error */check: /; s/pgssl.pem.*/pgssl.pem/'
	systemctl stop pgssl-listen
	ask after the listener
	run_make uninstall-renewal
	pg_stop
	kill -s RTMIN+4 1
	END
	chmod 755 "$T/probe"
}

# Runs in private mounts.  Only what the probe needs is started: no clean-up of temporary files, no sysctl, no udev.
write_container() {
	cat > "$T/container" <<-'END'
	#!/bin/bash
	set -eu
	world=$T/world
	root=$world/root
	mkdir "$world"
	mount -t tmpfs -o size=700m,mode=755 world "$world"
	mkdir "$world/upper" "$world/work" "$root"
	mount -t overlay -o "lowerdir=/,upperdir=$world/upper,workdir=$world/work" overlay "$root" || exit 77
	[ -x "$root/usr/bin/make" ] || exit 77
	units=$root/etc/systemd/system
	rm -rf "$units" "$root"/lib/systemd/system/*.wants
	mkdir -p "$units/probe.target.wants" "$root/inetls/build"
	printf '[Unit]\nDefaultDependencies=no\nAllowIsolate=yes\n' > "$units/probe.target"
	printf '%s\n' '[Unit]' DefaultDependencies=no '[Service]' Type=oneshot ExecStart=/inetls/probe \
		StandardOutput=append:/inetls/log StandardError=append:/inetls/log > "$units/probe.service"
	ln -s ../probe.service "$units/probe.target.wants"
	cp -r "$ROOT"/{GNUmakefile,inetd,xinetd,systemd,cron,init,certgen,completion,man,tests} "$T/probe" "$root/inetls"
	cp "$BUILD"/inetls-{wrap,certgen} "$root/inetls/build"
	timeout -k 5 120 "$NSPAWN" -q -D "$root" -M inetls-test --register=no --keep-unit --private-network \
		--link-journal=no -b -- --unit=probe.target --show-status=no < /dev/null
	cat "$root/inetls/log"
	END
	chmod 755 "$T/container"
}

@test "systemd: make systemd serves psql by TCP, Unix socket and another user, and uninstall leaves nothing" {
	need_root
	need_namespaces
	need postgresql
	need psql
	NSPAWN=$(nspawn_path) || need systemd-nspawn
	write_probe
	write_container
	export ROOT BUILD NSPAWN
	run timeout -k 5 150 unshare -m --propagation private "$T/container"
	echo "$output"
	[ "$status" -ne 77 ] || skip "kernel: no overlay of this machine's root"
	[ "$status" -eq 0 ]
	# Before, after, and with a PEM that others can read, psql got no answer.
	diff - <(grep -E '^(answered|log|failed|left|check):' <<< "$output") <<-END
	answered: TCP
	answered: again
	answered: Unix socket
	answered: nobody
	log: 4 sessions
	failed: 0 units
	left: 
	answered: listening
	answered: client
	check: in order
	check: not in order
	check: /usr/local/etc/inetls/pgssl.pem
	END
}

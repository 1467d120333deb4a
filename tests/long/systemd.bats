# make systemd on a systemd that really boots, in a container.  Its root is an overlay over this machine's, with the
# upper layer in memory, so nothing that is written there reaches this machine.

# $status and $output are what bats gives.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib

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
	. tests/lib/pg.sh
	install -d -o postgres /run/postgresql
	TMPDIR=/run/postgresql PG_PORT=5432 pg_start
	# Where a PostgreSQL that was built from source has it.
	socat UNIX-LISTEN:/tmp/.s.PGSQL.5432,fork,mode=777 "UNIX-CONNECT:$PGSOCKET/.s.PGSQL.5432" &
	socat=$!
	pem=/usr/local/etc/inetls/pgssl.pem
	run_make() {
		make -s -o all -o build/inetls-certgen CC=true PKG_CONFIG=true "$@"
	}
	psql_tls() {
		timeout 30 psql -XAt -v ON_ERROR_STOP=1 "$@" "host=localhost hostaddr=127.0.0.1 port=9000 \
			sslmode=verify-full sslrootcert=/usr/local/etc/inetls/pgssl.crt"
	}
	ask() {
		psql_tls -c "select 'answered: $*'"
	}
	# What the wrapper itself finds in the place that the unit has put it in.
	check_inside() {
		sed -e 's/^ExecStart=-*\(.*\)/ExecStart=\1 --check/; s/^StandardOutput=.*/StandardOutput=append:\/inetls\/probe.log/' \
			-e 's/^Type=.*//; s/^\[Service\]/&\nType=oneshot/; /^StandardInput=/d' "/etc/systemd/system/$1" \
			> /run/systemd/system/inside.service
		systemctl daemon-reload
		systemctl start inside.service
	}
	# night PATTERN OPTION...: what the journal says of that, within 20 seconds.
	night() {
		local said pattern=$1
		shift
		for _ in {1..20}; do
			said=$(journalctl -o cat --since -1min "$@" | grep -om 1 "$pattern") && break
			sleep 1
		done
		echo "night: $said"
	}
	users() {
		psql_tls -c 'select pg_sleep(2)' > /dev/null &
		sleep 1
		ps -eo user:32=,args= | sed -n 's/^\([^ ]*\) .*[i]netls-wrap -N.*/\1/p' | sort -u |
			sed 's/^pgssl-tls$/dynamic/; s/^/'"user of $1: /"
		wait $!
	}
	# Two processes of one service: the second takes the first one's ticket, which came with the service's first bytes.
	# A client without a user name is refused, but gets such bytes.
	resume() {
		local file
		for file in -sess_out -sess_in; do
			{ printf '\0\0\0\011\0\003\0\0\0'; sleep 1; } |
				timeout 10 openssl s_client -connect 127.0.0.1:9000 -starttls postgres $file /inetls/ticket
		done > /dev/null 2>&1
		sleep 1
		echo "resumed with $1: $(journalctl -o cat -t pgssl --since -5s | grep -c 'resumed=yes')"
	}
	run_make install cert NAMES=localhost < /dev/null
	ask before
	for accept in yes no; do
		run_make systemd ACCEPT=$accept
		ask TCP, Accept=$accept
		run_make systemd ACCEPT=$accept
		ask again, Accept=$accept
		users $accept
		resume $accept
		run_make systemd ACCEPT=$accept BACKEND="$PGSOCKET/.s.PGSQL.5432" FORCE=1
		ask Unix socket, Accept=$accept
		run_make systemd ACCEPT=$accept BACKEND=/tmp/.s.PGSQL.5432 FORCE=1
		ask Unix socket in /tmp, Accept=$accept
		[ $accept = yes ] && unit=pgssl@.service || unit=pgssl.service
		check_inside $unit "$accept"
	done
	run_make systemd ACCEPT=no BACKEND=/tmp/.s.PGSQL.5432
	psql_tls -c 'select pg_sleep(5)' -c "select 'answered: a session that outlives the old PEM'" &
	sleep 1
	run_make cert NAMES=localhost FORCE=1
	sleep 3
	ask a new PEM
	wait $!
	# The log is rotated.
	run_make systemd ACCEPT=no LOG=/var/log/inetls/pgssl.log FORCE=1
	ask before the rotation
	mv /var/log/inetls/pgssl.log /var/log/inetls/pgssl.log.1
	psql_tls -c 'select pg_sleep(3)' -c "select 'answered: a session that outlives the log'" &
	sleep 1
	pkill -HUP -f '^[^ ]*inetls-wrap .*-N pgssl '
	ask a new log
	wait $!
	echo "rotated: $(grep -c result=ok /var/log/inetls/pgssl.log) of the new listener"
	# By night: somebody changes -r by hand, or the PEM is gone.
	run_make systemd ACCEPT=yes BACKEND=localhost:5432 LOG= FORCE=1
	sed -i "s,-r localhost:5432,-r $PGSOCKET/.s.PGSQL.5432," /etc/systemd/system/pgssl@.service
	systemctl daemon-reload
	ask a TCP unit with a Unix socket
	night 'RestrictAddressFamilies.*BACKEND=' -t pgssl
	run_make systemd ACCEPT=yes FORCE=1
	mv $pem $pem.away
	ask no PEM
	night 'Failed to set up credentials' -u 'pgssl@*'
	mv $pem.away $pem
	mv $pem $pem.away
	install -m 600 /dev/null $pem
	ask an empty PEM
	night '/run/credentials/pgssl@.*pgssl.pem: is empty' -t pgssl | sed 's/@[^/]*/@/'
	echo "night: $(systemctl cat pgssl@.service | grep LoadCredential)"
	mv $pem.away $pem
	chmod 644 $pem
	run_make systemd ACCEPT=yes FORCE=1 || echo "refused: a PEM that others can read"
	chmod 600 $pem
	useradd -r pg-tls
	chown pg-tls $pem
	for accept in yes no; do
		run_make systemd ACCEPT=$accept SERVICE_USER=pg-tls FORCE=1
		ask pg-tls, Accept=$accept
	done
	run_make systemd ACCEPT=yes SERVICE_USER=pg-tls FORCE=1
	ask pg-tls, yes again
	chmod 644 $pem
	ask PEM that others can read
	sleep 1
	echo "log: $(journalctl -o cat -t pgssl | grep -c 'result=ok .* application=psql') sessions of psql"
	systemctl list-units --state=failed --no-legend 'pgssl*'
	echo "failed: $(systemctl list-units --state=failed --no-legend 'pgssl*' | wc -l) units"
	run_make uninstall-systemd SERVICE_USER=pg-tls
	ask after
	echo "left: $(find /etc/systemd/system -name 'pgssl*'; ls -d /run/*inetls-pgssl /run/private/*inetls-pgssl 2> /dev/null)"

	# The units for those who have no socket, and the daily look.
	chown root /usr/local/etc/inetls/pgssl.pem
	chmod 600 /usr/local/etc/inetls/pgssl.pem

	# -T, by the unit for the kernel and by those for sessions, whose users never were root.
	ip addr add 192.0.2.9/32 dev lo
	echo 'host all all 192.0.2.9/32 scram-sha-256' >> "$PG_DIR/data/pg_hba.conf"
	psql -XqAt "host=$PGSOCKET" -c 'select pg_reload_conf()' > /dev/null
	run_make transparent
	systemctl restart inetls-transparent
	for user in root pg-tls; do
		chown $user $pem
		for accept in yes no; do
			run_make systemd ACCEPT=$accept TRANSPARENT=yes SERVICE_USER=$user FORCE=1
			timeout 30 psql -XAt "host=localhost hostaddr=192.0.2.9 port=9000 sslmode=verify-full sslrootcert=${pem%.pem}.crt" \
				-c "select 'answered: to ' || host(inet_client_addr()) || ', $user $accept'"
		done
	done
	echo "ways: $(ip rule | grep -c ' 123') $(ip route show table 123 | grep -c .)"
	run_make uninstall-systemd
	run_make uninstall-transparent
	echo "ways: $(ip rule | grep -c ' 123') $(ip route show table 123 2> /dev/null | grep -c .)"
	chown root $pem
	run_make renewal SERVICE_USER=root
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
	kill $socat
	journalctl --no-pager > /inetls/journal.log
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
		StandardOutput=append:/inetls/probe.log StandardError=append:/inetls/probe.log > "$units/probe.service"
	ln -s ../probe.service "$units/probe.target.wants"
	tar -C "$ROOT" --exclude='./build*' --exclude=./.git -c . | tar -C "$root/inetls" -x
	cp "$T/probe" "$root/inetls"
	cp "$BUILD"/inetls-{wrap,certgen} "$root/inetls/build"
	timeout -k 5 300 "$NSPAWN" -q -D "$root" -M inetls-test --register=no --keep-unit --private-network \
		--link-journal=no --system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' \
		-b -- --unit=probe.target --show-status=no < /dev/null
	cat "$root/inetls/probe.log"
	cp "$root/inetls/journal.log" "$T/journal.log" || :
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
	run timeout -k 5 330 unshare -m --propagation private "$T/container"
	echo "$output"
	[ "$status" -ne 77 ] || skip "kernel: no overlay of this machine's root"
	[ "$status" -eq 0 ]
	# Before, after, and with a PEM that others can read, psql got no answer.
	diff - <(grep -E '^(answered|ok +(sandbox|user):|user of|resumed|refused|log:|failed:|left:|rotated:|night:|ways:|check:)' <<< "$output" |
		sed -E 's/^ok +//; s/ABI [0-9]+/ABI N/; s/uid [0-9]+/uid N/') <<-END
	answered: TCP, Accept=yes
	answered: again, Accept=yes
	user of yes: dynamic
	resumed with yes: 1
	answered: Unix socket, Accept=yes
	answered: Unix socket in /tmp, Accept=yes
	user: a session stays uid N
	sandbox: seccomp, Landlock (ABI N)
	answered: TCP, Accept=no
	answered: again, Accept=no
	user of no: dynamic
	resumed with no: 1
	answered: Unix socket, Accept=no
	answered: Unix socket in /tmp, Accept=no
	user: a session stays uid N
	sandbox: seccomp, Landlock (ABI N)
	answered: a new PEM
	answered: a session that outlives the old PEM
	answered: before the rotation
	answered: a new log
	answered: a session that outlives the log
	rotated: 1 of the new listener
	night: RestrictAddressFamilies= of its unit; under systemd: make systemd FORCE=1 BACKEND=
	night: Failed to set up credentials
	night: /run/credentials/pgssl@/pgssl.pem: is empty
	night: LoadCredential=pgssl.pem:/usr/local/etc/inetls/pgssl.pem
	refused: a PEM that others can read
	answered: pg-tls, Accept=yes
	answered: pg-tls, Accept=no
	answered: pg-tls, yes again
	log: 15 sessions of psql
	failed: 0 units
	left: 
	answered: to 192.0.2.9, root yes
	answered: to 192.0.2.9, root no
	answered: to 192.0.2.9, pg-tls yes
	answered: to 192.0.2.9, pg-tls no
	ways: 1 1
	ways: 0 0
	answered: listening
	answered: client
	check: in order
	check: not in order
	check: /usr/local/etc/inetls/pgssl.pem
	END
}

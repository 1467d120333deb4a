# Command lines for stunnel 3 with only the program's name changed.  They name fixed ports and paths, so each runs in
# its own network and mounts: a /tmp, a /root, an /etc/services, and a PostgreSQL on port 5432.  There is no -n pgsql,
# so psql speaks in clear to socat, the TLS client.

# lib.bash sets pid and port; the scripts in quotes are for another shell.
# shellcheck disable=SC2154,SC2016,SC1091

load ../lib/lib

setup() {
	lib_before
	need_root "port 5432 and /root/my.pem need a world of their own"
	need_namespaces
	need postgresql
	need socat
	need ip
}

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	can_build_world || return 0
	make_pem "$T/pgssl.pem" localhost
	build_world
	start_postgresql
	start client "$INSIDE" socat TCP-LISTEN:6432,bind=127.0.0.1,fork,reuseaddr \
		"OPENSSL:127.0.0.1:9000,commonname=localhost,cafile=$T/pgssl.crt,verify=1"
	wait_for 10 listening 6432
}

can_build_world() {
	[ "$(id -u)" -eq 0 ] && unshare -nm true 2> /dev/null && have postgresql && have socat && have ip
}

# build_world: a process that holds the namespaces; everything else enters them by $INSIDE.  $T is kept
# reachable under its own name while a new /tmp covers the old one; the repository may be covered as well.
build_world() {
	local name
	mkdir "$T/root"
	install -m 600 "$T/pgssl.pem" "$T/root/my.pem"
	install -m 600 "$T/pgssl.pem" "$T/root/stunnel.pem"
	{
		grep -v '^pgssl' /etc/services || :
		echo "pgssl		9000/tcp"
	} > "$T/services"
	cp "$ROOT/tests/lib/pg.sh" "$T/pg.sh"
	for name in openbsd-inetd inetutils-inetd xinetd; do
		! have "$name" || install -m 755 "$(superserver_path "$name")" "$T/bin/$name"
	done
	start world unshare -nm --propagation private sh -euc '
		ip link set lo up
		mount --bind "$1" /mnt
		mount -t tmpfs -o mode=1777 tmpfs /tmp
		mount --bind /mnt/root /root
		mount --bind /mnt/services /etc/services
		mkdir -p "$1"
		mount --move /mnt "$1"
		touch "$1/world"
		exec sleep 600' sh "$T"
	# A program and not a function, so that what start runs by it has the pid that start has seen.
	INSIDE=$T/bin/inside
	export INSIDE
	printf '#!/bin/sh\nexec nsenter --target %s --net --mount --root --wd=/ "$@"\n' "$pid" > "$INSIDE"
	chmod 755 "$INSIDE"
	wait_for 10 test -e "$T/world"
}

tcp_table() {
	table=$("$INSIDE" cat /proc/net/tcp /proc/net/tcp6)
}

start_postgresql() {
	"$INSIDE" env TMPDIR="$T" PG_PORT=5432 sh -euc '
		. "$1/pg.sh"
		pg_start
		export -p > "$1/pg.env"' sh "$T"
	# Only what pg_start has exported is wanted here, not the rest of that environment.
	grep -E '^export PG' "$T/pg.env" > "$T/pg.only"
	. "$T/pg.only"
}

# session: psql through socat's TLS.  socat verifies the certificate, so it is our wrapper that answers.
session() {
	run "$INSIDE" env PGPASSFILE="$PGPASSFILE" psql -XAt "host=127.0.0.1 port=6432 sslmode=disable" \
		-c "select 'answered by port ' || inet_server_port()"
	[ "$status" -eq 0 ]
	[ "$output" = "answered by port 5432" ]
}

# refused: there is nobody on port 9000, so that what answers later is what the test has started.
refused() {
	! listening 9000
}

# daemon PIDFILE ARG...: the line goes to the background by itself, leaves its pid in that file, serves, and
# takes the file away when it is told to end.
daemon() {
	local file=$1
	shift
	refused
	"$INSIDE" "$WRAP" "$@" < /dev/null > "$T/daemon.log" 2>&1 3>&-
	wait_for 10 "$INSIDE" test -s "$file"
	"$INSIDE" cat "$file" > "$T/pids/test/daemon"
	wait_for 10 listening 9000
	alive "$(cat "$T/pids/test/daemon")"
	session
	session
	stop daemon
	run "$INSIDE" test -e "$file"
	[ "$status" -eq 1 ]
	refused
}

# under NAME: the super-server that reads $T/NAME.conf serves, also a second time.
under() {
	wait_for 10 listening 9000
	session
	session
	stop "$1"
	refused
}

inetd_line() {
	echo "pgssl stream tcp nowait root $WRAP -P/tmp/ -p /root/my.pem -r 5432" > "$T/$1.conf"
	refused
}

@test "-P/tmp/ -p PEM -d 9000 -r localhost:5432 serves psql and keeps /tmp/inetls.localhost.5432.pid" {
	daemon /tmp/inetls.localhost.5432.pid -P/tmp/ -p "$T/pgssl.pem" -d 9000 -r localhost:5432
}

@test "-P/tmp/ -p PEM -d 9000 -r 5432 serves psql and keeps /tmp/inetls.5432.pid" {
	daemon /tmp/inetls.5432.pid -P/tmp/ -p "$T/pgssl.pem" -d 9000 -r 5432
}

@test "openbsd-inetd reads the old inetd.conf line, whose program's name is missing, and serves psql" {
	need openbsd-inetd
	inetd_line openbsd-inetd
	start openbsd-inetd "$INSIDE" "$T/bin/openbsd-inetd" -i "$T/openbsd-inetd.conf"
	under openbsd-inetd
}

@test "inetutils-inetd reads the old inetd.conf line, whose program's name is missing, and serves psql" {
	need inetutils-inetd
	inetd_line inetutils-inetd
	start inetutils-inetd "$INSIDE" "$T/bin/inetutils-inetd" -d -p"$T/inetutils-inetd.pid" \
		"$T/inetutils-inetd.conf"
	under inetutils-inetd
}

@test "xinetd reads the old file with server_args = -P/tmp/ -p /root/stunnel.pem -r 5432 and serves psql" {
	need xinetd
	cat > "$T/xinetd.conf" <<-END
	service pgssl
	{
		disable         = no
		socket_type     = stream
		protocol        = tcp
		wait            = no
		user            = root
		server          = $WRAP
		server_args     = -P/tmp/ -p /root/stunnel.pem -r 5432
	}
	END
	refused
	start xinetd "$INSIDE" "$T/bin/xinetd" -dontfork -f "$T/xinetd.conf" -pidfile "$T/xinetd.pid" \
		-filelog "$T/xinetd.file.log"
	under xinetd
}

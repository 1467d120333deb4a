# Command lines for stunnel 3 with only the program's name changed: the client's, and the server's with 100 MB through
# both. There are two machines, made of namespaces, with a wire between them: one has PostgreSQL on port 5432, the
# other the client. psql is called as the old instructions say.

# lib.bash sets pid and port; the scripts in quotes and its tilde are for another shell.
# shellcheck disable=SC2154,SC2016,SC1091,SC2088

load ../lib/lib

setup() {
	lib_before
	need_root "ports 5432 and 9000 need a world of their own"
	need_namespaces
	need postgresql
	need ip
	[ -e "$T/client.world" ] || skip "kernel: no pair of virtual wires"
}

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	[ "$(id -u)" -eq 0 ] && unshare -nm true 2> /dev/null && have postgresql && have ip || return 0
	make_pem "$T/pgssl.pem" pgserver
	openssl rand -base64 76000000 > "$T/payload"
	machine server 10.77.0.1
	machine client 10.77.0.2
	wire || return 0
	start_postgresql
}

# machine NAME ADDRESS: a process that holds its namespaces; what is to run there enters them by $T/bin/on-NAME.
# $T stays reachable under its own name while a new /tmp covers the old one.
machine() {
	local name
	mkdir "$T/$1.root"
	install -m 600 "$T/pgssl.pem" "$T/$1.root/my.pem"
	install -m 600 "$T/pgssl.pem" "$T/$1.root/stunnel.pem"
	{
		grep -v '^pgssl' /etc/services || :
		echo "pgssl		9000/tcp"
	} > "$T/services"
	printf '127.0.0.1 localhost\n10.77.0.1 pgserver\n' > "$T/hosts"
	cp "$ROOT/tests/lib/pg.sh" "$T/pg.sh"
	for name in openbsd-inetd xinetd; do
		! have "$name" || install -m 755 "$(superserver_path "$name")" "$T/bin/$name"
	done
	start "$1.machine" unshare -nm --propagation private sh -euc '
		ip link set lo up
		mount --bind "$1" /mnt
		mount -t tmpfs -o mode=1777 tmpfs /tmp
		mount -t tmpfs -o mode=755 tmpfs /var/lib
		mount --bind "/mnt/$2.root" /root
		mount --bind /mnt/services /etc/services
		mount --bind /mnt/hosts /etc/hosts
		mkdir -p "$1"
		mount --move /mnt "$1"
		touch "$1/$2.world.ready"
		exec sleep 900' sh "$T" "$1"
	printf '#!/bin/sh\nexec nsenter --target %s --net --mount --root --wd=/ env HOME=/root "$@"\n' "$pid" > "$T/bin/on-$1"
	chmod 755 "$T/bin/on-$1"
	echo "$pid" > "$T/$1.pid"
	wait_for 10 test -e "$T/$1.world.ready"
}

# wire: between the two machines.
wire() {
	"$T/bin/on-server" ip link add wire type veth peer name wire netns "$(cat "$T/client.pid")" || return 1
	"$T/bin/on-server" ip addr add 10.77.0.1/24 dev wire
	"$T/bin/on-client" ip addr add 10.77.0.2/24 dev wire
	"$T/bin/on-server" ip link set wire up
	"$T/bin/on-client" ip link set wire up
	touch "$T/client.world"
}

start_postgresql() {
	"$T/bin/on-server" env TMPDIR="$T" PG_PORT=5432 sh -euc '
		. "$1/pg.sh"
		pg_start
		export -p > "$1/pg.env"' sh "$T"
	grep -E '^export PG' "$T/pg.env" > "$T/pg.only"
	. "$T/pg.only"
}

# up MACHINE PORT: somebody listens there.
up() {
	local hex
	printf -v hex '%04X' "$2"
	"$T/bin/on-$1" cat /proc/net/tcp /proc/net/tcp6 | awk -v port=":$hex" \
		'$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

down() {
	! up "$@"
}

# daemon MACHINE PORT PIDFILE ARG...: the line as it was typed, by a shell that knows ~.  It goes to the background
# by itself and leaves its pid in that file.
daemon() {
	local machine=$1 at=$2 file=$3 name=$1.$2
	shift 3
	down "$machine" "$at"
	"$T/bin/on-$machine" sh -c "$WRAP $*" < /dev/null > "$T/$name.log" 2>&1 3>&-
	wait_for 10 "$T/bin/on-$machine" test -s "$file"
	"$T/bin/on-$machine" cat "$file" > "$T/pids/test/$name"
	echo "$file" > "$T/$name.file"
	wait_for 10 up "$machine" "$at"
	alive "$(cat "$T/pids/test/$name")"
}

# gone_after_sigterm MACHINE PORT: with it its pid file.
gone_after_sigterm() {
	stop "$1.$2"
	down "$1" "$2"
	run "$T/bin/on-$1" test -e "$(cat "$T/$1.$2.file")"
	[ "$status" -eq 1 ]
}

# session MACHINE PORT: psql as the old instructions have it, with 100 MB in and out again, to the byte.
session() {
	rm -f "$T/returned"
	timeout 120 "$T/bin/on-$1" env PGPASSFILE="$PGPASSFILE" psql -X -q -v ON_ERROR_STOP=1 -p "$2" -h localhost -U postgres \
		postgres -c 'create temp table payload (line text)' -c "\\copy payload from '$T/payload'" \
		-c "\\copy payload to '$T/returned'"
	cmp "$T/payload" "$T/returned"
}

@test "one machine to the other: -P/tmp/ -p ~/stunnel.pem -d 9000 -r localhost:5432, and -P/tmp/ -c -d 5432 -r HOST:9000" {
	daemon server 9000 /tmp/inetls.localhost.5432.pid -P/tmp/ -p '~/stunnel.pem' -d 9000 -r localhost:5432
	daemon client 5432 /tmp/inetls.pgserver.9000.pid -P/tmp/ -c -d 5432 -r pgserver:9000
	session client 5432
	# What it saw the first time is kept where root keeps it.
	"$T/bin/on-client" grep -q '^pgserver:9000 sha256//' /var/lib/inetls/known_hosts
	gone_after_sigterm client 5432
	gone_after_sigterm server 9000
}

@test "the client takes nobody in from outside: -d 5432 alone is loopback" {
	daemon client 5432 /tmp/inetls.pgserver.9000.pid -P/tmp/ -c -d 5432 -r pgserver:9000
	run timeout 10 "$T/bin/on-server" bash -c 'echo > /dev/tcp/10.77.0.2/5432'
	[ "$status" -ne 0 ]
	gone_after_sigterm client 5432
}

@test "both on one machine: -d 9000 -r 5432 and -c -d 5433 -r localhost:9000, two pid files in /tmp" {
	daemon server 9000 /tmp/inetls.5432.pid -P/tmp/ -p '~/stunnel.pem' -d 9000 -r 5432
	daemon server 5433 /tmp/inetls.localhost.9000.pid -P/tmp/ -c -d 5433 -r localhost:9000
	session server 5433
	gone_after_sigterm server 9000
	alive "$(cat "$T/pids/test/server.5433")"
	gone_after_sigterm server 5433
}

@test "-P with a full file name" {
	daemon server 9000 /tmp/pgssl.pid -P /tmp/pgssl.pid -p '~/stunnel.pem' -d 9000 -r 5432
	daemon client 5432 /tmp/client.pid -P/tmp/client.pid -c -d 5432 -r pgserver:9000
	run timeout 60 "$T/bin/on-client" env PGPASSFILE="$PGPASSFILE" psql -XAt -p 5432 -h localhost -U postgres postgres -c 'select 6 * 7'
	[ "$output" = 42 ]
	gone_after_sigterm client 5432
	gone_after_sigterm server 9000
}

@test "as with ssh -L: -c -d 4001 -r HOST:9000" {
	daemon server 9000 /tmp/inetls.5432.pid -P/tmp/ -p '~/stunnel.pem' -d 9000 -r 5432
	daemon client 4001 /tmp/inetls.pgserver.9000.pid -P/tmp/ -c -d 4001 -r pgserver:9000
	run timeout 60 "$T/bin/on-client" env PGPASSFILE="$PGPASSFILE" psql -XAt -p 4001 -h localhost -U postgres postgres -c 'select 6 * 7'
	[ "$output" = 42 ]
	gone_after_sigterm client 4001
	gone_after_sigterm server 9000
}

# under NAME: a super-server on the one machine, the client's daemon on the other.
under() {
	wait_for 10 up server 9000
	daemon client 5432 /tmp/inetls.pgserver.9000.pid -P/tmp/ -c -d 5432 -r pgserver:9000
	session client 5432
	gone_after_sigterm client 5432
	stop "$1"
	down server 9000
}

@test "openbsd-inetd with the old inetd.conf line, and the client's line" {
	need openbsd-inetd
	echo "pgssl stream tcp nowait root $WRAP -P/tmp/ -p /root/my.pem -r 5432" > "$T/openbsd-inetd.conf"
	start openbsd-inetd "$T/bin/on-server" "$T/bin/openbsd-inetd" -i "$T/openbsd-inetd.conf"
	under openbsd-inetd
}

@test "xinetd with the old file, and the client's line" {
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
	start xinetd "$T/bin/on-server" "$T/bin/xinetd" -dontfork -f "$T/xinetd.conf" -pidfile "$T/xinetd.pid" \
		-filelog "$T/xinetd.file.log"
	under xinetd
}

# -T with many clients: each has its own port, whatever starts the wrapper.

# lib.bash and transparent.bash set log, pid, output and status.
# shellcheck disable=SC2154,SC2016

load ../lib/lib
load ../lib/transparent

# at_once ADDRESS: 200 sessions of the client.
at_once() {
	on client timeout 180 "$ROOT/tests/lib/at-once.py" 200 \
		"host=localhost hostaddr=$1 port=9000 sslmode=verify-full sslrootcert=$T/pgssl.crt connect_timeout=60"
}

# ports_from FIRST: the client's, since for a minute none that another test has used can be had on the server.
ports_from() {
	on client sh -c 'echo "$1" > /proc/sys/net/ipv4/ip_local_port_range' sh "$1 $(($1 + 4999))"
}

# two_hundred_under NAME FIRST: with the client's ports from FIRST on.
two_hundred_under() {
	local address
	ports_from "$2"
	serve "$1"
	for address in 10.77.0.1 2001:db8:77::1; do
		run at_once "$address"
		echo "$output"
		[ "$output" = "200 sessions, 200 right, 200 ports" ]
		wait_for 20 nobody_is_connected
	done
	[ "$(grep -c 'result=ok ' "$log")" -eq 400 ]
	# Each line has the peer's address as the source.
	[ "$(grep -cE 'peer=([^ ]+) .* source=\1 ' "$log")" -eq 400 ]
	stop server
}

nobody_is_connected() {
	[ "$(psql -XAt "host=$PGSOCKET port=$PGPORT_REAL" -c "select count(*) from pg_stat_activity where client_addr is not null")" = 0 ]
}

setup_long() {
	[ -e /usr/lib/python3/dist-packages/psycopg2/__init__.py ] || skip "psycopg2 is not installed"
}

@test "200 sessions at once from one address, each seen by its own port: openbsd-inetd" {
	setup_long
	need openbsd-inetd
	two_hundred_under openbsd-inetd 20000
}

@test "200 sessions at once from one address, each seen by its own port: xinetd" {
	setup_long
	need xinetd
	two_hundred_under xinetd 25000
}

@test "200 sessions at once from one address, each seen by its own port: -d" {
	setup_long
	two_hundred_under -d 30000
}

@test "inetutils-inetd, tcpserver, systemd-socket-activate: PostgreSQL sees the client" {
	local name
	ports_from 35000
	for name in inetutils-inetd tcpserver systemd-socket-activate; do
		need "$name"
		serve "$name"
		sees 10.77.0.1 10.77.0.2
		# tcpserver has no IPv6.
		[ "$name" = tcpserver ] || sees 2001:db8:77::1 2001:db8:77::2
		stop server
	done
}

@test "with each option that changes how a session is made: PostgreSQL sees the client" {
	local option
	ports_from 40000
	for option in --no-sandbox --no-keyholder "--tickets $T/tickets" "-v 1 -A $T/pgssl.crt" '--max-connections 5' \
		'--idle-children 8' '--bare-end' '-s daemon' '--transparent=try -I 127.0.0.77'; do
		# shellcheck disable=SC2086
		serve -d $option
		sees 10.77.0.1 10.77.0.2 || { echo "with $option"; return 1; }
		sees 2001:db8:77::1 2001:db8:77::2
		stop server
	done
}

# from_port PORT: the port that PostgreSQL sees of a session from that port of the client.
from_port() {
	on client timeout 20 socat "TCP-LISTEN:7777,bind=127.0.0.1,reuseaddr" "TCP:10.77.0.1:9000,sourceport=$1,reuseaddr" &
	sleep 0.2
	on client timeout 20 psql -XAtw "host=localhost hostaddr=127.0.0.1 port=7777 sslmode=require" -c 'select inet_client_port()'
	wait $!
}

@test "a client that comes again and again from one port is served each time" {
	serve -d
	local other=0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		run from_port 6000
		[ "$status" -eq 0 ]
		[ "$output" = 6000 ] || other=$((other + 1))
	done
	echo "by another port: $other"
	[ "$(grep -c 'result=ok peer=10.77.0.2:6000 .* source=10.77.0.2:' "$log")" -eq 10 ]
}

@test "--max-per-source counts the client" {
	serve -d --max-per-source 1
	a_sleeper first
	run asks 10.77.0.1
	[ "$status" -ne 0 ]
	stop first
	wait_for 10 sees 10.77.0.1 10.77.0.2
}

# -T: PostgreSQL sees the client's address.

# lib.bash and transparent.bash set log, pid, relay, lines, output and status.
# shellcheck disable=SC2154,SC2016

load ../lib/lib
load ../lib/transparent

@test "openbsd-inetd: PostgreSQL sees the client's IPv4 and IPv6 address and port, and the log's source= says so" {
	need openbsd-inetd
	serve openbsd-inetd
	sees_both
}

@test "xinetd, whose IPv4 clients come mapped into IPv6: the same" {
	need xinetd
	serve xinetd
	sees_both
}

@test "wait: the same, for the first connection and the next" {
	need openbsd-inetd
	serve wait
	sees_both
	sees_both
	stop server
	wait_for 10 nobody_waits
}

@test "-d: the same; Ctrl-C arrives" {
	serve -d
	sees_both
	sees_both
	a_sleeper sleeper
	[[ $at == 10.77.0.2* ]]
	kill -INT "$pid"
	wait_for 10 gone "$pid"
	grep -q 'canceling statement due to user request' "$T/sleeper.log"
	wait_for 5 grep -q 'result=cancel peer=10.77.0.2:\(.*\) .* source=10.77.0.2:\1 ' "$log"
}

@test "behind HAProxy with PROXY v2: the client of the header" {
	need haproxy
	cat > "$T/haproxy.cfg" <<-'END'
	defaults
		mode tcp
		timeout connect 5s
		timeout client 60s
		timeout server 60s
	listen pgssl
		bind :::9100 v4v6
		server one 10.77.0.1:9000 send-proxy-v2
	END
	serve -d --proxy-in 10.77.0.1
	start haproxy on_server haproxy -db -f "$T/haproxy.cfg"
	wait_for 5 listening 9100
	PORT=9100 sees_both
}

@test "as nobody with CAP_NET_ADMIN alone: the same, and no session or keyholder has it" {
	install -m 600 -o nobody "$T/pgssl.pem" "$T/nobody.pem"
	CAPABLE=yes serve -d -p "$T/nobody.pem"
	sees_both
	has_capability "$pid" CapEff
	look_inside nobody
}

@test "as root: no session or keyholder has a capability, nor CAP_NET_ADMIN in its bounding set" {
	serve -d
	look_inside root
	stop server
	need openbsd-inetd
	serve openbsd-inetd
	look_inside one-shot
}

# look_inside WHO: every process of a session, while one is open.
look_inside() {
	local process set n=0
	a_sleeper "$1"
	for process in $(pgrep -f "^($WRAP|inetls-wrap) .*$T/"); do
		[ "$process" != "$(cat "$T/pids/test/server")" ] || continue
		n=$((n + 1))
		for set in CapInh CapPrm CapEff CapAmb; do
			grep -qP "^$set:\t0+$" "/proc/$process/status"
		done
		grep -qP '^NoNewPrivs:\t1' "/proc/$process/status"
		# Only root can take it out of this set; for others there is nothing left that the set could bound.
		if [ "$1" != nobody ] && has_capability "$process" CapBnd; then
			return 1
		fi
	done
	echo "$n processes"
	stop "$1"
	# Session and keyholder; a listener has a child that waits as well.
	[ "$n" -ge 1 ]
	[ "$1" = one-shot ] || [ "$n" -ge 3 ]
}

# has_capability PID SET: CAP_NET_ADMIN, number 12.
has_capability() {
	local set
	set=$(sed -n "s/^$2:\t//p" "/proc/$1/status")
	[ $((0x$set >> 12 & 1)) -eq 1 ]
}

@test "the address is taken before a byte of the peer is read" {
	need openbsd-inetd
	need_strace
	need_no_sanitizer "strace and LeakSanitizer exclude each other"
	printf '#!/bin/sh\nexec strace -f -o "%s" -e trace=bind,connect,read,readv,recvfrom "%s" "$@"\n' "$T/calls" "$WRAP" > "$T/bin/traced"
	chmod 755 "$T/bin/traced"
	WRAP=$T/bin/traced serve openbsd-inetd
	[ "$(asks 10.77.0.1)" != "" ]
	stop server
	# Of the process that has bound the client's address.
	process=$(sed -n 's/^\([0-9]*\) *bind(.*10\.77\.0\.2.*/\1/p' "$T/calls" | head -n 1)
	[ -n "$process" ]
	# The C library of a shared build asks nscd's socket for the user.
	grep "^$process " "$T/calls" | grep -v AF_UNIX | grep -E 'bind\(|(read|readv|recvfrom)\(0,|connect\([^1]' > "$T/calls.log"
	cut -c 1-100 "$T/calls.log"
	grep -m 1 -nE '10\.77\.0\.2' "$T/calls.log" | grep -q '^1:'
	grep -qE '(read|readv|recvfrom)\(0,' "$T/calls.log"
	grep -q 'connect(.*127\.0\.0\.1' "$T/calls.log"
}

# -- who is let in ---------------------------------------------------------------------------------------

@test "a line of pg_hba.conf for one client lets that one in, and not the other" {
	serve -d
	[ "$(asks 10.77.0.1)" != "" ]
	run asks 10.77.1.1
	[ "$status" -ne 0 ]
	[[ $output == *'no pg_hba.conf entry for host "10.77.1.2"'* ]]
}

open_to_this_machine() {
	hba 'host all all 127.0.0.0/8 trust' 'host all all ::1/128 trust' 'host all all localhost trust'
}

@test "bad: with trust for this machine, no client comes in, nor one that goes through the wrapper on this machine" {
	open_to_this_machine
	serve -d
	for address in 10.77.0.1 2001:db8:77::1; do
		run asks "$address"
		[ "$status" -ne 0 ]
		[[ $output == *'no pg_hba.conf entry for host'* ]]
	done
	FROM=server run asks 10.77.0.1
	[[ $output == *'no pg_hba.conf entry for host "10.77.0.1"'* ]]
	FROM=server refuses 127.0.0.1 'a loopback address'
	FROM=server refuses ::1 'a loopback address'
	for_the_client
}

@test "bad: a PROXY header names an address of this machine, of many hosts or of none: nobody comes in" {
	local address word n=0
	open_to_this_machine
	serve -d --proxy-in 10.77.0.1
	while read -r address word; do
		announced header "$address"
		FROM=server PORT=$relay refuses 127.0.0.1 "$word" || {
			echo "with $address"
			return 1
		}
		stop relay
		n=$((n + 1))
	done <<-'END'
		127.0.0.1 a loopback address
		127.255.255.254 a loopback address
		::1 a loopback address
		::ffff:127.0.0.1 a loopback address
		0.0.0.0 not the address of one host
		0.1.2.3 not the address of one host
		:: not the address of one host
		::ffff:0.0.0.0 not the address of one host
		224.0.0.1 not the address of one host
		239.1.2.3 not the address of one host
		255.255.255.255 not the address of one host
		240.0.0.1 not the address of one host
		::ffff:224.0.0.1 not the address of one host
		ff02::1 not the address of one host
		10.77.0.255 not the address of one host
		::ffff:10.77.0.255 not the address of one host
		fe80::5 a link-local address
	END
	[ "$n" -eq 17 ]
	# The server's own address is what it is, and not 127.0.0.1.
	announced header 10.77.1.1
	FROM=server PORT=$relay run asks 127.0.0.1
	[[ $output == *'no pg_hba.conf entry for host "10.77.1.1"'* ]]
	stop relay
	# So is a header without an address: then the proxy is the client.
	announced printf '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0'
	FROM=server PORT=$relay run asks 127.0.0.1
	[[ $output == *'no pg_hba.conf entry for host "10.77.0.1"'* ]]
	for_the_client
}

@test "--transparent=try: who has no address that could be seen comes from that of -I, and the log says so" {
	hba 'host all all 10.77.0.2/32 scram-sha-256' 'host all all 127.0.0.77/32 scram-sha-256' 'host all all 127.0.0.1/32 trust'
	TRANSPARENT=--transparent=try BACKEND=127.0.0.1:$PGPORT_REAL serve -d -I 127.0.0.77
	sees 10.77.0.1 10.77.0.2
	: > "$log"
	[[ $(asks 2001:db8:77::1) == 127.0.0.77\|* ]]
	wait_for 10 grep -q 'peer=\[2001:db8:77::2\]:.* source=127.0.0.77:' "$log"
	: > "$log"
	[[ $(FROM=server asks 127.0.0.1) == 127.0.0.77\|* ]]
	wait_for 10 grep -q 'peer=127.0.0.1:.* source=127.0.0.77:' "$log"
	for_the_client
}

@test "bad: a client of a family that the service does not have is refused, with a sentence" {
	BACKEND=127.0.0.1:$PGPORT_REAL serve -d
	sees 10.77.0.1 10.77.0.2
	refuses 2001:db8:77::1 'the peer has an IPv6 address, and -r has none'
	stop server
	BACKEND="[::1]:$PGPORT_REAL" serve -d
	sees 2001:db8:77::1 2001:db8:77::2
	refuses 10.77.0.1 'the peer has an IPv4 address, and -r has none'
}

@test "bad: a client that comes from a link-local address is refused, with a sentence" {
	local here
	serve -d
	here=$(on server ip -o -6 addr show dev wire scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p')
	refuses "$here%wire" 'a link-local address'
}

# -- ports -----------------------------------------------------------------------------------------------

# a_relayed_session PORT: the client comes from that port.
a_relayed_session() {
	through "sourceport=$1,reuseaddr"
	: > "$log"
	seen=$(on client timeout 20 psql -XAtw "host=localhost hostaddr=127.0.0.1 port=$relay sslmode=verify-full sslrootcert=$T/pgssl.crt" \
		-c 'select inet_client_addr(), inet_client_port()')
	wait_for 10 grep -q "result=ok peer=10.77.0.2:$1 .* source=${seen/|/:} " "$log"
	stop relay
}

@test "a client's port that is in use here, or below 1024: another one of the same address" {
	serve -d
	a_relayed_session 5555
	[ "$seen" = '10.77.0.2|5555' ]
	a_relayed_session 999
	[[ $seen == 10.77.0.2\|* && $seen != *\|999 ]]
	start holder on_server socat TCP-LISTEN:5556 -
	wait_for 5 listening 5556
	a_relayed_session 5556
	[[ $seen == 10.77.0.2\|* && $seen != *\|5556 ]]
}

@test "bad: a client that comes from the port of a service here does not keep that service from listening again" {
	serve -d
	through sourceport=5557,reuseaddr
	a_sleeper blocker "hostaddr=127.0.0.1 port=$relay"
	[ "$at" = '10.77.0.2|5557' ]
	start holder on_server socat TCP-LISTEN:5557,reuseaddr -
	wait_for 5 listening 5557
	stop blocker
}

@test "bad: --check says it when it cannot make the socket for its trial" {
	need_strace
	run on server strace -f -qq -o /dev/null -e trace=listen -e inject=listen:error=EMFILE \
		"$WRAP" --check -T -p "$T/pgssl.pem" -r "localhost:$PGPORT_REAL" -o "$(new_log check)"
	echo "$output"
	[ "$status" -ne 0 ]
	[ "$(grep -c '^error   -T: IPv[46]: socket for the trial: Too many open files' <<< "$output")" -eq 2 ]
}

# -- without the way back --------------------------------------------------------------------------------

@test "bad: without the lines for the kernel --check shows them, and a session ends in time, with a sentence" {
	local check=("$WRAP" --check -n pgsql -T -p "$T/pgssl.pem" -r "localhost:$PGPORT_REAL" -o "$(new_log check)") line
	run on server "${check[@]}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^ok      -T: IPv[46]: ' <<< "$output")" -eq 2 ]
	grep -q 'connects, from 192.0.2.1:' <<< "$output"

	ways_back del
	run on server "${check[@]}"
	[ "$status" -eq 78 ]
	# What it shows works as it stands.
	while read -r line; do
		on server sh -euc "$line"
	done < <(sed -n 's/^error   -T: IPv[46]: .* or type: //p' <<< "$output")
	on server "${check[@]}"

	ways_back del
	serve -d --connect-timeout 700ms
	SECONDS=0
	: > "$log"
	run asks 10.77.0.1
	[ "$SECONDS" -le "$(patience 4)" ]
	[[ $output == *'with -T the kernel must bring the answers of the service back'* ]]
	wait_for 10 grep -q 'result=backend peer=10.77.0.2:.*Connection timed out; with -T the kernel' "$log"
	ways_back add
}

@test "where IPv6 is switched off, --check asks for IPv4 alone" {
	start other unshare -n sh -c 'ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 &&
		ip rule add from 127.0.0.1/8 iif lo table 123 && ip route add local 0.0.0.0/0 dev lo table 123 && echo ready &&
		exec socat TCP-LISTEN:5432,bind=127.0.0.1,fork EXEC:cat'
	wait_for 5 grep -q ready "$T/other.log"
	sleep 0.3
	run nsenter -n -t "$pid" "$WRAP" --check -T -p "$T/pgssl.pem" -r localhost:5432 -o "$(new_log check)"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^ok .*-T: IPv4: ' <<< "$output")" -eq 1 ]
	[[ $output != *IPv6* ]]
}

@test "bad: --check says if PostgreSQL trusts every address, or that of -I" {
	hba 'host all all 0.0.0.0/0 trust'
	run on server "$WRAP" --check -n pgsql -T -p "$T/pgssl.pem" -r "$PGPORT_REAL" -o "$(new_log check)"
	[[ $output == *'warning trust: '*'change the line for all addresses in pg_hba.conf'* ]]
	hba 'host all all 127.0.0.0/8 trust'
	run on server "$WRAP" --check -n pgsql -T -p "$T/pgssl.pem" -r "$PGPORT_REAL" -o "$(new_log check)"
	[[ $output != *warning* ]]
	run on server "$WRAP" --check -n pgsql --transparent=try -I 127.0.0.77 -p "$T/pgssl.pem" -r "$PGPORT_REAL" -o "$(new_log check)"
	[[ $output == *'warning trust: '*'change the line for 127.0.0.77 in pg_hba.conf'* ]]
	for_the_client
}

@test "bad: without the capability --check and a session say what is missing, and a listener does not start" {
	install -m 600 -o nobody "$T/pgssl.pem" "$T/nobody.pem"
	run on server setpriv --reuid 65534 --regid 65534 --clear-groups "$WRAP" --check -T -p "$T/nobody.pem" -r "$PGPORT_REAL" \
		-o "$(new_log check)"
	echo "$output"
	[ "$status" -eq 78 ]
	[[ $output == *'error   -T: IP_TRANSPARENT: Operation not permitted; start it as root'* ]]
	run on server setpriv --reuid 65534 --regid 65534 --clear-groups "$WRAP" -f -d 9000 -T -p "$T/nobody.pem" -r "$PGPORT_REAL"
	[ "$status" -eq 78 ]
	[[ $output == *'-T: IP_TRANSPARENT: Operation not permitted; start it as root'* ]]
	need openbsd-inetd
	AS=nobody serve openbsd-inetd -p "$T/nobody.pem"
	run asks 10.77.0.1
	[ "$status" -ne 0 ]
	wait_for 10 grep -q 'result=config peer=10.77.0.2:.*IP_TRANSPARENT: Operation not permitted' "$log"
}

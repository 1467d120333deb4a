# Link-local IPv6 addresses: the interface that belongs to an address is never lost.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost fe80::1
	unshare -nm true 2> /dev/null && have ip && have socat || return 0
	start world unshare -n sh -c 'ip link set lo up && ip addr add fe80::1/64 dev lo && ip addr add fe80::2/64 dev lo &&
		echo ready && exec sleep 600'
	WORLD=$pid
	export WORLD
	wait_for 10 grep -q ready "$T/world.log"
	start service nsenter -n -t "$WORLD" socat TCP6-LISTEN:7001,fork,reuseaddr,ipv6only=0 EXEC:cat
	wait_for 10 listening 7001
}

setup() {
	lib_before
	need_root "a network of its own"
	need_namespaces
	need ip
	need socat
}

tcp_table() {
	table=$(cat "/proc/${WORLD:-self}/net/tcp" "/proc/${WORLD:-self}/net/tcp6")
}

inside() {
	nsenter -n -t "$WORLD" "$@"
}

# listener PORT OPTION...: a listener in that network, on its link-local address.
listener() {
	start listener nsenter -n -t "$WORLD" "$WRAP" -f -d "[fe80::1%lo]:$1" -p "$T/pgssl.pem" -r 7001 -o "$(new_log wrap)" "${@:2}"
	wait_for 10 listening "$1"
}

# hello PORT [FROM]: through the listener and back, from that address.
hello() {
	(echo hello; sleep 0.5) | inside timeout 10 socat -t 3 - \
		"OPENSSL-CONNECT:[fe80::1%lo]:$1,verify=0,no-sni=1${2:+,bind=[$2%lo]}" 2> "$T/socat.log"
}

@test "-d, -r and -I take a link-local address with its interface, and the log has it" {
	listener 7002 -r '[fe80::1%lo]:7001' -I fe80::2%lo
	wait_for 5 grep -qF 'listening on [fe80::1%1]:7002 for [fe80::1%lo]:7001' "$T/wrap.log"
	[ "$(hello 7002 fe80::2)" = hello ]
	wait_for 5 grep -q 'result=ok peer=\[fe80::2%1\]:.* backend=\[fe80::1%1\]:7001 source=\[fe80::2%1\]:' "$T/wrap.log"
	stop listener
	# The number of an interface serves as well.
	listener 7002 -r '[fe80::1%1]:7001'
	[ "$(hello 7002)" = hello ]
}

@test "a program is told the interface" {
	start listener nsenter -n -t "$WORLD" "$WRAP" -f -d "[fe80::1%lo]:7003" -p "$T/pgssl.pem" -o "$(new_log wrap)" \
		-l /usr/bin/env
	wait_for 10 listening 7003
	hello 7003 fe80::2 > "$T/told"
	grep -qx TCPREMOTEIP=fe80::2%1 "$T/told"
	grep -qx TCPLOCALIP=fe80::1%1 "$T/told"
}

@test "--max-per-source: each link-local address is a source of its own" {
	listener 7004 --max-per-source 1
	start held nsenter -n -t "$WORLD" socat 'EXEC:sleep 20' "OPENSSL-CONNECT:[fe80::1%lo]:7004,verify=0,no-sni=1,bind=[fe80::2%lo]"
	wait_for 10 held_there
	[ "$(hello 7004 fe80::1)" = hello ]
	[ "$(hello 7004 fe80::2)" = "" ]
	wait_for 5 grep -q 'result=refused peer=\[fe80::2%1\]:' "$T/wrap.log"
}

held_there() {
	local table
	tcp_table
	[[ $table =~ :1B5C\ [0-9A-F]+:[0-9A-F]+\ 01 ]]
}

@test "client mode: the certificate is for the address, and known hosts keep the interface" {
	listener 7005
	run inside sh -c '(echo hello; sleep 0.5) | "$@"' sh "$WRAP" -c -r '[fe80::1%lo]:7005' -A "$T/pgssl.crt" -o "$(new_log client)"
	[ "$output" = hello ]
	run inside sh -c '(echo hello; sleep 0.5) | "$@"' sh "$WRAP" -c -r '[fe80::1%lo]:7005' --known-hosts "$T/known" \
		-o "$(new_log client)"
	[ "$output" = hello ]
	grep -q '^\[fe80::1%lo\]:7005 sha256//' "$T/known"
}

@test "--proxy-in: an address with an interface is that one, without it is any" {
	local list wanted
	while read -r list wanted; do
		listener 7006 --proxy-in "$list"
		printf 'PROXY UNKNOWN\r\njunk' | inside timeout 5 socat -t 1 - 'TCP6:[fe80::1%lo]:7006,bind=[fe80::2%lo]' > /dev/null || :
		wait_for 5 grep -q 'result=.*reason' "$T/wrap.log"
		grep -qF "$wanted" "$T/wrap.log"
		stop listener
	done <<-END
		fe80::2%lo does not speak TLS
		fe80::2 does not speak TLS
		fe80::2%9 the connection does not come from an address of --proxy-in
		fe80::1%lo the connection does not come from an address of --proxy-in
	END
}

@test "bad: a link-local address without its interface, or with one that is not there" {
	local word said
	while read -r word said; do
		run inside timeout 5 "$WRAP" --check -p "$T/pgssl.pem" -r "$word"
		[ "$status" -ne 0 ]
		grep -qF -e "$said" <<< "$output"
	done <<-'END'
		[fe80::1]:7001 fe80::1: a link-local address needs its interface, as in fe80::1%eth0
		[fe80::1%nosuch]:7001 fe80::1%nosuch: there is no interface nosuch
		[fe80::1%]:7001 fe80::1%: there is no interface
	END
	run inside timeout 5 "$WRAP" --check -p "$T/pgssl.pem" -r 7001 -I fe80::2
	[ "$status" -eq 64 ]
	run inside timeout 5 "$WRAP" --check -p "$T/pgssl.pem" -r 7001 -I fe80::2%nosuch
	[ "$status" -eq 64 ]
}

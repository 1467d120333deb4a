# The start script for a machine without a super-server (contrib/init): it starts, reloads and stops the wrapper, as a
# server and as a client.  The script's paths are variables, which this test sets in the script's file of defaults.

# $pid is set by start of lib.bash.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	make_pem "$T/pgssl.pem" localhost
	make -s -C "$ROOT" CC=true PKG_CONFIG=true FRAGMENT_DIR="$T/fragments" fragments
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
}

# A script that a failed test leaves running would outlive it.
teardown() {
	local script
	for script in "$here"/pgssl*.init; do
		[ ! -x "$script" ] || init "$(basename "$script" .init)" stop > /dev/null 2>&1 || :
	done
	lib_after
}

# script NAME ARGUMENTS: installs the fragment under that name.
script() {
	install -m 755 "$T/fragments/init/pgssl" "$here/$1.init"
	printf 'NAME=%s\nDAEMON=%s\nRUN_DIR=%s\nARGS="%s"\n' "$1" "$WRAP" "$here" "$2 -o $(new_log "$1")" > "$here/$1.default"
}

# init NAME COMMAND
init() {
	DEFAULTS=$here/$1.default timeout 90 "$here/$1.init" "$2"
}

# A service that answers each connection with one line.
line_service() {
	service=$(free_port)
	start service socat "TCP4-LISTEN:$service,bind=127.0.0.1,fork,reuseaddr" SYSTEM:'echo answered; sleep 0.2'
	wait_for 5 listening "$service"
}

served() {
	[ "$(timeout 10 openssl s_client -quiet -connect "127.0.0.1:$1" -CAfile "$T/pgssl.crt" -verify_return_error \
		< /dev/null 2> /dev/null)" = answered ]
}

@test "bad-start: what keeps it from starting is said, and status and stop tell the truth" {
	script pgssl "-d 127.0.0.1:$(free_port) -p $here/none.pem -r 1"
	run init pgssl start
	[ "$status" -ne 0 ]
	grep -q none.pem <<< "$output" "$T/pgssl.log"
	run init pgssl status
	[ "$status" -eq 3 ]
	run init pgssl stop
	[ "$status" -eq 0 ]
	run init pgssl nonsense
	[ "$status" -eq 2 ]
}

@test "bad-stop: a process that has the number of an ended wrapper is left alone" {
	script pgssl "-d 127.0.0.1:$(free_port) -p $T/pgssl.pem -r 1"
	start bystander sleep 60
	echo "$pid" > "$here/inetls.pgssl.pid"
	local command
	for command in stop reload status; do
		run init pgssl "$command"
	done
	[ "$status" -eq 3 ]
	alive "$pid"
}

@test "start, status, reload, restart and stop do what they say" {
	local port first
	line_service
	port=$(free_port)
	script pgssl "-d 127.0.0.1:$port -p $T/pgssl.pem -r $service"
	run init pgssl start
	[ "$status" -eq 0 ]
	first=$(cat "$here/inetls.pgssl.pid")
	[[ $output == "pgssl runs, process $first" ]]
	served "$port"

	run init pgssl start
	[ "$status" -eq 0 ]
	[[ $output == "pgssl runs already, process $first" ]]
	run init pgssl status
	[ "$status" -eq 0 ]
	init pgssl reload
	served "$port"
	[ "$(cat "$here/inetls.pgssl.pid")" = "$first" ]

	init pgssl restart
	gone "$first"
	[ "$(cat "$here/inetls.pgssl.pid")" != "$first" ]
	served "$port"

	init pgssl stop
	[ ! -e "$here/inetls.pgssl.pid" ]
	run init pgssl status
	[ "$status" -eq 3 ]
	run ! served "$port"
	init pgssl start
	served "$port"
	init pgssl stop
}

@test "the same script under another name is the client, and both run on one machine" {
	local port plain
	line_service
	port=$(free_port)
	plain=$(free_port)
	script pgssl "-d 127.0.0.1:$port -p $T/pgssl.pem -r $service"
	script pgssl-client "-c -d $plain -r localhost:$port --known-hosts $here/known_hosts"
	init pgssl start
	init pgssl-client start
	[ "$(timeout 10 socat -T 5 - "TCP4:127.0.0.1:$plain" < /dev/null)" = answered ]
	grep -q "^localhost:$port sha256//" "$here/known_hosts"
	init pgssl stop
	run init pgssl-client status
	[ "$status" -eq 0 ]
	init pgssl-client stop
}

@test "under a runlevel's link the name is the service's" {
	script pgssl "-d 127.0.0.1:$(free_port) -p $T/pgssl.pem -r 1"
	sed -i '/^NAME=/d' "$here/pgssl.default"
	ln -s pgssl.init "$here/S20pgssl"
	run env DEFAULTS="$here/pgssl.default" "$here/S20pgssl" status
	[ "$output" = "pgssl does not run" ]
}

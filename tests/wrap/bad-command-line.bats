# Bad command lines: one line on stderr says what is wrong, why, and what to write instead; exit 64.  If stderr is the
# peer, the line goes to the log, and the connection is closed.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# The table: the options, and what the line must say; PEM stands for a good file.
table() {
	cat <<-'END'
	                                      | -r is missing
	-p PEM                                | -r is missing
	-r 5432                               | make cert
	-r                                    | -r: needs an argument
	-p PEM -r                             | -r: needs an argument
	-p PEM -r 5432 --handshake-timeout    | --handshake-timeout: needs an argument
	-p PEM -r 5432 -x                     | -x: there is no such option
	-p PEM -r 5432 -fx                    | -x: there is no such option
	-p PEM -r 5432 --no-such              | --no-such: there is no such option
	-p PEM -r 5432 --foreground=yes       | --foreground=yes: there is no such option, or it takes no value
	-p PEM -r 5432 --foregr              | --foreground must be written in full
	-p PEM -r 5432 --check=yes            | --check=yes: there is no such option, or it takes no value
	-p PEM -r 5432 --verifyChain x        | --verifyChain: there is no such option, or it takes no value; see inetls-wrap -h, and for stunnel's options COMING FROM STUNNEL in inetls-wrap(8)
	-p PEM -r 5432 -d 0 -P /none/such/    | -P /none/such/: there is no such directory; make it, or write -P /run/
	inetls-wrap -p PEM -r 5432            | "inetls-wrap": the program's name stands twice; xinetd's server_args begin with the first option
	-p PEM -r 5432 more                   | "more": no argument is expected here
	-p PEM -r 5432 -- more                | "more": no argument is expected here
	-p PEM -r ::1:5432                    | -r [::1]:5432
	-p PEM -r localhost:                  | not of the form [host:]port
	-p PEM -r :                           | not of the form [host:]port
	-p PEM -r 5432 -d ::1:9000            | -d [::1]:9000
	-p PEM -r 5432 -d /run/x              | -d /run/x: it listens on TCP alone; have socat listen there, and connect to a port of -d
	-p PEM -r 5432 -d :                   | not of the form [host:]port
	-p PEM -r 5432 -n gopher              | the protocols are pgsql, smtp
	-p PEM -r 5432 -n PGSQL               | the protocols are pgsql, smtp
	-p PEM -r 5432 -s root                | root is refused
	-p PEM -r 5432 -s 0                   | root is refused
	-p PEM -r 5432 -g root                | root is refused
	-p PEM -r 5432 -g 00                  | root is refused
	-p PEM -r 5432 -I localhost           | -I 127.0.0.77
	-p PEM -r 5432 -I 127.0.0.1:80        | -I 127.0.0.77
	-p PEM -r /run/x -I 127.0.0.77        | a Unix socket (-r /run/x) has no source address
	-p PEM -r 5432 -D loud                | daemon.notice
	-p PEM -r 5432 -D 8                   | a number from 0 to 7
	-p PEM -r 5432 -D nobody.info         | not a level
	-p PEM -r 5432 -u nobody              | -u: ident
	-p PEM -r /run/x -T                   | -T: a Unix socket (-r /run/x) has no addresses
	-p PEM -r 192.0.2.7:5432 -T           | -T -r 192.0.2.7:5432: that service would answer the peer itself
	-p PEM -r [2001:db8::7]:5432 -T       | that service would answer the peer itself
	-p PEM -l /bin/cat -T                 | -l /bin/cat gets TCPREMOTEIP
	-c -r 5432 -T                         | -T is for a server
	-p PEM -r 5432 -T -I 127.0.0.77       | --transparent=try
	-p PEM -r 5432 --transparent=try      | needs an address for the other peers; add e.g. -I 127.0.0.77
	-p PEM -r 5432 --transparent=yes      | write --transparent or --transparent=try
	-p PEM -r 5432 --transparent=         | write --transparent or --transparent=try
	-p PEM -r 5432 --transparent=try -I 127.0.0.1 | often trusts that address
	-p PEM -r 5432 --transparent=try -I ::1 | often trusts that address
	-p PEM -r 5432 --transparent=try -I ::ffff:127.0.0.1 | often trusts that address
	-p PEM -r 5432 --transparent=try -I 0.0.0.0 | often trusts that address
	-p PEM -r 5432 --transpar             | --transparent must be written in full
	-c -r 5432 --bare-end                 | --bare-end is for a server
	-p PEM -r 5432 --handshake-timeout 0  | 500ms, 10s, 5m or off
	-p PEM -r 5432 --handshake-timeout -1 | 500ms, 10s, 5m or off
	-p PEM -r 5432 --connect-timeout 10x  | --connect-timeout "10x": not a duration
	-p PEM -r 5432 --close-timeout 1.5s   | --close-timeout "1.5s": not a duration
	-p PEM -r 5432 --idle-timeout never   | --idle-timeout "never": not a duration
	-p PEM -r 5432 --max-session never    | --max-session "never": not a duration
	-p PEM -r 5432 --idle-timeout 999999h | --idle-timeout "999999h": not a duration
	-p PEM -r 5432 --idle-timeout 99999999999999999999s | --idle-timeout
	END
	echo "-p PEM -r /$(printf 'x%.0s' {1..120}) | too long for a Unix socket"
	echo "-p PEM -r 5432 -N $(printf 'x%.0s' {1..128}) | a name has at most 127 bytes"
	echo "-p PEM -r $(printf 'x%.0s' {1..128}):5432 | too long to name the service too; name it with -N"
	echo "-p PEM -l /bin/$(printf 'x%.0s' {1..128}) | too long to name the service too; name it with -N"
}

@test "each bad command line: one line on stderr that says what to write, exit 64" {
	local options words count=0 bad=0
	while IFS='|' read -r options words; do
		words=${words# }
		# shellcheck disable=SC2086
		run timeout 5 "$WRAP" ${options//PEM/$T/pgssl.pem} < /dev/null
		count=$((count + 1))
		if [ "$status" -ne 64 ] || [ "${#lines[@]}" -ne 1 ] || ! grep -qF -e "$words" <<< "$output"; then
			echo "with $options: exit $status, not \"$words\" in: $output"
			bad=$((bad + 1))
		fi
	done < <(table)
	[ "$count" -gt 35 ]
	[ "$bad" -eq 0 ]
}

@test "under inetd each bad command line: one line in the log, not a byte to the peer, exit 64" {
	local options words count=0 taken=0
	while IFS='|' read -r options words; do
		words=${words# }
		# Some are enough: the harness costs more than the wrapper.
		count=$((count + 1))
		[ $((count % 5)) -eq 0 ] || continue
		# shellcheck disable=SC2086
		command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" ${options//PEM/$T/pgssl.pem}
		says exit=64 peer.wire=empty
		untouched
		within 3
		logged "$words"
		taken=$((taken + 1))
	done < <(table)
	[ "$taken" -gt 6 ]
}

@test "under inetd -h, -V and --check: refused in the log, not a byte to the peer" {
	local option
	for option in -h -V --check; do
		session --peer 'handshake hold' -- "$option"
		says exit=64 peer.wire=empty
		untouched
		logged "are for a terminal"
	done
}

@test "an OpenSSL cipher string after -C: exit 64, with what to write instead" {
	local string
	for string in HIGH 'HIGH:!aNULL:!MD5' ECDHE-RSA-AES128-GCM-SHA256 ''; do
		session --peer 'handshake hold' -- -C "$string"
		says exit=64 peer.handshake=no
		untouched
		logged result=config "leave -C out" "NORMAL:-VERS-ALL:+VERS-TLS1.3"
		# Nobody could come in: a listener says so when it is started, and not to each who tries.
		run timeout 10 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/pgssl.pem" -C "$string" < /dev/null
		[ "$status" -eq 64 ]
		[[ $output == *"leave -C out"* && $output != *"listening on"* ]]
	done
}

@test "a port that no service has: exit 64" {
	local port
	for port in 65536 no-such-service 99999999999 5432x -1; do
		BACKEND=$port session --peer 'handshake hold' --
		says exit=64 peer.handshake=no
		untouched
		logged "$port"
	done
}

@test "a user or a group that does not exist: exit 78, and for a user the command that makes it" {
	need_root
	session --peer 'handshake hold' -- -s no-such-user
	says exit=78 peer.handshake=no
	untouched
	logged "no-such-user" "useradd"
	session --peer 'handshake hold' -- -g no-such-group
	says exit=78 peer.handshake=no
	untouched
	logged "no-such-group"
}

@test "another user than the one that started it, without root: exit 77" {
	need_root
	command_session --peer 'handshake hold' -- setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -s daemon
	says exit=77 peer.handshake=no
	untouched
	logged "start it as root"
}

@test "text in a command line that could forge a log line is escaped" {
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" \
		-r $'5432\npgssl[1] result=ok\033[2J'
	says exit=64
	untouched
	logged 'x0apgssl[1] result=ok'
	! grep $'\033' "$T/session.log"
}

@test "--check names a program and a user that there are not, and what is switched off" {
	run timeout 20 "$WRAP" --check -p "$T/pgssl.pem" -l "$T/no-program" --no-sandbox --no-keyholder -s no.such.user
	echo "$output"
	[ "$status" -eq 78 ]
	grep -q "^error .*-l $T/no-program: No such file or directory" <<< "$output"
	grep -q '^error .*-s no.such.user: there is no such user' <<< "$output"
	grep -qx 'warning sandbox: switched off by --no-sandbox' <<< "$output"
	grep -qx 'warning private key: in the process that reads the network, because of --no-keyholder' <<< "$output"
	run timeout 20 "$WRAP" --check -p "$T/pgssl.pem" -n pgsql -r "$T/no-socket"
	grep -q '^warning pg_hba.conf: .* never write "trust" in a local line' <<< "$output"
}

@test "old options without effect: taken, and --check names them" {
	session --peer 'handshake send:10 bye recv-all' --backend echo -- -R x -E x -B x -W -S 0 -t 300 -O a:SO_X=1
	says exit=0 peer.received=10
	run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/pgssl.pem" -R x -E x -B x -W -S 0 -t 300 -O a < /dev/null
	grep -F -e "without effect here: -REBWStO" <<< "$output"
}

@test "an inetd.conf line without the program's name: read all the same, with a notice that shows the mended line" {
	command_session --peer 'handshake send:10 bye recv-all' --backend echo -- \
		bash -c 'exec -a "$1" "$0" "${@:2}"' "$WRAP" "-o$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}'
	says exit=0 peer.received=10
	log_lines "$T/session.log" 2
	grep -F "PROGRAM inetls-wrap -o$T/session.log -p $T/pgssl.pem" "$T/session.log"
}

@test "argv[0] missing altogether: exit 64, not a byte to the peer" {
	# The kernel makes argv[0] an empty string where there is none.
	command_session --peer 'handshake hold' -- perl -e 'exec { $ARGV[0] } "" or die' "$WRAP"
	says exit=64 peer.wire=empty
	untouched
}

# both_say WORDS: the last command's stderr has one line, the log has one, and both say so.
both_say() {
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"$1"* ]]
	log_lines "$T/both.log" 1
	grep -F -e "$1" "$T/both.log"
}

@test "a bad command line with -o: on stderr and in the log, before or behind the mistake" {
	local place
	for place in "-o $T/both.log --no-such" "--no-such -o $T/both.log" "--no-such --log-file=$T/both.log" "--no-such -fo$T/both.log" \
		"--no-such 5 -o $T/both.log"; do
		new_log both > /dev/null
		# shellcheck disable=SC2086
		run timeout 5 "$WRAP" -p "$T/pgssl.pem" -r 5432 $place < /dev/null
		[ "$status" -eq 64 ]
		both_say '--no-such: there is no such option'
	done
	# What is wrong with the whole.
	new_log both > /dev/null
	run timeout 5 "$WRAP" --check -o "$T/both.log" -r 5432 < /dev/null
	[ "$status" -eq 64 ]
	both_say 'make cert'
	# Nobody asked for a line in it.
	new_log both > /dev/null
	run timeout 5 "$WRAP" -p "$T/pgssl.pem" -r 5432 --no-such -- -o "$T/both.log" < /dev/null
	[ "$status" -eq 64 ]
	[ ! -s "$T/both.log" ]
}

@test "a bad command line with the log's level at 0: on stderr all the same" {
	run timeout 5 "$WRAP" -D 0 -p "$T/pgssl.pem" -r 5432 --no-such < /dev/null
	[ "$status" -eq 64 ]
	[[ $output == *'--no-such: there is no such option'* ]]
}

@test "a listener that cannot start, with -o: on stderr and in the log" {
	local port mode
	port=$(free_port)
	start holder python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
time.sleep(60)' "$port"
	wait_for 10 grep -q ready "$T/holder.log"
	for mode in -f ''; do
		new_log both > /dev/null
		# shellcheck disable=SC2086
		run timeout 10 "$WRAP" $mode -o "$T/both.log" -d "127.0.0.1:$port" -r 127.0.0.1:1 -p "$T/pgssl.pem" < /dev/null
		[ "$status" -eq 71 ]
		both_say 'Address already in use'
	done
	stop holder
}

@test "--check with -o: its findings on the screen" {
	new_log both > /dev/null
	run timeout 20 "$WRAP" --check -o "$T/both.log" -r 127.0.0.1:1 -p "$T/pgssl.pem" < /dev/null
	[ "$status" -ne 64 ]
	[[ $output == *"$T/pgssl.pem"* ]]
	# A program that starts it may read it through a socket, whose other end is no peer's.
	run python3 - "$WRAP" --check -o "$T/both.log" -r 127.0.0.1:1 -p "$T/pgssl.pem" <<-'PY'
		import socket, subprocess, sys
		ours, theirs = socket.socketpair()
		r = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, text=True)
		print(r.stderr, end="")
		sys.exit(r.returncode)
	PY
	echo "$output"
	[ "$status" -eq 64 ]
	[[ $output == *'are for a terminal'* ]]
}

# What --check says about certificates, names, days left, the order of the chain, host names and the file of tickets.

# bats and client.bash set output, status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/client

setup_file() {
	lib_begin
	authority one
	authority two
	make_pem "$T/pgssl.pem" localhost db.example.org 192.0.2.7 2001:db8::7
}

# checked PEM TEXT [OPTION...]: it says that.
checked() {
	run timeout 20 "$WRAP" --check -p "$1" -r 127.0.0.1:1 "${@:3}" < /dev/null
	echo "$output"
	grep -qF -e "$2" <<< "$output"
}

@test "bad: expired and not yet valid are errors, few days and no names warnings" {
	issue one old.pem old subjectAltName=DNS:localhost -- -startdate 20200101000000Z -enddate 20210203000000Z
	checked "$T/old.pem" "error   $T/old.pem: a certificate in it has expired; renew it: inetls-certgen renew $T/old.pem"
	[ "$status" -eq 78 ]
	issue one early.pem early subjectAltName=DNS:localhost -- -startdate 20990101000000Z -enddate 20990201000000Z
	checked "$T/early.pem" "error   $T/early.pem: a certificate in it is not valid yet"
	[ "$status" -eq 78 ]
	issue one soon.pem soon subjectAltName=DNS:localhost -- -days 10
	checked "$T/soon.pem" "days left; renew it: inetls-certgen renew $T/soon.pem"
	# Within the first second they are still ten.
	grep -qE '^warning certificate: (9|10) days left' <<< "$output"
	issue one nameless.pem nameless basicConstraints=CA:FALSE
	checked "$T/nameless.pem" "warning names: only the common name 'nameless', which psql accepts, but Java, Go and Python do not"
	[[ $output == *"inetls-certgen --force $T/nameless.pem NAME..."* ]]
	! grep -q verify-full <<< "$output"
}

@test "bad: a PEM whose directory others can write to is warned of, one in a sticky or closed directory is not" {
	local mode
	mkdir "$T/shared"
	install -m 600 "$T/pgssl.pem" "$T/shared/pgssl.pem"
	for mode in 757 775; do
		chmod "$mode" "$T/shared"
		checked "$T/shared/pgssl.pem" "warning PEM $T/shared/pgssl.pem: its directory can be written by others"
		grep -qF "correct owner and mode of $T/shared/" <<< "$output"
	done
	for mode in 1777 755 700; do
		chmod "$mode" "$T/shared"
		checked "$T/shared/pgssl.pem" 'key and certificate match'
		[[ $output != *'its directory'* ]]
	done
	[ "$(id -u)" -eq 0 ] || return 0
	chown nobody "$T/shared"
	checked "$T/shared/pgssl.pem" 'its directory can be written by others'
	cd "$T/shared"
	checked pgssl.pem 'correct owner and mode of .'
}

@test "bad: a log in a directory where others can write is warned of, in a sticky one too; in a closed one it is not" {
	local mode
	mkdir "$T/logs"
	for mode in 757 775 1777; do
		chmod "$mode" "$T/logs"
		checked "$T/pgssl.pem" "warning log $T/logs/log: its directory can be written by others" -o "$T/logs/log"
		grep -qF "correct owner and mode of $T/logs/" <<< "$output"
	done
	chmod 755 "$T/logs"
	checked "$T/pgssl.pem" 'key and certificate match' -o "$T/logs/log"
	[[ $output != *'its directory'* ]]
	[ "$(id -u)" -eq 0 ] || return 0
	chown nobody "$T/logs"
	checked "$T/pgssl.pem" "warning log $T/logs/log: its directory" -o "$T/logs/log"
}

@test "bad: a chain with another CA's certificate in it is warned of, the right one is not" {
	issue one server.pem server subjectAltName=DNS:localhost -- -days 90
	cat "$T/server.pem" "$T/two.crt" > "$T/foreign.pem"
	cat "$T/server.pem" "$T/one.crt" > "$T/whole.pem"
	chmod 600 "$T/foreign.pem" "$T/whole.pem"
	checked "$T/foreign.pem" 'warning chain: 2 certificates, but not each is followed by its issuer'
	checked "$T/whole.pem" 'ok      chain: 2 certificates, each followed by its issuer'
	# The CA's own has thirty days.
	grep -qE '^(ok|warning) +certificate: (29|30) days left' <<< "$output"
}

@test "bad: findings that cannot be printed are not a good configuration: exit 71" {
	local option
	for option in --check -h -V; do
		# shellcheck disable=SC2016
		run timeout 20 sh -c '"$@" > /dev/full' sh "$WRAP" "$option" -p "$T/pgssl.pem" -l /bin/true < /dev/null
		echo "$option: $status $output"
		[ "$status" -eq 71 ]
		[[ $output == *'standard output: No space left on device' ]]
	done
	run timeout 20 sh -c '"$@" > /dev/full' sh "$WRAP" --check -p "$T/none.pem" -l /bin/true < /dev/null
	[ "$status" -eq 66 ]
}

@test "the names are those of the certificate, and its days" {
	checked "$T/pgssl.pem" 'ok      names: localhost, db.example.org, 192.0.2.7, 2001:db8::7'
	grep -qE '^ok +certificate: 82[34] days left$' <<< "$output"
	! grep -q '^[a-z]* *chain:' <<< "$output"
}

# other_services WORD...: runs --check -r HOST:1 where nsswitch.conf asks these for hosts as well.
other_services() {
	printf 'passwd: files\nhosts:\t%s # and so on\n' "${*:2}" > "$T/nsswitch.conf"
	# shellcheck disable=SC2016 # for the other shell
	run timeout 20 unshare -m sh -c 'mount --bind "$1" /etc/nsswitch.conf && "$2" --check -p "$3" -r "$4:1"
		[ -z "$5" ] || exec python3 -c "
import socket, subprocess, sys
ours, theirs = socket.socketpair()
subprocess.run(sys.argv[1:], stdin=theirs, stdout=theirs)" "$2" -o "$5" -p "$3" -r "$4:1"' sh "$T/nsswitch.conf" "$WRAP" "$T/pgssl.pem" "$1" \
		"${LOG:-}" < /dev/null
	echo "$output"
}

@test "bad-names: a name service that a static build does not ask is named by --check, and where a name does not resolve" {
	need_namespaces
	[[ $("$WRAP" -V) == *"(static)"* ]] || skip "kernel: this build asks all of nsswitch.conf"
	local why='; this static build looks only in /etc/hosts and DNS, not in mdns4_minimal and myhostname (/etc/nsswitch.conf); give the address instead, or add the name to /etc/hosts'
	LOG=$(new_log names) other_services nowhere.invalid files mdns4_minimal '[NOTFOUND=return]' dns myhostname
	grep -q "^error   resolve nowhere.invalid: [A-Z].*$why\$" <<< "$output"
	grep -qF 'warning host names: looked up only in /etc/hosts and DNS, not in mdns4_minimal and myhostname (/etc/nsswitch.conf)' <<< "$output"
	grep -qF "$why" "$T/names.log"
	other_services 127.0.0.1 files dns
	[[ $output != *'host names'* ]]
	other_services 127.0.0.1 files resolve '[!UNAVAIL=return]' dns
	[[ $output != *'warning host names'* ]]
	grep -qF 'ok      host names: looked up only in /etc/hosts and DNS, not in resolve' <<< "$output"
	other_services nowhere.invalid files dns
	[[ $output != *'this static build'* ]]
}

@test "bad-names: PostgreSQL that asks for a password gets no warning of pg_hba.conf, one that declines does" {
	local answer
	for answer in 'R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0' 'E\0\0\0\x0eSFATAL'; do
		start postgres python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + "/pg.port", "w").write(str(s.getsockname()[1]) + "\n")
while True:
    c = s.accept()[0]
    c.recv(1000)
    c.send(eval("b\"" + sys.argv[2] + "\""))
    c.close()' "$T" "$answer"
		wait_for 5 grep -qs . "$T/pg.port"
		run timeout 20 "$WRAP" --check -p "$T/pgssl.pem" -n pgsql -r "127.0.0.1:$(cat "$T/pg.port")" < /dev/null
		echo "$output"
		stop postgres
		rm "$T/pg.port"
		case $answer in
		R*) [[ $output == *'ok      PostgreSQL: asks for a password'* && $output != *'warning pg_hba.conf'* ]] ;;
		*) [[ $output == *'rejects the user postgres'* && $output == *'warning pg_hba.conf'* ]] ;;
		esac
	done
}

@test "unprintable characters of a name are not printed" {
	issue one odd.pem odd "subjectAltName=DNS:local$(printf '\033')host"
	checked "$T/odd.pem" 'ok      names: local?host'
}

@test "the file of tickets: usable, to be made, or a warning; it is not made by the check" {
	checked "$T/pgssl.pem" "ok      tickets $T/none/tickets: the first session will create it" --tickets "$T/none/tickets"
	[ ! -e "$T/none" ]
	checked "$T/pgssl.pem" "warning tickets $T/none/none/tickets: its directory does not exist" --tickets "$T/none/none/tickets"
	ln -s "$T/nowhere" "$T/link"
	checked "$T/pgssl.pem" "warning --tickets $T/link: must be a file of 64 bytes" --tickets "$T/link"
	mkdir "$T/here"
	cd "$T/here"
	checked "$T/pgssl.pem" 'ok      tickets fresh: the first session will create it' --tickets fresh
	checked "$T/pgssl.pem" 'ok      tickets sub/fresh: the first session will create it' --tickets sub/fresh
	checked "$T/pgssl.pem" 'warning tickets sub/sub/fresh: its directory does not exist' --tickets sub/sub/fresh
	checked "$T/pgssl.pem" 'warning --tickets: the path is too long; going on without tickets' \
		--tickets "$T/here/$(printf './%.0s' {1..250})fresh"
	[ -z "$(ls -A)" ]
	head -c 64 /dev/urandom > "$T/tickets"
	chmod 600 "$T/tickets"
	checked "$T/pgssl.pem" "ok      tickets $T/tickets: can be used" --tickets "$T/tickets"
	chmod 644 "$T/tickets"
	checked "$T/pgssl.pem" 'remove it, and a new one is made; going on without tickets' --tickets "$T/tickets"
}

@test "a user's name is taken whole, however long" {
	need_root
	need_namespaces
	local name
	name=$(printf 'u%.0s' {1..100})
	{ echo "$name:x:61234:61234::/:/bin/false" && cat /etc/passwd; } > "$T/passwd"
	run timeout 20 unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$T/passwd" \
		"$WRAP" --check -p "$T/pgssl.pem" -r 127.0.0.1:1 -s "$name" < /dev/null
	echo "$output"
	grep -qxE "ok +user: a session becomes $name \(uid 61234, gid 61234\)" <<< "$output"
}

@test "--transparent=try: both ways to the service are tried, and what fails is said" {
	need_root
	need_strace
	local tries=(strace -o "$T/trace" -e trace=socket) sockets
	tries+=("$WRAP" --check -p "$T/pgssl.pem" -r 127.0.0.1:1 --transparent=try -I 127.0.0.77)
	timeout 20 "${tries[@]}" < /dev/null || :
	# strace counts every socket; which others there are depends on the C library's build.
	sockets=$(grep -n '^socket(AF_INET' "$T/trace" | tail -n 1 | cut -d : -f 1)
	run timeout 20 "${tries[@]:0:5}" -e "inject=socket:error=EMFILE:when=$sockets" "${tries[@]:5}" < /dev/null
	echo "$output"
	[ "$(grep -c '^error .*connect 127.0.0.1:1: Connection refused' <<< "$output")" -eq 1 ]
	grep -qxF 'error   socket: Too many open files' <<< "$output"
}

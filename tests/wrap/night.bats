# Called at three in the morning: what psql, the log line and --check say is enough to mend it.  Other faults of this
# kind are in bad-pem.bats, bad-backend.bats and pgsql-clients.bats, each message of psql's in the last one.

# lib.bash sets port; $status and $output are what bats gives.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/syslog

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# dated NAME FROM TO: makes NAME.pem and NAME.crt for localhost, of these dates.
dated() {
	openssl pkey -in "$T/pgssl.pem" -out "$T/$1.key" 2> /dev/null
	printf '%s\n' 'cn = "localhost"' 'dns_name = "localhost"' tls_www_server signing_key \
		"activation_date = \"$2\"" "expiration_date = \"$3\"" > "$T/$1.tmpl"
	certtool --generate-self-signed --load-privkey "$T/$1.key" --template "$T/$1.tmpl" --outfile "$T/$1.crt" 2> /dev/null
	(umask 077 && cat "$T/$1.key" "$T/$1.crt" > "$T/$1.pem")
}

# serve PEM: a wrapper for PostgreSQL behind inetd; sets $port and $log.  No session comes as far as the service.
serve() {
	need openbsd-inetd
	need psql
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -N pgssl -n pgsql -p "$T/$1" -r 127.0.0.1:1 -o "$log"
}

# asks CRT [COMMAND...]: psql, which trusts that file, started by COMMAND.
asks() {
	run timeout 30 "${@:2}" psql -X "host=localhost hostaddr=127.0.0.1 port=$port sslmode=verify-full sslrootcert=$T/$1"
	echo "$output"
	[ "$status" -eq 2 ]
	# The session may write its line after psql has ended.
	wait_for 5 test -s "$log"
	cat "$log"
}

@test "bad: the directory of -o is missing: syslog has the reason, under the name of -N, and what to do" {
	make_private_dev
	command_session --peer 'hold' -- "${in_private_dev[@]}" "$WRAP" -N pgssl -n pgsql -p "$T/pgssl.pem" -r 127.0.0.1:1 \
		-o "$T/nowhere/pgssl.log"
	says exit=71
	wait_for 5 grep -q 'pgssl\[.*open log' "$T/syslog.log"
	cat "$T/syslog.log"
	grep -F "open log $T/nowhere/pgssl.log: No such file or directory; make its directory, or correct -o" "$T/syslog.log"
	run "$WRAP" -N pgssl -n pgsql -p "$T/pgssl.pem" -r 127.0.0.1:1 -o "$T/nowhere/pgssl.log" --check
	echo "$output"
	[ "$status" -eq 71 ]
	[[ $output == *"make its directory, or correct -o"* ]]
}

@test "bad: a mistake in the command line is logged under the name of -N, wherever that stands" {
	session --peer 'hold' -- -N pgssl -n postgres
	logged ' pgssl[' 'PostgreSQL is -n pgsql'
	session --peer 'hold' -- -n postgres -N pgssl
	logged ' pgssl['
	session --peer 'hold' -- -n postgres --service pgssl
	logged ' pgssl['
	session --peer 'hold' -- --no-such -N db/ssl
	logged ' db.ssl['
	session --peer 'hold' -- -n postgres
	logged ' inetls-wrap['
}

# checks OPTION...: --check where nothing listens on any port.
checks() {
	run unshare -n "$WRAP" --check -p "$T/pgssl.pem" -o "$T/any.log" "$@"
	echo "$output"
}

@test "bad: -n is forgotten: --check says so, where the port is PostgreSQL's" {
	need_root
	need_namespaces
	new_log any > /dev/null
	checks -r 127.0.0.1:5432
	[[ $output == *'warning -n: clients of port 5432 usually need -n pgsql;'* ]]
	checks -n pgsql -r 127.0.0.1:5432
	[[ $output != *'warning -n:'* ]]
	checks -r 127.0.0.1:143
	[[ $output != *'warning -n:'* ]]
	checks -c -r 127.0.0.1:5432
	[[ $output != *'warning -n:'* ]]
}

@test "bad: the log may not grow (ulimit -f): clients are served all the same" {
	# shellcheck disable=SC2016
	# Python, which plays inetd, ignores that signal.
	local limited=(env --default-signal=XFSZ bash -c 'ulimit -f 0; exec "$@"' bash "$WRAP" -p "$T/pgssl.pem" -D info -o "$T/session.log")
	command_session --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- "${limited[@]}" -r '127.0.0.1:{backend}'
	says exit=0 peer.received=10 peer.tls=close_notify
	[ ! -s "$T/session.log" ]
	run "${limited[@]}" -r '' < /dev/null
	echo "$output"
	[ "$status" -eq 64 ]
	[[ $output == *'not of the form'* ]]
}

@test "bad: the log's disk is full: clients are served, and --check says it" {
	need_root
	need_namespaces
	mkdir -p "$T/small"
	cat > "$T/full" <<-'END'
	mount -t tmpfs -o size=64k,mode=755 none "$1/small" || exit 1
	: > "$1/small/pgssl.log"
	chmod 666 "$1/small/pgssl.log"
	head -c 100k /dev/zero > "$1/small/fill" 2> /dev/null
	shift
	exec "$@"
	END
	in_full_disk=(unshare -m --propagation private sh "$T/full" "$T")
	command_session --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- "${in_full_disk[@]}" \
		"$WRAP" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' -o "$T/small/pgssl.log"
	says exit=0 peer.received=10 peer.tls=close_notify
	run "${in_full_disk[@]}" "$WRAP" -p "$T/pgssl.pem" -r 127.0.0.1:1 -o "$T/small/pgssl.log" --check
	echo "$output"
	[[ $output == *"warning log: the disk of $T/small/pgssl.log is full, so messages are lost"* ]]
	run "$WRAP" -p "$T/pgssl.pem" -r 127.0.0.1:1 -o "$(new_log roomy)" --check
	[[ $output != *'warning log:'* ]]
}

@test "bad: an expired certificate, and one that is not valid yet: the line and --check say which, and what to do" {
	need certtool
	dated old 2020-01-01 2021-01-01
	serve old.pem
	asks old.crt
	[[ $output == *'certificate verify failed'* ]]
	grep -qF "our certificate expired on 2021-01-01; renew it: inetls-certgen renew FILE, with the file of -p" "$log"
	run "$WRAP" -n pgsql -p "$T/old.pem" -r 127.0.0.1:1 --check
	[[ $output == *"$T/old.pem: a certificate in it has expired; renew it: inetls-certgen renew $T/old.pem"* ]]
	stop openbsd-inetd
	dated new 2040-01-01 2041-01-01
	serve new.pem
	asks new.crt
	[[ $output == *'certificate verify failed'* ]]
	grep -qF "our certificate is not valid before 2040-01-01; is this machine's clock right?" "$log"
	run "$WRAP" -n pgsql -p "$T/new.pem" -r 127.0.0.1:1 --check
	[[ $output == *"$T/new.pem: a certificate in it is not valid yet; is this machine's clock right?"* ]]
}

@test "bad: a client whose clock is wrong: the line asks for its clock" {
	need faketime
	serve pgssl.pem
	asks pgssl.crt faketime 2040-01-01
	[[ $output == *'certificate verify failed'* ]]
	grep -qF 'is its clock right' "$log"
	: > "$log"
	asks pgssl.crt faketime 2015-01-01
	[[ $output == *'certificate verify failed'* ]]
	grep -qF 'is its clock right' "$log"
	: > "$log"
	# One that has another certificate, and the right time, is not asked.
	make_pem "$T/other.pem" localhost
	asks other.crt
	grep -qF 'give it the .crt' "$log"
	! grep -F clock "$log"
}

@test "bad: a client of TLS 1.0 alone: psql names the version, and the line who offers too little" {
	serve pgssl.pem
	printf '%s\n' 'openssl_conf = i' '[i]' 'ssl_conf = s' '[s]' 'system_default = d' '[d]' 'MinProtocol = TLSv1' \
		'CipherString = ALL:@SECLEVEL=0' > "$T/openssl.cnf"
	OPENSSL_CONF=$T/openssl.cnf PGSSLMINPROTOCOLVERSION=TLSv1 PGSSLMAXPROTOCOLVERSION=TLSv1 asks pgssl.crt
	[[ $output == *'alert protocol version'* ]]
	grep -qF 'peer offers no TLS version that is allowed here' "$log"
}

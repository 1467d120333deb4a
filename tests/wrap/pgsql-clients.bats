# psql and other stock clients, a real PostgreSQL without SSL and a real inetd: what a user of psql sees.

# lib.bash sets port and pid; the scripts in quotes are for another shell.
# shellcheck disable=SC2154,SC2016

load ../lib/lib

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	have postgresql && have openbsd-inetd || return 0
	pg_start
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/stranger.pem" localhost
	printf '%s\n' "host all md5_user 127.0.0.1/32 md5" "host all plain_user 127.0.0.1/32 password" |
		pg_as sh -c 'cat - "$1" > "$1.new" && mv "$1.new" "$1"' sh "$PG_DIR/data/pg_hba.conf"
	direct -c "set password_encryption = 'md5'" -c "create role md5_user login password 'md5 secret'" \
		-c "set password_encryption = 'scram-sha-256'" \
		-c "create role scram_user login password 'scram secret'" \
		-c "create role plain_user login password 'plain secret'" -c 'select pg_reload_conf()'
}

setup() {
	lib_before
	need postgresql
	need openbsd-inetd
}

# A test that has stopped PostgreSQL may have failed before it started it again.
teardown() {
	lib_after
	restore
}

restore() {
	[ -n "${PG_DIR:-}" ] || return 0
	rm -f "$PG_DIR/data/recovery.signal"
	# shellcheck disable=SC2015
	[ -n "$(pg_postmaster)" ] && [ ! -e "$T/restarted" ] || {
		rm -f "$T/restarted"
		pg_control stop -m immediate || :
		pg_launch
	}
}

# direct [ARG...]: psql without the wrapper, for what a test looks at behind its back.
direct() {
	psql -XAtq -v ON_ERROR_STOP=1 "host=$PGSOCKET port=$PGPORT_REAL" "$@"
}

# pg_control ARG...: pg_ctl on our server.
pg_control() {
	(cd / && pg_as "$PG_BIN/pg_ctl" "$@" -s -D "$PG_DIR/data") < /dev/null > /dev/null 2>&1 \
		3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# serve [OPTION...]: inetd with the wrapper in front of PostgreSQL; sets $port and $log.
serve() {
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log" "$@"
}

# to SSLMODE [KEYWORD=VALUE...]: prints a connection string for that port, by the name in the certificate.
to() {
	echo "host=localhost hostaddr=127.0.0.1 port=$port sslrootcert=$T/pgssl.crt sslmode=$*"
}

# client CONNINFO [ARG...]: stock psql, its output in $output.
client() {
	run timeout 30 psql -XAt -v ON_ERROR_STOP=1 "$@"
	echo "$output"
}

# works CONNINFO: psql answers, and through TLS.
works() {
	client "$1" -c '\conninfo' -c "select 'the ' || 'answer'"
	[ "$status" -eq 0 ]
	grep -qE 'SSL connection \(protocol: TLSv1.3|^SSL Protocol *\| *TLSv1.3' <<< "$output" # a table since psql 18
	[ "${lines[-1]}" = 'the answer' ]
}

# checked TEXT [OPTION...]: --check says that of PostgreSQL.
checked() {
	run "$WRAP" --check -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" "${@:2}"
	echo "$output"
	[[ $output == *"$1"* ]]
}

@test "bad: --check says that nobody can log in where the socket's line says peer" {
	local hba=$PG_DIR/data/pg_hba.conf kept
	kept=$(cat "$hba")
	pg_as sh -c 'printf "local all all peer\n%s\n" "$2" > "$1"' sh "$hba" "$kept"
	direct -c 'select pg_reload_conf()'
	asks_peer() {
		run "$WRAP" --check -n pgsql -p "$T/pgssl.pem" -r "$PGSOCKET/.s.PGSQL.$PGPORT_REAL"
		echo "$output"
		[[ $output == *'warning PostgreSQL: a line of pg_hba.conf says peer or ident, so clients of this port cannot log in'* ]]
	}
	wait_for 5 asks_peer
	[[ $output == *"ok      backend $PGSOCKET/.s.PGSQL.$PGPORT_REAL: connects"$'\n'* ]]
	[[ $output != *rejects* ]]
	pg_as sh -c 'printf "%s\n" "$2" > "$1"' sh "$hba" "$kept"
	# By a signal, because nobody can log in to say it.
	kill -s HUP "$(head -n 1 "$PG_DIR/data/postmaster.pid")"
	wait_for 5 direct -c 'select 1'
}

@test "--check says whether PostgreSQL trusts who comes, asks for a proof, or turns the superuser away" {
	checked 'ok      PostgreSQL: asks for a password'
	checked 'ok      PostgreSQL: rejects the user postgres' -I 127.0.0.77
	echo 'host all all 127.0.0.77/32 trust' | pg_as sh -c 'cat >> "$1"' sh "$PG_DIR/data/pg_hba.conf"
	direct -c 'select pg_reload_conf()'
	wait_for 5 checked 'warning trust: PostgreSQL lets everybody on this port in as its superuser' -I 127.0.0.77
	[[ $output == *'for 127.0.0.77 in pg_hba.conf'* ]]
	pg_as sed -i '/127.0.0.77/d' "$PG_DIR/data/pg_hba.conf"
	direct -c 'select pg_reload_conf()'
	wait_for 5 checked 'rejects the user postgres' -I 127.0.0.77
	local port
	port=$(free_port)
	start other socat "TCP4-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" 'SYSTEM:head -c 41 >/dev/null; echo I am another service'
	wait_for 5 listening "$port"
	checked "warning PostgreSQL: 127.0.0.1:$port does not answer as PostgreSQL does" -r "127.0.0.1:$port"
}

# behind_firewall KEYWORD=VALUE: psql, which gets no answer at all, as from behind a firewall.
behind_firewall() {
	unshare -n sh -c 'ip link add away type veth peer name nobody && ip link set away up && ip link set nobody up &&
		ip addr add 198.51.100.1/24 dev away && ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:01 dev away &&
		echo 1 > /proc/sys/net/ipv4/tcp_syn_retries && exec timeout 30 psql -X "$1"' sh \
		"host=198.51.100.2 port=9000 sslmode=require $1" 2>&1
}

# rejected: psql, whose connection a firewall refuses as firewalld does: to psql it is what a route of this kind is.
rejected() {
	unshare -n sh -c 'ip link set lo up && ip route add unreachable 198.51.100.2 && exec timeout 30 psql -X "$1"' sh \
		"host=198.51.100.2 port=9000 sslmode=require" 2>&1
}

# old_client: psql with TLS 1.0 alone.
old_client() {
	printf '%s\n' 'openssl_conf = i' '[i]' 'ssl_conf = s' '[s]' 'system_default = d' '[d]' 'MinProtocol = TLSv1' \
		'CipherString = ALL:@SECLEVEL=0' > "$T/openssl.cnf"
	OPENSSL_CONF=$T/openssl.cnf psql -X "$(to require ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1)"
}

# no_protocol: psql, whose OpenSSL may use no version of TLS that it knows.
no_protocol() {
	printf '%s\n' 'openssl_conf = i' '[i]' 'ssl_conf = s' '[s]' 'system_default = d' '[d]' 'Protocol = -TLSv1.2, -TLSv1.3' > "$T/none.cnf"
	OPENSSL_CONF=$T/none.cnf psql -X "$(to require)"
}

# over_the_limit: psql, which comes while another one has the only place.
over_the_limit() {
	port=$(free_port)
	start listener "$WRAP" -f -d "127.0.0.1:$port" --max-per-source 1 -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL"
	wait_for 5 listening "$port" || return 1
	start holder psql -X "$(to require)" -c 'select pg_sleep(20)'
	wait_for 5 sleeps || return 1
	psql -X "$(to require)"
}

sleeps() {
	[ "$(direct -c "select count(*) from pg_stat_activity where query ~ '^select pg_sleep'")" = 1 ]
}

# psql_that_says TEXT: makes what the table of troubleshooting has that message for, and prints what psql says.
psql_that_says() {
	case $1 in
	'Connection refused') psql -X "$(port=$(free_port) to require)" ;;
	'Connection timed out') behind_firewall connect_timeout=0 ;;
	'timeout expired') behind_firewall connect_timeout=2 ;;
	'No route to host') rejected ;;
	'SSL error: tlsv1 alert protocol version') old_client ;;
	'SSL error: no protocols available') no_protocol ;;
	'SSL error: bad signature')
		# One's key and the other's certificate.
		{ sed -n '/BEGIN.*PRIVATE KEY/,/END.*PRIVATE KEY/p' "$T/stranger.pem" && cat "$T/pgssl.crt"; } > "$T/mixed.pem"
		chmod 600 "$T/mixed.pem"
		serve -p "$T/mixed.pem" && psql -X "$(to require)" 2>&1 | sed 's/provider signature failure/bad signature/' ;;
	'FATAL: TLS is required on this port') psql -X "$(to disable)" ;;
	'FATAL: the database behind this TLS port is not available')
		serve -r "127.0.0.1:$(free_port)" && psql -X "$(to require)" ;;
	'SSL error: certificate verify failed') psql -X "$(to verify-full "sslrootcert=$T/stranger.crt")" ;;
	'root certificate file PATH does not exist') psql -X "$(to verify-full sslrootcert=/nowhere)" ;;
	'server certificate for NAME does not match host name HOST') psql -X "$(to verify-full host=db.example.org)" ;;
	'SSL error: tlsv1 alert internal error')
		# Each time: the alert must not come before the client listens for it.
		serve -p /nowhere || return 1
		for _ in {1..40}; do psql -X "$(to require)" || :; done 2>&1 | grep -cF "$1" | grep -qx 40 && echo "$1" ;;
	'server closed the connection unexpectedly') over_the_limit ;;
	'received invalid response to SSL negotiation')
		superserver openbsd-inetd -- "$WRAP" -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log" &&
			psql -X "$(to require)" ;;
	'server does not support SSL, but SSL was required') psql -X "$(port=$PGPORT_REAL to require)" ;;
	'FATAL: no pg_hba.conf entry for host ADDRESS') serve -I 127.0.0.77 && psql -X "$(to require)" ;;
	*) echo "this test does not know how to make psql say it" ;;
	esac 2>&1
}

@test "each message of psql in the table of troubleshooting is psql's own, where the table says that it comes" {
	local text said seen=0
	while read -r text; do
		case $text in
		'Connection timed out' | 'timeout expired' | 'No route to host') [ "$(id -u)" -eq 0 ] || continue ;;
		esac
		serve
		said=$(psql_that_says "$text" | tr -s ' ') || :
		# Words in capitals stand for others.
		[[ $said =~ $(sed 's/\b\(PATH\|NAME\|HOST\|ADDRESS\)\b/.*/g' <<< "$text") ]] || {
			echo "doc/troubleshooting.md: $text"
			echo "psql: $said"
			return 1
		}
		seen=$((seen + 1))
	done < <(sed -n 's/^| psql: `\([^`]*\)`.*/\1/p' "$ROOT/doc/troubleshooting.md")
	[ "$seen" -ge 10 ]
}

# fails TEXT CONNINFO [ARG...]: psql does not connect, and says so in these words.
fails() {
	client "${@:2}" -c "select 'the ' || 'answer'"
	[ "$status" -eq 2 ]
	[[ $output == *"$1"* ]]
	[[ $output != *'the answer'* ]]
}

# results: prints the results in the log, one word a line, as they came.
results() {
	sed -n 's/.*result=\([a-z]*\) .*/\1/p' "$log"
}

tool() {
	/usr/bin/python3 "$ROOT/tests/lib/pgsql-tools.py" "$@"
}

# nobody_listens: sets $nobody, a port that is taken, but on which nobody listens.
nobody_listens() {
	start nobody perl -MSocket -e 'socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
		bind($s, sockaddr_in(0, INADDR_LOOPBACK)) or die;
		$| = 1; print +(sockaddr_in(getsockname($s)))[0], "\n"; sleep 300'
	wait_for 10 test -s "$T/nobody.log"
	nobody=$(cat "$T/nobody.log")
}

# -- refused ---------------------------------------------------------------------------------------------------

@test "bad: sslmode=disable is told what to write instead" {
	serve
	fails 'FATAL:  TLS is required on this port' "$(to disable)"
	[[ $output == *'HINT:  Connect with sslmode=require, or better sslmode=verify-full.'* ]]
	log_lines "$log" 1
	[ "$(results)" = refused ]
}

@test "bad: verify-full and verify-ca refuse a certificate that they were not given, and the log says why" {
	local mode
	serve
	for mode in verify-full verify-ca; do
		fails 'certificate verify failed' "$(to "$mode" "sslrootcert=$T/stranger.crt")"
	done
	log_lines "$log" 2
	[ "$(grep -c 'reason="peer does not trust our certificate' "$log")" -eq 2 ]
}

@test "bad: verify-full refuses another name, verify-ca does not look at it" {
	serve
	fails 'does not match host name "db.example.org"' "$(to verify-full host=db.example.org)"
	works "$(to verify-ca host=db.example.org)"
}

@test "bad: channel_binding=require fails with PostgreSQL's own message" {
	serve
	fails 'channel binding is required, but' "$(to verify-full channel_binding=require)"
}

@test "bad: gssencmode=require fails with libpq's own message" {
	kerberos
	serve
	fails "server doesn't support GSSAPI encryption, but it was required" "$(to require gssencmode=require)"
}

@test "bad: a wrong password gives PostgreSQL's own message" {
	serve
	PGPASSWORD=wrong fails 'password authentication failed for user "scram_user"' "$(to require user=scram_user)"
	PGPASSWORD=wrong fails 'password authentication failed for user "md5_user"' "$(to require user=md5_user)"
}

# -- the service is not to be had ------------------------------------------------------------------------------

@test "bad: PostgreSQL is stopped: psql prints the cause, pg_isready says rejecting, and it comes back" {
	serve
	works "$(to verify-full)"
	pg_control stop -m fast
	fails 'FATAL:  the database behind this TLS port is not available' "$(to verify-full)"
	[[ $output == *"DETAIL:  connect 127.0.0.1:$PGPORT_REAL: Connection refused; is PostgreSQL running"* ]]
	run timeout 30 pg_isready -d "$(to verify-full)"
	[ "$status" -eq 1 ]
	[[ $output == *"rejecting connections" ]]
	pg_launch
	works "$(to verify-full)"
	run timeout 30 pg_isready -d "$(to verify-full)"
	[ "$status" -eq 0 ]
	[[ $output == *"accepting connections" ]]
	log_lines "$log" 5
	[ "$(results | paste -sd ' ')" = 'ok backend backend ok ok' ]
}

@test "bad: a list of hosts goes on to the next one where PostgreSQL is stopped" {
	local up
	nobody_listens
	serve
	up=$port
	need tcpserver
	superserver tcpserver -- "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$nobody" -o "$log"
	works "$(to verify-full host=localhost,localhost hostaddr=127.0.0.1,127.0.0.1 "port=$port,$up")"
	log_lines "$log" 2
	[ "$(results | paste -sd ' ')" = 'backend ok' ]
}

@test "bad: PostgreSQL is starting up: its own words and its own code come through" {
	serve
	touch "$T/restarted"
	pg_control stop -m fast
	# It looks for its log in an archive first, which lets it wait.
	printf '#!/bin/sh\nsleep 8\nexit 1\n' > "$PG_DIR/slow"
	chmod 755 "$PG_DIR/slow"
	pg_as touch "$PG_DIR/data/recovery.signal"
	start starting pg_as "$PG_BIN/postgres" -D "$PG_DIR/data" -c wal_level=replica \
		-c restore_command="$PG_DIR/slow"
	wait_for 10 listening "$PGPORT_REAL"
	fails 'FATAL:  the database system is starting up' "$(to verify-full)"
	run timeout 30 pg_isready -d "$(to verify-full)"
	[ "$status" -eq 1 ]
	[[ $output == *"rejecting connections" ]]
	pg_control stop -m immediate
	wait_for 5 gone "$pid"
}

@test "bad: PostgreSQL is at its connection limit: its own words come through" {
	local i
	serve
	touch "$T/restarted"
	pg_control restart -m fast -o '-c max_connections=2 -c superuser_reserved_connections=0'
	for i in 1 2; do
		start "held$i" psql -XAt "$(to require)" -c "select 'connected'" -c "select pg_sleep(20)"
		wait_for 10 grep -q connected "$T/held$i.log"
	done
	connections_are_used_up
	fails 'FATAL:  sorry, too many clients already' "$(to verify-full)"
}

connections_are_used_up() {
	! direct -c '' 2> /dev/null
}

@test "bad: PostgreSQL does not answer at all: the cause is said within --connect-timeout" {
	local began
	start hang tool hang
	wait_for 10 test -s "$T/hang.log"
	serve --connect-timeout 2s -r "127.0.0.1:$(cat "$T/hang.log")"
	began=${EPOCHREALTIME/./}
	fails 'FATAL:  the database behind this TLS port is not available' "$(to verify-full)"
	[[ $output == *"Connection timed out; the service does not answer within --connect-timeout"* ]]
	[ "$((${EPOCHREALTIME/./} - began))" -gt 1900000 ]
	[ "$((${EPOCHREALTIME/./} - began))" -lt "$(patience 4000000)" ]
}

# -- let in ----------------------------------------------------------------------------------------------------

@test "psql connects with require, verify-ca, verify-full and prefer" {
	local mode
	serve
	for mode in require verify-ca verify-full prefer; do
		works "$(to "$mode")"
	done
	log_lines "$log" 4
	[ "$(results | sort -u)" = ok ]
}

@test "psql with sslmode=allow starts plain, is refused, and comes back with TLS" {
	serve
	works "$(to allow)"
	log_lines "$log" 2
	[ "$(results | paste -sd ' ')" = 'refused ok' ]
}

# kerberos: makes libpq believe that it could encrypt by GSSAPI.
kerberos() {
	tool ccache "$T/ccache"
	printf '[libdefaults]\ndefault_realm = EXAMPLE.ORG\n' > "$T/krb5.conf"
	export KRB5CCNAME=FILE:$T/ccache KRB5_CONFIG=$T/krb5.conf
}

@test "psql with gssencmode=prefer asks for GSSAPI first, and gets TLS on the same connection" {
	kerberos
	serve
	start recorder "$ROOT/tests/lib/recorder" "$port" "$T/gss"
	wait_for 10 test -s "$T/recorder.log"
	works "$(to verify-full gssencmode=prefer "port=$(cat "$T/recorder.log")")"
	[ "$(head -c 16 "$T/gss.client" | od -An -tx1 | tr -d ' \n')" = 0000000804d216300000000804d2162f ]
	[ "$(head -c 2 "$T/gss.server")" = NS ]
	log_lines "$log" 1
}

@test "channel_binding=prefer works" {
	serve
	works "$(to verify-full channel_binding=prefer)"
}

@test "SCRAM, md5 and password logins work without a client certificate" {
	local method
	serve
	for method in scram md5 plain; do
		PGPASSWORD="$method secret" client "$(to verify-full "user=${method}_user")" -c 'select current_user'
		[ "$output" = "${method}_user" ]
	done
}

@test "Ctrl-C in psql cancels the query, and the session goes on" {
	local ready
	serve
	ready="psql -XAtq 'host=$PGSOCKET port=$PGPORT_REAL' -c 'select 1 from pg_stat_activity
		where wait_event = \$\$PgSleep\$\$' | grep -q 1"
	run tool interrupt "$ready" 'select pg_sleep(60);' $'select 6 * 7 as answer \\g (format=unaligned)\n\\q' \
		env PAGER=cat TERM=dumb timeout 25 psql -X --no-readline "$(to verify-full)"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'ERROR:  canceling statement due to user request'* ]]
	[[ $output == *$'answer\r\n42\r\n'* ]]
	wait_for 5 grep -q 'result=cancel .* in=16 out=0 ' "$log"
	grep 'canceling statement due to user request' "$PG_LOG"
}

@test "a notification comes through after an idle pause" {
	need_psycopg2
	serve
	timeout 60 /usr/bin/python3 "$ROOT/tests/lib/pgsql-psycopg2.py" notify "$(to verify-full)"
}

@test "pgbench runs, and with a new connection for each transaction" {
	need pgbench
	serve
	timeout 60 pgbench -q -i -s 1 "$(to verify-full)" > "$T/pgbench.log" 2>&1
	run timeout 60 pgbench -c 4 -j 2 -t 100 "$(to verify-full)"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'number of failed transactions: 0 (0.000%)'* ]]
	run timeout 60 pgbench -C -c 4 -j 2 -t 25 -S "$(to verify-full)"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'number of transactions actually processed: 100/100'* ]]
	log_lines "$log" "$(results | grep -c '^ok$')"
	[ "$(results | wc -l)" -gt 100 ]
}

need_psycopg2() {
	/usr/bin/python3 -c 'import psycopg2' 2> /dev/null || need psycopg2 "python3-psycopg2 is not installed"
}

@test "psycopg2: connect, query, cancel, error, reconnect" {
	need_psycopg2
	serve
	timeout 60 /usr/bin/python3 "$ROOT/tests/lib/pgsql-psycopg2.py" session "$(to verify-full)"
	wait_for 5 grep -q result=cancel "$log"
}

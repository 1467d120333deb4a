# What only the libpq and psql of PostgreSQL 16, 17 and 18 can do, and not those of Debian 12.

# lib.bash sets port; $status and $output are what bats gives.
# shellcheck disable=SC2059,SC2154

load ../lib/lib

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	have postgresql && have openbsd-inetd || return 0
	pg_start
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/stranger.pem" localhost
}

setup() {
	lib_before
	need postgresql
	need openbsd-inetd
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log"
}

# to [KEYWORD=VALUE...]
to() {
	echo "host=localhost hostaddr=127.0.0.1 port=$port sslrootcert=$T/pgssl.crt sslmode=verify-full $*"
}

# asks [CONNINFO [ARG...]]
asks() {
	run timeout 30 psql -XAt -v ON_ERROR_STOP=1 "$@"
	echo "$output"
}

@test "sslnegotiation=direct with verify-full, and a stranger's certificate is refused" {
	need_psql 17
	asks "$(to sslnegotiation=direct)" -c 'select 6 * 7'
	[ "$output" = 42 ]
	log_lines "$log" 1
	grep -q 'result=ok .* alpn=postgresql ' "$log"
	asks "$(to sslnegotiation=direct "sslrootcert=$T/stranger.crt")" -c 'select 6 * 7'
	[ "$status" -eq 2 ]
	[[ $output == *'certificate verify failed'* ]]
}

@test "sslrootcert=system takes the certificate of a CA that the system trusts, and no other" {
	need_psql 16
	SSL_CERT_FILE=$T/pgssl.crt asks "$(to sslrootcert=system)" -c 'select 6 * 7'
	[ "$output" = 42 ]
	asks "$(to sslrootcert=system)" -c 'select 6 * 7'
	[ "$status" -eq 2 ]
	[[ $output == *'certificate verify failed'* ]]
	asks "$(to sslrootcert=system sslmode=require)" -c 'select 6 * 7'
	[ "$status" -eq 2 ]
	[[ $output == *'weak sslmode "require" may not be used with sslrootcert=system'* ]]
}

@test "require_auth has a client insist on SCRAM" {
	need_psql 16
	asks "$(to require_auth=scram-sha-256)" -c 'select 6 * 7'
	[ "$output" = 42 ]
	asks "$(to require_auth=none)" -c 'select 6 * 7'
	[ "$status" -eq 2 ]
}

@test "PQcancelBlocking cancels inside TLS, and is logged as a cancel" {
	local options
	need_psql 17
	for options in '' sslnegotiation=direct; do
		: > "$log"
		run timeout 30 "$ROOT/tests/lib/pgsql-libpq.py" "$(to $options)"
		echo "$output"
		[ "$output" = 'SQLSTATE 57014' ]
		log_lines "$log" 2
		grep -q 'result=cancel .* tls=1.3 ' "$log"
		grep -q 'result=ok .* tls=1.3 ' "$log"
	done
}

# said PACKET: openssl says that inside TLS; prints the result.
said() {
	: > "$log"
	{ printf "$1"; sleep 1; } | timeout 20 openssl s_client -quiet -starttls postgres -connect "127.0.0.1:$port" > /dev/null 2>&1 || :
	log_lines "$log" 1
	log_field result "$(cat "$log")"
}

@test "a CancelRequest inside TLS is logged as a cancel, and nothing that only begins as one" {
	local cancel='\0\0\0\020\004\322\026\056\0\0\0\001\0\0\0\002'
	need openssl
	[ "$(said "$cancel")" = cancel ]
	[ "$(said "${cancel}more")" != cancel ]
	[ "$(said '\0\0\0\011\0\003\0\0\0')" != cancel ]
}

@test "max_protocol_version=latest: protocol 3.2 and its long key of cancellation, also by Ctrl-C in clear" {
	need_psql 18
	asks "$(to max_protocol_version=latest)" -c '\conninfo'
	grep -qE '^Protocol Version *\| *3\.2' <<< "$output"
	: > "$log"
	start psql psql -XAt "$(to max_protocol_version=latest)" -c 'select pg_sleep(60)'
	wait_for 10 sleeping
	kill -INT "$pid"
	wait_for 10 gone "$pid"
	grep -q 'canceling statement due to user request' "$T/psql.log"
	wait_for 10 grep -q 'result=cancel .* in=44 out=0 ' "$log"
	run timeout 30 "$ROOT/tests/lib/pgsql-libpq.py" "$(to max_protocol_version=latest)"
	[ "$output" = 'SQLSTATE 57014' ]
}

sleeping() {
	[ "$(psql -XAt "host=$PGSOCKET port=$PGPORT_REAL" \
		-c "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'")" = 1 ]
}

# 1 GB through psql in and out, under a super-server and under -d.

# lib.bash sets port and pid.
# shellcheck disable=SC2154

load ../lib/lib

setup() {
	lib_before
	need postgresql
}

setup_file() {
	lib_begin
	have postgresql || return 0
	pg_start
	make_pem "$T/pgssl.pem" localhost
	openssl rand -base64 760000000 > "$T/payload"
	[ "$(stat -c %s "$T/payload")" -gt 1000000000 ]
}

copy_both_ways() {
	PSQL_TIMEOUT=600 psql_tls "$port" -q -c 'create temp table payload (line text)' \
		-c "\\copy payload from '$T/payload'" -c "\\copy payload to '$T/returned'"
	cmp "$T/payload" "$T/returned"
	rm "$T/returned"
}

# one_line LOG: the session has its one line, with all of its bytes in it.
one_line() {
	local line
	log_lines "$1" 1
	line=$(cat "$1")
	[ "$(log_field result "$line")" = ok ]
	[ "$(log_field in "$line")" -gt 1000000000 ]
	[ "$(log_field out "$line")" -gt 1000000000 ]
}

@test "1 GB through psql in and out under xinetd" {
	local log
	need xinetd
	log=$(new_log wrap)
	superserver xinetd -- "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log"
	copy_both_ways
	one_line "$log"
}

@test "1 GB through psql in and out under -d, from the Unix socket" {
	local log
	port=$(free_port)
	log=$(new_log wrap)
	start daemon "$WRAP" -f -n pgsql -p "$T/pgssl.pem" -d "127.0.0.1:$port" -r "$PGSOCKET/.s.PGSQL.$PGPORT_REAL"
	wait_for 10 listening "$port"
	copy_both_ways
	grep 'result=' "$T/daemon.log" > "$log"
	one_line "$log"
}

# What tests/wrap/superservers.bats and tests/long/superservers.bats share, loaded after lib.

# lib.bash sets port.
# shellcheck disable=SC2154

setup() {
	lib_before
	need postgresql
}

setup_file() {
	lib_begin
	have postgresql || return 0
	pg_start
	make_pem "$T/pgssl.pem" localhost
	# A relay between the wrapper and PostgreSQL counts bytes too: the log's numbers are compared with its numbers, to
	# the byte.
	start meter /usr/bin/python3 "$ROOT/tests/lib/meter.py" "$PGPORT_REAL"
	wait_for 10 test -s "$T/meter.log"
	METER_PORT=$(head -n 1 "$T/meter.log")
	export METER_PORT
	openssl rand -base64 76000000 > "$T/payload"
	PAYLOAD=$(stat -c %s "$T/payload")
	export PAYLOAD
	[ "$PAYLOAD" -gt 100000000 ]
}

# wrapper LOG [OPTION...]: prints the command for the super-server.
wrapper() {
	echo "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$METER_PORT" -o "$@"
}

# copy_both_ways: runs one session that sends the payload and reads it back, to the byte.
copy_both_ways() {
	rm -f "$T/returned"
	PSQL_TIMEOUT=60 psql_tls "$port" -q -c 'create temp table payload (line text)' \
		-c "\\copy payload from '$T/payload'" -c "\\copy payload to '$T/returned'"
	cmp "$T/payload" "$T/returned"
}

# metered: prints the relay's line for the connection of a log line; they have the same port.
metered() {
	grep "^port=${1##*:} " "$T/meter.log"
}

# counts_agree LINE: checks the log's byte counts against the relay's.
counts_agree() {
	local source witness
	source=$(log_field source "$1")
	wait_for 5 metered "$source" > /dev/null
	witness=$(metered "$source")
	[ "$(log_field in "$1")" = "$(log_field in "$witness")" ]
	[ "$(log_field out "$1")" = "$(log_field out "$witness")" ]
	[ "$(log_field in "$1")" -gt "$PAYLOAD" ]
	[ "$(log_field out "$1")" -gt "$PAYLOAD" ]
}

copy_under() {
	local log line
	need "$1"
	log=$(new_log wrap)
	# shellcheck disable=SC2046
	superserver "$1" -- $(wrapper "$log")
	copy_both_ways
	log_lines "$log" 1
	line=$(cat "$log")
	[ "$(log_field result "$line")" = ok ]
	[ "$(log_field tls "$line")" = 1.3 ]
	counts_agree "$line"
}

# owned_pem USER: prints the path of a PEM that belongs to that user.
owned_pem() {
	install -m 600 -o "$1" "$T/pgssl.pem" "$T/$1.pem"
	echo "$T/$1.pem"
}

short_as_nobody_under() {
	local log
	need "$1"
	need_root
	log=$(new_log wrap)
	# shellcheck disable=SC2046
	superserver "$1" -u nobody -- $(wrapper "$log" -p "$(owned_pem nobody)")
	run psql_tls "$port" -Atc 'select 6 * 7'
	[ "$status" -eq 0 ]
	[ "$output" = 42 ]
	log_lines "$log" 1
	[ "$(log_field result "$(cat "$log")")" = ok ]
}

# No key byte, password or query ever reaches a log, at any log level and whatever goes wrong.

# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load ../lib/lib

setup_file() {
	lib_begin
	have postgresql || return 0
	pg_start
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/stranger.pem" localhost
	psql -XAtq "host=$PGSOCKET port=$PGPORT_REAL" -v ON_ERROR_STOP=1 \
		-c "create role plain_user login password 'tell-no-log-4711'"
	printf 'host all plain_user 127.0.0.1/32 password\n' |
		pg_as sh -c 'cat - "$1" > "$1.new" && mv "$1.new" "$1"' sh "$PG_DIR/data/pg_hba.conf"
	psql -XAtq "host=$PGSOCKET port=$PGPORT_REAL" -c 'select pg_reload_conf()'
}

# logged_nothing_of: the log of all that happened has lines, and none of the secrets in any of them.
logged_nothing_of_it() {
	[ -s "$log" ]
	cat "$log"
	run ! grep -aF -e tell-no-log-4711 -e 'whisper-0815' "$log"
	# Lines of the key's base64, as the PEM has them.
	sed -n '/BEGIN PRIVATE KEY/,/END PRIVATE KEY/{/KEY/!p}' "$T/pgssl.pem" > "$T/key.lines"
	[ -s "$T/key.lines" ]
	run ! grep -aF -f "$T/key.lines" "$log"
}

@test "no key byte, password or query reaches a log: logins that work and fail, queries, at level debug" {
	need postgresql
	need openbsd-inetd
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -D debug -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log"
	local to="host=localhost hostaddr=127.0.0.1 port=$port dbname=postgres user=plain_user sslmode=verify-full"
	run env PGPASSWORD=tell-no-log-4711 psql -XAt "$to sslrootcert=$T/pgssl.crt" -c "select 'whisper-0815'"
	[ "$output" = whisper-0815 ]
	run env PGPASSWORD=tell-no-log-4711-wrong psql -XAt "$to sslrootcert=$T/pgssl.crt" -c "select 'whisper-0815'"
	[ "$status" -ne 0 ]
	run env PGPASSWORD=tell-no-log-4711 psql -XAt "$to sslrootcert=$T/stranger.crt" -c "select 'whisper-0815'"
	[ "$status" -ne 0 ]
	run env PGPASSWORD=tell-no-log-4711 psql -XAt "${to%sslmode*} sslmode=disable" -c "select 'whisper-0815'"
	[ "$status" -ne 0 ]
	# Of each connection its beginning and its end.
	log_lines "$log" 8
	logged_nothing_of_it
}

@test "no byte of a PEM reaches a log: one that is broken in the middle of its key" {
	log=$(new_log broken)
	sed '/BEGIN PRIVATE KEY/,/END PRIVATE KEY/s/^M/!/' "$T/pgssl.pem" > "$T/broken.pem"
	chmod 600 "$T/broken.pem"
	superserver openbsd-inetd -- "$WRAP" -D debug -p "$T/broken.pem" -r 1 -o "$log"
	run timeout 10 openssl s_client -connect "127.0.0.1:$port" < /dev/null
	wait_for 10 test -s "$log"
	logged_nothing_of_it
}

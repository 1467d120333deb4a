# A session in which no byte moves for five minutes is not ended.

# lib.bash sets port.
# shellcheck disable=SC2154

load ../lib/lib

@test "a notification comes through after five idle minutes" {
	/usr/bin/python3 -c 'import psycopg2' 2> /dev/null || need psycopg2 "python3-psycopg2 is not installed"
	need postgresql
	need openbsd-inetd
	pg_start
	make_pem "$T/pgssl.pem" localhost
	superserver openbsd-inetd -- "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" \
		-o "$(new_log wrap)"
	IDLE_S=${IDLE_S:-300} timeout 400 /usr/bin/python3 "$ROOT/tests/lib/pgsql-psycopg2.py" notify \
		"host=localhost hostaddr=127.0.0.1 port=$port sslmode=verify-full sslrootcert=$T/pgssl.crt"
	log_lines "$T/wrap.log" 2
	[ "$(grep -c 'result=ok ' "$T/wrap.log")" -eq 2 ]
}

# Drivers that do not use libpq: each connects, queries, cancels, gets an error and reconnects, and has only the
# certificate to verify the server.

# lib.bash sets port.
# shellcheck disable=SC2154

load ../lib/lib

JDBC=/usr/share/java/postgresql.jar

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	have postgresql && have openbsd-inetd || return 0
	pg_start
	make_pem "$T/pgssl.pem" localhost
}

setup() {
	lib_before
	need postgresql
	need openbsd-inetd
}

serve() {
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log"
}

# packages: installs what the lock file names, in a copy, once; npm keeps its own files there as well.
packages() {
	[ ! -e "$T/npm/ready" ] || return 0
	need node
	need npm
	rm -rf "$T/npm"
	cp -r "$ROOT/tests/lib/npm" "$T/npm"
	(cd "$T/npm" && timeout 180 npm ci --cache "$T/npm/cache" --no-audit --no-fund) > "$T/npm.log" 2>&1 ||
		skip "network: the npm registry is out of reach"
	touch "$T/npm/ready"
}

# driver NAME [direct]: runs its script.
driver() {
	packages
	serve
	timeout 60 node --no-deprecation "$T/npm/$1.mjs" "$port" "$T/pgssl.crt" "$PG_PASSWORD_FILE" "${@:2}"
	[ "$(grep -c 'result=refused .* told that TLS is required' "$log")" -eq 1 ]
	if [ "${2:-}" = direct ]; then
		grep 'result=ok .* alpn=postgresql ' "$log"
	else
		run grep 'alpn=postgresql' "$log"
		[ "$status" -eq 1 ]
	fi
}

@test "pgjdbc with sslmode=verify-full, prefer, allow and disable" {
	need java
	need javac
	[ -e "$JDBC" ] || need pgjdbc "libpostgresql-jdbc-java is not installed"
	serve
	timeout 120 java -cp "$JDBC" "$ROOT/tests/lib/Jdbc.java" "$port" "$T/pgssl.crt" "$PG_PASSWORD_FILE"
	grep 'result=cancel ' "$log"
	# Java says user_canceled before its close_notify: an end like any other.
	run grep 'result=protocol' "$log"
	[ "$status" -eq 1 ]
}

@test "node-postgres" {
	driver pg
}

@test "node-postgres with sslnegotiation=direct" {
	driver pg direct
}

@test "postgres.js" {
	driver postgres
}

@test "postgres.js with sslnegotiation=direct" {
	driver postgres direct
}

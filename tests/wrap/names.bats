# The names that a PostgreSQL client gives inside TLS, in the log line: user=, database= and application=.

# lib.bash sets port; $status and $output are what bats gives.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	# bats knows no skip in here: what is missing is said by setup, for each test.
	have postgresql && have openbsd-inetd || return 0
	pg_start
	direct -c "create role \"o'brien = \"\"Müller\"\"\" login password 'secret'" \
		-c "create role alice login password 'secret'"
}

setup() {
	lib_before
	need postgresql
	need openbsd-inetd
}

direct() {
	psql -XAtq -v ON_ERROR_STOP=1 "host=$PGSOCKET port=$PGPORT_REAL" "$@"
}

# serve: inetd with the wrapper in front of PostgreSQL; sets $port and $log.
serve() {
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -n pgsql -N pgssl -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log"
}

# asks KEYWORD=VALUE... : psql through TLS, as that user and so on.
asks() {
	run timeout 30 psql -XAt "host=localhost hostaddr=127.0.0.1 port=$port sslmode=verify-full sslrootcert=$T/pgssl.crt $1" \
		-c 'select current_user'
	echo "$output"
}

# names FIELDS: the one line of the log has exactly these, in this order.
names() {
	log_lines "$log" 1
	cat "$log"
	grep -qF -e " client=- $* in=" "$log"
}

# sent HOW FIELDS: what names.py sends is one line with these fields.
sent() {
	: > "$log"
	"$ROOT/tests/lib/names.py" send "$port" "$1"
	names "${@:2}"
}

none='user=- database=- application=-'
alice='user=alice database=app application=psql'

@test "bad: a hundred logins with names of every byte are a hundred lines, and no broken field" {
	serve
	"$ROOT/tests/lib/names.py" login "$port" "$log"
}

@test "bad: what is no StartupMessage, or more than 10,000 bytes, or cut, has no names" {
	serve
	sent garbage "$none"
	sent long "$none"
	sent cut "$none"
}

@test "bad: a client that PostgreSQL refuses is logged with its names" {
	serve
	asks 'user=alice password=wrong dbname=postgres application_name=wrong-password'
	[ "$status" -eq 2 ]
	[[ $output == *'password authentication failed'* ]]
	names 'user=alice database=postgres application=wrong-password'
	: > "$log"
	asks 'user=alice password=secret dbname=nowhere'
	[ "$status" -eq 2 ]
	names 'user=alice database=nowhere application=psql'
}

@test "bad: where PostgreSQL cannot be reached the names are logged too" {
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -n pgsql -N pgssl -p "$T/pgssl.pem" -r "127.0.0.1:$(free_port)" -o "$log"
	asks 'user=alice dbname=app'
	[ "$status" -eq 2 ]
	names 'user=alice database=app application=psql'
	grep -q result=backend "$log"
}

@test "bad: a client that leaves without close_notify is logged with its names" {
	serve
	sent close "$alice"
}

@test "psql's names are in the line, in pieces and by direct TLS as well, and only those of the first message" {
	serve
	sent whole "$alice"
	sent pieces "$alice"
	sent direct "$alice"
	sent more "$alice"
	sent second "$alice"
}

@test "a name with blanks, quotes and umlauts logs in, and is escaped in the line" {
	serve
	asks "user='o\\'brien = \"Müller\"' password=secret dbname=postgres"
	[ "$output" = "o'brien = \"Müller\"" ]
	names "user=o'brien\\x20\\x3d\\x20\\x22M\\xc3\\xbcller\\x22 database=postgres application=psql"
}

@test "a cancel request has no names, and the session that it is about has" {
	serve
	start sleeper psql -XAt "host=localhost hostaddr=127.0.0.1 port=$port sslmode=require application_name=sleeper" \
		-c 'select pg_sleep(60)'
	wait_for 10 sleeps
	kill -INT "$pid"
	log_lines "$log" 2
	grep "result=cancel .* client=- $none in=16 " "$log"
	grep 'result=ok .* user=postgres database=postgres application=sleeper ' "$log"
}

sleeps() {
	[ "$(direct -c "select count(*) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()")" = 1 ]
}

@test "without -n pgsql nothing is read of what a client says" {
	log=$(new_log wrap)
	session --peer 'handshake send:100 bye recv-all' --backend echo -- -N pgssl
	logged "client=- $none in=100 "
}

@test "client mode logs the names of the local program" {
	local server
	log=$(new_log server)
	server=$(free_port)
	start server "$WRAP" -n pgsql -p "$T/pgssl.pem" -d "127.0.0.1:$server" -r "127.0.0.1:$PGPORT_REAL" -o "$log" -f
	wait_for 10 listening "$server"
	log=$(new_log client)
	port=$(free_port)
	start client "$WRAP" -c -n pgsql -A "$T/pgssl.crt" -d "127.0.0.1:$port" -r "localhost:$server" -o "$log" -f
	wait_for 10 listening "$port"
	# The listener's own lines are not what this is about.
	: > "$log"
	psql -XAt "host=127.0.0.1 port=$port sslmode=disable application_name=local" -c 'select 1'
	names 'user=postgres database=postgres application=local'
	# And where the server cannot be reached.
	stop server
	: > "$log"
	run psql -XAt "host=127.0.0.1 port=$port sslmode=disable user=alice dbname=app" -c 'select 1'
	[ "$status" -eq 2 ]
	names 'user=alice database=app application=psql'
}

# PostgreSQL's own programs through the wrapper, with much data or for a long time.

# lib.bash sets port and pid.
# shellcheck disable=SC2154

load ../lib/lib

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	have postgresql && have openbsd-inetd || return 0
	pg_start
	make_pem "$T/pgssl.pem" localhost
	# pg_basebackup needs a server that keeps enough in its log.
	(cd / && pg_as "$PG_BIN/pg_ctl" restart -s -w -D "$PG_DIR/data" -l "$PG_LOG" \
		-o '-c wal_level=replica -c max_wal_senders=4') < /dev/null > "$T/restart.log" 2>&1 \
		3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

setup() {
	lib_before
	need postgresql
	need openbsd-inetd
}

# serve: inetd with the wrapper in front of PostgreSQL; sets $port, $log, $inetd and what libpq needs to come in.
serve() {
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL" -o "$log"
	inetd=$pid
	export PGHOST=localhost PGHOSTADDR=127.0.0.1 PGPORT=$port PGSSLMODE=verify-full \
		PGSSLROOTCERT=$T/pgssl.crt
}

sessions_are_over() {
	[ -z "$(cat "/proc/$inetd/task/$inetd/children")" ]
}

# all_ok: every session of this test went well, and there was one.  A client does not wait for the end of its own.
all_ok() {
	wait_for 20 sessions_are_over
	log_lines "$log" "$(grep -c 'result=ok ' "$log")"
	[ -s "$log" ]
}

@test "psql: \\copy of 1 GB in and out, checksums equal" {
	local sum
	serve
	head -c 760000000 /dev/urandom | base64 -w 1000 > "$T/payload"
	[ "$(stat -c %s "$T/payload")" -gt 1000000000 ]
	sum=$(sha256sum < "$T/payload")
	timeout 400 psql -Xq -v ON_ERROR_STOP=1 -c 'create unlogged table payload (line text)' \
		-c "\\copy payload from '$T/payload'"
	rm "$T/payload"
	[ "$(timeout 400 psql -Xq -v ON_ERROR_STOP=1 -c '\copy payload to stdout' | sha256sum)" = "$sum" ]
	timeout 60 psql -Xq -c 'drop table payload'
	all_ok
}

@test "pgbench for a minute, eight clients" {
	serve
	timeout 60 pgbench -q -i -s 5 > "$T/pgbench.log" 2>&1
	run timeout 120 pgbench -c 8 -j 2 -T "${PGBENCH_S:-60}" -P 20
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'number of failed transactions: 0 (0.000%)'* ]]
	all_ok
}

# contents DATABASE: prints a checksum of its rows, and one of its large objects.
contents() {
	timeout 60 psql -XAt -v ON_ERROR_STOP=1 -d "$1" \
		-c "select count(*), md5(string_agg(h::text, ',' order by h.tid, h.mtime)) from pgbench_history h" \
		-c "select count(*), md5(string_agg(md5(lo_get(oid)), ',' order by oid)) from pg_largeobject_metadata"
}

@test "pg_dump | pg_restore of a database with large objects" {
	local i before
	serve
	timeout 60 createdb source
	timeout 60 createdb target
	timeout 60 pgbench -q -i -s 2 source > "$T/pgbench.log" 2>&1
	timeout 60 pgbench -c 2 -t 500 source >> "$T/pgbench.log" 2>&1
	for i in 1 2 3 4 5; do
		head -c "$((i * 3000017))" /dev/urandom > "$T/object"
		timeout 60 psql -Xq -v ON_ERROR_STOP=1 -d source -c "\\lo_import '$T/object'"
	done
	before=$(contents source)
	[[ $before == 1000\|*$'\n'5\|* ]]
	timeout 120 pg_dump -Fc source | timeout 120 pg_restore --exit-on-error -d target
	[ "$(contents target)" = "$before" ]
	all_ok
}

@test "pg_basebackup, streaming, verified" {
	serve
	timeout 300 pg_basebackup -D "$T/backup" -X stream -c fast
	"$PG_BIN/pg_verifybackup" "$T/backup"
	rm -rf "$T/backup"
	all_ok
	[ "$(wc -l < "$log")" -ge 2 ]
}

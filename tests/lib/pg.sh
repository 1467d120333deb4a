# shellcheck shell=sh disable=SC2016
# A throw-away PostgreSQL without SSL: POSIX sh functions for the tests and for the demo.  It listens on
# 127.0.0.1 and on a Unix socket, wants scram-sha-256 on both, and is gone with its directory after pg_stop.
#
#	. tests/lib/pg.sh
#	pg_start || exit 1	# one at a time
#	psql -X -h 127.0.0.1 -p "$PGPORT_REAL" -c 'select 1'
#	pg_stop
#
# pg_start reads TMPDIR, PG_PORT (a wanted port; without it a free one), PG_LISTEN (addresses) and PG_CONNECTIONS, and
# exports
#	PGPORT_REAL	the server's TCP port, not what libpq reads by itself: a test says where it connects
#	PGSOCKET	the directory of its Unix socket (.s.PGSQL.$PGPORT_REAL)
#	PGUSER, PGDATABASE, PGPASSFILE	the superuser for libpq: no test has to name them again
#	PG_PASSWORD_FILE	the superuser's password alone, for a client that is not libpq
#	PG_DIR, PG_LOG, PG_PID	its directory, its log, the postmaster
# Both functions return 1 with one sentence on stderr when they fail, after having cleaned up.

# runuser is in a directory that a plain `su` leaves out of PATH.
PATH=$PATH:/usr/sbin:/sbin

# pg_bin: prints the directory of initdb and postgres.  Debian keeps them out of PATH.
pg_bin() {
	# shellcheck disable=SC2012
	for pg_bin_dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn); do
		if [ -x "$pg_bin_dir/initdb" ]; then
			echo "$pg_bin_dir"
			return 0
		fi
	done
	pg_bin_dir=$(command -v initdb) || return 1
	dirname "$pg_bin_dir"
}

# pg_free_port: prints a port of 127.0.0.1 that nobody has.  It is none of those that the kernel gives out by itself:
# one of these could go to somebody else's socket before the caller comes to listen on it, and what is meant for the
# one server would reach the other.
pg_free_port() {
	perl -MSocket -e 'open(my $range, "<", "/proc/sys/net/ipv4/ip_local_port_range");
		my ($end) = split(" ", <$range> // "32768"); my $begin = 10240;
		for (1 .. 100) {
			my $port = $end > $begin + 1000 ? $begin + int(rand($end - $begin)) : 0;
			socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
			bind($s, sockaddr_in($port, INADDR_LOOPBACK)) or next;
			print +(sockaddr_in(getsockname($s)))[0], "\n";
			exit
		}
		die "no port of 127.0.0.1 is free"'
}

# pg_as COMMAND...: runs it as the user that owns the server, since PostgreSQL refuses root.
pg_as() {
	if [ "$(id -u)" -eq 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

# pg_directory: prints a new directory that the server's user can reach: the temporary folder may be below
# a home that it cannot enter, or too deep for the 107 bytes of a Unix socket's address.
pg_directory() {
	for pg_tmp in "${TMPDIR:-/tmp}" /tmp; do
		[ "${#pg_tmp}" -lt 60 ] || continue
		pg_new=$(mktemp -d "${pg_tmp%/}/inetls-pg.XXXXXX") || continue
		if [ "$(id -u)" -eq 0 ]; then
			# Others may pass through: a wrapper that became nobody connects to the socket in here.
			chown postgres "$pg_new" && chmod 711 "$pg_new"
		fi
		if (cd / && pg_as test -w "$pg_new"); then
			echo "$pg_new"
			return 0
		fi
		rm -rf "$pg_new"
	done
	return 1
}

# pg_configure: what a test's server needs.  Nothing here survives a power cut, and nothing has to.
pg_configure() {
	cat <<-END
	listen_addresses = '${PG_LISTEN:-127.0.0.1}'
	port = $PGPORT_REAL
	unix_socket_directories = '$PGSOCKET'
	ssl = off
	fsync = off
	full_page_writes = off
	synchronous_commit = off
	wal_level = minimal
	max_wal_senders = 0
	max_connections = ${PG_CONNECTIONS:-200}
	shared_buffers = 64MB
	log_connections = on
	log_disconnections = on
	log_line_prefix = '%m [%p] %h:%r '
	END
}

# pg_password: a new password.  It goes through files and stdin only: an argument is everybody's to read.
pg_password() {
	od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# pg_postmaster: prints the postmaster's pid, the first line of the file that it keeps.
pg_postmaster() {
	head -n 1 "$PG_DIR/data/postmaster.pid" 2>/dev/null
}

pg_initialise() {
	pg_as sh -c 'umask 077; cat > "$1"' sh "$PG_DIR/password" < "$PG_PASSWORD_FILE" &&
	pg_as "$PG_BIN/initdb" -D "$PG_DIR/data" -U postgres -A scram-sha-256 --pwfile="$PG_DIR/password" \
		--locale=C.UTF-8 -E UTF8 --no-sync > "$PG_DIR.client/initdb.log" 2>&1 </dev/null &&
	pg_configure | pg_as sh -c 'cat >> "$1"' sh "$PG_DIR/data/postgresql.conf"
}

# pg_launch: starts it and waits until it takes connections.  The descriptors from 3 on are the caller's (the
# test runner's, make's): a daemon that kept them would keep their other end waiting.  sh itself can only
# close those of one digit.
pg_launch() {
	pg_as perl -MPOSIX -e 'POSIX::close($_) for 3 .. 255; exec @ARGV or die "$ARGV[0]: $!\n"' \
		"$PG_BIN/pg_ctl" start -w -t 60 -s -D "$PG_DIR/data" -l "$PG_LOG" \
		</dev/null >> "$PG_DIR.client/initdb.log" 2>&1
}

pg_start() {
	PG_BIN=$(pg_bin) || { echo "pg_start: no initdb, install postgresql" >&2; return 1; }
	if [ "$(id -u)" -eq 0 ] && ! id postgres >/dev/null 2>&1; then
		echo "pg_start: PostgreSQL refuses root, and there is no user postgres" >&2
		return 1
	fi
	# Who presses Ctrl-C while it is made must know its name, or it stays.
	PG_DIR=$(trap '' HUP INT TERM && pg_directory) || { echo "pg_start: no directory that its user can reach" >&2; return 1; }
	# What the client's side keeps belongs to the caller, so that libpq accepts the password file.
	(umask 077 && mkdir "$PG_DIR.client") || { rm -rf "$PG_DIR"; return 1; }
	PG_PASSWORD_FILE=$PG_DIR.client/password
	PGPASSFILE=$PG_DIR.client/pgpass
	PG_LOG=$PG_DIR/log
	PGSOCKET=$PG_DIR
	PGUSER=postgres
	PGDATABASE=postgres
	(umask 077 && pg_password > "$PG_PASSWORD_FILE" &&
		echo "*:*:*:postgres:$(cat "$PG_PASSWORD_FILE")" > "$PGPASSFILE")
	# What the caller's environment says to libpq would make a test depend on the machine.
	unset PGHOST PGHOSTADDR PGPORT PGPASSWORD PGSERVICE PGSERVICEFILE PGSSLMODE PGSSLROOTCERT PGOPTIONS
	export PG_DIR PG_LOG PG_PASSWORD_FILE PGSOCKET PGPORT_REAL PGPASSFILE PGUSER PGDATABASE PG_BIN PG_PID

	pg_try=0
	# A port that was free a moment ago may be taken by now; another is tried, but not for ever.
	while [ "$pg_try" -lt 3 ]; do
		pg_try=$((pg_try + 1))
		PG_PID=
		PGPORT_REAL=${PG_PORT:-$(pg_free_port)}
		rm -rf "$PG_DIR/data"
		if (cd / && pg_initialise && pg_launch); then
			PG_PID=$(pg_postmaster)
			return 0
		fi
	done
	echo "pg_start: it does not start:" >&2
	cat "$PG_DIR.client/initdb.log" "$PG_LOG" >&2 2>/dev/null
	pg_stop
	return 1
}

# pg_stop: ends it, cutting off who is still connected, and removes all that it wrote.  Safe to call twice.
pg_stop() {
	[ -n "${PG_DIR:-}" ] || return 0
	if PG_PID=$(pg_postmaster) && [ -n "$PG_PID" ]; then
		(cd / && pg_as "$PG_BIN/pg_ctl" stop -s -m fast -t 20 -D "$PG_DIR/data") >/dev/null 2>&1 ||
			kill -KILL "$PG_PID" 2>/dev/null || :
	fi
	rm -rf "$PG_DIR" "$PG_DIR.client"
	unset PG_DIR
	PG_PID=
}

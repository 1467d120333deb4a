# What tests/activate/activation.bats and tests/long/activation.bats share, loaded after lib.

# $pid is set by start; what sh gets in single quotes is for it to expand.
# shellcheck disable=SC2016,SC2154

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
}

teardown() {
	pg_stop
	lib_after
}

# inside COMMAND...: runs it in the test's namespaces.  The root is given too: if the tests themselves run in a chroot,
# the mount namespace alone would lead out of it.
inside() {
	nsenter -t "$world" -m -n -r -w -- "$@"
}

own_namespaces() {
	[ "$(readlink "/proc/$pid/ns/net" || echo none)" != "$(readlink /proc/self/ns/net)" ]
}

# make_world SUPERSERVER: makes the namespaces, with PostgreSQL on port 5432, installed programs and a PEM.
make_world() {
	need_root
	need_namespaces
	need "$1"
	need postgresql
	need psql
	here=$T/$BATS_TEST_NUMBER
	etc=$here/etc
	prefix=$here/usr
	mkdir "$here"
	chmod 711 "$here"
	cp -a /etc "$etc"
	rm -rf "$etc/xinetd.d" "$etc/xinetd.conf" "$etc/inetd.conf"

	start world unshare -mn --propagation private sleep 600
	world=$pid
	wait_for 5 own_namespaces
	inside ip link set lo up
	inside mount --bind "$etc" /etc
	inside mount -t tmpfs -o mode=755 run /run
	start_postgresql
	make_inside install NAMES=localhost < /dev/null
	make_inside cert NAMES=localhost < /dev/null
}

# pg_start runs in another process, so what it exports for clients comes back through a file.  Its directory is below
# $T, so that lib_end finds a server that is left.
start_postgresql() {
	TMPDIR=$T PG_PORT=5432 inside bash -c '. "$1/tests/lib/pg.sh" && pg_start && export -p | sed -n "s/^declare -x PG/export PG/p" > "$2"' \
		bash "$ROOT" "$here/postgresql"
	# shellcheck disable=SC1091
	. "$here/postgresql"
}

make_inside() {
	inside make -s -C "$ROOT" -o all -o "$BUILD/inetls-certgen" CC=true PKG_CONFIG=true LINK=shared \
		BUILD="$BUILD" FRAGMENT_DIR="$here/fragments" prefix="$prefix" "$@"
}

picture() {
	(cd "$etc" && find . -exec stat -c '%n %F %a %u %g' {} + | sort && find . -type f -exec md5sum {} + | sort)
}

# ask_psql: prints what stock psql gets through port 9000 from a server that proves that it is localhost.
ask_psql() {
	inside timeout 30 psql -XAt -v ON_ERROR_STOP=1 -c "select 'answered by ' || current_setting('port')" \
		"host=localhost hostaddr=127.0.0.1 port=9000 sslmode=verify-full sslrootcert=$prefix/etc/inetls/pgssl.crt"
}

refused() {
	run ask_psql
	[ "$status" -ne 0 ] && [[ $output == *"Connection refused"* ]]
}

answers() {
	run ask_psql
	[ "$status" -eq 0 ] && [ "$output" = "answered by 5432" ]
}

# same_process: whether the super-server is still the process that was started before the first make.
same_process() {
	alive "$pid" && [ "$(inside cat "$pidfile")" = "$pid" ] && [ "$(started)" = "$since" ]
}

started() {
	sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20
}

# life TARGET [SETTING...]: does what an administrator does, from the first make to the last.  The super-server is
# running already, as $pid with $pidfile.
life() {
	local target=$1
	shift
	since=$(started)
	picture > "$here/before"
	wait_for 5 refused

	run make_inside services "$target" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"port 9000 answers"*"psql \"host=localhost port=9000 sslmode=verify-full sslrootcert=$prefix/etc/inetls/pgssl.crt\""* ]]
	wait_for 5 answers || { echo "psql after make $target: $output"; return 1; }
	same_process
	picture > "$here/active"
	run ! cmp -s "$here/before" "$here/active"
	grep -qxF 'pgssl		9000/tcp	# PostgreSQL TLS wrapper' "$etc/services"

	make_inside services "$target" "$@"
	picture | diff "$here/active" -
	wait_for 5 answers
	same_process

	make_inside "uninstall-$target" uninstall-services "$@"
	picture | diff "$here/before" -
	wait_for 5 refused
	same_process
}

start_xinetd() {
	cp "$SUPERSERVERS/xinetd/etc/xinetd.conf" "$etc"
	mkdir "$etc/xinetd.d"
	pidfile=/run/xinetd.pid
	start xinetd nsenter -t "$world" -m -n -r -w -- "$(superserver_path xinetd)" -dontfork -stayalive \
		-pidfile "$pidfile" -filelog "$T/xinetd.file.log"
	wait_for 5 inside test -s "$pidfile"
}

# As Debian's service manager runs it, in the foreground; the pid file is the one that an init script would write.
start_inetd() {
	printf '# <service> <type> <proto> <flags> <user> <program> <args>\n' > "$etc/inetd.conf"
	pidfile=/run/inetd.pid
	start inetd nsenter -t "$world" -m -n -r -w -- "$(superserver_path "$1")" "${@:2}"
	inside sh -c 'echo "$1" > "$2"' sh "$pid" "$pidfile"
	sleep 0.5
	alive "$pid"
}

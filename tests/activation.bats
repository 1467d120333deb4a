# From nothing to a psql session by the make targets alone, under super-servers that are running already.
#
# Each test has a private network, where nobody else has ports 9000 and 5432, and private mounts: a copy of /etc
# lies over /etc, an empty directory over /run.  So make gets no other setting than a prefix, and neither this
# machine's files nor its super-servers can be met by mistake.

# $pid is set by start; what sh gets in single quotes is for it to expand.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load lib

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
}

teardown() {
	pg_stop
	lib_after
}

# inside COMMAND...: runs it in the test's namespaces.
inside() {
	nsenter -t "$world" -m -n -- "$@"
}

own_namespaces() {
	[ "$(readlink "/proc/$pid/ns/net" || echo none)" != "$(readlink /proc/self/ns/net)" ]
}

# make_world SUPERSERVER: the namespaces, PostgreSQL on port 5432 in them, and installed programs with a PEM.
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

# pg_start exports what a client must know; it comes back through a file, since it ran in another process.  Its
# directory is below $T, so that a server whose name was lost on the way would be found at the end.
start_postgresql() {
	TMPDIR=$T PG_PORT=5432 inside bash -c '. "$1/tests/pg.sh" && pg_start && export -p | sed -n "s/^declare -x PG/export PG/p" > "$2"' \
		bash "$ROOT" "$here/postgresql"
	# shellcheck disable=SC1091
	. "$here/postgresql"
}

make_inside() {
	inside make -s -C "$ROOT" -o all -o "$BUILD/inetls-certgen" CC=true PKG_CONFIG=true \
		BUILD="$BUILD" FRAGMENT_DIR="$here/fragments" prefix="$prefix" "$@"
}

picture() {
	(cd "$etc" && find . -exec stat -c '%n %F %a %u %g' {} + | sort && find . -type f -exec md5sum {} + | sort)
}

# ask_psql: what stock psql gets through port 9000, from a server that proves to be localhost.
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

# same_process: the super-server is the process that was started before the first make, not another one.
same_process() {
	alive "$pid" && [ "$(inside cat "$pidfile")" = "$pid" ] && [ "$(started)" = "$since" ]
}

started() {
	sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20
}

# life TARGET [SETTING...]: what an administrator does, from the first make to the last.  The super-server runs
# already, as $pid with $pidfile.
life() {
	local target=$1
	shift
	since=$(started)
	picture > "$here/before"
	wait_for 5 refused

	make_inside services "$target" "$@"
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
	start xinetd nsenter -t "$world" -m -n -- "$(superserver_path xinetd)" -dontfork -stayalive \
		-pidfile "$pidfile" -filelog "$T/xinetd.file.log"
	wait_for 5 inside test -s "$pidfile"
}

# As Debian runs it, in the foreground of its service manager; the pid file is what an init script would write.
start_inetd() {
	printf '# <service> <type> <proto> <flags> <user> <program> <args>\n' > "$etc/inetd.conf"
	pidfile=/run/inetd.pid
	start inetd nsenter -t "$world" -m -n -- "$(superserver_path "$1")" "${@:2}"
	inside sh -c 'echo "$1" > "$2"' sh "$pid" "$pidfile"
	sleep 0.5
	alive "$pid"
}

@test "bad-activation: port 9000 stays closed when the same name has another port" {
	make_world xinetd
	start_xinetd
	printf 'pgssl\t9001/tcp\n' >> "$etc/services"
	picture > "$here/before"
	run ! make_inside xinetd
	picture | diff "$here/before" -
	refused
}

@test "xinetd: refused before make services xinetd, psql connects after it, same process, no trace after uninstall" {
	make_world xinetd
	start_xinetd
	life xinetd
}

@test "xinetd: the same with an unprivileged user, told by the command instead of the pid file" {
	make_world xinetd
	start_xinetd
	chown nobody "$prefix/etc/inetls/pgssl.pem"
	life xinetd SERVICE_USER=nobody XINETD_PIDFILE=/run/none RELOAD_XINETD="kill -HUP $pid"
}

@test "openbsd-inetd: refused before make services inetd, psql connects after it, same process, no trace after uninstall" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	life inetd
}

@test "make install: sessions become the user that it made, resume with /run/inetls, after a boot too; uninstall takes both away" {
	make_world openbsd-inetd
	inside getent passwd inetls | grep -q ':inetls TLS sessions:/:.*nologin$'
	[ "$(stat -c '%U %a' "/proc/$world/root/run/inetls")" = 'root 755' ]
	start_inetd openbsd-inetd -i /etc/inetd.conf
	make_inside services inetd
	wait_for 5 answers
	[ "$(inside stat -c '%s %a %U' /run/inetls/pgssl.tickets)" = '64 600 root' ]
	# shellcheck disable=SC2046
	run inside $(cut -f 6 < <(tail -n 1 "$etc/inetd.conf")) $(tail -n 1 "$etc/inetd.conf" | cut -f 7 | cut -d ' ' -f 2-) --check
	[[ $output == *"ok      user: a session becomes inetls (uid "* ]]

	# What a boot leaves of /run, on a system that makes nothing there.
	inside rm -r /run/inetls
	answers
	[ "$(inside stat -c '%s %a %U' /run/inetls/pgssl.tickets)" = '64 600 root' ]

	run make_inside uninstall
	[[ $output == *"system user inetls, which owns nothing, is gone"* ]]
	run ! inside getent passwd inetls
	inside test ! -e /run/inetls
	diff /etc/passwd "$etc/passwd"
}

@test "make install: without systemd's tools the user and /run/inetls are made all the same, and a second run changes nothing" {
	make_world openbsd-inetd
	make_inside uninstall
	mkdir "$here/path"
	local tool
	for tool in sh dirname id grep useradd userdel mkdir rm rmdir; do
		ln -s "$(command -v "$tool")" "$here/path/$tool"
	done
	inside env PATH="$here/path" RUN_DIR=/run/inetls SYSUSERS_CONF=/none TMPFILES_CONF=/none sh "$ROOT/inetd/account" make
	inside getent passwd inetls | grep -q ':inetls TLS sessions:/:.*nologin$'
	inside test -d /run/inetls
	picture > "$here/made"
	run make_inside install CERT=no
	[[ $output != *"was made"* ]]
	picture | diff "$here/made" -
	make_inside uninstall
	diff /etc/passwd "$etc/passwd"
}

@test "openbsd-inetd: the same with an unprivileged user, and a last line that has no newline" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	printf '# the end' >> "$etc/inetd.conf"
	chown nobody "$prefix/etc/inetls/pgssl.pem"
	life inetd SERVICE_USER=nobody
}

@test "inetutils-inetd: refused before make services inetd, psql connects after it, same process, no trace after uninstall" {
	make_world inetutils-inetd
	start_inetd inetutils-inetd -d /etc/inetd.conf
	life inetd
}

# What the tests of activate/ share: make on copies of the files of /etc, below $T.

# Values that are meant to arrive as they are written; the tests use what setup sets.
# shellcheck disable=SC2016,SC2034,SC2154

setup_file() {
	lib_begin
	# No settings of the caller's make decide a test, nor its job server.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	etc=$here/etc
	mkdir -p "$etc/xinetd.d" "$etc/units"
	printf 'ssh\t\t22/tcp\t\t\t\t# SSH\nssh 22/udp\n\n# Local services\n' > "$etc/services"
	printf '#discard\tstream\ttcp\tnowait\troot\tinternal\n' > "$etc/inetd.conf"
	keep
	# With the programs as they were built (-o), without asking a compiler how it would build them, and with no
	# way to a super-server of this machine.
	make=(make -s -C "$ROOT" -o all -o "$BUILD/inetls-certgen" CC=true PKG_CONFIG=true LINK=shared BUILD="$BUILD"
		FRAGMENT_DIR="$here/fragments" ETC="$etc" UNITDIR="$etc/units" INETD_PIDFILE="$here/inetd.pid"
		XINETD_PIDFILE="$here/xinetd.pid" RELOAD_XINETD="$here/reload" SYSTEMCTL="$here/systemctl" SYSTEMD_RUN="$here/booted"
		SYSTEM_USER=no prefix="$here/usr")
}

# run_make TARGET...: on the copies.  on_terminal ANSWER... -- TARGET...: the same on a terminal.
run_make() {
	"${make[@]}" PEM="${PEM-$here/pgssl.pem}" "$@"
}

on_terminal() {
	local answers=()
	while [ "$1" != -- ]; do
		answers+=("$1")
		shift
	done
	shift
	"$ROOT/tests/lib/on-terminal" "${answers[@]}" -- "${make[@]}" "$@"
}

# keep: remembers every byte, mode and owner of the copies; unchanged: they are as they were.
keep() {
	picture > "$here/kept"
}

unchanged() {
	picture | diff "$here/kept" -
}

picture() {
	(cd "$etc" && find . -exec stat -c '%n %F %a %u %g' {} + | sort && find . -type f -exec md5sum {} + | sort)
}

# recorder FILE: a stand-in for a program, which writes down what it was told.
recorder() {
	printf '#!/bin/sh\necho "${0##*/} $*" >> "%s/told"\n' "$here" > "$1"
	chmod 755 "$1"
}

# postgresql_that_says CODE: something on $port that answers a StartupMessage as PostgreSQL does: 0 is come in, 3 a password.
postgresql_that_says() {
	# shellcheck disable=SC2059
	printf "R\\0\\0\\0\\10\\0\\0\\0\\$1" > "$here/answer"
	start listener socat "TCP4-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "SYSTEM:head -c 41 > /dev/null; cat $here/answer"
}

line='pgssl		9000/tcp	# PostgreSQL TLS wrapper'

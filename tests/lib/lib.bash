# What every bats file needs.  `load ../lib/lib` at its head gives it a temporary directory, a clean end, and the
# functions below.  A file with a setup_file, teardown or teardown_file of its own calls lib_begin, lib_after
# or lib_end in it.
#
#	load ../lib/lib
#	@test "a name that says the behaviour" {
#		make_pem "$T/pgssl.pem" localhost		# and $T/pgssl.crt for the client
#		superserver xinetd -- "$WRAP" -p "$T/pgssl.pem" -r "$backend_port" -o "$(new_log wrap)"
#		...						# the super-server's port is in $port, its pid in $pid
#	}
#
# All of it is bounded in time, everything that was started is ended by its pid, and every log in $T is
# printed when a test fails.
#
#	T	this file's directory; other users may pass through it
#	ROOT	the repository
#	BUILD	where the programs were built
#	WRAP, CERTGEN	copies of the programs in $T/bin, which every user can run

ROOT=$(cd "$BATS_TEST_DIRNAME" && while [ ! -e GNUmakefile ] && [ "$PWD" != / ]; do cd ..; done && pwd)
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$ROOT/$BUILD ;;
esac
SUPERSERVERS=${SUPERSERVERS:-$ROOT/build/superservers}

# shellcheck source=tests/lib/pg.sh
. "$ROOT/tests/lib/pg.sh"

# Nothing that the caller's shell says about TLS, libpq or the language may decide a test.
unset GNUTLS_DEBUG_LEVEL GNUTLS_SYSTEM_PRIORITY_FILE SSLKEYLOGFILE OPENSSL_CONF SSL_CERT_FILE SSL_CERT_DIR
export LC_ALL=C.UTF-8 PGCONNECT_TIMEOUT=20
# A sanitizer does not mind a library that a test has loaded before it, and does not look for leaks, which it cannot
# under strace.
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0

# This file is read anew for each test: what is set by now comes from setup_file.
PG_DIR_OF_FILE=${PG_DIR:-}

setup_file() { lib_begin; }
setup() { lib_before; }
teardown() { lib_after; }
teardown_file() { lib_end; }

# -- the directory of a file, and its end ----------------------------------------------------------------

# lib_begin: makes $T, with the programs in it.
lib_begin() {
	T=$(lib_directory)
	WRAP=$T/bin/inetls-wrap
	CERTGEN=$T/bin/inetls-certgen
	export T WRAP CERTGEN
	mkdir "$T/pids" "$T/pids/file" "$T/pids/test" "$T/bin"
	mkfifo "$T/idle"
	local program
	for program in inetls-wrap inetls-certgen; do
		[ ! -x "$BUILD/$program" ] || install -m 755 "$BUILD/$program" "$T/bin/$program"
	done
}

# lib_directory: prints a new directory that any user can pass through: the temporary folder may be below a
# home that is closed to the user whom a super-server becomes.
lib_directory() {
	local tmp new
	for tmp in "${TMPDIR:-/tmp}" /tmp; do
		new=$(mktemp -d "${tmp%/}/inetls.XXXXXX") || continue
		chmod 711 "$new"
		if (cd / && as_nobody test -x "$new"); then
			echo "$new"
			return 0
		fi
		rmdir "$new"
	done
	return 1
}

as_nobody() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# lib_before: remembers when a test began, so that a failure shows its own logs and not those before it.
lib_before() {
	touch "$T/began"
}

# lib_after: ends what the test has started, and says what happened when it failed.
lib_after() {
	local status=0
	stop_all test || status=1
	[ "${PG_DIR:-}" = "$PG_DIR_OF_FILE" ] || pg_stop
	[ -n "${BATS_TEST_COMPLETED:-}" ] || [ -n "${BATS_TEST_SKIPPED:-}" ] || show_logs
	return "$status"
}

# lib_end: ends what was started and removes $T.  Whatever of ours is then still there is a failure.
lib_end() {
	local left=""
	[ -n "${T:-}" ] || return 0
	stop_all file || left="a process that did not end"
	pg_stop
	wait_for 5 nothing_left || left=$(ours)
	if [ -n "$left" ]; then
		echo "left behind:"
		echo "$left"
		kill_listed <<< "$left"
	fi
	rm -rf "$T"
	[ -z "$left" ]
}

# ours: lists "PID COMMAND" of every process that runs from $T or was given a path in it.  The name comes to
# grep by stdin: in its arguments it would find itself.
ours() {
	{
		# shellcheck disable=SC2062
		grep -aslF -f - /proc/[0-9]*/cmdline <<< "$T/" || :
		find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$T/*" 2>/dev/null || :
	} | cut -d/ -f3 | sort -un | while read -r process; do
		# find has T in its own arguments, and is gone by now.
		[ ! -d "/proc/$process" ] || echo "$process $(tr '\0' ' ' 2>/dev/null < "/proc/$process/cmdline")"
	done
}

nothing_left() {
	[ -z "$(ours)" ]
}

kill_listed() {
	local pid rest
	while read -r pid rest; do
		kill -KILL "$pid" 2>/dev/null || :
	done
}

# show_logs: prints every log of this file; a certificate or a key is not one.
show_logs() {
	local file
	for file in "$T"/*.log "$T"/*.conf "${PG_LOG:-}"; do
		if [ -s "$file" ] && [ ! "$file" -ot "$T/began" ]; then
			echo "---- $file"
			tail -n "${LOG_LINES:-60}" "$file"
		fi
	done
}

# new_log NAME: makes $T/NAME.log, writable by whom a super-server becomes, and prints its path.
new_log() {
	: > "$T/$1.log"
	chmod 666 "$T/$1.log"
	echo "$T/$1.log"
}

# -- waiting ---------------------------------------------------------------------------------------------

# What is asked again and again below starts no process, which would cost more than all that is waited for.

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it has not in that time.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		# Nobody ever writes there.
		read -rt 0.03 _ <> "$T/idle" || :
	done
}

# lines_in FILE N: it has exactly so many lines.  log_lines waits for them, then makes sure that no more come.
lines_in() {
	local lines
	mapfile -t lines < "$1" || return 1
	[ "${#lines[@]}" -eq "$2" ]
}

log_lines() {
	wait_for 10 lines_in "$1" "$2" || :
	sleep 0.2
	if ! lines_in "$1" "$2"; then
		echo "$1 should have $2 line(s):"
		cat "$1"
		return 1
	fi
}

# log_field KEY LINE: prints the value of KEY=value in a log line.
log_field() {
	local word
	for word in $2; do
		case $word in
		"$1="*)
			echo "${word#*=}"
			return 0
			;;
		esac
	done
	echo "no $1= in: $2" >&2
	return 1
}

# listening PORT: somebody listens there.  Seen in the kernel's table and not by a connection, which would
# start a session and write a line into the log that a test counts.
listening() {
	local table port_listens
	tcp_table
	# The port, the peer that there is none, and the state.
	printf -v port_listens ':%04X 0+:0000 0A ' "$1"
	[[ $table =~ $port_listens ]]
}

# tcp_table: puts the kernel's table into $table; a file whose servers live in a network of their own says how
# theirs is read.
tcp_table() {
	local more
	read -rd '' table < /proc/net/tcp || :
	if [ -e /proc/net/tcp6 ]; then
		read -rd '' more < /proc/net/tcp6 || :
		table+=$more
	fi
}

free_port() {
	pg_free_port
}

# -- processes -------------------------------------------------------------------------------------------

# start NAME COMMAND...: runs it in the background, its output in $T/NAME.log; sets $pid.  What a test starts
# ends with the test, what setup_file starts ends with the file.
start() {
	local name=$1 scope=file
	shift
	[ -z "${BATS_TEST_NAME:-}" ] || scope='test'
	stop "$name"
	detached "$@" > "$T/$name.log" 2>&1 < /dev/null &
	pid=$!
	echo "$pid" > "$T/pids/$scope/$name"
}

# detached COMMAND...: runs it without the test runner's descriptors: who kept them would keep the runner
# waiting for an end of file.  A program takes this process over, so that the pid is its own.
detached() {
	local fd
	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
	if [ "$(type -t "$1")" = file ]; then
		exec "$@"
	fi
	"$@"
}

# alive PID: it runs; one that has ended and that nobody has waited for does not.
alive() {
	local state
	{ read -r state < "/proc/$1/stat"; } 2>/dev/null || return 1
	state=${state##*) }
	[ "${state%% *}" != Z ]
}

gone() {
	! alive "$1"
}

# stop NAME [SIGNAL]: ends what start began, gently, then with SIGKILL; fails when that was necessary.
stop() {
	local file target signal=${2:-TERM} status=0
	for file in "$T"/pids/*/"$1"; do
		:
	done
	[ -e "$file" ] || return 0
	read -r target < "$file"
	rm -f "$file"
	# Of a shell function we have the shell's pid: what it runs is told as well.
	if [ "/proc/$target/exe" -ef "/proc/$$/exe" ]; then
		# shellcheck disable=SC2046
		kill -"$signal" $(children "$target") 2>/dev/null || :
	fi
	kill -"$signal" "$target" 2>/dev/null || return 0
	if ! wait_for 10 gone "$target"; then
		echo "$1 ($target) did not end after SIG$signal"
		kill -KILL "$target" 2>/dev/null || :
		status=1
	fi
	wait "$target" 2>/dev/null || :
	return "$status"
}

# processes: lists "PID STATE PARENT" of all.  Read one by one: sed and awk give up at the first that is gone by the time
# its file is read.
processes() {
	local file stat state parent
	for file in /proc/[0-9]*/stat; do
		{ read -r stat < "$file"; } 2>/dev/null || continue
		read -r state parent _ <<< "${stat##*) }"
		echo "${stat%% *} $state $parent"
	done
}

# children PID: prints the pids of its children.
children() {
	processes | awk -v parent="$1" '$3 == parent { print $1 }'
}

# stop_all SCOPE: ends all that a test or a file has started.
stop_all() {
	local file status=0
	for file in "$T/pids/$1"/*; do
		[ ! -e "$file" ] || stop "${file##*/}" || status=1
	done
	return "$status"
}

# -- what a test needs -----------------------------------------------------------------------------------

# need PEER [REASON]: skips the test when that program is not to be had.  With REQUIRE=all it is a failure:
# a green run then means that every peer has really been met.  For tests and setup; bats before 1.9 takes a
# skip in setup_file for a failure, so that asks `have` and returns.
need() {
	local reason=${2:-"$1 is not installed"}
	if have "$1"; then
		return 0
	fi
	if [ "${REQUIRE:-}" = all ]; then
		echo "need: $reason"
		return 1
	fi
	skip "$reason"
}

have() {
	case $1 in
	postgresql) pg_bin >/dev/null && { [ "$(id -u)" -ne 0 ] || id postgres >/dev/null 2>&1; } ;;
	ca-certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] ;;
	openbsd-inetd | inetutils-inetd | xinetd) superserver_path "$1" >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# need_namespaces: a private network and private mounts.  A container may forbid them; no package mends
# that, so it stays a skip with REQUIRE=all as well (tests/run knows it by "kernel:").
need_namespaces() {
	unshare -nm true 2>/dev/null || skip "kernel: no private network and mount namespace for this user"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "root: ${1:-only root can become another user}"
}

# need_no_sanitizer REASON: for what a build with AddressSanitizer cannot do; with REQUIRE=all a skip as well.
need_no_sanitizer() {
	! grep -qs __asan_init "$WRAP" || skip "sanitizer: $1"
}

# make_pem NAME.pem HOST...: key and certificate in NAME.pem, the certificate alone beside it in NAME.crt.
make_pem() {
	"$CERTGEN" --batch --force "$@" < /dev/null > "$T/certgen.log" 2>&1
}

# psql_tls PORT [ARG...]: stock psql through TLS to that port of 127.0.0.1, which must prove that it is
# `localhost` by $T/pgssl.crt.
psql_tls() {
	local at=$1
	shift
	timeout "${PSQL_TIMEOUT:-120}" psql -X -v ON_ERROR_STOP=1 \
		"host=localhost hostaddr=127.0.0.1 port=$at sslmode=verify-full sslrootcert=$T/pgssl.crt" "$@"
}

# -- super-servers ---------------------------------------------------------------------------------------

# superserver_path NAME: prints the path of its program.  Those that conflict as packages were unpacked by
# tests/deps; where they were not, an installed one serves.
superserver_path() {
	case $1 in
	openbsd-inetd) first_program "$SUPERSERVERS/openbsd-inetd/usr/sbin/inetd" ;;
	inetutils-inetd)
		first_program "$SUPERSERVERS/inetutils-inetd/usr/sbin/inetutils-inetd" inetutils-inetd ;;
	xinetd) first_program "$SUPERSERVERS/xinetd/usr/sbin/xinetd" xinetd ;;
	*) first_program "$1" ;;
	esac
}

first_program() {
	local candidate
	for candidate; do
		if command -v "$candidate"; then
			return 0
		fi
	done
	return 1
}

# superserver NAME [-u USER] [-E] -- PROGRAM [ARG...]: starts that super-server in the foreground, in the
# background of the test, with one nowait service on a port of 127.0.0.1 that runs PROGRAM as USER (default:
# who runs the tests).  -E keeps the environment where openbsd-inetd would wash it.  Sets $port and $pid;
# `stop NAME` ends it.  No argument may hold white space: inetd.conf knows no quotes.
superserver() {
	local name=$1 user="" wash=-i try
	shift
	user=$(id -un)
	while [ "$1" != -- ]; do
		case $1 in
		-u) user=$2; shift ;;
		-E) wash=-Ei ;;
		*) echo "superserver: unknown option $1"; return 1 ;;
		esac
		shift
	done
	shift
	local path
	path=$(superserver_path "$name") || return 1
	# A port that was free a moment ago may be taken by now; another is tried, but not for ever.
	for try in 1 2 3; do
		port=$(free_port)
		"superserver_${name//-/_}" "$@"
		if wait_for 5 superserver_up; then
			return 0
		fi
		echo "$name did not listen on $port (try $try)"
		cat "$T/$name.log"
		stop "$name"
	done
	return 1
}

superserver_up() {
	listening "$port" && alive "$pid"
}

# The functions below see the caller's $path, $user, $wash and $port.

superserver_openbsd_inetd() {
	echo "127.0.0.1:$port stream tcp nowait.6000 $user $1 ${1##*/} ${*:2}" > "$T/openbsd-inetd.conf"
	start openbsd-inetd "$path" "$wash" "$T/openbsd-inetd.conf"
}

superserver_inetutils_inetd() {
	echo "127.0.0.1:$port stream tcp nowait.6000 $user $1 ${1##*/} ${*:2}" > "$T/inetutils-inetd.conf"
	start inetutils-inetd "$path" -d -p"$T/inetutils-inetd.pid" "$T/inetutils-inetd.conf"
}

superserver_xinetd() {
	# An empty list of arguments would disable the service.
	local arguments=""
	[ "$#" -eq 1 ] || arguments="server_args	= ${*:2}"
	cat > "$T/xinetd.conf" <<-END
	service pgssl
	{
		type		= UNLISTED
		bind		= 127.0.0.1
		port		= $port
		socket_type	= stream
		protocol	= tcp
		wait		= no
		user		= $user
		groups		= yes
		server		= $1
		$arguments
		instances	= UNLIMITED
		per_source	= UNLIMITED
		cps		= 6000 1
	}
	END
	start xinetd "$path" -dontfork -stayalive -f "$T/xinetd.conf" -pidfile "$T/xinetd.pid" \
		-filelog "$T/xinetd.file.log"
}

superserver_tcpserver() {
	local become=()
	if [ "$user" != "$(id -un)" ]; then
		become=(-u "$(id -u "$user")" -g "$(id -g "$user")")
	fi
	start tcpserver "$path" -HRl0 -c 200 "${become[@]}" 127.0.0.1 "$port" "$@"
}

superserver_systemd_socket_activate() {
	local become=()
	if [ "$user" != "$(id -un)" ]; then
		# Not runuser: it would stay as the parent, and it would be the one that gets our signal.
		become=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups)
	fi
	start systemd-socket-activate "${become[@]}" "$path" -l "127.0.0.1:$port" --inetd -a "$@"
}

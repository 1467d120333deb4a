# What every bats file needs.  `load ../lib/lib` at its head gives it a temporary directory, a clean end, and the
# functions below.  A file that defines setup_file, teardown or teardown_file itself calls lib_begin, lib_after
# or lib_end there.
#
#	load ../lib/lib
#	@test "a name that says the behaviour" {
#		make_pem "$T/pgssl.pem" localhost		# and $T/pgssl.crt for the client
#		superserver xinetd -- "$WRAP" -p "$T/pgssl.pem" -r "$backend_port" -o "$(new_log wrap)"
#		...						# the super-server's port is in $port, its pid in $pid
#	}
#
# Every wait has a limit.  Everything that was started is ended by its pid.  If a test fails, all logs in $T are
# printed.
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

# The caller's settings for TLS, libpq and language must not change what a test sees.
unset GNUTLS_DEBUG_LEVEL GNUTLS_SYSTEM_PRIORITY_FILE SSLKEYLOGFILE OPENSSL_CONF SSL_CERT_FILE SSL_CERT_DIR
export LC_ALL=C.UTF-8 PGCONNECT_TIMEOUT=20
# For sanitizers: accept a library that a test preloads, and do not look for leaks, which is impossible under
# strace.
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0

# bats reads this file again for each test; what is set already was set by setup_file.
PG_DIR_OF_FILE=${PG_DIR:-}

setup_file() { lib_begin; }
setup() { lib_before; }
teardown() { lib_after; }
teardown_file() { lib_end; }

# -- the directory of a file, and its end ----------------------------------------------------------------

# lib_begin: makes $T and copies the programs there.
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

# lib_directory: prints a new directory that every user can enter.  The temporary folder may be below a home
# directory that is closed to the user that a super-server becomes.
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

# lib_before: remembers when the test began, so that a failure shows only the logs of this test.
lib_before() {
	touch "$T/began"
}

# lib_after: ends what the test has started, and prints the logs if it failed.
lib_after() {
	local status=0
	stop_all test || status=1
	[ "${PG_DIR:-}" = "$PG_DIR_OF_FILE" ] || pg_stop
	[ -n "${BATS_TEST_COMPLETED:-}" ] || [ -n "${BATS_TEST_SKIPPED:-}" ] || show_logs
	return "$status"
}

# lib_end: ends what was started and removes $T.  If any of our processes is left then, that is a failure.
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

# ours: lists "PID COMMAND" of every process that runs from $T or has a path in it among its arguments.  grep gets
# the name from stdin, since with the name as an argument it would find itself.
ours() {
	{
		# shellcheck disable=SC2062
		grep -aslF -f - /proc/[0-9]*/cmdline <<< "$T/" || :
		find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$T/*" 2>/dev/null || :
	} | cut -d/ -f3 | sort -un | while read -r process; do
		# This may be find itself, which has $T among its arguments and has ended by now.
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

# show_logs: prints every log of this file, but no certificate or key.
show_logs() {
	local file
	for file in "$T"/*.log "$T"/*.conf "${PG_LOG:-}"; do
		if [ -s "$file" ] && [ ! "$file" -ot "$T/began" ]; then
			echo "---- $file"
			tail -n "${LOG_LINES:-60}" "$file"
		fi
	done
}

# new_log NAME: makes $T/NAME.log, writable by the user that a super-server becomes, and prints its path.  It is a new
# file: an earlier session that ends late writes to the old one.
new_log() {
	rm -f "$T/$1.log"
	: > "$T/$1.log"
	chmod 666 "$T/$1.log"
	echo "$T/$1.log"
}

# -- waiting ---------------------------------------------------------------------------------------------

# Conditions that are checked again and again start no process: that would take longer than what is waited for.

# wait_for SECONDS COMMAND...: waits until the command succeeds; fails if it does not in four times that time, since
# the seconds are those of a machine that has nothing else to do.
wait_for() {
	local end=$((SECONDS + 4 * $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		# Nobody ever writes there, so read only sleeps.
		read -rt 0.03 _ <> "$T/idle" || :
	done
}

# patience N: prints how long what takes N at most on an idle machine may take now: N times the number of processes that
# want each processor.
patience() {
	local load running processors
	read -r load _ _ running _ < /proc/loadavg
	load=${load%.*} running=${running%/*} processors=$(nproc)
	[ "$load" -ge "$running" ] || load=$running
	[ "$load" -ge "$processors" ] || load=$processors
	echo $(($1 * load / processors))
}

# lines_in FILE N: whether it has exactly N lines.  log_lines waits for them, then checks that no more come.
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

# listening PORT: whether something listens there.  It reads the kernel's table: a connection would start a
# session and add a line to the log that a test counts.
listening() {
	local table port_listens
	tcp_table
	# The port, an empty peer address, and the state.
	printf -v port_listens ':%04X 0+:0000 0A ' "$1"
	[[ $table =~ $port_listens ]]
}

# listening_at PATH: a Unix socket there takes connections; it has a name before it does, and before its mode is set.
listening_at() {
	awk -v path="$1" '$4 == "00010000" && $8 == path { found = 1 } END { exit !found }' /proc/net/unix
}

# tcp_table: puts the kernel's table into $table.  A file whose servers run in a network namespace defines its own.
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

# start NAME COMMAND...: runs the command in the background with its output in $T/NAME.log; sets $pid.  It is ended
# with the test, or if setup_file started it with the file.
start() {
	local name=$1 scope=file
	shift
	[ -z "${BATS_TEST_NAME:-}" ] || scope='test'
	stop "$name"
	# Before the shell below does it: what an earlier process of this name wrote must not be taken for this one's.
	: > "$T/$name.log"
	detached "$@" > "$T/$name.log" 2>&1 < /dev/null &
	pid=$!
	echo "$pid" > "$T/pids/$scope/$name"
}

# detached COMMAND...: runs the command without the test runner's descriptors; if a process kept them, the runner
# would wait for it.  A program is started with exec, so that it has this pid.
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

# alive PID: whether it runs; a zombie does not.
alive() {
	local state
	{ read -r state < "/proc/$1/stat"; } 2>/dev/null || return 1
	state=${state##*) }
	[ "${state%% *}" != Z ]
}

gone() {
	! alive "$1"
}

# stop NAME [SIGNAL]: ends what start has started; if it does not end, kills it and fails.
stop() {
	local file target signal=${2:-TERM} status=0
	for file in "$T"/pids/*/"$1"; do
		:
	done
	[ -e "$file" ] || return 0
	read -r target < "$file"
	rm -f "$file"
	# For a shell function $pid is the shell's, so signal its children too.
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

# processes: lists "PID STATE PARENT" of all processes.  It reads their files one by one: sed and awk give up at the
# first process that has ended meanwhile.
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

# stop_all SCOPE: ends everything that a test or a file has started.
stop_all() {
	local file status=0
	for file in "$T/pids/$1"/*; do
		[ ! -e "$file" ] || stop "${file##*/}" || status=1
	done
	return "$status"
}

# -- what a test needs -----------------------------------------------------------------------------------

# need PEER [REASON]: skips the test if that program is not installed.  With REQUIRE=all that is a failure, so
# that a green run shows that every peer was tried.  For tests and setup.  bats before 1.9 takes a skip in
# setup_file for a failure, so call `have` and return there.
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
	tr_TR) command -v localedef >/dev/null && [ -e /usr/share/i18n/locales/tr_TR ] ;;
	postgresql) pg_bin >/dev/null && { [ "$(id -u)" -ne 0 ] || id postgres >/dev/null 2>&1; } ;;
	ca-certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] ;;
	openbsd-inetd | inetutils-inetd | xinetd) superserver_path "$1" >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# need_namespaces: skips without a private network and private mounts.  A container may forbid them, and no package
# mends that, so it is a skip with REQUIRE=all too (tests/run recognises it by "kernel:").
need_namespaces() {
	unshare -nm true 2>/dev/null || skip "kernel: no private network and mount namespace for this user"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "root: ${1:-only root can become another user}"
}

need_strace() {
	need strace
	strace -o /dev/null true 2> /dev/null || skip "kernel: no ptrace here"
}

# need_psql VERSION: no package of a Debian has a newer one than its own.
need_psql() {
	local here
	here=$(psql --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
	[ "$here" -ge "$1" ] || skip "version: psql $here, and that is of $1"
}

# need_no_sanitizer REASON: skips what a build with AddressSanitizer cannot do, with REQUIRE=all too.
need_no_sanitizer() {
	! grep -qs __asan_init "$WRAP" || skip "sanitizer: $1"
}

# make_pem NAME.pem HOST...: makes key and certificate in NAME.pem, and the certificate alone in NAME.crt.
make_pem() {
	"$CERTGEN" --batch --force "$@" < /dev/null > "$T/certgen.log" 2>&1
}

# psql_tls PORT [ARG...]: runs stock psql through TLS to that port of 127.0.0.1, which must prove by $T/pgssl.crt
# that it is `localhost`.
psql_tls() {
	local at=$1
	shift
	timeout "${PSQL_TIMEOUT:-120}" psql -X -v ON_ERROR_STOP=1 \
		"host=localhost hostaddr=127.0.0.1 port=$at sslmode=verify-full sslrootcert=$T/pgssl.crt" "$@"
}

# -- super-servers ---------------------------------------------------------------------------------------

# superserver_path NAME: prints the path of its program.  Packages that conflict were unpacked by tests/deps; if
# not, an installed program is used.
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

# superserver NAME [-u USER] [-E] -- PROGRAM [ARG...]: starts that super-server with one nowait service on a port of
# 127.0.0.1 that runs PROGRAM as USER (default: the user who runs the tests).  It does not detach, and runs in the
# background of the test.  -E keeps the environment, which openbsd-inetd would clear.  Sets $port and $pid;
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
	# A port that was free a moment ago may be taken by now: then try another, but not for ever.
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

# The functions below use the caller's $path, $user, $wash and $port.

superserver_openbsd_inetd() {
	echo "127.0.0.1:$port stream tcp nowait.6000 $user $1 ${1##*/} ${*:2}" > "$T/openbsd-inetd.conf"
	start openbsd-inetd "$path" "$wash" "$T/openbsd-inetd.conf"
}

superserver_inetutils_inetd() {
	echo "127.0.0.1:$port stream tcp nowait.6000 $user $1 ${1##*/} ${*:2}" > "$T/inetutils-inetd.conf"
	start inetutils-inetd "$path" -d -p"$T/inetutils-inetd.pid" "$T/inetutils-inetd.conf"
}

# xinetd_entry no|yes USER PROGRAM [ARG...]: prints the entry of a service on $port; the word is for wait.
xinetd_entry() {
	# xinetd would disable a service with an empty list of arguments.
	local arguments=""
	[ "$#" -eq 3 ] || arguments="server_args	= ${*:4}"
	cat <<-END
	service pgssl
	{
		type		= UNLISTED
		bind		= 127.0.0.1
		port		= $port
		socket_type	= stream
		protocol	= tcp
		wait		= $1
		user		= $2
		groups		= yes
		server		= $3
		$arguments
		instances	= UNLIMITED
		per_source	= UNLIMITED
		cps		= 6000 1
	}
	END
}

superserver_xinetd() {
	xinetd_entry no "$user" "$@" > "$T/xinetd.conf"
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
		# Not runuser: it would stay as the parent and get our signal instead.
		become=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups)
	fi
	start systemd-socket-activate "${become[@]}" "$path" -l "127.0.0.1:$port" --inetd -a "$@"
}

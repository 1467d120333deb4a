# shellcheck shell=sh
# Tells a running super-server that its files have changed.  If none runs, that is no error: it reads its files when it
# starts.  Then this prints what to type.

# add or remove, as activate was called.
doing=${1-}

# Whether a super-server was told.
told=

# running PIDFILE NAME: prints the pid of the process that wrote the file.  A pid file may be left over, and its number
# may belong to another process now, which SIGHUP would end: so the process must have that name.
running() {
	pid=$(cat "$1" 2>/dev/null) || return 1
	case $pid in
	'' | *[!0-9]*) return 1 ;;
	esac
	case $(cat "/proc/$pid/comm" 2>/dev/null || ps -p "$pid" -o comm= 2>/dev/null) in
	*"$2"*) echo "$pid" ;;
	*) return 1 ;;
	esac
}

# hang_up PIDFILE NAME: sends SIGHUP to the process of the pid file, if there is one.
hang_up() {
	pid=$(running "$1" "$2") || return 1
	if kill -s HUP "$pid" 2>/dev/null; then
		told=yes
		say "told $2, process $pid, to read its files again"
	else
		warn "$2, process $pid, cannot be told by this user; as root: kill -HUP $pid"
	fi
}

# any_runs NAMES: whether a process with one of these names runs; | separates them.  True if there is no /proc.
any_runs() {
	[ ! -e /proc/self/comm ] || cat /proc/[0-9]*/comm 2>/dev/null | grep -qxE -e "$1"
}

# service_reload PROCESSES NAME...: reloads the first of these services that this machine has.  Some start scripts
# succeed although nothing runs, so the process is looked for.
service_reload() {
	command -v service >/dev/null || return 1
	processes=$1
	shift
	for name in "$@"; do
		if service "$name" reload >/dev/null 2>&1; then
			any_runs "$processes" || return 1
			told=yes
			say "told $name to read its files again: service $name reload"
			return
		fi
	done
	return 1
}

# say_not_told NAME SERVICE: how to start it, unless an entry was taken away.
say_not_told() {
	say "$1 does not run here, or could not be told.  $([ "$doing" = remove ] || echo "To start it: service $2 start" \
		"(on Debian from the package $2); ")Where it runs: service $2 reload, or kill -HUP and its process number"
}

tell_xinetd() {
	if would "tell xinetd to read its files again"; then
		return
	elif hang_up "$XINETD_PIDFILE" xinetd; then
		return
	elif command -v "${RELOAD_XINETD%% *}" >/dev/null; then
		if sh -c "$RELOAD_XINETD" >/dev/null 2>&1; then
			told=yes
			say "told xinetd to read its files again: $RELOAD_XINETD"
			return
		fi
	elif service_reload xinetd xinetd; then
		return
	fi
	say_not_told xinetd xinetd
}

tell_inetd() {
	if would "tell inetd to read its files again" || hang_up "$INETD_PIDFILE" inetd || \
		service_reload "inetd|openbsd-inetd|inetutils-inetd" openbsd-inetd inetutils-inetd inetd; then
		return
	fi
	say_not_told inetd openbsd-inetd
}

# ask_port: says whether the port is served with our key, and how to try it.  It asks several times, since inetd reads
# its files a moment after it was told, and says only in the system's log that a port was taken.
ask_port() {
	[ -z "$DRY_RUN" ] && [ -x "$PROGRAM" ] && [ -r "$PEM" ] && pin=$("$CERTGEN" show --pin "$PEM" 2>/dev/null) || return 0
	# Until inetd has read its files the old entry answers, which may be all that does.
	[ -z "$broken" ] || sleep 1
	for pause in 0.2 0.3 0.5 1 0; do
		if first_words | shakes_hands; then
			say_how_to_try
			return
		fi
		sleep "$pause"
	done
	# shellcheck disable=SC2034 # the exit status of activate
	result=1
	warn "port $PORT does not answer with the certificate in $PEM: $(why_no_answer)"
}

# first_words: a startup without a user name, which PostgreSQL, or the wrapper if PostgreSQL is down, refuses after the
# handshake.  With another protocol nothing is said.
first_words() {
	[ "$PROTOCOL" != pgsql ] || printf '\0\0\0\011\0\003\0\0\0'
}

# shakes_hands: whether the port takes our key through a handshake, whatever the service then does.
shakes_hands() {
	set -- -n "$PROTOCOL"
	[ "$PROTOCOL" != none ] || shift 2
	"$PROGRAM" -c "$@" -r "localhost:$PORT" --pin "$pin" -o /dev/stderr --connect-timeout 2s --handshake-timeout 2s \
		--close-timeout 1s 2>&1 >/dev/null | grep -q ' tls=1'
}

say_how_to_try() {
	if [ -n "$broken" ]; then
		warn "port $PORT answers with the certificate in $PEM, but clients cannot use it until what --check says above is mended"
		return
	fi
	name=$("$CERTGEN" show --names "$PEM" | head -n 1)
	say "port $PORT answers with the certificate in $PEM.  To try it:"
	root=${CA:-${PEM%.pem}}${CA:+/ca}.crt
	case $PROTOCOL in
	pgsql) say "  psql \"host=${name:-NAME} port=$PORT sslmode=verify-full sslrootcert=$root\"" ;;
	none) say "  $(try_openssl)" ;;
	*) say "  $(try_openssl) -starttls $PROTOCOL" ;;
	esac
}

# try_openssl: for $name, which may be an address, and the clients' certificate $root.
try_openssl() {
	case $name in
	*:*) set -- "[$name]" ip ;;
	*[!0-9.]* | '') set -- "${name:-NAME}" hostname ;;
	*) set -- "$name" ip ;;
	esac
	echo "openssl s_client -connect $1:$PORT -verify_$2 ${name:-NAME} -verify_return_error -CAfile $root"
}

# why_no_answer: ss names the program that has the port, to root.
why_no_answer() {
	holder=$(ss -Hltnp "sport = :$PORT" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1, process \2/p' | head -n 1)
	case $holder in
	'' | *inetd,* | systemd,* | inetls-wrap,*)
		if [ -n "$broken" ]; then
			echo "what --check says above may be the reason"
		else
			echo "another program may have the port, or what should start $PROGRAM does not run; the system's log says more"
		fi
		;;
	*)
		echo "$holder, has the port.  Choose another with PORT=number; or stop that program, and run this again"
		;;
	esac
}

# The units to start now and at each boot.
systemd_wants() {
	echo "$SERVICE.socket"
	[ ! -e "$UNITDIR/$SERVICE-pem.path" ] || echo "$SERVICE-pem.path"
}

# A socket cannot be restarted while its service runs.
restart_socket() {
	if [ -e "$UNITDIR/$SERVICE.service" ]; then
		"$SYSTEMCTL" stop "$SERVICE.socket" "$SERVICE.service" && "$SYSTEMCTL" start "$SERVICE.socket"
	else
		"$SYSTEMCTL" restart "$SERVICE.socket"
	fi
}

# shellcheck disable=SC2034,SC2046
tell_systemd_to_start() {
	if would "tell systemd to start $SERVICE.socket, now and after each boot"; then
		return
	elif ! command -v "$SYSTEMCTL" >/dev/null; then
		say "There is no $SYSTEMCTL on this machine, so nothing starts the socket"
	elif ! "$SYSTEMCTL" daemon-reload 2>/dev/null; then
		say "systemd does not run here, or not for this user.  Where it does:" \
			"systemctl daemon-reload && systemctl enable --now $SERVICE.socket"
	elif "$SYSTEMCTL" enable --now $(systemd_wants) &&
		# A socket that listens already keeps its old settings until it is restarted; sessions go on.
		{ [ -z "$changed" ] || restart_socket; }; then
		told=yes
		say "told systemd: $SERVICE.socket listens, now and after each boot"
	else
		refuse "systemd did not start $SERVICE.socket: systemctl status $SERVICE.socket says why"
	fi
}

# stop_watching: stops what restarts the service when the PEM changes.  This must come before the socket is closed: a
# service that is restarted without its socket fails.
stop_watching() {
	for unit in "$SERVICE-pem.path" "$SERVICE-pem.service"; do
		[ ! -e "$UNITDIR/$unit" ] || "$SYSTEMCTL" stop "$unit" 2>/dev/null || :
	done
}

# If systemd does not run there is nothing to stop, but disable still removes the links of an earlier enable.
# shellcheck disable=SC2046
tell_systemd_to_stop() {
	if would "tell systemd to close $SERVICE.socket"; then
		return
	elif command -v "$SYSTEMCTL" >/dev/null && stop_watching && "$SYSTEMCTL" disable --now $(systemd_wants) 2>/dev/null; then
		# A unit whose file is removed while it runs would end as failed.
		[ ! -e "$UNITDIR/$SERVICE.service" ] || "$SYSTEMCTL" stop "$SERVICE.service"
		say "told systemd: $SERVICE.socket is closed"
	fi
}

tell_systemd_to_forget() {
	[ -n "$DRY_RUN" ] || ! command -v "$SYSTEMCTL" >/dev/null || "$SYSTEMCTL" daemon-reload 2>/dev/null || :
}

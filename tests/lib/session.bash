# Runs one session of the wrapper, started as inetd starts it; loaded after lib.
#
#	session --peer 'handshake send:10 bye recv-all' --backend echo -- -C NORMAL
#	says exit=0 peer.tls=close_notify backend.received=10
#	logged result=ok in=10
#
# The wrapper gets -p, -r and -o before the options of the test.  The head of peer.py lists the words of a script, and
# the results of a session.

# session [peer.py option ...] -- [wrapper option ...]: sets $report, and prints it in case the test fails.
session() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	command_session "${options[@]}" -- "$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" -r "${BACKEND:-127.0.0.1:{backend\}}" \
		"$@"
}

# command_session [peer.py option ...] -- COMMAND...: the same with a complete command.
command_session() {
	new_log session > /dev/null
	report=$(timeout -k 5 120 "$ROOT/tests/lib/peer.py" "$@")
	echo "---- $*"
	echo "$report"
}

# says KEY=VALUE...: checks that each is in the report.
says() {
	local word
	for word; do
		if ! grep -qxF -e "$word" <<< "$report"; then
			echo "the report does not say $word"
			return 1
		fi
	done
}

# said KEY: prints the key's value in the report.
said() {
	log_field "$1" "$report"
}

# within MOST [LEAST]: checks how many seconds the command took.  On a busy machine what is above LEAST may be more: LEAST is
# what a timer takes, and does not grow.
within() {
	awk -v took="$(said seconds)" -v most="$1" -v least="${2:-0}" -v percent="$(patience 100)" \
		'BEGIN { exit !(took <= least + (most - least) * percent / 100 && took >= least) }' || {
		echo "took $(said seconds) s, and not between ${2:-0} and $1; load $(cat /proc/loadavg)"
		return 1
	}
}

# logged WORD...: checks that the session's log has exactly one line, with each of the words.
logged() {
	local word
	# The wrapper has ended, so no more lines can come.
	if ! lines_in "$T/session.log" 1; then
		echo "the log should have one line:"
		cat "$T/session.log"
		return 1
	fi
	for word; do
		if ! grep -qF -e "$word" "$T/session.log"; then
			echo "the log does not say $word:"
			cat "$T/session.log"
			return 1
		fi
	done
}

# not_logged WORD: checks that it is not in the log.
not_logged() {
	! grep -F -e "$1" "$T/session.log"
}

# untouched: checks that the service had no connection, and that the peer got no byte outside TLS.
untouched() {
	says backend.connections=0
	only_tls
}

only_tls() {
	case $(said peer.wire) in
	empty | records) ;;
	*)
		echo "the peer was sent what is no TLS: $(said peer.wire)"
		return 1
		;;
	esac
}

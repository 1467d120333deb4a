# Client mode with -n pgsql is interrupted while a local program starts its session: no data is lost unnoticed, and a
# signal ends it.

# lib.bash and session.bash set report.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# starts HOW [OPTION...]: see pgsql-startup.py.
starts() {
	local how=$1
	shift
	new_log session > /dev/null
	report=$(timeout -k 5 60 "$ROOT/tests/lib/pgsql-startup.py" "$how" "$T/pgssl.pem" "$WRAP" -c -n pgsql \
		-o "$T/session.log" -r 'localhost:{server}' -A "$T/pgssl.crt" "$@")
	echo "$report"
}

@test "SIGTERM in the middle of the local program's first message ends the session" {
	starts signal
	says exit=0 heard=8
	within 3
	logged result=stopped 'reason="ended by a signal"' end=signal
}

@test "a first message that stops in the middle is a timeout, and no part of it is skipped" {
	starts late --handshake-timeout 1s
	says exit=0 heard=8
	logged result=timeout 'local program did not finish its first message' end=timeout
}

@test "a local program that ends in the middle of its first message: what it said arrives" {
	starts fin
	says exit=0 heard=20
	logged out=20
}

@test "a local program that reads no answer any more: result=reset, and no session goes on" {
	starts deaf
	says exit=0 heard=40
	logged result=reset 'reason="write to backend: ' end=backend in=0
}

@test "a local program that reads no answers: a timeout, and no answer is lost unnoticed" {
	starts full --handshake-timeout 1s --close-timeout 1s
	says exit=0 heard=40
	logged result=timeout 'local program did not finish its first message'
}

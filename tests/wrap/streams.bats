# A long stream is gathered, and nothing waits for more to come.

load ../lib/lib
load ../lib/session

setup() {
	lib_before
	make_pem "$T/pgssl.pem" localhost
}

# stream in|out [COMMAND...]: through a session, under the command.  The sender rests, says a last word, and has the answer
# to it before it ends.
stream() {
	local peer='send:40000000 sleep:0.3 send:13 recv:10' backend='recv:40000013 send:10' from_peer=40000013 from_backend=10
	if [ "$1" = out ]; then
		peer='recv:40000013 send:10' backend='send:40000000 sleep:0.3 send:13 recv:10' from_peer=10 from_backend=40000013
	fi
	command_session --limit 60 --peer "handshake $peer bye recv-all" --backend "$backend recv-all" -- "${@:2}" "$WRAP" \
		-p "$T/pgssl.pem" -r '127.0.0.1:{backend}' -o "$T/session.log"
	says exit=0 "backend.received=$from_peer" "peer.received=$from_backend" peer.tls=close_notify backend.end=fin
	logged ' result=ok '
}

# gathered: what had to gather was told to, at most once for each MB, and no longer after the stream.
gathered() {
	local begun ended
	begun=$(grep -c 'SO_RCVLOWAT, \[61440\], 4) = 0' "$T/calls")
	ended=$(grep -c 'SO_RCVLOWAT, \[1\], 4) = 0' "$T/calls")
	[ "$begun" -ge 1 ]
	[ "$begun" -le 30 ]
	[ "$ended" -eq "$begun" ]
}

@test "a stream from the peer arrives whole, its last word while the peer waits, and the session ends" {
	stream in
}

@test "a stream from the service arrives whole, its last word while the service waits, and the session ends" {
	stream out
}

@test "a stream from either side is gathered, and no longer once it rests" {
	local way
	need_strace
	need_no_sanitizer "strace and LeakSanitizer exclude each other"
	for way in in out; do
		stream "$way" strace -f -qq -e trace=setsockopt -e signal=none -o "$T/calls"
		gathered
	done
}

@test "a session whose requests and answers are short gathers nothing" {
	need_strace
	need_no_sanitizer "strace and LeakSanitizer exclude each other"
	timeout 100 "$ROOT/tests/lib/round-trips.py" "$WRAP" "$T/pgssl.pem" "$T/pgssl.crt" 60 > "$T/trips"
	grep '^all ' "$T/trips"
	! grep setsockopt "$T/trips"
}

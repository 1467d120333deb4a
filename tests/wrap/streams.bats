# A long stream in small pieces: they are gathered, and nothing waits for more to come.

load ../lib/lib

setup() {
	lib_before
	make_pem "$T/pgssl.pem" localhost
}

# stream WAY [trace]: through a session that ends well.
stream() {
	timeout 150 "$ROOT/tests/lib/streams.py" "$WRAP" "$T/pgssl.pem" "$T/pgssl.crt" "$@" > "$T/log" || {
		cat "$T/log"
		return 1
	}
	grep -q ' result=ok ' "$T/log"
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
		stream "$way" "$T/calls"
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

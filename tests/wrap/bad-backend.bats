# Services that cannot be reached, or go away: exit 69, one log line that says what to check, and a TLS alert for the
# peer. It never gets a close_notify, which would make a cut answer look complete.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# unavailable WORD...: what the session just reported.
unavailable() {
	says exit=69 backend.connections=0 peer.tls=alert:internal_error
	only_tls
	logged result=backend end=backend "peer=127.0.0.1:$(said peer.port)" in=0 out=0 "$@"
}

@test "a service that refuses: exit 69, and the log names it and what to check" {
	local version
	for version in 1.2 1.3; do
		session --service refused --tls "$version" --peer 'handshake recv-all' --
		unavailable "Connection refused" "is the service running?"
		within 4
	done
}

@test "localhost refuses by IPv4 and IPv6: the log names the first" {
	BACKEND='localhost:{backend}' session --service refused --peer 'handshake recv-all' --
	unavailable "connect 127.0.0.1:" "Connection refused"
}

@test "a service whose queue is full never answers: exit 69 after --connect-timeout" {
	session --service full --peer 'handshake recv-all' -- --connect-timeout 1s
	unavailable "Connection timed out" "--connect-timeout"
	within 5 0.9
}

@test "a Unix socket that is not there: exit 69" {
	BACKEND=$T/none.sock session --peer 'handshake recv-all' --
	unavailable "$T/none.sock" "No such file or directory"
}

@test "a Unix socket in a directory that is not there: exit 69" {
	BACKEND=$T/none/none.sock session --peer 'handshake recv-all' --
	says exit=69 backend.connections=0
	only_tls
	logged "$T/none" "No such file or directory"
}

@test "a Unix socket that nobody listens on: exit 69" {
	perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die' "$T/dead.sock"
	chmod 777 "$T/dead.sock"
	BACKEND=$T/dead.sock session --peer 'handshake recv-all' --
	unavailable "$T/dead.sock" "Connection refused"
}

@test "a Unix socket that the session's user may not use: exit 69, and -s is named" {
	need_root
	start closed "$ROOT/tests/lib/peer.py" --limit 30 --service "unix:$T/closed.sock" --peer 'sleep:20' -- sleep 20
	wait_for 5 listening_at "$T/closed.sock"
	chmod 600 "$T/closed.sock"
	BACKEND=$T/closed.sock session --peer 'handshake recv-all' --
	unavailable "Permission denied" "see -s"
}

@test "a source address that is not this machine's: exit 78" {
	session --peer 'handshake recv-all' -- -I 192.0.2.1
	says exit=78 backend.connections=0
	only_tls
	logged result=config "-I 192.0.2.1" "address of this machine"
}

@test "a service that resets in mid-stream: what it said arrives, then an alert and no close_notify; exit 69" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --peer 'handshake send:100 recv-all' --backend 'recv:100 send:300000 sleep:0.3 rst' --
		says exit=69 peer.received=300000 peer.tls=alert:internal_error backend.received=100
		only_tls
		logged result=reset end=backend in=100 out=300000 "Connection reset by peer"
	done
}

@test "a service that resets at once: an alert and no close_notify; exit 69" {
	session --peer 'handshake send:100000 recv-all' --backend rst --
	says exit=69 peer.received=0
	[ "$(said peer.tls)" != close_notify ]
	# It may be as soon as connect asks how it went.
	logged end=backend
	grep -qE 'result=(reset|backend) .*reset' "$T/session.log"
}

@test "a service that closes without having read is logged as a reset" {
	session --peer 'handshake send:5000000 recv-all' --backend 'recv:1000 sleep:0.3 close' --
	says exit=69
	[ "$(said peer.tls)" != close_notify ]
	logged result=reset
}

@test "a service that hangs is left alone until the peer ends, then for --close-timeout" {
	session --peer 'handshake send:100 bye recv-all' --backend 'recv:100 sleep:60' -- --close-timeout 1s
	says exit=0 backend.received=100
	[ "$(said peer.tls)" != close_notify ]
	logged result=timeout end=peer "--close-timeout"
	within 5 0.9
}

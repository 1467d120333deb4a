# How a session ends while 50 MB are in flight, more than any buffer holds.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

@test "half-close: 50 MB answered five seconds after the question's close_notify" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --limit 60 --peer 'handshake send:1000 bye recv-all' \
			--backend 'recv-all sleep:5 send:50000000' --
		says exit=0 backend.received=1000 backend.end=fin peer.received=50000000 peer.tls=close_notify peer.wire=records
		logged result=ok in=1000 out=50000000 end=peer
	done
}

@test "half-close: 50 MB sent five seconds after the service's end" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --limit 60 --peer 'handshake recv-tls sleep:5 send:50000000 bye hold' \
			--backend 'send:1000 fin recv-all' --
		says exit=0 backend.received=50000000 backend.end=fin peer.received=1000 peer.tls=close_notify
		logged result=ok in=50000000 out=1000 end=backend
	done
}

# cell PEER BACKEND EXIT RESULT: a cut or a reset with 50 MB on their way, twenty times: it is a matter of timing.
cell() {
	local i version
	for version in 1.2 1.3; do
		for i in 1 2 3 4 5 6 7 8 9 10; do
			session --tls "$version" --limit 30 --peer "$1" --backend "$2" --
			says "exit=$3"
			[ "$(said peer.tls)" != close_notify ]
			[ "$(said backend.end)" != fin ]
			[ "$(said peer.received)" != broken ]
			[ "$(said backend.received)" != broken ]
			logged "result=$4"
			within 8
			awk -v cpu="$(said cpu)" 'BEGIN { exit !(cpu < 3) }'
		done
	done
}

@test "50 MB to the peer, who resets, closes or breaks the protocol" {
	cell 'handshake recv:1000000 rst' send:50000000 0 cut
	cell 'handshake recv:1000000 close' send:50000000 0 cut
	cell 'handshake recv:1000000 junk recv-all' send:50000000 0 protocol
}

@test "50 MB to the service, and the peer is cut" {
	cell 'handshake send:50000000 fin hold' recv-all 0 cut
	cell 'handshake send:50000000 partial:10000 rst' recv-all 0 cut
}

@test "50 MB to the peer, and the service resets" {
	cell 'handshake recv-all' 'send:50000000 rst' 69 reset
}

@test "50 MB to the service, which resets" {
	cell 'handshake send:50000000 recv-all' 'recv:1000000 sleep:0.1 rst' 69 reset
}

@test "50 MB both ways at once arrive in order" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --limit 60 --peer 'handshake flood:50000000 bye recv-all' --backend echo --
		says exit=0 backend.received=50000000 peer.received=50000000 peer.tls=close_notify
		logged result=ok in=50000000 out=50000000
	done
}

# How the end of one side reaches the other: close_notify becomes FIN and FIN close_notify, in each direction by
# itself; a cut becomes a reset, a reset an alert; in TLS 1.2 and 1.3, and seen by Python's TLS.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# each PEER BACKEND CHECK [OPTION...]: the same session with TLS 1.2 and 1.3; CHECK is a function.
each() {
	local peer=$1 backend=$2 check=$3 version
	shift 3
	for version in 1.2 1.3; do
		session --tls "$version" --peer "$peer" --backend "$backend" -- "$@"
		says "peer.handshake=$version"
		only_tls_or_cut
		"$check"
	done
}

# A peer that has gone reads no more: then its last record may be half there.
only_tls_or_cut() {
	[ "$(said peer.wire)" = partial ] || only_tls
}

# -- what is not an end ----------------------------------------------------------------------------------

peer_cut() {
	says exit=0 "backend.received=$sent" backend.end=reset
	[ "$(said peer.tls)" != close_notify ]
	logged result=cut truncated=yes end=peer "in=$sent"
	within 9
}

@test "the peer's FIN without close_notify: the service gets what was sent, then a reset" {
	sent=0
	each 'handshake fin hold' recv-all peer_cut
	sent=100000
	each 'handshake send:100000 fin hold' recv-all peer_cut
}

@test "the peer's FIN in the middle of a record: the service gets what was whole, then a reset" {
	sent=50000
	each 'handshake send:50000 partial:5000 fin hold' recv-all peer_cut
}

@test "the peer's reset: the service gets what was sent, then a reset" {
	sent=0
	each 'handshake sleep:0.2 rst' recv-all peer_cut
	sent=50000
	each 'handshake send:50000 partial:5000 sleep:0.2 rst' recv-all peer_cut
}

@test "a cut session leaves a Unix socket, which has no reset, at once, and not when its service has read all" {
	local reads
	for reads in 'sleep:1 recv-all' sleep:60; do
		BACKEND={backend} session --service "unix:$T/${reads%%:*}.${#reads}.sock" --peer 'handshake send:150000 sleep:0.5 rst' \
			--backend "recv:1 $reads" -- --close-timeout 40s
		says exit=0
		logged result=cut truncated=yes end=peer in=150000
		[ "$reads" = sleep:60 ] || says backend.received=150000 backend.end=fin
	done
}

killed() {
	says exit=-9 backend.received=1000 backend.end=reset peer.tls=none
}

@test "a session that is killed resets the service, and says nothing to the peer" {
	each 'handshake send:1000 sleep:0.3 signal:KILL hold' recv-all killed
	each 'handshake send:1000 bye sleep:0.3 signal:KILL hold' 'recv-all sleep:1' killed_late
}

# The peer had said that it was complete before.
killed_late() {
	says exit=-9 backend.received=1000 backend.end=fin peer.tls=none
}

@test "a service that reads slowly gets all that a cut peer had sent before, then a reset" {
	sent=3000000
	each 'handshake send:3000000 fin hold' 'sleep:1 recv-all' peer_cut
}

cut_while_answered() {
	says exit=0 backend.end=reset
	logged result=cut truncated=yes end=peer
	within 9
	awk -v cpu="$(said cpu)" 'BEGIN { exit !(cpu < 1) }'
}

@test "a peer that resets or closes with an answer in flight: the service gets a reset, and nothing spins" {
	each 'handshake recv:1000 sleep:0.2 rst' send:30000000 cut_while_answered
	each 'handshake recv:1000 sleep:0.2 close' send:30000000 cut_while_answered
}

left_early() {
	says exit=0
	logged result=cut end=peer "left before it had read everything"
	not_logged truncated=yes
	within 9
}

@test "a peer that said close_notify and left before it had read everything: reported, and nothing spins" {
	each 'handshake send:100 bye recv:1000 sleep:0.2 rst' 'recv:100 send:30000000' left_early
}

backend_reset() {
	says exit=69 "peer.received=$sent" peer.tls=alert:internal_error
	only_tls
	logged result=reset "out=$sent"
	not_logged truncated=yes
	within 9
}

@test "the service's reset: the peer gets what was sent, then an alert and no close_notify" {
	sent=0
	each 'handshake recv-all' 'sleep:0.2 rst' backend_reset
	each 'handshake send:1000 partial:5000 recv-all' 'recv:1000 sleep:0.2 rst' backend_reset
	sent=100000
	each 'handshake recv-all' 'send:100000 sleep:0.3 rst' backend_reset
	each 'handshake bye recv-all' 'recv-all send:100000 sleep:0.3 rst' backend_reset
}

reset_in_flight() {
	says exit=69
	[ "$(said peer.tls)" = alert:internal_error ]
	[ "$(said peer.received)" != broken ]
	only_tls
	logged result=reset end=backend
}

@test "the service's reset with much in flight: in order as far as it came, an alert, no close_notify" {
	each 'handshake sleep:0.5 recv-all' 'send:3000000 sleep:0.1 rst' reset_in_flight
	each 'handshake send:30000000 recv-all' 'recv:1000 sleep:0.3 rst' reset_in_flight
}

both_gone() {
	says exit=0
	logged result=cut
	within 9
}

@test "the peer is cut while the service, which had not read, resets: no waiting for bytes that cannot arrive" {
	each 'handshake send:3000000 fin hold' 'sleep:1 rst' both_gone --close-timeout 60s
}

# -- ends that are ends ----------------------------------------------------------------------------------

ok() {
	says exit=0 "peer.received=$out" "backend.received=$in" backend.end=fin peer.tls=close_notify peer.wire=records
	logged result=ok "in=$in" "out=$out" "end=$first"
	not_logged truncated=yes
	within "${most:-9}"
}

@test "close_notify becomes FIN, and the answer comes after it: in both directions" {
	in=0 out=0 first=peer
	each 'handshake bye recv-all' recv-all ok
	in=100000 out=0
	each 'handshake send:100000 bye recv-all' recv-all ok
	in=100 out=2000000
	each 'handshake send:100 bye recv-all' 'recv-all sleep:0.5 send:2000000' ok
}

@test "FIN becomes close_notify, and the peer goes on after it" {
	in=0 out=0 first=backend
	each 'handshake recv-tls bye hold' 'fin recv-all' ok
	in=2000000 out=100
	each 'handshake recv-tls sleep:0.5 send:2000000 bye hold' 'send:100 fin recv-all' ok
}

@test "half-close: 8 MB answered a second after the question's close_notify, and the other way round" {
	in=1000 out=8000000 first=peer
	each 'handshake send:1000 bye recv-all' 'recv-all sleep:1 send:8000000' ok
	in=8000000 out=1000 first=backend
	each 'handshake recv-tls sleep:1 send:8000000 bye hold' 'send:1000 fin recv-all' ok
}

@test "both at once, both ways: 8 MB arrive in order" {
	in=8000000 out=8000000 first=peer most=20
	each 'handshake flood:8000000 bye recv-all' 'echo' ok
}

bare() {
	says exit=0 "peer.received=$out" peer.tls=close_notify peer.wire=records
	logged result=ok "in=$in" "out=$out" "end=$first"
	not_logged truncated=yes
	within 9
}

@test "the service has closed, and the peer answers close_notify by a bare FIN: that is no cut" {
	in=0 out=100 first=backend
	each 'handshake recv-tls fin hold' 'send:100 close' bare
	each 'handshake recv-tls sleep:0.3 close' 'send:100 close' bare
	in=1000
	each 'handshake send:1000 recv-tls fin hold' 'recv:1000 send:100 close' bare
	in=0
	BACKEND={backend} session --service "unix:$T/closes.sock" --peer 'handshake recv-tls fin hold' --backend 'send:100 close' --
	bare
	command_session --peer 'handshake recv-tls fin hold' -- "$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" \
		-l /usr/bin/head -- head -c 100 /dev/zero
	says exit=0 peer.tls=close_notify
	grep -q 'result=ok .* in=0 out=100 .* end=backend' "$T/session.log"
}

cut_late() {
	says exit=0 "backend.received=$in" backend.end=reset
	logged result=cut truncated=yes "in=$in" out=100
	within 9
}

reset_bare() {
	bare
	says "backend.received=$in" backend.end=reset
}

@test "a TCP service that has only half-closed hears a bare FIN as a reset, and no byte that the peer has not said" {
	in=0 out=100 first=backend
	each 'handshake recv-tls fin hold' 'send:100 fin recv-all' reset_bare
	in=1000
	each 'handshake send:1000 recv-tls fin hold' 'recv:1000 send:100 fin recv-all' reset_bare
}

@test "after the service's half-close a bare FIN is a cut, as it is inside a record or before close_notify" {
	in=1000
	each 'handshake recv-tls send:1000 fin hold' 'send:100 fin recv-all' cut_late
	each 'handshake send:1000 recv:100 fin hold' 'recv:1000 send:100 recv-all' cut_late
	in=0
	BACKEND={backend} session --service "unix:$T/half.sock" --peer 'handshake recv-tls fin hold' --backend 'send:100 fin recv-all' --
	logged result=cut truncated=yes end=backend
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --peer 'handshake recv-tls partial:5000 fin hold' --backend 'send:100 close' --
		says exit=0
		logged result=cut truncated=yes end=backend
	done
}

complete() {
	says exit=0 "backend.received=$in" backend.end=fin
	logged result=ok "in=$in" "out=$out" end=peer
	not_logged truncated=yes
	within 9
}

@test "--bare-end: the peer's FIN is an end like any other, and the answer comes after it" {
	in=0 out=0
	each 'handshake fin hold' recv-all complete --bare-end
	in=100000
	each 'handshake send:100000 fin hold' recv-all complete --bare-end
	each 'handshake send:100000 bye hold' recv-all complete --bare-end
	in=100 out=200000
	each 'handshake send:100 fin recv-all' 'recv-all send:200000' complete --bare-end
	says peer.received=200000 peer.tls=close_notify
}

cut_still() {
	says exit=0 backend.end=reset
	logged result=cut truncated=yes end=peer
}

@test "bad: --bare-end does not accept a reset, or a FIN inside a record or in the handshake, as an end" {
	each 'handshake send:1000 partial:5000 fin hold' recv-all cut_still --bare-end
	each 'handshake send:1000 sleep:0.2 rst' recv-all cut_still --bare-end
	session --peer 'raw:\x16\x03\x01\x02\x00\x01 fin hold' -- --bare-end
	untouched
	logged result=handshake "peer closed during the handshake"
}

# -- signals and timeouts --------------------------------------------------------------------------------

stopped() {
	says exit=0 "backend.received=$in" "peer.received=$out" backend.end=reset
	[ "$(said peer.tls)" = alert:internal_error ]
	only_tls
	logged result=stopped end=signal "in=$in" "out=$out"
	within 9
}

@test "SIGTERM in mid-stream: what was read arrives, both ends are cut off, none looks complete" {
	in=1000 out=20000
	each 'handshake send:1000 recv:20000 signal:TERM recv-all' 'recv:1000 send:20000 recv-all' stopped
}

@test "SIGTERM while the peer takes nothing: over within --close-timeout" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --peer 'handshake sleep:0.5 signal:TERM sleep:60' --backend send:30000000 -- \
			--close-timeout 1s
		says exit=0 backend.end=reset
		[ "$(said peer.tls)" != close_notify ]
		logged result=stopped end=signal
		within 9
	done
}

@test "SIGTERM while the service, or the peer, takes nothing: --close-timeout is counted once" {
	local ends
	for ends in 'handshake send:30000000|sleep:60' 'handshake sleep:60|send:30000000'; do
		command_session --peer "${ends%|*}" --backend "${ends#*|}" -- timeout --preserve-status -s TERM 1 "$WRAP" \
			-o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' --close-timeout 12s
		says exit=0
		logged result=stopped end=signal
		within 15.5 12.9
	done
}

@test "SIGTERM before and in the handshake: at once, the service hears nothing" {
	local peer
	for peer in 'sleep:0.3 signal:TERM hold' 'raw:\x16\x03\x01\x02\x00\x01 sleep:0.3 signal:TERM hold'; do
		session --peer "$peer" -- --handshake-timeout 60s
		says exit=0
		untouched
		logged end=signal
		within 4
	done
	local waits
	for waits in '-n pgsql' '--proxy-in 127.0.0.1'; do
		# shellcheck disable=SC2086
		session --peer 'sleep:0.3 signal:TERM hold' -- $waits --handshake-timeout 60s
		says exit=0
		untouched
		logged result=handshake end=signal
		within 4
	done
}

idle() {
	says exit=0 backend.end=reset
	[ "$(said peer.tls)" = alert:internal_error ]
	logged result=timeout end=timeout "--idle-timeout"
	within 4 0.6
}

@test "--idle-timeout: nothing moves, so both ends are cut off" {
	each 'handshake send:100 recv-all' 'recv:100 recv-all' idle --idle-timeout 700ms
}

over() {
	says exit=0 backend.end=reset
	[ "$(said peer.tls)" != close_notify ]
	logged result=timeout end=timeout "longer than --max-session"
	within 4 0.6
}

@test "--max-session: a session in which bytes move all the time is cut off, one with nothing too, and off is off" {
	local dribble all
	dribble=$(for _ in 1 2 3 4 5 6 7 8 9 10; do printf 'send:2 sleep:0.2 '; done)
	each 'handshake recv-all' "$dribble" over --max-session 700ms
	each 'handshake hold' 'recv-all' over --max-session 700ms
	all=$(for _ in 1 2 3 4 5; do printf 'send:2 sleep:0.2 '; done)
	each 'handshake recv-tls bye hold' "$all" not_idle --max-session 5s
	each 'handshake recv-tls bye hold' "$all" not_idle --max-session off
}

@test "--max-session: neither a flood nor one who does not read holds it off" {
	local long=send:400000000000
	each "handshake $long" recv-all over_flood --max-session 700ms
	each "handshake recv-all" "$long" over_flood --max-session 700ms
	each "handshake $long" "$long" over_flood --max-session 700ms --close-timeout 1s
}

over_flood() {
	logged result=timeout end=timeout "longer than --max-session"
	within 5
}

not_idle() {
	says exit=0 peer.received=10 peer.tls=close_notify
	logged result=ok
}

@test "--idle-timeout and --close-timeout begin again with every byte" {
	local dribble
	dribble=$(for _ in 1 2 3 4 5; do printf 'send:2 sleep:0.4 '; done)
	each 'handshake recv-tls bye hold' "$dribble" not_idle --idle-timeout 1s
	each 'handshake bye recv-all' "recv-all $dribble" not_idle --close-timeout 1s
}

closing() {
	says exit=0
	[ "$(said peer.tls)" != close_notify ]
	logged result=timeout "--close-timeout" "end=$first"
	within 4 0.6
}

@test "--close-timeout: one side has ended and the other says nothing" {
	first=peer
	each 'handshake bye recv-all' 'recv-all sleep:60' closing --close-timeout 700ms
}

@test "--close-timeout: a peer that ignores the service's end is cut off, after its close_notify" {
	session --peer 'handshake recv-tls sleep:60' --backend 'send:100 fin recv-all' -- --close-timeout 700ms
	says exit=0 peer.received=100 backend.end=reset
	logged result=timeout "--close-timeout" end=backend
	within 4 0.6
}

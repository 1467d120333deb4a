# Every way to end: {peer, service} x {clean end, cut, reset} x {idle, in mid-record, with 50 MB in flight}, in TLS
# 1.2 and 1.3, with Python's TLS as the client.  A service that is cut ends with a FIN, as the kernel sends it for a
# crashed process; nobody can distinguish that from a clean end.  "In mid-record" refers to the peer, whoever ends.

load ../lib/lib
load ../lib/session

LOTS=50000000

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# cell PEER SERVICE WORD...: that session in both versions; each word is of the log, of the report, or not so.
cell() {
	local peer=$1 service=$2 version word
	shift 2
	for version in 1.2 1.3; do
		session --tls "$version" --limit 60 --peer "$peer" --backend "$service" --
		says "peer.handshake=$version"
		for word; do
			case $word in
			result=* | truncated=*) logged "$word" ;;
			not:*) [ "$(said "${word#not:}")" != "$(expected_of "$word")" ] ;;
			*) says "$word" ;;
			esac
		done
		# Whatever arrived is what was sent, and in order.
		[ "$(said peer.received)" != broken ]
		[ "$(said backend.received)" != broken ]
		awk -v cpu="$(said cpu)" 'BEGIN { exit !(cpu < 3) }'
	done
}

# An end that is none must not look like one: the peer no close_notify, the service no end of file.
expected_of() {
	case $1 in
	not:peer.tls) echo close_notify ;;
	not:backend.end) echo fin ;;
	esac
}

@test "peer, clean end: idle and with 50 MB in flight all arrives and is an end; in mid-record it is a cut" {
	cell 'handshake bye recv-all' recv-all exit=0 result=ok backend.end=fin backend.received=0 peer.tls=close_notify
	cell "handshake send:$LOTS bye recv-all" recv-all \
		exit=0 result=ok backend.end=fin "backend.received=$LOTS" peer.tls=close_notify
	cell 'handshake send:1000 partial:5000 bye fin hold' recv-all \
		exit=0 result=cut truncated=yes backend.end=reset backend.received=1000 not:peer.tls
}

@test "peer, cut: what came before arrives, then the service gets a reset" {
	cell 'handshake fin hold' recv-all exit=0 result=cut truncated=yes backend.end=reset backend.received=0 not:peer.tls
	cell 'handshake send:1000 partial:5000 fin hold' recv-all \
		exit=0 result=cut truncated=yes backend.end=reset backend.received=1000 not:peer.tls
	cell "handshake send:$LOTS fin hold" recv-all \
		exit=0 result=cut truncated=yes backend.end=reset "backend.received=$LOTS" not:peer.tls
}

@test "peer, reset: the service gets a reset, never an end" {
	cell 'handshake sleep:0.3 rst' recv-all exit=0 result=cut truncated=yes backend.end=reset backend.received=0
	cell 'handshake send:1000 partial:5000 sleep:0.3 rst' recv-all \
		exit=0 result=cut truncated=yes backend.end=reset backend.received=1000
	cell "handshake send:$LOTS rst" recv-all exit=0 result=cut truncated=yes backend.end=reset
}

@test "service, clean end: the peer gets all and close_notify, and goes on" {
	cell 'handshake recv-tls send:1000 bye hold' 'fin recv-all' \
		exit=0 result=ok peer.tls=close_notify backend.end=fin backend.received=1000
	cell 'handshake partial:5000 recv-tls fin hold' 'fin recv-all' \
		exit=0 result=cut peer.tls=close_notify backend.end=reset backend.received=0
	cell 'handshake recv-tls send:1000 bye hold' "send:$LOTS fin recv-all" \
		exit=0 result=ok peer.tls=close_notify "peer.received=$LOTS" backend.end=fin backend.received=1000
}

@test "service, killed with nothing unread: an end of file, which is taken for what it is" {
	cell 'handshake recv-tls bye hold' 'sleep:0.3 close' exit=0 result=ok peer.tls=close_notify peer.received=0
	cell 'handshake partial:5000 recv-tls fin hold' 'sleep:0.3 close' exit=0 result=cut peer.tls=close_notify
	cell 'handshake recv-tls bye hold' "send:$LOTS close" \
		exit=0 result=ok peer.tls=close_notify "peer.received=$LOTS"
}

@test "service, reset: the peer gets an alert and no close_notify" {
	cell 'handshake recv-all' 'sleep:0.3 rst' exit=69 result=reset peer.tls=alert:internal_error
	cell 'handshake partial:5000 recv-all' 'sleep:0.3 rst' exit=69 result=reset peer.tls=alert:internal_error
	cell 'handshake recv-all' "send:$LOTS rst" exit=69 result=reset peer.tls=alert:internal_error
}

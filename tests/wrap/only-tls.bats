# No byte of text ever reaches the peer.  All that the peer gets is recorded and must be TLS records, although fd 2 is
# the peer's socket, GnuTLS's debugging is switched on by the environment, and many things go wrong.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# The environment that a super-server may hand on.
loud=(env GNUTLS_DEBUG_LEVEL=9 NETTLE_FAT_VERBOSE=1 P11_KIT_DEBUG=all "GNUTLS_SYSTEM_PRIORITY_FILE=/dev/null" GNUTLS_FORCE_FIPS_MODE=1 MALLOC_CHECK_=3
	MALLOC_TRACE=/dev/stderr LIBC_FATAL_STDERR_=1 TZ=:/etc/passwd LC_ALL=xx_YY.nonsense)

setup() {
	lib_before
	rm -f "$T/keys"
	loud+=("SSLKEYLOGFILE=$T/keys")
}

# loudly PEER WORD...: the wrapper with those words, in that environment.
loudly() {
	local peer=$1
	shift
	command_session --peer "$peer" --backend 'recv:1 send:20000 rst' -- "${loud[@]}" "$WRAP" "$@"
	only_tls
	[ ! -e "$T/keys" ]
}

@test "the recorder tells text from TLS" {
	# What is not the wrapper says something, and is found out: in front, and behind a record.
	command_session --peer hold -- echo "gnutls[3]: hello"
	run only_tls
	[ "$status" -eq 1 ]
	command_session --peer hold -- printf '\x15\x03\x03\x00\x02\x02\x28gnutls[3]'
	run only_tls
	[ "$status" -eq 1 ]
	command_session --peer hold -- printf '\x15\x03\x03\x00\x02\x02\x28'
	only_tls
	says peer.wire=records
}

@test "bad options, missing ones and none at all: nothing but TLS" {
	local words
	for words in "" "-r {backend}" "-p $T/pgssl.pem" "-x" "-h" "-V" "--check -r {backend} -p $T/pgssl.pem" "-f -D debug" \
		"-d 127.0.0.1:1 -r {backend} -p $T/none" "-r {backend} -p $T/pgssl.pem -o $T/no/log" \
		"-r {backend} -p $T/pgssl.pem -C HIGH" "-r {backend} -p $T/pgssl.pem -P /tmp/ -D debug -f"; do
		# shellcheck disable=SC2086
		loudly 'handshake hold' $words
	done
}

@test "bad PEMs: nothing but TLS" {
	local kind
	for kind in none empty garbage key certificate open; do
		rm -f "$T/bad.pem"
		case $kind in
		none) ;;
		empty) : > "$T/bad.pem" ;;
		garbage) head -c 3000 /dev/urandom > "$T/bad.pem" ;;
		key) sed -n '/BEGIN PRIVATE KEY/,/END PRIVATE KEY/p' "$T/pgssl.pem" > "$T/bad.pem" ;;
		certificate) cp "$T/pgssl.crt" "$T/bad.pem" ;;
		open) cp "$T/pgssl.pem" "$T/bad.pem" ;;
		esac
		[ ! -e "$T/bad.pem" ] || chmod 600 "$T/bad.pem"
		[ "$kind" != open ] || chmod 644 "$T/bad.pem"
		loudly 'handshake hold' -r '127.0.0.1:{backend}' -p "$T/bad.pem" -D debug
		says backend.connections=0 peer.handshake=no
		[ "$(said exit)" -gt 63 ]
	done
}

@test "a peer that only reads gets nothing, or TLS" {
	loudly 'hold' -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -D debug --handshake-timeout 500ms
	says exit=0 backend.connections=0
	loudly 'raw:GET\x20/\x20HTTP/1.0\r\n\r\n hold' -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -D debug
	says exit=0 backend.connections=0
}

@test "whole sessions, in both versions, and those that break: nothing but TLS, and no key log" {
	local version
	for version in 1.2 1.3; do
		command_session --tls "$version" --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- \
			"${loud[@]}" "$WRAP" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -D debug
		says exit=0 peer.received=10 peer.wire=records peer.tls=close_notify
		[ ! -e "$T/keys" ]
	done
	loudly 'handshake send:1 recv-all' -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -D debug
	says exit=69 peer.received=20000
	loudly 'handshake send:1 junk recv-all' -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -D debug
	loudly 'handshake signal:ABRT hold' -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -D debug
	loudly 'signal:SEGV hold' -r '127.0.0.1:{backend}' -p "$T/pgssl.pem" -D debug
}

@test "a super-server with that environment: nothing but TLS on the wire, no key log" {
	need openbsd-inetd
	chmod 600 "$T/pgssl.pem"
	env_loud=("${loud[@]:1}")
	local pair
	for pair in "${env_loud[@]}"; do
		case $pair in
		GNUTLS_DEBUG_LEVEL=* | NETTLE_FAT_VERBOSE=* | P11_KIT_DEBUG=* | SSLKEYLOGFILE=*) export "${pair?}" ;;
		esac
	done
	superserver openbsd-inetd -E -- "$WRAP" -r 127.0.0.1:1 -p "$T/pgssl.pem" -o "$(new_log inetd)" -D debug
	command_session --connect "$port" --peer 'handshake recv-all'
	says peer.tls=alert:internal_error
	only_tls
	superserver openbsd-inetd -E -- "$WRAP" -r 127.0.0.1:1 -p "$T/none.pem" -o "$T/inetd.log" -D debug
	command_session --connect "$port" --peer 'handshake recv-all'
	only_tls
	[ ! -e "$T/keys" ]
}

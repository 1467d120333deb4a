# Which servers a client trusts: by a CA and a name, by a pin, or by the key that it saw the first time.  Each refusal
# comes before a byte of the local program is sent, and says why.

# lib.bash and client.bash set port, output, status and report.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

SERVER_PLAYS='handshake recv:10 send:10 bye recv-tls'

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/other.pem" localhost
	authority good
	authority evil
	issue good right localhost 'subjectAltName=DNS:localhost,DNS:*.wild.example,IP:127.0.0.1' \
		extendedKeyUsage=serverAuth
	issue good wrong-name other.example 'subjectAltName=DNS:other.example,DNS:www.other.example,IP:192.0.2.1' \
		extendedKeyUsage=serverAuth
	issue good expired localhost subjectAltName=DNS:localhost -- -startdate 20200101000000Z -enddate 20210203000000Z
	issue good early localhost subjectAltName=DNS:localhost -- -startdate 20450607000000Z -enddate 20460101000000Z
	issue good for-clients localhost subjectAltName=DNS:localhost extendedKeyUsage=clientAuth
	issue good revoked localhost subjectAltName=DNS:localhost
	revoke good revoked
}

# meets PEM [OPTION...]: one session with a server that shows it; $TRUST says whom the client expects.
meets() {
	PEM=$T/$1 client_session ${fixed:+--port "$fixed"} --local 'send:10 recv-all' --server "$SERVER_PLAYS" -- "${@:2}"
}

# trusted: it went through.
trusted() {
	says exit=0 local.received=10 server.received=10 server.tls=close_notify
}

# distrusted ALERT WORD...: not a byte of the local program left, the server was told, and the line has the words.
distrusted() {
	local alert=$1
	shift
	says exit=69 local.received=0 server.received=0 server.handshake=no server.leaked=no "server.tls=alert:$alert"
	logged result=handshake "$@"
}

with_ca() {
	TRUST="-A $T/good.crt" meets "$@"
}

# -- a CA and a name -------------------------------------------------------------------------------------

@test "the wrong CA is refused" {
	TRUST="-A $T/evil.crt" meets right.pem
	distrusted unknown_ca "not issued by a CA of -A"
}

@test "a self-signed certificate that is not the one of -A is refused" {
	TRUST="-A $T/pgssl.crt" meets other.pem
	distrusted unknown_ca "not issued by a CA of -A"
}

@test "the wrong name is refused, and the line names those that the certificate has" {
	with_ca wrong-name.pem
	distrusted bad_certificate "for other.example, www.other.example, 192.0.2.1, not for localhost"
}

@test "an expired certificate is refused, and the line says since when" {
	with_ca expired.pem
	distrusted certificate_expired 'expired on 2021-02-03'
}

@test "a certificate of the future is refused, and the line says from when it is valid" {
	with_ca early.pem
	distrusted bad_certificate "not valid before 2045-06-07; is this machine's clock right?"
}

@test "a certificate for clients is refused" {
	with_ca for-clients.pem
	distrusted unsupported_certificate "is not a server's"
}

@test "a revoked certificate is refused with --crl, and served without" {
	with_ca revoked.pem --crl "$T/good.crl"
	distrusted certificate_revoked 'revoked'
	with_ca revoked.pem
	trusted
}

# What may lie in a directory of CAs, and would take all memory or wait for ever if it were read.
useless_files() {
	ln -s /dev/zero "$1/device"
	ln -s nowhere "$1/dangling"
	mkfifo "$1/fifo"
	mkdir "$1/directory"
	truncate -s 1T "$1/sparse"
	head -c 1000 /dev/urandom > "$1/random"
}

@test "-a takes the CAs in a directory, among devices, FIFOs and huge files, at once" {
	mkdir "$T/ca-dir"
	useless_files "$T/ca-dir"
	cp "$T/good.crt" "$T/ca-dir"
	TRUST="-a $T/ca-dir" meets right.pem
	trusted
	within 3
	TRUST="-a $T/ca-dir" meets pgssl.pem
	distrusted unknown_ca "not issued by a CA of -A"
}

@test "a listener does not start with CAs, a revocation list or known hosts that cannot be read, and says why" {
	local options said
	truncate -s 5M "$T/large"
	: > "$T/empty"
	mkfifo "$T/fifo"
	mkdir "$T/useless"
	useless_files "$T/useless"
	while IFS=: read -r options said; do
		# shellcheck disable=SC2086
		run timeout 10 "$WRAP" -f -d 127.0.0.1:0 -r localhost:1 -p "$T/pgssl.pem" $options < /dev/null
		[ "$status" -eq 78 ]
		echo "$output"
		[[ $output == *"$said"* && $output != *"listening on"* ]]
	done <<-END
		-v 2 -A $T/none:-A $T/none: No such file or directory
		-v 2 -A /dev/null:-A /dev/null: not a regular file
		-v 2 -A $T/empty:-A $T/empty: holds no certificate
		-v 2 -A /dev/zero:-A /dev/zero: not a regular file
		-v 2 -A $T/fifo:-A $T/fifo: not a regular file
		-v 2 -A $T/large:-A $T/large: larger than 4194304 bytes
		-v 2 -a $T/useless:-a $T/useless: holds no certificate
		-v 2 -a $T/none:-a $T/none: No such file or directory
		-v 3 -A $T/none:-A $T/none: No such file or directory
		-v 2 -A $T/good.crt --crl $T/none:--crl $T/none: No such file or directory
		-v 2 -A $T/good.crt --crl $T:--crl $T: not a regular file
		-v 2 -A $T/good.crt --crl $T/large:--crl $T/large: larger than 4194304 bytes
		-c -A $T/none:-A $T/none: No such file or directory
		-c --known-hosts $T/pgssl.pem/none:open known hosts $T/pgssl.pem/none: Not a directory
	END
}

@test "-A system refuses what no public CA has issued" {
	need ca-certificates
	TRUST="-A system" meets right.pem
	distrusted unknown_ca 'not issued by'
}

@test "-A system trusts the CAs of this machine" {
	need_root 'the bundle of this machine is covered'
	need_namespaces
	need ca-certificates
	# shellcheck disable=SC2034
	report=$(timeout 60 unshare -m --propagation private sh -euc '
		mount --bind "$0/good.crt" /etc/ssl/certs/ca-certificates.crt
		exec "$@"' "$T" "$ROOT/tests/lib/client.py" --pem "$T/right.pem" --local 'send:10 recv-all' \
		--server "$SERVER_PLAYS" -- "$WRAP" -c -o "$(new_log session)" -r localhost:{server} -A system)
	echo "$report"
	trusted
}

@test "-A: a file that is missing, empty or no certificate is exit 66 or 78 and not a stranger trusted" {
	: > "$T/empty"
	for file in "$T/missing" "$T/empty" "$T/good/key.pem"; do
		TRUST="-A $file" meets right.pem
		says local.received=0 server.connections=0
		case $(said exit) in 66 | 78) ;; *) return 1 ;; esac
		logged result=config "$file"
	done
}

@test "the right CA and name are trusted; the server is asked for that name" {
	with_ca right.pem
	trusted
	says server.sni=localhost
	logged result=ok
	not_logged 'first time'
}

@test "-a: a directory of CAs" {
	mkdir -p "$T/cas"
	cp "$T/good.crt" "$T/cas/good.pem"
	TRUST="-a $T/cas" meets right.pem
	trusted
	rm "$T/cas/good.pem"
	cp "$T/evil.crt" "$T/cas/evil.pem"
	TRUST="-a $T/cas" meets right.pem
	distrusted unknown_ca
}

@test "an address is looked for among the certificate's addresses, and is no SNI" {
	SERVER=127.0.0.1:{server\} with_ca right.pem
	trusted
	says server.sni=-
	SERVER=127.0.0.1:{server\} TRUST="-A $T/pgssl.crt" meets pgssl.pem
	distrusted bad_certificate 'for localhost, not for 127.0.0.1; if one of these is the name of the server, add --sni with it'
	SERVER=127.0.0.1:{server\} TRUST="-A $T/pgssl.crt" meets pgssl.pem --sni localhost
	trusted
}

@test "--sni is the name that is asked for and checked" {
	with_ca right.pem --sni a.wild.example
	trusted
	says server.sni=a.wild.example
	with_ca right.pem --sni a.b.wild.example
	distrusted bad_certificate 'not for a.b.wild.example'
}

@test "the .crt that certgen wrote is all that -A needs" {
	TRUST="-A $T/pgssl.crt" meets pgssl.pem
	trusted
}

# -- pins ------------------------------------------------------------------------------------------------

@test "the wrong pin is refused, and the line shows the right one" {
	TRUST="--pin $(pin_of "$T/other.pem")" meets pgssl.pem
	distrusted bad_certificate 'not pinned' "$(pin_of "$T/pgssl.pem")"
}

@test "the right CA with the wrong pin is refused" {
	with_ca right.pem --pin "$(pin_of "$T/other.pem")"
	distrusted bad_certificate 'not pinned'
}

@test "the right pin with the wrong CA is refused" {
	TRUST="-A $T/evil.crt" meets right.pem --pin "$(pin_of "$T/right.pem")"
	distrusted unknown_ca 'not issued by'
}

@test "what is no pin is a bad command line" {
	for pin in sha256//short= sha1//MsJbvONEhr/8z5SJ5cIAEB1cuqbPFonZrRJJMyv3aBk= \
		'sha256//!sJbvONEhr/8z5SJ5cIAEB1cuqbPFonZrRJJMyv3aBk='; do
		run timeout 10 "$WRAP" -c -r localhost:1 --pin "$pin" -f < /dev/null
		[ "$status" -eq 64 ]
		grep -qF 'inetls-certgen show --pin' <<< "$output"
	done
}

@test "the pin that certgen shows is trusted, whatever the name and the dates" {
	[ "$("$CERTGEN" show --pin "$T/pgssl.pem")" = "$(pin_of "$T/pgssl.pem")" ]
	TRUST="--pin $("$CERTGEN" show --pin "$T/pgssl.pem")" meets pgssl.pem
	trusted
	TRUST="--pin $(pin_of "$T/expired.pem")" meets expired.pem
	trusted
}

@test "of several pins any one will do" {
	TRUST="--pin $(pin_of "$T/other.pem") --pin $(pin_of "$T/pgssl.pem")" meets pgssl.pem
	trusted
}

@test "-v 3 with -A: the certificate itself, and not another of the same CA" {
	cat "$T/good.crt" "$T/right.crt" > "$T/pinned.crt"
	TRUST="-v 3 -A $T/pinned.crt" meets right.pem
	trusted
	TRUST="-v 3 -A $T/pinned.crt" meets revoked.pem
	distrusted bad_certificate 'not pinned'
}

# -- weak keys -------------------------------------------------------------------------------------------

# weak BITS NAME: an RSA key of so many bits, in a certificate that has signed itself.
weak() {
	openssl req -x509 -newkey "rsa:$1" -nodes -keyout "$T/$2.key" -out "$T/$2.crt" -days 9 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2> "$T/$2.log"
	(umask 077 && cat "$T/$2.key" "$T/$2.crt" > "$T/$2.pem")
}

# issue_by CA KEY HASH NAME: a good key, and a certificate of that CA over that hash.
issue_by() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$4.key" -out "$T/$4.csr" \
		-subj /CN=localhost 2> "$T/$4.log"
	openssl x509 -req "-$3" -in "$T/$4.csr" -CA "$T/$1.crt" -CAkey "$2" -days 9 -out "$T/$4.crt" \
		-extfile <(echo subjectAltName=DNS:localhost) 2>> "$T/$4.log"
	(umask 077 && cat "$T/$4.key" "$T/$4.crt" > "$T/$4.pem")
}

# too_weak PEM WORDS OPTION...: our client gives that server nothing, and the line has the words.
too_weak() {
	local version
	for version in -tls1_2 -tls1_3; do
		s_server weak "$1" "$version" -cipher DEFAULT@SECLEVEL=0
		rm -f "$T/known"
		once "$WRAP" -c -r "localhost:$port" -o "$(new_log client)" "${@:3}"
		[ "$status" -eq 69 ]
		[ -z "$output" ]
		grep -qF "$2" "$T/client.log"
		stop weak
	done
}

@test "bad: an RSA key of less than 2,048 bits is nobody's: by a CA, a pin, or known hosts" {
	local words="peer's RSA key has 1024 bits, and at least 2048 are needed"
	weak 1024 small
	too_weak "$T/small.pem" "$words" -A "$T/small.crt"
	too_weak "$T/small.pem" "$words" --pin "$(pin_of "$T/small.pem")"
	too_weak "$T/small.pem" "$words" --known-hosts "$T/known"
	[ ! -s "$T/known" ]
	# 2,040 bits are not 2,048; with -v 0 it is nobody's business.
	weak 2040 almost
	too_weak "$T/almost.pem" "has 2040 bits" -A "$T/almost.crt"
	s_server weak "$T/small.pem" -cipher DEFAULT@SECLEVEL=0
	once "$WRAP" -c -r "localhost:$port" -o "$(new_log client)" -v 0
	[ "$output" = enil ]
	weak 2048 enough
	s_server weak "$T/enough.pem"
	once "$WRAP" -c -r "localhost:$port" -o "$(new_log client)" -A "$T/enough.crt"
	[ "$output" = enil ]
}

@test "bad: a CA with a weak key, or one that signs over SHA-1, whatever -C says of suites" {
	local words="a certificate from the peer's to its CA has a weak key or signature"
	weak 1024 small-ca
	issue_by small-ca "$T/small-ca.key" sha256 below-small
	too_weak "$T/below-small.pem" "$words" -A "$T/small-ca.crt"
	too_weak "$T/below-small.pem" "$words" -A "$T/small-ca.crt" -C NORMAL
	issue_by good "$T/good/key.pem" sha1 by-sha1
	too_weak "$T/by-sha1.pem" "$words" -A "$T/good.crt"
}

@test "bad: a client with an RSA key of 1,024 bits is refused, by its CA or its pin" {
	local option
	weak 1024 small
	for option in "-v 2 -A $T/small.crt" "-v 3 --pin $(pin_of "$T/small.pem")"; do
		# shellcheck disable=SC2086
		tls_server own "$WRAP" -f -d 127.0.0.1:{port} -p "$T/pgssl.pem" -l /bin/echo $option -o "$(new_log session)" -- echo said
		run timeout 10 openssl s_client -quiet -connect "127.0.0.1:$port" -cipher DEFAULT@SECLEVEL=0 -cert "$T/small.pem" \
			-key "$T/small.pem" < /dev/null
		[[ $output != *said* ]]
		wait_for 5 grep -q "result=handshake .*peer's RSA key has 1024 bits" "$T/session.log"
		stop own
	done
}

# -- known hosts -----------------------------------------------------------------------------------------

# known_port: a port that servers can have one after the other; $fixed is for meets.
known_port() {
	fixed=$(free_port)
	rm -f "$T/known"
}

with_known_hosts() {
	TRUST="--known-hosts $T/known" meets "$@"
}

@test "a man in the middle is refused on the second connection; both pins and the line are in the log" {
	known_port
	with_known_hosts pgssl.pem
	trusted
	with_known_hosts other.pem
	distrusted bad_certificate "$(pin_of "$T/other.pem")" "$(pin_of "$T/pgssl.pem")" "line 1 of $T/known"
	[ "$(cat "$T/known")" = "localhost:$fixed $(pin_of "$T/pgssl.pem")" ]
	# And the right one is still welcome.
	with_known_hosts pgssl.pem
	trusted
}

@test "first use is stored, and logged at warning level; the second says nothing" {
	known_port
	with_known_hosts pgssl.pem -D warning
	trusted
	[ "$(cat "$T/known")" = "localhost:$fixed $(pin_of "$T/pgssl.pem")" ]
	[ "$(stat -c %a "$T/known")" = 600 ]
	logged 'seen for the first time' "$(pin_of "$T/pgssl.pem")" "$T/known"
	with_known_hosts pgssl.pem -D warning
	trusted
	lines_in "$T/session.log" 0
	lines_in "$T/known" 1
}

@test "bad: a file that others can change: a warning of each session, of --check and of a listener's start" {
	local said='others can change this file, and so decide which keys are trusted'
	need_root
	known_port
	with_known_hosts pgssl.pem
	trusted
	lines_in "$T/session.log" 2
	chmod 666 "$T/known"
	with_known_hosts pgssl.pem -D warning
	trusted
	logged "known hosts $T/known: mode 0666: $said; correct it: chmod 600 $T/known"
	run timeout 20 "$WRAP" --check -c -r "localhost:$fixed" --known-hosts "$T/known"
	[[ $output == *"warning known hosts $T/known: mode 0666: $said"* ]]
	chmod 600 "$T/known"
	chown 65534 "$T/known"
	with_known_hosts pgssl.pem -D warning
	trusted
	logged "known hosts $T/known: owner 65534: $said; correct it: chown 0 $T/known"
	start listener "$WRAP" -f -c -d 127.0.0.1:0 -r "localhost:$fixed" --known-hosts "$T/known" -o "$T/listener.log"
	wait_for 10 grep -q 'listening on' "$T/listener.log"
	[ "$(grep -c "owner 65534: $said" "$T/listener.log")" -eq 1 ]
	stop listener
	chown 0 "$T/known"
	run timeout 20 "$WRAP" --check -c -r "localhost:$fixed" --known-hosts "$T/known"
	[[ $output != *"$said"* ]]
}

@test "a file that somebody keeps locked stops a first use, and not for ever" {
	known_port
	: > "$T/known"
	start lock flock "$T/known" sleep 30
	wait_for 5 locked
	with_known_hosts pgssl.pem
	says exit=69
	within 15
	logged 'cannot be written'
}

@test "bad: a full disk: half a line is taken back, and is not taken for another key later" {
	need_root
	need_namespaces
	tls_server server openssl s_server -accept 127.0.0.1:{port} -cert "$T/pgssl.pem" -key "$T/pgssl.pem" -quiet -rev
	mkdir -p "$T/small"
	cat > "$T/full" <<-'END'
	small=$1
	shift
	mount -t tmpfs -o size=64k,mode=755 none "$small" || exit 99
	# Thirty bytes fit into its last page: the host, and half of its pin.
	head -c 4065 /dev/zero | tr '\0' '#' > "$small/known"
	echo >> "$small/known"
	head -c 100k /dev/zero > "$small/fill" 2> /dev/null
	(echo line; sleep 1) | "$@"
	echo "exit $?, $(stat -c %s "$small/known") bytes"
	rm "$small/fill"
	(echo line; sleep 1) | "$@"
	echo "exit $?, $(wc -l < "$small/known") lines"
	END
	run unshare -m --propagation private sh "$T/full" "$T/small" "$WRAP" -c -r "localhost:$port" \
		--known-hosts "$T/small/known" -o "$T/session.log"
	echo "$output"
	[[ $output == *'exit 69, 4066 bytes'* ]]
	[[ $output == *enil*'exit 0, 2 lines' ]]
	grep -qF "$T/small/known cannot be written" "$T/session.log"
}

@test "bad: a file with a NUL, or in UTF-16, forgets no host; a mark before UTF-8 does not hide the first line" {
	local line
	known_port
	line="localhost:$fixed $(pin_of "$T/pgssl.pem")"
	{ printf 'damaged\0\n'; echo "$line"; } > "$T/known"
	with_known_hosts other.pem
	distrusted internal_error "known hosts $T/known: not a text file of less than 1 MB; correct it, or name another one with --known-hosts"
	echo "$line" | iconv -f ASCII -t UTF-16 > "$T/known"
	with_known_hosts other.pem
	distrusted internal_error "known hosts $T/known: not a text file of less than 1 MB"
	{ printf '\357\273\277'; echo "$line"; } > "$T/known"
	with_known_hosts other.pem
	distrusted bad_certificate "line 1 of $T/known"
	with_known_hosts pgssl.pem
	trusted
}

@test "bad: -v 3 adds no host: one that is not in the file is refused, and the line has what to write" {
	known_port
	with_known_hosts pgssl.pem -v 3
	distrusted bad_certificate "localhost:$fixed is not in $T/known" "-v 3 adds no host" "$(pin_of "$T/pgssl.pem")"
	[ ! -s "$T/known" ]
	echo "localhost:$fixed $(pin_of "$T/pgssl.pem")" > "$T/known"
	with_known_hosts pgssl.pem -v 3
	trusted
	with_known_hosts other.pem -v 3
	distrusted bad_certificate "line 1 of $T/known"
	run timeout 10 "$WRAP" -c -r localhost:1 -v 3 -a "$T" -f < /dev/null
	[ "$status" -eq 64 ]
	grep -qF -e '-v 3: add --pin' <<< "$output"
}

locked() {
	! flock -n "$T/known" true
}

@test "two first uses at once store one line" {
	local n uses=()
	known_port
	tls_server server openssl s_server -accept 127.0.0.1:{port} -cert "$T/pgssl.pem" -key "$T/pgssl.pem" -quiet -rev
	for n in 1 2 3 4 5 6; do
		(echo line; sleep 1) | timeout 20 "$WRAP" -c -r "localhost:$port" --known-hosts "$T/known" \
			-o "$T/race.$n.log" > "$T/race.$n" &
		uses+=($!)
	done
	wait "${uses[@]}"
	for n in 1 2 3 4 5 6; do
		[ "$(cat "$T/race.$n")" = enil ]
	done
	lines_in "$T/known" 1
	[ "$(cat "$T"/race.*.log | grep -c 'first time')" -eq 1 ]
}

@test "a file edited by hand: comments, other hosts, several keys of one host, CRLF, a last line without its end" {
	known_port
	printf '# ours\n\nother:1 sha256//AAAA\nLOCALHOST:%s\t%s  old key\r\nlocalhost:%s %s' "$fixed" \
		"$(pin_of "$T/other.pem")" "$fixed" "$(pin_of "$T/pgssl.pem")" > "$T/known"
	cp "$T/known" "$T/known.before"
	with_known_hosts pgssl.pem
	trusted
	with_known_hosts other.pem
	trusted
	with_known_hosts right.pem
	distrusted bad_certificate 'line 4 of'
	cmp "$T/known" "$T/known.before"
	# A host that is new gets a line of its own.
	fixed=$(free_port)
	with_known_hosts right.pem
	trusted
	[ "$(tail -n 2 "$T/known" | head -n 1)" = "$(tail -n 1 "$T/known.before")" ]
	[ "$(tail -n 1 "$T/known")" = "localhost:$fixed $(pin_of "$T/right.pem")" ]
}

@test "a file that is too large to be read whole trusts nobody" {
	known_port
	head -c 1100000 /dev/zero | tr '\0' '#' > "$T/known"
	with_known_hosts pgssl.pem
	says exit=69 local.received=0 server.received=0
	logged "known hosts $T/known: not a text file of less than 1 MB"
}

# as_nobody_with PEM ARG...: a user with nologin and no home that could be written.
as_nobody_with() {
	new_log session > /dev/null
	# shellcheck disable=SC2034
	report=$(timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent \
		/usr/bin/python3 "$T/bin/client.py" --port "$fixed" --pem "$T/served.pem" --local 'send:10 recv-all' \
		--server "$SERVER_PLAYS" -- "$WRAP" -c -o "$T/session.log" -r localhost:{server} "$@")
	echo "$report"
}

nobody_can_serve() {
	need_root
	known_port
	cp "$ROOT/tests/lib/client.py" "$ROOT/tests/lib/peer.py" "$T/bin/"
	install -m 600 -o nobody "$T/pgssl.pem" "$T/served.pem"
}

@test "a user without a home is told what to give" {
	nobody_can_serve
	as_nobody_with -P none
	says exit=78 local.received=0 server.connections=0
	logged result=config --known-hosts --pin
}

@test "a user with nologin and no home: --known-hosts FILE and -P none" {
	nobody_can_serve
	install -d -o nobody "$T/theirs"
	as_nobody_with -P none --known-hosts "$T/theirs/known"
	trusted
	grep -q 'first time' "$T/session.log"
	as_nobody_with -P none --known-hosts "$T/theirs/known"
	trusted
	lines_in "$T/theirs/known" 1
}

@test "a file that may only be read serves for the hosts in it, and no other" {
	nobody_can_serve
	echo "localhost:$fixed $(pin_of "$T/pgssl.pem")" > "$T/known"
	chmod 644 "$T/known"
	as_nobody_with --known-hosts "$T/known"
	trusted
	echo "other:1 $(pin_of "$T/pgssl.pem")" > "$T/known"
	as_nobody_with --known-hosts "$T/known"
	says exit=69 local.received=0 server.received=0
	logged 'cannot be written' "--pin $(pin_of "$T/pgssl.pem")"
}

@test "openbsd-inetd: started as nobody, it remembers the host" {
	need_root
	need openbsd-inetd
	need socat
	install -d -o nobody "$T/inetd-known"
	s_server server "$T/pgssl.pem"
	superserver openbsd-inetd -u nobody -- "$WRAP" -c -P none --known-hosts "$T/inetd-known/file" \
		-r "localhost:$port" -o "$(new_log wrap)"
	for n in 1 2; do
		run timeout 20 sh -c '{ echo plain; sleep 1; } | socat -t 5 - "TCP:127.0.0.1:$0"' "$port"
		[ "$output" = nialp ]
	done
	lines_in "$T/inetd-known/file" 1
}

@test "without --known-hosts it is a file below the home, made with its directories" {
	need_root
	s_server server "$T/pgssl.pem"
	install -d -o nobody "$T/home"
	run timeout 20 sh -c '{ echo plain; sleep 1; } | exec setpriv --reuid 65534 --regid 65534 --clear-groups \
		env -u XDG_STATE_HOME HOME="$1" "$2" -c -r "localhost:$3" -o "$4"' sh "$T/home" "$WRAP" "$port" \
		"$(new_log home)"
	[ "$status" -eq 0 ]
	[ "$output" = nialp ]
	[ "$(cat "$T/home/.local/state/inetls/known_hosts")" = "localhost:$port $(pin_of "$T/pgssl.pem")" ]
}

# -- nobody in particular ----------------------------------------------------------------------------------

@test "-v 0 takes anybody, and says so each time at warning level" {
	known_port
	echo "localhost:$fixed $(pin_of "$T/other.pem")" > "$T/known"
	TRUST="-v 0" meets expired.pem -D warning
	trusted
	logged '-v 0' 'anybody'
	TRUST="-v 0 --known-hosts $T/known" meets pgssl.pem
	trusted
	lines_in "$T/known" 1
}

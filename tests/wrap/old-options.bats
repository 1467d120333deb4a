# Every option of stunnel 3.15 to 3.22: it works as it did, or is accepted without effect and named, or is refused
# with what to write instead; and PEMs as stunnel's `make cert` made them.

# lib.bash, session.bash and client.bash set port, output, status and report.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	authority good
	issue good right dba extendedKeyUsage=clientAuth
}

# refused WORD OPTION...: exit 64, and the sentence has the word.
refused() {
	local word=$1
	shift
	run timeout 10 "$WRAP" -p "$T/pgssl.pem" "$@" -f < /dev/null
	echo "$output"
	[ "$status" -eq 64 ]
	grep -qF -e "$word" <<< "$output"
}

# served OPTION...: a session with these options is served like any other.
served() {
	session --peer 'handshake send:10 recv:20 bye recv-all' --backend 'recv:10 send:20 recv-all' -- "$@"
	says exit=0 peer.received=20 backend.received=10
}

# -- refused ---------------------------------------------------------------------------------------------

@test "an option that never was: exit 64, and where help is" {
	refused 'inetls-wrap -h' -r 1 -Z
}

@test "-T: a service on another machine, which would answer the client itself" {
	refused 'the peer itself' -r 192.0.2.7:1 -T
}

@test "-u user: ident" {
	refused ident -r 1 -u nobody
}

@test "-L program: on a terminal of its own, which socat gives it" {
	refused 'socat STDIO EXEC:/bin/cat,pty,raw,echo=0' -L /bin/cat
	need socat
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -f -l "$(command -v socat)" -- \
		socat STDIO EXEC:tty,pty,raw,echo=0
	once "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log client)"
	[[ $output == /dev/pts/* ]]
}

@test "-n of another protocol of stunnel's, of one that begins with TLS, and another name of PostgreSQL: what to write" {
	refused 'ldaps:// (port 636)' -r 1 -n ldap
	refused 'socat ask the proxy' -c -r 1 -n connect
	refused 'SMB 3 encrypts by itself' -r 1 -n cifs
	refused 'SOCKS server' -r 1 -n socks
	refused '--proxy-out v1' -r 1 -n proxy
	refused 'keep stunnel' -r 1 -n capwinctrl
	refused 'leave -n out' -r 1 -n imaps
	refused 'PostgreSQL is -n pgsql' -r 1 -n postgres
	refused 'PostgreSQL is -n pgsql' -r 1 -n PostgreSQL
	refused 'pgsql' -r 1 -n pgsl
}

# in_table WORD TABLE: a row of COMING FROM STUNNEL, or the text around it, has the word.
in_table() {
	grep -qE -e "(^|[^A-Za-z-])$1([^A-Za-z]|\$)" <<< "$2" || { echo "not in the page: $1"; false; }
}

@test "each letter, protocol and option that stunnel has or had is in COMING FROM STUNNEL" {
	local table word words missing=0
	need mandoc
	table=$(mandoc -T ascii -O width=300 "$ROOT/man/inetls-wrap.8" | sed 's/.\x08//g' |
		sed -n '/^COMING FROM STUNNEL/,/^ENVIRONMENT/p')
	words() { sed -n "s/^$1 //p" "$ROOT/tests/lib/stunnel-options.txt"; }
	for word in $(words letters); do in_table "-$word" "$table" || missing=1; done
	for word in $(words protocols) $(words options); do in_table "$word" "$table" || missing=1; done
	[ "$(words options | wc -w)" -gt 90 ]
	[ "$missing" -eq 0 ]
	# It finds what is missing.
	! in_table OCSPrequire "${table//OCSPrequire/}" > /dev/null
}

@test "-n gopher: another protocol" {
	refused 'the protocols are pgsql, smtp' -r 1 -n gopher
}

@test "-C with an OpenSSL cipher list" {
	session --peer handshake -- -C 'ALL:!ADH:+RC4:@STRENGTH'
	says exit=64
	logged 'OpenSSL' 'leave -C out'
}

@test "-C with what this GnuTLS does not know: that is said, and no OpenSSL is blamed" {
	local item GNUTLS
	GNUTLS=$("$WRAP" -V | sed -n '1s/.*GnuTLS \([0-9.]*\).*/\1/p')
	for item in +GROUP-NONE-SUCH +SIGN-NONE-SUCH %NONE_SUCH; do
		session --peer handshake -- -C "NORMAL:$item:+GROUP-X25519"
		says exit=64
		logged "this GnuTLS, $GNUTLS, does not know \\x22$item\\x22; leave it out"
		[ -z "$(grep OpenSSL "$T/session.log")" ]
	done
	session --peer handshake -- -C +GROUP-NONE-SUCH
	logged 'does not know'
}

@test "a line with a stunnel.conf, after a change of the program's name alone: where its options are said" {
	session --peer handshake -- /etc/stunnel/pgssl.conf
	says exit=64
	logged '"/etc/stunnel/pgssl.conf": no argument is expected here, and there is no configuration file' 'COMING FROM STUNNEL in inetls-wrap(8)'
}

@test "-r and -l together, and neither" {
	refused 'these exclude each other' -r 1 -l /bin/cat
	refused 'these exclude each other' -d 127.0.0.1:0 -r 1 -l /bin/cat
	refused -r
}

@test "-s root and -g root" {
	refused root -r 1 -s root
	refused root -r 1 -g root
}

@test "-v 4, -D nonsense, -P without a path, -d and -r that are none" {
	refused '-v "4"' -r 1 -v 4
	refused '-D "loud"' -r 1 -D loud
	refused '-r "a:b:c"' -r a:b:c
	refused '-d "1:2:3"' -r 1 -d 1:2:3
}

@test "a server without -p" {
	run timeout 10 "$WRAP" -r 1 -f < /dev/null
	[ "$status" -eq 64 ]
	grep -q 'make cert' <<< "$output"
}

# -- without effect ----------------------------------------------------------------------------------------

@test "-R -E -B -W -S -t -O: accepted, the session is served, --check names them" {
	served -R /dev/urandom -E /var/run/egd -B 64 -W -S 2 -t 300 -O l:TCP_NODELAY=1
	run timeout 20 "$WRAP" -p "$T/pgssl.pem" -r "$(free_port)" -R x -E x -B 64 -W -S 2 -t 300 -O a:SO_REUSEADDR=1 --check
	grep -qE 'options without effect here: -REBWStO' <<< "$output"
}

@test "-R -t: a listener names them once at its start" {
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r 1 -R x -t 300 -f
	wait_for 5 grep -q 'without effect here: -Rt' "$T/own.log"
}

# -- honoured ----------------------------------------------------------------------------------------------

@test "-h: usage on stdout, exit 0" {
	run timeout 10 "$WRAP" -h < /dev/null
	[ "$status" -eq 0 ]
	grep -q '^usage: inetls-wrap' <<< "$output"
}

@test "-V names what is inside, and with --check warns of each library that is newer here or was built anew" {
	need_root
	need_namespaces
	local library changed name
	run "$WRAP" -V
	# A shared build has none of its own to be warned of.
	[[ $output == *"(static)"* ]] || return 0
	[ "${#lines[@]}" -eq 2 ]
	for name in gnutls hogweed nettle gmp tasn1 idn2 unistring c; do
		grep -qiE "^inside: .*\\b(lib)?$name( [0-9.]+)?(,|\$)" <<< "$output"
		library=$(readlink -f "$(cc -print-file-name="lib$name.so")")
		[ "$name" != c ] || library=$(readlink -f "$(cc -print-file-name=libc.so.6)")
		/usr/bin/python3 - "$library" "$T/anew.so" <<-'END'
		import sys
		data = bytearray(open(sys.argv[1], "rb").read())
		data[data.index(b"\x03\0\0\0GNU\0") + 8] ^= 1
		open(sys.argv[2], "wb").write(data)
		END
		changed=$(unshare -m --propagation private sh -c 'mount --bind "$1" "$2"; "$3" -V; "$3" --check -l /bin/cat -p none' \
			sh "$T/anew.so" "$library" "$WRAP" || :)
		[ "$(grep -icE "^warning (lib)?$name: .* has been rebuilt since" <<< "$changed")" -eq 2 ]
		[ "$(grep -c "^warning .* has been rebuilt since" <<< "$changed")" -eq 2 ]
	done
	library=$(readlink -f "$(cc -print-file-name=libgnutls.so)")
	sed 's/Enabled GnuTLS [0-9.]* /Enabled GnuTLS 3.99.9 /' "$library" > "$T/newer.so"
	changed=$(unshare -m --propagation private sh -c 'mount --bind "$1" "$2"; "$3" -V' sh "$T/newer.so" "$library" "$WRAP")
	[[ $changed == *$'\n'"warning GnuTLS: "*" is linked in, and 3.99.9 is installed; build and install inetls again" ]]
}

@test "-V: version, exit 0" {
	run timeout 10 "$WRAP" -V < /dev/null
	[ "$status" -eq 0 ]
	grep -qE '^inetls-wrap [0-9.]+, GnuTLS ' <<< "$output"
}

@test "-D: a number, a name, with and without a facility; 7 says more, 3 says less" {
	served -D 7
	grep -q 'begin peer=' "$T/session.log"
	served -D daemon.debug
	served -D local3.6
	grep -q 'begin peer=' "$T/session.log"
	served -D notice
	if grep -q 'begin peer=' "$T/session.log"; then
		return 1
	fi
	served -D 3
	lines_in "$T/session.log" 0
}

@test "-N: the name in the log" {
	served -N pgssl
	grep -q ' pgssl\[' "$T/session.log"
}

@test "without -N the name is -r's argument with dots" {
	served
	grep -qE ' 127\.0\.0\.1\.[0-9]+\[' "$T/session.log"
}

@test "-I: the source address of the backend's connection" {
	served -I 127.0.0.77
	logged source=127.0.0.77:
}

@test "-s and -g: in inetd mode too" {
	need_root
	served -s nobody -g nogroup
}

@test "-v -A: who may come" {
	session --peer 'handshake recv-tls' -- -v 2 -A "$T/good.crt"
	says exit=0 backend.connections=0
	logged 'one is required (-v)'
}

@test "-o: a file; -P in inetd mode: accepted" {
	served -P/tmp/ -o "$T/session.log"
	served -P none
}

@test "-f: in the foreground, and the log on stderr" {
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r 1 -f
	alive "$pid"
	wait_for 5 grep -q "listening on 127.0.0.1:$port" "$T/own.log"
}

@test "-l program -- argv0 arg" {
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -f -l /bin/echo -- echo said
	once "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log client)"
	[ "$output" = said ]
}

@test "-r with a service's name as the port" {
	getent services postgresql > /dev/null || skip "no /etc/services"
	run timeout 10 "$WRAP" -p "$T/pgssl.pem" -r 127.0.0.77:postgresql --check
	grep -q '127.0.0.77:5432' <<< "$output"
}

# -- PEMs --------------------------------------------------------------------------------------------------

# old_pem BITS: as stunnel's make cert wrote it: no SAN, an RSA key in its own format, DH parameters, blank lines.
old_pem() {
	openssl req -x509 -newkey "rsa:$1" -nodes -keyout "$T/old.key" -out "$T/old.crt" -days 365 \
		-subj '/C=PL/ST=Some-State/O=Stunnel Developers Ltd/CN=localhost' 2> /dev/null
	{
		openssl rsa -in "$T/old.key" -traditional 2> /dev/null
		echo
		cat "$T/old.crt"
		echo
		openssl dhparam 512 2> /dev/null
		echo
	} > "$T/old.pem"
	chmod 600 "$T/old.pem"
	grep -q 'BEGIN RSA PRIVATE KEY' "$T/old.pem"
	grep -q 'BEGIN DH PARAMETERS' "$T/old.pem"
}

@test "a PEM of stunnel's make cert with an RSA key of 2048 bits serves as it is" {
	old_pem 2048
	served -p "$T/old.pem"
	run timeout 10 "$WRAP" -p "$T/old.pem" -r "$(free_port)" --check
	grep -q 'ok .*key and certificate match' <<< "$output"
	# Our own client takes it by its name, which is in the subject alone, and by its pin.
	tls_server own "$WRAP" -p "$T/old.pem" -d 127.0.0.1:{port} -f -l /bin/echo -- echo said
	once "$WRAP" -c -r "localhost:$port" --pin "$(pin_of "$T/old.pem")" -o "$(new_log client)"
	[ "$output" = said ]
}

@test "with 1024 bits it is refused in every mode, and the sentence says how to make a new one" {
	old_pem 1024
	session --peer handshake -- -p "$T/old.pem"
	says exit=78 backend.connections=0
	logged 'RSA key has 1024 bits' "inetls-certgen --force $T/old.pem"
	run timeout 10 "$WRAP" -p "$T/old.pem" -r "$(free_port)" --check
	[ "$status" -ne 0 ]
	grep -q 'error .*RSA key has 1024 bits' <<< "$output"
	run timeout 10 "$WRAP" -p "$T/old.pem" -d 127.0.0.1:0 -r 1 -f < /dev/null
	[ "$status" -eq 78 ]
	grep -q 'RSA key has 1024 bits' <<< "$output"
	# And that does make one.
	"$CERTGEN" --batch --force "$T/old.pem" localhost < /dev/null
	served -p "$T/old.pem"
}

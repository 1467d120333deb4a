# What -n smtp, pop3, imap and nntp say before TLS, by raw lines, as a server and as a client: tests/lib/lines.py plays
# the other ends.  Then clients of other projects; tests/long/lines.bats has real servers.

load ../lib/lib

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	export PEM=$T/pgssl.pem CRT=$T/pgssl.crt
}

# each CASE: runs it for the four protocols.
each() {
	local protocol
	for protocol in smtp pop3 imap nntp; do
		echo "-- $protocol"
		timeout 60 /usr/bin/python3 "$ROOT/tests/lib/lines.py" "$1" "$protocol"
	done
}

@test "bad: bytes stuffed behind STARTTLS are refused, logged, and not answered" {
	each stuffed
}

@test "bad: plain text after the go-ahead is never taken for anything but broken TLS" {
	each later
}

@test "bad: a line longer than the protocol's limit is told so and ends the session" {
	each long_line
}

@test "bad: a hundred lines without a request for TLS end the session" {
	each many_lines
}

@test "bad: silence, or a byte now and then, is told so and gone after one deadline" {
	each slow
}

@test "bad: TLS from the first byte and lines with a NUL are closed and logged" {
	each no_text
}

@test "bad: a signal before TLS ends the session at once" {
	each stopped
}

@test "what may be asked before TLS is answered, the rest refused in the protocol's words, and TLS follows" {
	each answers
}

@test "a line in pieces, and lines in one piece, are the same" {
	each pieces
}

@test "a client that leaves without TLS gets its farewell, and costs the service nothing" {
	each leaves
}

@test "no password of a client that did not ask for TLS is in the log" {
	each no_secrets
}

@test "bad: a service that is down is told inside TLS in the protocol's words" {
	each down
}

@test "bad: a service that greets badly, too long, not at all or too late is as good as down" {
	each bad_service
}

@test "a service's greeting of several lines, or a long one, is not heard by the client" {
	each long_greeting
}

@test "a PROXY header goes to the service before its greeting is read" {
	each proxy_out
}

@test "a program behind -l greets as a service does" {
	each program
}

@test "client: the local program gets the server's greeting and speaks inside TLS" {
	each to_server
}

@test "bad: client: a server that does not come to TLS: the local program is told in the protocol's words" {
	each bad_server
}

@test "bad: client: a server that is not trusted, or not there: the local program is told so too" {
	each untrusted
}

@test "a client and a server of ours: one greeting" {
	each tunnel
}

@test "openssl s_client -starttls and gnutls-cli --starttls-proto: smtp, pop3, imap, nntp" {
	need openssl
	need gnutls-cli
	each clients
}

@test "curl --ssl-reqd: SMTP, POP3 and IMAP" {
	need curl
	each curl
}

@test "--check says how the service greets, what it offers, and whether it trusts too much" {
	each checks
}

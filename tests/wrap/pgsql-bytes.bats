# What -n pgsql answers before TLS, for each kind of request, byte by byte: a request is sent in two parts, cut at
# each position, and the second part only after the wrapper has read the first (tests/lib/pgsql-bytes.py).

load ../lib/lib

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	export PEM=$T/pgssl.pem CRT=$T/pgssl.crt
}

bytes() {
	timeout 60 /usr/bin/python3 "$ROOT/tests/lib/pgsql-bytes.py" "$1"
}

@test "bad: bytes stuffed behind an SSLRequest are refused, logged, and not answered" {
	bytes stuffed_after_sslrequest
}

@test "bad: bytes stuffed behind a GSSENCRequest are refused, logged, and not answered" {
	bytes stuffed_after_gssencrequest
}

@test "bad: bytes stuffed behind an SSLRequest that follows a GSSENCRequest are refused and logged" {
	bytes stuffed_after_gssencrequest_then_sslrequest
}

@test "bad: plain text after the S is never taken for anything but broken TLS" {
	bytes plain_text_after_the_answer
}

@test "bad: a second GSSENCRequest is closed and logged" {
	bytes second_gssencrequest
}

@test "bad: a plain StartupMessage of any length and version gets FATAL 28000 with message and hint" {
	bytes plain_startup
}

@test "bad: a plain StartupMessage after a GSSENCRequest gets it too" {
	bytes plain_startup_after_gssencrequest
}

@test "bad: the answer survives a client that does not wait for it" {
	bytes plain_startup_with_more_behind_it
}

@test "bad: anything else, an oversized or undersized request too, is closed without a byte and logged" {
	bytes anything_else
}

@test "bad: a peer that closes in the middle of a request costs the service nothing" {
	bytes closes_before_the_end
}

@test "bad: a peer that resets in the middle of a request costs the service nothing" {
	bytes resets_before_the_end
}

@test "bad: a peer that stays silent, or says a byte now and then, is gone after one deadline" {
	bytes stays_silent
}

@test "bad: direct TLS without our ALPN gets the alert no_application_protocol and a log line" {
	bytes direct_without_our_alpn
}

@test "bad: what stands behind a CancelRequest is not passed on" {
	bytes cancel_with_more_behind_it
}

@test "bad: whatever the service says to a CancelRequest, nothing comes back" {
	bytes cancel_gets_no_answer
}

@test "bad: a service that does not end a CancelRequest's connection holds it for --connect-timeout" {
	bytes cancel_of_a_service_that_does_not_end
}

@test "bad: a CancelRequest without a service is closed without a byte, exit code 69" {
	bytes cancel_without_a_service
}

@test "bad: without a service a StartupMessage inside TLS gets FATAL 57P03 and close_notify" {
	bytes unavailable
}

@test "bad: without a service anything else inside TLS gets an alert and no answer" {
	bytes unavailable_for_a_cancelrequest
}

@test "bad: without a service a peer that says nothing inside TLS gets an alert after --connect-timeout" {
	bytes unavailable_for_a_silent_peer
}

@test "bad: without a service a peer that leaves without a word is one line in the log, exit code 69" {
	bytes unavailable_for_a_peer_that_leaves
}

@test "a CancelRequest with a key of 4, 32 or 256 bytes is passed on exactly" {
	bytes cancel_is_forwarded
}

@test "a CancelRequest after a GSSENCRequest is passed on exactly" {
	bytes cancel_after_gssencrequest
}

@test "an SSLRequest is answered S; ALPN is optional and returned" {
	bytes sslrequest
}

@test "a GSSENCRequest is answered N, and an SSLRequest may follow" {
	bytes gssencrequest_then_sslrequest
}

@test "direct TLS with ALPN postgresql gets it back" {
	bytes direct
}

@test "direct TLS may follow a GSSENCRequest" {
	bytes direct_after_gssencrequest
}

@test "direct TLS that offers several protocols gets postgresql" {
	bytes direct_with_several_protocols
}

@test "-n pgsql costs at most three system calls before the handshake, and no wait" {
	need_strace
	need_no_sanitizer "it maps memory whenever it likes"
	run env BUILD="$BUILD" timeout 60 "$ROOT/bench/pgsql-syscalls"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"before the handshake: +"* ]]
}

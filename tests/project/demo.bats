# make demo: what it shows is true, and it leaves nothing behind, however it ends.

# $output is what bats gives, $pid what start sets; perl has dollars of its own.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/demo

@test "bad-demo: Ctrl-C while PostgreSQL starts leaves nothing" {
	interrupted_at "-- a certificate"
}

@test "bad-demo: Ctrl-C during the session leaves nothing" {
	interrupted_at "-- stock psql"
}

@test "bad-demo: a certificate tool that fails ends it with what the tool said, and nothing is left" {
	mkdir "$T/broken"
	printf '#!/bin/sh\necho no certificate today\nexit 70\n' > "$T/broken/inetls-certgen"
	cp "$WRAP" "$T/broken/inetls-wrap"
	# A make that builds nothing, so that the broken one stays.
	mkdir "$T/path"
	printf '#!/bin/sh\n' > "$T/path/make"
	cp "$T/path/make" "$T/path/gmake"
	chmod +x "$T/broken/inetls-certgen" "$T/path/make" "$T/path/gmake"
	BUILD=$T/broken PATH=$T/path:$PATH run "$ROOT/tests/demo"
	[ "$status" -eq 1 ]
	[[ $output == *"no certificate today"* ]]
	left_nothing
}

@test "demo: psql gets its answer through inetd, the nonce is nowhere in clear, and nothing is left" {
	need openbsd-inetd
	run "$ROOT/tests/demo"
	echo "$output"
	[ "$status" -eq 0 ]
	grep -qP '^127\.0\.0\.1:\d+\tstream\ttcp\tnowait\.6000\t' <<< "$output"
	# Every file that the wrapper writes is in the directory that goes away.
	grep -qE " --tickets $TMPDIR/[^ ]+ -p $TMPDIR/[^ ]+ .* -o $TMPDIR/" <<< "$output"
	grep -q 'PostgreSQL [0-9.]* .* on ' <<< "$output"
	grep -qE '^SSL connection \(protocol: TLSv1.3|^ *SSL Protocol *\| *TLSv1.3' <<< "$output" # a table since psql 18
	grep -qE '^TLS 1\.3, [A-Z0-9-]+; [0-9]+ bytes from psql, [0-9]+ bytes to it$' <<< "$output"
	grep -qE '^through the wrapper: .* in clear: 0 times$' <<< "$output"
	grep -qE '^without the wrapper: .* in clear: [1-9][0-9]* times$' <<< "$output"
	grep -q '^ERROR:  canceling statement due to user request$' <<< "$output"
	grep -q 'FATAL:  TLS is required on this port$' <<< "$output"
	grep -q '^DETAIL:  connect 127.0.0.1:[0-9]*: Connection refused; ' <<< "$output"
	left_nothing
}

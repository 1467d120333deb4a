# The documents agree with the source: options, messages, exit codes, files, functions, tests and make targets.

# The backquotes in quotes are Markdown.
# shellcheck disable=SC2016
load ../lib/lib

PAGE=$ROOT/man/inetls-wrap.8
README=$ROOT/README.md
MAP=$ROOT/doc/architecture.md
TROUBLE=$ROOT/doc/troubleshooting.md

# compared WHAT FILE: nothing is missing on either side.
compared() {
	need mandoc
	run /usr/bin/python3 -B "$ROOT/tests/lib/documents.py" "$1" "$2"
	echo "$output"
	[ "$status" -eq 0 ]
}

# found WHAT FILE TEXT: the comparison sees a fault in that file, and names it.
found() {
	need mandoc
	run /usr/bin/python3 -B "$ROOT/tests/lib/documents.py" "$1" "$2"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"$3"* ]]
}

@test "bad: an option that is missing in the page, or that the program does not have, is found" {
	sed '/^\.It Fl f , Fl Fl foreground$/d' "$PAGE" > "$T/page.8"
	found options "$T/page.8" '--foreground is not in the page'
	sed 's/^\.It Fl f , Fl Fl foreground$/&\n.It Fl Fl fast/' "$PAGE" > "$T/page.8"
	found options "$T/page.8" '--fast is in the page and not in the table'
}

@test "bad: a message, a result or an exit code that is missing in the page, or that nothing says, is found" {
	sed '/^\.It "peer offers no TLS version that is allowed here"$/d' "$PAGE" > "$T/page.8"
	found messages "$T/page.8" "'peer offers no TLS version that is allowed here' is not in DIAGNOSTICS"
	sed 's/^\.It "peer offers no TLS version that is allowed here"$/&\n.It "the moon is full"/' "$PAGE" > "$T/page.8"
	found messages "$T/page.8" "'the moon is full' is in DIAGNOSTICS, but nothing says it"
	sed '/^\.It result=reset$/d; s/result=reset//' "$PAGE" > "$T/page.8"
	found words "$T/page.8" 'result=reset is not in DIAGNOSTICS'
	sed 's/^\.It 73$/.It 74/' "$PAGE" > "$T/page.8"
	found codes "$T/page.8" '73 is not in EXIT STATUS'
	found codes "$T/page.8" '74 is in EXIT STATUS, but nothing exits so'
}

@test "bad: a file, a function, a test or a target that a document invents is found" {
	sed 's|session/relay\.c|session/relais.c|' "$MAP" > "$T/map.md"
	found map "$T/map.md" 'wrap/session/relais.c is in the list, but not in the tree'
	found map "$T/map.md" 'wrap/session/relay.c is not in the list'
	sed 's/`step_peer_read()`/`step_peer_sip()`/' "$MAP" > "$T/map.md"
	found functions "$T/map.md" 'step_peer_sip() is nowhere'
	sed 's|`tls_read()` . `wrap/tls/tls.c`|`tls_read()` \| `wrap/tls/trust.c`|' "$MAP" > "$T/map.md"
	found functions "$T/map.md" 'tls_read() is not in wrap/tls/trust.c'
	sed 's/\*the PEM is opened by the keyholder alone\*/*the PEM is a myth*/' "$README" > "$T/README.md"
	found tests "$T/README.md" "has no test 'the PEM is a myth'"
	sed 's/`make systemd`/`make launchd`/' "$README" > "$T/README.md"
	found targets "$T/README.md" 'make launchd: make help does not know it'
}

@test "inetls-wrap.8 has every option of the program, and no other" {
	compared options "$PAGE"
}

# protocols_missing FILE: prints the protocols of -n that the page does not name.
protocols_missing() {
	local name
	for name in $("$WRAP" -h | sed -n 's/^  -n, --protocol \([^ ]*\).*/\1/p'); do
		grep -qE "^\.(Fl n )?Cm ([a-z0-9, ]* )?$name( |\$)" "$1" || echo "$name"
	done
}

@test "no page leaves a quotation open: .Pq Ql WORD , No TEXT puts the text into the quotes" {
	run grep -nE '^\.Pq Ql .* No ' "$ROOT"/man/*.[178]
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "inetls-wrap.8 names every protocol of -n" {
	run protocols_missing "$PAGE"
	echo "$output"
	[ -z "$output" ]
	sed 's/pgsql/pigsql/' "$PAGE" > "$T/page.8"
	[ "$(protocols_missing "$T/page.8")" = pgsql ]
}

@test "inetls-wrap.8 has every sentence that the program can say under DIAGNOSTICS, and no other" {
	compared messages "$PAGE"
}

@test "inetls-wrap.8 has every result= and end= of the log, and no other" {
	compared words "$PAGE"
}

@test "inetls-wrap.8 has every exit code of the source, and no other" {
	compared codes "$PAGE"
}

@test "the list of files is the tree's" {
	compared map "$MAP"
}

@test "each function that the architecture names is there, in the file that it names" {
	compared functions "$MAP"
}

@test "the table of messages has those of the pages that it points to" {
	compared trouble "$TROUBLE"
	sed 's/`peer does not speak TLS; is -n with its protocol missing?`/`peer speaks in tongues`/' "$TROUBLE" > "$T/trouble.md"
	found trouble "$T/trouble.md" "'peer speaks in tongues' is not in the DIAGNOSTICS"
}

@test "each guarantee of the README is shown by a test that there is" {
	compared tests "$README"
}

@test "the README and inetls.7 name only targets and variables that make help has" {
	compared targets "$README"
}

@test "the transcript is of a demo that went well" {
	local transcript
	transcript=$(sed -n '/^```console$/,/^```$/p' "$ROOT/doc/demo.md")
	[[ $transcript == *'SSL connection (protocol: TLSv1.3'* ]]
	[[ $transcript == *'result=ok '* ]]
	[[ $transcript == *'in clear: 0 times'* ]]
	[[ $transcript == *'everything is taken down again'* ]]
}

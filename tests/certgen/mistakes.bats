# What inetls-certgen says after a plausible mistake: what is wrong, and the command to type instead.

# $status, $output and $stderr are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
	(cd "$T" && certgen client --quiet --ca ca bob && certgen client --quiet --ca ca ada &&
		certgen server --quiet --ca ca server.pem db.example.org)
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

# said STATUS TEXT... -- ARG...: with these arguments it ends so, its first line has each text, and nothing is written.
said() {
	local code=$1 texts=() text
	shift
	while [ "$1" != -- ]; do
		texts+=("$1")
		shift
	done
	run --separate-stderr certgen "${@:2}"
	echo "${*:2}: $status $stderr"
	[ "$status" -eq "$code" ]
	for text in "${texts[@]}"; do
		[[ ${stderr%%$'\n'*} == *"$text"* ]]
	done
	nothing_here
}

@test "bad-subcommand: a mistyped one is named whatever stands behind it, with the one that was meant" {
	said 64 "'sevrer' is neither a subcommand nor a file" "inetls-certgen server" -- sevrer --ca "$T/ca" x.pem db.example.org
	[[ $stderr == *"inetls-certgen revoke --ca DIR"* ]]
	said 64 "'clint' is neither a subcommand nor a file" "inetls-certgen client" -- clint --ca "$T/ca" bob
	said 64 "'chek' is neither a subcommand nor a file" "inetls-certgen check" -- chek --warn 3 x.pem
	said 64 "'revok' is neither a subcommand nor a file" "inetls-certgen revoke" -- revok --ca "$T/ca" 0A
	said 64 "'frobnicate' is neither a subcommand nor a file" -- frobnicate x.pem
	[[ ${stderr%%$'\n'*} != *"did you mean"* ]]
}

@test "bad: a file that is empty, or that was cut off before its first block" {
	local command
	: > "$T/empty.pem"
	echo '# Private key and certificate by inetls-cer' > "$T/cut.pem"
	chmod 600 "$T/empty.pem" "$T/cut.pem"
	for command in show renew; do
		said 65 "$T/empty.pem: is empty; was the disk full?" -- "$command" "$T/empty.pem"
		said 65 "$T/cut.pem: holds no key and no certificate" "was it cut off?" -- "$command" "$T/cut.pem"
	done
}

@test "bad-subcommand: one that does not stand first, and options that belong to one" {
	said 64 "'server' comes first" "inetls-certgen server " -- --batch server x.pem
	said 64 "--ca is not an option of this command" "server, client, sign, renew, revoke and crl" "comes first" -- --ca "$T/ca" server x.pem
	said 64 "--p12 is not an option of this command" "of client" -- server --ca "$T/ca" --p12 a.p12 x.pem
	said 64 "--force is not an option of this command" "but of" "server" -- renew --force x.pem
	said 64 "--forse is not an option of this command" "did you mean --force?" -- --forse x.pem
	said 64 "--pasword-file is not an option of this command" "did you mean --password-file?" -- ca --pasword-file f d example.org
	said 64 "--force takes no value" -- --force=yes x.pem
	said 64 "--password-file" "in full" -- ca --password secret d example.org
}

@test "bad-words: a comma between names, and names in one word" {
	said 64 "db.example.org,db.example.net" "db.example.org db.example.net" blank -- x.pem db.example.org,db.example.net
	said 64 "separate the names by blanks, not commas: a.example b.example" -- x.pem "a.example b.example"
	said 64 "separate the names by blanks, not commas: a.example" -- x.pem a.example, b.example
	said 64 "separate the names by blanks, not commas: example.org 10.0.0.0/8" -- ca d example.org,10.0.0.0/8
}

@test "bad-words: a file that was forgotten, or has no ending" {
	said 64 "'db.example.org' is not a FILE" "server --ca DIR FILE.pem" -- server --ca "$T/ca" db.example.org
	said 64 "'pgssl' is neither a subcommand nor a file" -- pgssl db.example.org
	said 64 "csr FILE.pem" -- csr db.example.org
}

@test "bad-words: a directory that is not there is named, with the line that makes it" {
	run "$CERTGEN" --batch "$T/none/db.pem" db.example.org
	echo "$output"
	[ "$status" -eq 73 ]
	[ "$output" = "inetls-certgen: open directory $T/none/: No such file or directory; make it first: mkdir -p $T/none/" ]
}

@test "bad-words: what is missing is asked for, and what is too much is named" {
	said 64 "which CA? give --ca DIR" -- client alice
	said 64 "which USER?" -- client --ca "$T/ca"
	said 64 "one USER" "'carol'" -- client --ca "$T/ca" alice carol
	said 64 "which CA? --ca DIR" -- revoke 0A
	said 64 "which one? SERIAL or FILE" -- revoke --ca "$T/ca"
	said 64 "which CA? give --ca DIR" -- sign --batch x.csr
	said 64 "which REQUEST?" -- sign --batch --ca "$T/ca"
	said 64 "which CA? --ca DIR" -- crl
	said 64 "'x'" -- crl --ca "$T/ca" x
}

@test "bad-revoke: a user's name gets the serial and the command, one of hexadecimal letters too" {
	said 66 "'bob' is neither a serial nor a file" "inetls-certgen revoke --ca $T/ca $(serial_of "$T/bob.crt")" -- revoke --ca "$T/ca" bob
	said 66 "'ada' is neither a serial nor a file" "inetls-certgen revoke --ca $T/ca $(serial_of "$T/ada.crt")" -- revoke --ca "$T/ca" ada
	said 66 "revoke --ca $T/ca $(serial_of "$T/server.crt")" -- revoke --ca "$T/ca" db.example.org
	said 66 "'nobody' is neither a serial nor a file" "$T/ca/index" -- revoke --ca "$T/ca" nobody
	said 65 "no certificate with the serial 0A0B" -- revoke --ca "$T/ca" 0A0B
}

@test "bad-existing: of any FILE the mend is --force, and make cert alone speaks of FORCE=1" {
	make_pem "$here/x.pem" localhost
	run batch x.pem
	[ "$status" -eq 73 ]
	[[ $output == *"to replace it: --force"* && $output != *"make cert"* ]]
	run env PEM="$here/x.pem" OWNER=root NAMES=localhost CA='' FORCE='' CERTGEN="$CERTGEN" \
		"$ROOT/activate/certificate" make < /dev/null
	echo "$output"
	[ "$status" -eq 73 ]
	[[ $output == *"make cert FORCE=1"* ]]
}

@test "Write it? is the last question: passphrases come before it, and what a CA may not sign is said before it" {
	need python3
	run typed example.org "" "" "" "" "" "pass phrase" "pass phrase" n -- ca ca
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"passphrase"*"Once more"*"Write it?"*"nothing was written"* ]]
	[ ! -e ca ]
	run typed "" "" "" "" "" secret secret n -- client --ca "$T/ca" --p12 carol.p12 carol
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"password"*"Once more"*"Write it?"*"nothing was written"* ]]
	run typed db.example.net "" "" "" "" "" -- server --ca "$T/ca" x.pem
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"not among what this CA may sign for"* && $output != *"Write it?"* ]]
	secret pw "pass phrase"
	certgen ca --quiet --password-file pw locked example.org
	certgen csr --quiet r.pem db.example.org
	run typed "pass phrase" n -- sign --ca locked r.csr
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"db.example.org"*"Passphrase"*"Sign it?"* ]]
	[ ! -e r.crt ]
}

@test "the days that were asked for are the days that are shown" {
	need python3
	run typed db.example.org "" "" "" "" "" "" -- x.pem
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"[825]"*"(825 days, counted from yesterday)"*"Write it?"*"825 days, 824 left"* ]]
	[[ $("$CERTGEN" show x.pem) == *"825 days, 824 left"* ]]
	run typed db.example.org "" "" "" "" 90 "" -- y.pem
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"(90 days)"*"Write it?"*", 90 days left"* ]]
	[[ $("$CERTGEN" check y.pem) == *"in 90 days"* ]]
	[[ $(timeout 20 "$WRAP" --check -p y.pem -r 127.0.0.1:1 < /dev/null) == *"certificate: 90 days left"* ]]
}

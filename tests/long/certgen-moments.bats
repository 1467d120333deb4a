# inetls-certgen is killed at random moments.

# $status and $output are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

# at_moments NAME...: 200 moments of each of these subcommands, in a directory of their own.
at_moments() {
	mkdir "$T/$1"
	cd "$T/$1" || return
	COMMANDS=$* timeout 1700 "$ROOT/tests/lib/certgen-kill.py" "$CERTGEN" "$T/ca" moments 200 3>&-
}

@test "bad-kill: at 200 random moments of each subcommand that writes, there is the old or the new" {
	# Two at a time: much of it is waiting for the disk.
	at_moments self force ca server client pk8 libpq > "$T/some.log" 2>&1 &
	local some=$!
	run at_moments csr sign renew renew-issued revoke crl p12
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"moments: 1400 in 7 subcommands" ]]
	wait "$some"
	tail -n 1 "$T/some.log" | grep 'moments: 1400 in 7 subcommands'
}

@test "bad-kill: killed at any moment, there is a whole pair, a .crt alone, or nothing" {
	local i pid
	for i in $(seq 0 19); do
		rm -f x.pem x.crt
		"$CERTGEN" --batch --quiet x.pem a.example < /dev/null 3>&- &
		pid=$!
		sleep "0.00$((i / 2))$((i % 2 * 5))"
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		[ ! -e x.pem ] || a_pair x
		# What a temporary file held is nobody's to read.
		[ -z "$(find . -name '.x.pem*' -perm /077)" ]
	done
}

@test "bad-kill: whatever is killed when, no certificate is outside of the record, and the CA goes on" {
	make_ca ca
	local i pid
	for i in $(seq 0 19); do
		"$CERTGEN" server --quiet --ca ca "s$i.pem" db.example.org < /dev/null 3>&- 2>/dev/null &
		pid=$!
		sleep "0.00$((i / 2))$((i % 2 * 5))"
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		[ -z "$(find . -name '.s*' -perm /077 ! -name '*.crt.*')" ]
	done
	certgen server --quiet --ca ca last.pem db.example.org
	recorded ca ./*.crt
}

# inetls-certgen killed at random moments.

# $status, $output, $here and $commands are bats's and the loaded file's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib
load ../ca
load certgen-kill

setup_file() {
	lib_begin
	make_ca "$T/ca"
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
	keep_beginning
}

@test "bad-kill: at 200 random moments of each subcommand that writes, or as many as seven minutes have" {
	local name i pid moments=0
	SECONDS=0
	for i in $(seq 200); do
		[ "$SECONDS" -lt 420 ] || break
		for name in $commands; do
			prepare
			# shellcheck disable=SC2046 # words
			(cd work && exec "$CERTGEN" $(words_of "$name") < /dev/null > ../said 2>&1) 3>&- &
			pid=$!
			# Most of them are over within these 200 ms, and the first 20 are where most of the writing is.
			sleep "0.$(printf %03d $((i % 2 ? RANDOM % 20 : RANDOM % 200)))"
			kill -KILL "$pid" 2>/dev/null || :
			wait "$pid" 2>/dev/null || :
			whole || { echo "$name, moment $i"; ls -laR work; return 1; }
			moments=$((moments + 1))
		done
	done
	echo "# $moments moments" >&3
	[ "$moments" -gt 100 ]
}

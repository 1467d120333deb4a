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

@test "bad-kill: at 200 random moments of each subcommand that writes" {
	local name i pid
	for name in $commands; do
		for i in $(seq "${KILLS:-200}"); do
			prepare
			# shellcheck disable=SC2046
			(cd work && exec "$CERTGEN" $(words_of "$name") < /dev/null > ../said 2>&1) 3>&- &
			pid=$!
			sleep "0.0$(printf %03d $((RANDOM % 200)))"
			kill -KILL "$pid" 2>/dev/null || :
			wait "$pid" 2>/dev/null || :
			whole || { echo "$name, moment $i"; ls -laR work; return 1; }
		done
	done
}

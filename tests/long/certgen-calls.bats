# inetls-certgen killed at each system call that changes a file.

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

@test "bad-kill: at each system call that changes a file, of each subcommand, there is the old or the new" {
	need strace
	local name call n status points=0
	for name in $commands; do
		points "$name" > "points.$name"
		while read -r call n; do
			prepare
			status=0
			traced -e trace="$call" -e inject="$call:signal=KILL:when=$n" "$name" || status=$?
			[ "$status" -eq 137 ] || { echo "$name $call $n: $status"; cat said; return 1; }
			points=$((points + 1))
			whole || { echo "$name, killed at $call $n"; ls -laR work; return 1; }
		done < "points.$name"
	done
	echo "# $points points" >&3
	[ -n "${COMMANDS:-}" ] || [ "$points" -gt 150 ]
}

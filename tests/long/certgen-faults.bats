# inetls-certgen where each system call that changes a file fails for want of space.

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

@test "bad-fault: where any of these calls fails for want of space, nothing is half written and nothing is lost" {
	need strace
	local name call n status points=0
	for name in $commands; do
		points "$name" | grep -E '^(write|fsync|linkat|renameat|rename|mkdir|fchmod) ' > "points.$name"
		while read -r call n; do
			prepare
			status=0
			traced -e trace="$call" -e inject="$call:error=ENOSPC:when=$n" "$name" || status=$?
			points=$((points + 1))
			whole || { echo "$name, $call $n failed: $status"; cat said; ls -laR work; return 1; }
			# No temporary file is left behind by a failure.
			[ -z "$(find work -name '.*.[0-9a-f]*')" ] || { echo "$name, $call $n"; ls -laR work; return 1; }
		done < "points.$name"
	done
	echo "# $points points" >&3
	[ -n "${COMMANDS:-}" ] || [ "$points" -gt 60 ]
}

# inetls-certgen is killed at each system call that changes a file.

# $status and $output are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
}

@test "bad-kill: at each system call that changes a file, of each subcommand, there is the old or the new" {
	need_strace
	mkdir "$T/calls"
	cd "$T/calls" || return
	run timeout 500 "$ROOT/tests/lib/certgen-kill.py" "$CERTGEN" "$T/ca" calls
	echo "$output"
	[ "$status" -eq 0 ]
	[ -n "${COMMANDS:-}" ] || [ "$(sed -n 's/^calls: \([0-9]*\) in .*/\1/p' <<< "$output")" -gt 150 ]
}

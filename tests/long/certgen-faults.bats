# Each system call of inetls-certgen that changes a file fails because the disk is full.

# $status and $output are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
}

@test "bad-fault: where any of these calls fails for want of space, nothing is half written and nothing is lost" {
	need_strace
	mkdir "$T/faults"
	cd "$T/faults" || return
	run timeout 500 "$ROOT/tests/lib/certgen-kill.py" "$CERTGEN" "$T/ca" faults
	echo "$output"
	[ "$status" -eq 0 ]
	[ -n "${COMMANDS:-}" ] || [ "$(sed -n 's/^faults: \([0-9]*\) in .*/\1/p' <<< "$output")" -gt 60 ]
}

# `make coverage` reports a line that no test runs, and a list of reasons that is not true.

# bats gives output and status.
# shellcheck disable=SC2154

load ../lib/lib

# measured [NAME=VALUE...]: the coverage of one unit test, in $output.
measured() {
	need llvm-cov
	run env "$@" COVERAGE_TESTS=build-coverage/unit/certgen_request_text timeout 500 "$ROOT/tests/coverage"
	echo "$output"
}

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

@test "bad-coverage: a file under 90 % without a reason, one with a reason that it does not need, and one that is gone" {
	printf 'certgen/request/text.c\tit is here by mistake\nwrap/gone.c\tit was here once\n' > "$T/known"
	measured COVERAGE_KNOWN="$T/known"
	[ "$status" -eq 1 ]
	[[ $output == *$'\nfailed: certgen/ca/crl.c: under 90 %'* ]]
	[[ $output == *$'\nfailed: certgen/request/text.c: has 90 %, and is still in '* ]]
	[[ $output == *$'\nfailed: wrap/gone.c: is in '*", and not in the tree"* ]]
}

@test "coverage: lines that ran and those that did not, by file" {
	measured
	[[ $output == *$'\n'"certgen/request/text.c "*" 100.0 % "* ]]
	grep -qE '^certgen/ca/crl.c +0 of +[0-9]+ +0.0 % ' <<< "$output"
	tail -n 1 <<< "$output" | grep -qE '^[0-9]+ of [0-9]+ lines, [0-9.]+ %$'
}

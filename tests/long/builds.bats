# `make check-builds` reports a failure in any of its builds.

# bats gives output and status.
# shellcheck disable=SC2154

load ../lib/lib

# suite VERDICT: a file of tests with that one.
suite() {
	# bats would take it for a test of this file.
	printf '%s "one" {\n%s\n}\n' '@'test "$1" > "$T/one.bats"
}

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

@test "bad-builds: one that there is not is named, and those that there are" {
	run env BUILDS="shared dynamic" "$ROOT/tests/builds"
	[ "$status" -eq 64 ]
	[[ $output == "BUILDS: there is no dynamic; there are sanitizers shared "* ]]
}

@test "builds: each in its directory, a line for each, and one that fails decides" {
	suite '"$ROOT/$BUILD/inetls-wrap" -V | grep "(static)"'
	run env ROOT="$ROOT" BUILDS="shared static" timeout 500 "$ROOT/tests/builds" "$T/one.bats"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(tail -n 2 <<< "$output")" = $'shared: 0 passed, 1 failed\nstatic: 1 passed, 0 failed' ]
}

# The slow tests of tests/project/demo.bats.

# $output is what bats gives, $pid what start sets; perl has dollars of its own.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/demo

@test "demo: without openbsd-inetd the wrapper listens itself, and the demo says so" {
	# An empty directory passes for an unpacked package, so that it is not fetched.
	mkdir -p "$T/none/openbsd-inetd"
	SUPERSERVERS=$T/none run "$ROOT/tests/demo"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"openbsd-inetd cannot be had here"* ]]
	grep -qE '^through the wrapper: .* in clear: 0 times$' <<< "$output"
	left_nothing
}

# make distcheck: the archive alone is enough.

bats_require_minimum_version 1.5.0
load ../lib

@test "distcheck: the archive unpacked builds, installs, passes a fast part of the tests, and makes itself again" {
	run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u TAP_DIR timeout 1200 make -s -C "$ROOT" BUILD="$T/build" distcheck
	tail -n 30 <<< "$output"
	[ "$status" -eq 0 ]
	[[ $output == *", 0 failed"* ]]
	[[ $output == *"comes out the same, bit for bit"* ]]
}

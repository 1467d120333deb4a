# make distcheck: the archive contains everything that is needed.

bats_require_minimum_version 1.5.0
load ../lib/lib

@test "distcheck: the archive unpacked builds, installs, passes a fast part of the tests, and makes itself again" {
	# What bats exports is not for the bats in it, nor is the directory that it has put before PATH.
	run env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="${HOME:-/}" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C.UTF-8 timeout 1200 make -s -C "$ROOT" BUILD="$T/build" distcheck
	tail -n 30 <<< "$output"
	[ "$status" -eq 0 ]
	[[ $output == *", 0 failed"* ]]
	[[ $output == *"comes out the same, bit for bit"* ]]
}

# A short `make fuzz`: what a fuzzer finds fails the test, and is kept below the build directory.

load ../lib/lib

@test "the fuzzers find nothing in FUZZ_SECONDS each" {
	need clang
	run timeout 900 make -C "$ROOT" BUILD="$BUILD" FUZZ_SECONDS="${FUZZ_SECONDS:-60}" fuzz
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
	[ "$(grep -c 'stat::number_of_executed_units' <<< "$output")" -eq "$(find "$ROOT/tests/fuzz" -name '*.c' | wc -l)" ]
}

# In a sanitizer's build, what it finds in any process fails the test run.

# bats gives output and status.
# shellcheck disable=SC2154

load ../lib/lib

setup_file() {
	lib_begin
	cat > "$T/fault.c" <<-'END'
	#include <limits.h>
	#include <stdlib.h>
	#include <sys/resource.h>
	#include <unistd.h>

	int
	main(int argc, char **argv)
	{
		struct rlimit none = { 0, 0 };
		char *volatile p = malloc(4);
		volatile int most = INT_MAX;

		(void)argv;
		(void)!chdir("/"), (void)!chroot("/proc/self/fdinfo");
		(void)setrlimit(RLIMIT_FSIZE, &none);
		if (argc == 1)
			p[4] = 1;
		else
			most += argc;
		_exit(0);
	}
	END
	cc -std=c11 -D_GNU_SOURCE -DREPORTS="\"$T/reports\"" -fsanitize=address,undefined -fno-sanitize-recover=all \
		-fPIE -pie -o "$T/fault" "$T/fault.c" "$ROOT/tests/lib/reports.c"
}

setup() {
	lib_before
	rm -f "$T/reports"
	truncate -s 100000 "$T/reports"
}

kept() {
	[ "$(tail -c +9 "$T/reports" | tr -d '\0' | grep -c "$1")" -eq "$2" ]
}

@test "a report is kept behind closed descriptors, limits and another root" {
	"$T/fault" <&- >&- 2>&- || :
	kept '^SUMMARY: AddressSanitizer: heap-buffer-overflow ' 1
	"$T/fault" more <&- >&- 2>&- || :
	kept '^SUMMARY: UndefinedBehaviorSanitizer: .*Signed integer overflow: 2 + 2147483647 ' 1
}

@test "reports that do not fit, and a file that is not there, do no harm" {
	truncate -s 20 "$T/reports"
	run "$T/fault"
	[[ $output == *"heap-buffer-overflow"* ]]
	[ "$(stat -c %s "$T/reports")" -eq 20 ]
	rm "$T/reports"
	run "$T/fault"
	[[ $output == *"heap-buffer-overflow"* ]]
	[ ! -e "$T/reports" ]
}

@test "tests/run counts each as a failed test" {
	mkdir -p "$T/build/tests/lib"
	: > "$T/build/tests/lib/reports.o"
	# bats would take it for a test of this file.
	printf '%s "nothing that a test can see" {\n"%s" 2> /dev/null || :\n}\n' '@'test "$T/fault" > "$T/one.bats"
	cc -std=c11 -D_GNU_SOURCE -DREPORTS="\"$T/build/reports\"" -fsanitize=address -fPIE -pie -o "$T/fault" "$T/fault.c" \
		"$ROOT/tests/lib/reports.c"
	run env BUILD="$T/build" MAKE=true "$ROOT/tests/run" check "$T/one.bats"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"failed: SUMMARY: AddressSanitizer: heap-buffer-overflow "* ]]
	[[ $output == *"1 passed, 1 failed" ]]
}

# inetls-certgen killed at each system call that changes a file, and each of these failing.

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

@test "bad-kill: at each system call that changes a file, of each subcommand, there is the old or the new" {
	need strace
	local name call n status points=0
	local calls="openat write fsync fchmod fchown linkat renameat renameat2 rename unlink unlinkat mkdir chmod flock"
	for name in $commands; do
		for call in $calls; do
			for n in $(seq 40); do
				prepare
				status=0
				# shellcheck disable=SC2046 # words
				(cd work && timeout 60 strace -f -o /dev/null -e trace="$call" \
					-e inject="$call:signal=KILL:when=$n" "$CERTGEN" $(words_of "$name") \
					< /dev/null > ../said 2>&1) || status=$?
				[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || { echo "$name $call $n: $status"; cat said; return 1; }
				[ "$status" -eq 137 ] || break
				points=$((points + 1))
				whole || { echo "$name, killed at $call $n"; ls -laR work; return 1; }
			done
		done
	done
	echo "# $points points" >&3
	[ "$points" -gt 150 ]
}

@test "bad-fault: where any of these calls fails for want of space, nothing is half written and nothing is lost" {
	need strace
	local name call n status points=0
	for name in $commands; do
		for call in write fsync linkat renameat rename mkdir fchmod; do
			for n in $(seq 20); do
				prepare
				status=0
				# shellcheck disable=SC2046
				(cd work && timeout 60 strace -f -o ../trace -e trace="$call" -e inject="$call:error=ENOSPC:when=$n" \
					"$CERTGEN" $(words_of "$name") < /dev/null > ../said 2>&1) || status=$?
				grep -q INJECTED trace || break
				points=$((points + 1))
				whole || { echo "$name, $call $n failed: $status"; cat said; ls -laR work; return 1; }
				# No temporary file is left behind by a failure.
				[ -z "$(find work -name '.*.[0-9a-f]*' -newer trace)" ]
			done
		done
	done
	echo "# $points points" >&3
	[ "$points" -gt 60 ]
}

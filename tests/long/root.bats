# In a fresh Debian root that has only git and make: clone, make demo, make check (tests/check-root).

# $status, $output and $lines are what bats gives.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/root

@test "a fresh clone in a Debian with git and make alone: another user is told what to install, make demo and make check are green" {
	need_root
	need_namespaces
	need debootstrap
	git -c safe.directory='*' -C "$ROOT" rev-parse -q --verify HEAD > /dev/null || skip "kernel: no repository, only its files"
	run env TMPDIR="$T" KEEP= ROOT= FILES= "$ROOT/tests/check-root"
	echo "$output"
	[ "$status" -ne 77 ] || skip "network: ${lines[-1]}"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} =~ ^[a-z]+': '([0-9]+)' passed, 0 failed'$ ]]
	[ "${BASH_REMATCH[1]}" -gt 600 ]
	[ -z "$(find "$T" -name 'inetls-root*')" ]
}

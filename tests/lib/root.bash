# A separate Debian for each test of a file (tests/lib/debian.bash); loaded after lib.
#
#	new_root			in $root
#	enter_root [-n] COMMAND...	as root of it

# Used by the files that load this; ROOT comes from lib.
# shellcheck disable=SC2034,SC2153

# shellcheck source=tests/lib/debian.bash
. "$ROOT/tests/lib/debian.bash"

setup_file() {
	# Not in /tmp: it is large, and a /tmp in memory forbids device files.
	export TMPDIR=${TMPDIR:-/var/tmp}
	lib_begin
}

# new_root: unpacks one for the first test of a file; later tests get a copy.
new_root() {
	local status=0
	need_root
	need_namespaces
	need debootstrap
	git -c safe.directory='*' -C "$ROOT" rev-parse -q --verify HEAD > /dev/null || skip "kernel: no repository, only its files"
	[ -d "$T/base" ] || debian_unpack "$T/base" > "$T/unpack.log" || status=$?
	[ "$status" -ne 77 ] || skip "network: $(tail -n 1 "$T/unpack.log")"
	[ "$status" -eq 0 ]
	root=$T/$BATS_TEST_NUMBER
	cp -a "$T/base" "$root"
}

enter_root() {
	if [ "$1" = -n ]; then
		shift
		debian_enter -n "$root" "$@"
	else
		debian_enter "$root" "$@"
	fi
}

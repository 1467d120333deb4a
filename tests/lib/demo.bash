# What tests/project/demo.bats and tests/long/demo.bats share, loaded after lib.

# $output is what bats gives, $pid what start sets; perl has dollars of its own.
# shellcheck disable=SC2016,SC2154

setup() {
	lib_before
	need postgresql
	need psql
	# What the demo leaves behind would be in here.
	export TMPDIR=$T/tmp
	mkdir -p "$TMPDIR"
	chmod 711 "$TMPDIR"
	export BUILD
}

left_nothing() {
	wait_for 10 nothing_left
	[ -z "$(ls -A "$TMPDIR")" ]
}

# has_said TEXT: whether the demo that runs in the background has come as far as that.
has_said() {
	grep -qF -e "$1" "$T/demo.log"
}

# interrupted_at TEXT: starts the demo and presses Ctrl-C there, which every process of its group gets.  A shell's
# background job ignores SIGINT, so perl switches it on again.
interrupted_at() {
	start demo perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV or die' "$ROOT/tests/demo"
	wait_for 60 has_said "$1"
	kill -INT -- "-$pid"
	wait_for 30 gone "$pid"
	run ! has_said "everything is taken down again"
	left_nothing
}

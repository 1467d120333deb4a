# What tests/project/demo.bats and tests/long/demo.bats share, loaded after lib.

# bats sets $output and start sets $pid; perl has its own dollars.
# shellcheck disable=SC2016,SC2154

setup() {
	lib_before
	need postgresql
	need psql
	# Anything that the demo leaves behind is in here.
	export TMPDIR=$T/tmp
	mkdir -p "$TMPDIR"
	chmod 711 "$TMPDIR"
	export BUILD
}

left_nothing() {
	wait_for 10 nothing_left
	[ -z "$(ls -A "$TMPDIR")" ]
}

# has_said TEXT: whether the demo in the background has printed that.
has_said() {
	grep -qF -e "$1" "$T/demo.log"
}

# interrupted_at TEXT: starts the demo and presses Ctrl-C when it prints TEXT; every process of its group gets that.  A
# shell's background job ignores SIGINT, so perl restores it.
interrupted_at() {
	start demo perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV or die' "$ROOT/tests/demo"
	wait_for 60 has_said "$1"
	kill -INT -- "-$pid"
	wait_for 30 gone "$pid"
	run ! has_said "everything is taken down again"
	left_nothing
}

# The slow tests of tests/wrap/superservers.bats.

# lib.bash sets port.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/superservers

@test "inetutils-inetd: 100 MB through psql in and out, one line in the log, right counts" {
	copy_under inetutils-inetd
}

@test "xinetd: 100 MB through psql in and out, one line in the log, right counts" {
	copy_under xinetd
}

@test "tcpserver: 100 MB through psql in and out, one line in the log, right counts" {
	copy_under tcpserver
}

@test "systemd-socket-activate: 100 MB through psql in and out, one line in the log, right counts" {
	copy_under systemd-socket-activate
}

# The main job, under each super-server that an administrator may have: stock psql through TLS to a PostgreSQL
# without SSL, 100 MB in and out.

# lib.bash sets port.
# shellcheck disable=SC2154

load lib
load superservers

@test "openbsd-inetd: 100 MB through psql in and out, one line in the log, right counts" {
	copy_under openbsd-inetd
}

@test "openbsd-inetd: a user without rights who owns the PEM can serve" {
	short_as_nobody_under openbsd-inetd
}

@test "inetutils-inetd: a user without rights who owns the PEM can serve" {
	short_as_nobody_under inetutils-inetd
}

@test "xinetd: a user without rights who owns the PEM can serve" {
	short_as_nobody_under xinetd
}

@test "tcpserver: a user without rights who owns the PEM can serve" {
	short_as_nobody_under tcpserver
}

@test "systemd-socket-activate: a user without rights who owns the PEM can serve" {
	short_as_nobody_under systemd-socket-activate
}

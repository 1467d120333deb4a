# The main use, under each super-server: psql through TLS to a PostgreSQL without SSL, 100 MB in and out.

# lib.bash sets port.
# shellcheck disable=SC2016,SC2154

load ../lib/lib
load ../lib/superservers

@test "openbsd-inetd: 100 MB through psql in and out, one line in the log, right counts" {
	copy_under openbsd-inetd
}

@test "-d in a line of inetd.conf: no port is opened, and the log says to take it out" {
	local other
	need openbsd-inetd
	other=$(free_port)
	superserver openbsd-inetd -- "$WRAP" -d "127.0.0.1:$other" -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$METER_PORT" -o "$T/log"
	run psql_tls "$port" -c 'select 1'
	[ "$status" -ne 0 ]
	wait_for 5 grep -qF -- '-d: fd 0 is a connection of a super-server already; take -d out of its line' "$T/log"
	! listening "$other"
}

@test "openbsd-inetd drops what says where the service is: the log names its limit of 20 words" {
	local -a short=(-N a -D info -v 0 -C NORMAL --connect-timeout 9s -n pgsql -o "$T/log" -p "$T/pgssl.pem" --close-timeout 1m)
	need openbsd-inetd
	[ "${#short[@]}" -eq 18 ]
	superserver openbsd-inetd -- "$WRAP" "${short[@]}" -f -r "127.0.0.1:$METER_PORT"
	run psql_tls "$port" -c 'select 1'
	[ "$status" -ne 0 ]
	wait_for 5 grep -q -- '-r is missing.*; openbsd-inetd passes 20 words and no more: inetls(7), step 3' "$T/log"
}

@test "openbsd-inetd: a user without rights who owns the PEM can serve" {
	short_as_nobody_under openbsd-inetd
}

@test "openbsd-inetd passes 20 words on and no more, inetutils-inetd all; a script of two lines has no limit" {
	local words
	need openbsd-inetd
	need inetutils-inetd
	printf '#!/bin/bash\necho $# "${!#}"\n' > "$T/bin/count"
	words=$(seq -s ' ' 1 25)
	printf '#!/bin/sh\nexec %s %s\n' "$T/bin/count" "$words" > "$T/bin/script"
	chmod 755 "$T/bin/count" "$T/bin/script"
	# shellcheck disable=SC2086
	superserver openbsd-inetd -- "$T/bin/count" $words
	[ "$(asked)" = "19 19" ]
	superserver openbsd-inetd -- "$T/bin/script"
	[ "$(asked)" = "25 25" ]
	# shellcheck disable=SC2086
	superserver inetutils-inetd -- "$T/bin/count" $words
	[ "$(asked)" = "25 25" ]
}

asked() {
	timeout 10 socat -T 5 - "TCP4:127.0.0.1:$port" < /dev/null
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

# From nothing to a psql session, only by make targets, under super-servers that are already running.
#
# Each test has its own network, in which ports 9000 and 5432 are free, and its own mounts: a copy of /etc over /etc,
# an empty directory over /run.  So make needs no setting but a prefix, and this machine's files and super-servers are
# out of reach.

# $pid is set by start; what sh gets in single quotes is for it to expand.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/activation

@test "bad-activation: port 9000 stays closed when the same name has another port" {
	make_world xinetd
	start_xinetd
	printf 'pgssl\t9001/tcp\n' >> "$etc/services"
	picture > "$here/before"
	run ! make_inside xinetd
	picture | diff "$here/before" -
	refused
}

@test "xinetd: refused before make services xinetd, psql connects after it, same process, no trace after uninstall" {
	need_no_sanitizer "it takes more addresses than the entry's rlimit_as allows"
	make_world xinetd
	start_xinetd
	life xinetd
}

@test "openbsd-inetd: refused before make services inetd, psql connects after it, same process, no trace after uninstall" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	life inetd
}

@test "openbsd-inetd: a port that another program has is said by make inetd, after inetd was told" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	start other nsenter -t "$world" -m -n -r -w -- /usr/bin/python3 -c '
import socket
taken = socket.create_server(("::", 9000), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    taken.accept()[0].close()'
	wait_for 5 inside bash -c ': < /dev/tcp/127.0.0.1/9000'
	run make_inside services inetd
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"told inetd"*"port 9000 does not answer with the certificate in $prefix/etc/inetls/pgssl.pem: python3, process "*", has the port.  Choose another with PORT=number"* ]]
	grep -q '^pgssl' "$etc/inetd.conf"
}

@test "bad-activation: what --check calls an error is what make ends with, and not the line to try" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	# PostgreSQL on another port: TLS works, and nobody gets in.
	run make_inside services inetd BACKEND=localhost:5433
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"error   connect 127.0.0.1:5433"*"BACKEND="*"port 9000 answers"*"clients cannot use it until what --check says above is mended" ]]
	[[ $output != *"To try it"* ]]
	# A log that cannot be opened: --check says so as a line of the log.
	run make_inside inetd BACKEND=localhost:5432 LOG="$here/none/pgssl.log" FORCE=1
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"open log $here/none/pgssl.log: No such file or directory; make its directory"*"LOG="*"what --check says above may be the reason"* ]]
	run make_inside inetd LOG= FORCE=1
	[ "$status" -eq 0 ]
	[[ $output == *"To try it"* ]]
}

# of_the_readme TEXT: the one line to copy in which it stands.
of_the_readme() {
	[ "$(grep -cF -e "$1" <(/usr/bin/python3 -B "$ROOT/tests/lib/pasted.py" list | cut -f 3))" -eq 1 ]
	grep -F -e "$1" <(/usr/bin/python3 -B "$ROOT/tests/lib/pasted.py" list | cut -f 3)
}

# everybody_is_superuser: whether the README's line that must fail fails, with its words in $output.
everybody_is_superuser() {
	run inside env -u PGPASSFILE HOME=/nowhere sh -c "$(of_the_readme 'everybody is superuser')"
	[ "$status" -eq 0 ] && [[ $output == *'everybody is superuser'*'1 row'* ]]
}

# first_rules LINE...: pg_hba.conf begins with them.
first_rules() {
	printf '%s\n' "$@" > "$here/rules"
	cat "$PG_DIR/data/pg_hba.conf" >> "$here/rules"
	cp "$here/rules" "$PG_DIR/data/pg_hba.conf"
	inside psql -Xq -h "$PGSOCKET" -c 'select pg_reload_conf()' > /dev/null
}

@test "SOURCE=127.0.0.77 and the README's rules: a PostgreSQL that trusts 127.0.0.1 asks who comes through TLS" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	inside sh -c 'echo "127.0.0.1 db.example.org" >> /etc/hosts'
	first_rules 'host all all 127.0.0.1/32 trust'
	run make_inside services inetd
	[[ $output == *'warning trust: PostgreSQL lets everybody on this port in as its superuser'* ]]
	wait_for 5 everybody_is_superuser

	run make_inside inetd SOURCE=127.0.0.77 FORCE=1
	[[ $output != *'warning trust'* ]]
	first_rules "$(of_the_readme '127.0.0.77/32    reject')" "$(of_the_readme '127.0.0.77/32    scram')"
	refused_by_rule() {
		! everybody_is_superuser && [[ $output == *'pg_hba.conf rejects connection for host "127.0.0.77"'* ]]
	}
	wait_for 5 refused_by_rule || { echo "$output"; false; }
	inside psql -Xq -h "$PGSOCKET" -c "create role alice login password 'secret'"
	run inside env PGPASSWORD=secret psql -XAt -c 'select current_user, inet_client_addr()' \
		"host=localhost port=9000 user=alice sslmode=verify-full sslrootcert=$prefix/etc/inetls/pgssl.crt"
	[ "$output" = 'alice|127.0.0.77' ]
	make_inside uninstall-inetd SOURCE=127.0.0.77
	wait_for 5 refused
}

@test "make transparent and TRANSPARENT=yes: a PostgreSQL that trusts 127.0.0.1 sees who comes through TLS, and asks" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	inside ip addr add 192.0.2.9/32 dev lo
	inside sh -c 'echo "192.0.2.9 db.example.org" >> /etc/hosts'
	first_rules 'host all all 127.0.0.1/32 trust'
	printf '#!/bin/sh\nexit 0\n' > "$etc/rc.local"
	chmod 755 "$etc/rc.local"
	picture > "$here/before"

	# Without the rules make says so, and shows what to type.
	run make_inside services inetd TRANSPARENT=yes
	[[ $output == *"error   -T: IPv4: what the service answers to a client's address does not come back to us"*"run make transparent"* ]]
	make_inside transparent
	run make_inside inetd
	echo "$output"
	[[ $output != *'error '* && $output != *'warning trust'* ]]
	[[ $output == *'port 9000 answers with the certificate'* ]]
	refused_by_address() {
		! everybody_is_superuser && [[ $output == *'no pg_hba.conf entry for host "192.0.2.9"'* ]]
	}
	wait_for 5 refused_by_address || { echo "$output"; false; }
	first_rules 'host all all 192.0.2.0/24 scram-sha-256'
	inside psql -Xq -h "$PGSOCKET" -c "create role alice login password 'secret'"
	seen() {
		run inside env PGPASSWORD=secret psql -XAt -c 'select current_user, inet_client_addr()' \
			"host=localhost hostaddr=192.0.2.9 port=9000 user=alice sslmode=verify-full sslrootcert=$prefix/etc/inetls/pgssl.crt"
		[ "$output" = 'alice|192.0.2.9' ]
	}
	wait_for 5 seen || { echo "$output"; false; }

	make_inside uninstall-inetd uninstall-services uninstall-transparent
	picture | diff "$here/before" -
	[ "$(inside ip rule | wc -l)" -eq 3 ]
}

@test "make install: sessions become the user that it made, resume with /run/inetls, after a boot too; uninstall takes both away" {
	make_world openbsd-inetd
	inside getent passwd inetls | grep -q ':inetls TLS sessions:/:.*nologin$'
	[ "$(stat -c '%U %a' "/proc/$world/root/run/inetls")" = 'root 755' ]
	start_inetd openbsd-inetd -i /etc/inetd.conf
	make_inside services inetd
	wait_for 5 answers
	[ "$(inside stat -c '%s %a %U' /run/inetls/pgssl.tickets)" = '64 600 root' ]
	# shellcheck disable=SC2046
	run inside $(cut -f 6 < <(tail -n 1 "$etc/inetd.conf")) $(tail -n 1 "$etc/inetd.conf" | cut -f 7 | cut -d ' ' -f 2-) --check
	[[ $output == *"ok      user: a session becomes inetls (uid "* ]]

	# What a boot leaves of /run, on a system that makes nothing there.
	inside rm -r /run/inetls
	answers
	[ "$(inside stat -c '%s %a %U' /run/inetls/pgssl.tickets)" = '64 600 root' ]

	run make_inside uninstall
	[[ $output == *"system user inetls, which owned nothing, was removed"* ]]
	[[ $output == *"$prefix/etc/inetls/pgssl.pem, with the key and certificate, was kept: "* ]]
	run ! inside getent passwd inetls
	inside test ! -e /run/inetls
	diff /etc/passwd "$etc/passwd"
}

# accounts_as_before: the lists are this machine's, and in what useradd and userdel keep beside them nothing is ours.
accounts_as_before() {
	diff <(cd /etc && cksum {passwd,group,shadow,gshadow} 2>&1) <(cd "$etc" && cksum {passwd,group,shadow,gshadow} 2>&1)
	run grep -s inetls "$etc"/{passwd,group,shadow,gshadow}-
	[ -z "$output" ]
}

@test "make install: without systemd's tools the user and /run/inetls are made all the same, and a second run changes nothing" {
	make_world openbsd-inetd
	make_inside uninstall
	mkdir "$here/path"
	local tool
	for tool in sh dirname id grep useradd userdel mkdir rm rmdir sed; do
		ln -s "$(command -v "$tool")" "$here/path/$tool"
	done
	inside env PATH="$here/path" RUN_DIR=/run/inetls SYSUSERS_CONF=/none TMPFILES_CONF=/none sh "$ROOT/activate/account" make
	inside getent passwd inetls | grep -q ':inetls TLS sessions:/:.*nologin$'
	inside test -d /run/inetls
	inside sh -c 'test -z "$(find /run/inetls -type f)"'
	picture > "$here/made"
	run make_inside install CERT=no
	[[ $output != *"was made"* ]]
	picture | diff "$here/made" -
	make_inside uninstall
	accounts_as_before
}

# of_imap, of_http: a client that must be sure of the server.
of_imap() {
	run inside timeout 10 curl -sS --cacert "$prefix/etc/inetls/imaps.crt" -u alice:secret imaps://localhost/
	[[ $status -eq 0 && $output == *INBOX* ]]
}

of_http() {
	run inside timeout 10 curl -sS --cacert "$prefix/etc/inetls/web.crt" https://localhost:8443/
	[ "$status" -eq 0 ] && [ "$output" = "the page" ]
}

# to_try: what make printed for this, as its last line, finds the certificate good.
to_try() {
	inside timeout 10 sh -c "${output##*$'\n'} < /dev/null" | grep -q 'Verify return code: 0'
}

@test "PROTOCOL=none and imap: an IMAP server on 143 becomes imaps, a web server https, and curl verifies both" {
	need curl
	need openssl
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	grep -q '^imaps.*993/tcp' "$etc/services"
	picture > "$here/before"
	make_inside cert SERVICE=imaps NAMES=localhost < /dev/null
	make_inside cert SERVICE=web NAMES=localhost < /dev/null
	mkdir "$here/www"
	echo "the page" > "$here/www/index.html"
	start http nsenter -t "$world" -m -n -r -w -- /usr/bin/python3 -m http.server -b 127.0.0.1 -d "$here/www" 80
	start imap nsenter -t "$world" -m -n -r -w -- /usr/bin/python3 -c '
import socketserver
class Imap(socketserver.StreamRequestHandler):
    says = {"CAPABILITY": "* CAPABILITY IMAP4rev1\r\n", "LIST": "* LIST () \"/\" INBOX\r\n", "LOGOUT": "* BYE\r\n"}
    def say(self, text):
        self.wfile.write(text.encode())
    def handle(self):
        self.say("* OK ready\r\n")
        for line in self.rfile:
            tag, command = line.decode().split()[:2]
            self.say(f"{self.says.get(command, str())}{tag} OK done\r\n")
            if command == "LOGOUT":
                break
socketserver.ThreadingTCPServer(("127.0.0.1", 143), Imap).serve_forever()'

	wait_for 5 inside bash -c ': < /dev/tcp/127.0.0.1/143 && : < /dev/tcp/127.0.0.1/80'
	run make_inside services inetd SERVICE=imaps PORT=993 PROTOCOL=none BACKEND=localhost:143
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"port 993 answers with the certificate"* && $output != *psql* ]]
	to_try
	wait_for 5 of_imap || { echo "$output"; false; }

	run make_inside services inetd SERVICE=web PORT=8443 PROTOCOL=none BACKEND=localhost:80
	echo "$output"
	[ "$status" -eq 0 ]
	to_try
	wait_for 5 of_http || { echo "$output"; false; }

	# The same server with STARTTLS.
	run make_inside inetd SERVICE=imaps PROTOCOL=imap FORCE=1
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"port 993 answers with the certificate"*" -starttls imap"* ]]
	to_try

	# Without the service: make says so, and gives no line to try.
	run make_inside inetd SERVICE=web BACKEND=localhost:81 FORCE=1
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"error   connect 127.0.0.1:81"*"port 8443 answers"*"clients cannot use it until what --check says above is mended" ]]

	make_inside uninstall-inetd uninstall-services SERVICE=web
	make_inside uninstall-inetd SERVICE=imaps
	picture | diff "$here/before" -
}

@test "inetutils-inetd: refused before make services inetd, psql connects after it, same process, no trace after uninstall" {
	make_world inetutils-inetd
	start_inetd inetutils-inetd -d /etc/inetd.conf
	life inetd
}

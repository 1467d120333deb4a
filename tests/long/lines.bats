# -n smtp, pop3, imap and nntp in front of Exim, Dovecot and INN without TLS, and in client mode towards the same servers
# where they demand STARTTLS.  All run in a network and with mounts of their own (tests/lib/mail-world.sh).

# lib.bash sets pid, output and status.
# shellcheck disable=SC2154

load ../lib/lib

MAIL=$SUPERSERVERS/mail

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	can_build_world || return 0
	make_pem "$T/mail.pem" mail.example.org
	install -m 644 "$T/mail.crt" "$T/ca.crt"
	build_world
	start_servers
	start_wrappers
}

teardown_file() {
	# innd ends by its own command alone.
	[ -z "${INSIDE:-}" ] || "$INSIDE" setpriv --reuid news --regid news --clear-groups /usr/lib/news/bin/ctlinnd -s shutdown over || :
	lib_end
}

setup() {
	lib_before
	need_root "another /usr and port 25 need a world of their own"
	need_namespaces
	need "$MAIL/usr/sbin/exim4" "Exim, Dovecot and INN were not unpacked: tests/deps long"
	can_overlay || skip "kernel: no overlay on /usr for this user"
	need ip
	need ss
}

can_overlay() {
	unshare -m mount -t overlay overlay -o "lowerdir=$MAIL/usr:/usr" /usr 2> /dev/null
}

can_build_world() {
	[ "$(id -u)" -eq 0 ] && unshare -nm true 2> /dev/null && [ -x "$MAIL/usr/sbin/exim4" ] && can_overlay && have ip && have ss
}

build_world() {
	start world unshare -unm "$ROOT/tests/lib/mail-world.sh" "$T" "$MAIL" "$T/mail.pem"
	wait_for 20 test -e "$T/ready" || { cat "$T/world.log"; return 1; }
	INSIDE=$T/bin/inside
	export INSIDE
	printf '#!/bin/sh\nexec nsenter --target %s --net --mount --uts --wd=/ "$@"\n' "$pid" > "$INSIDE"
	chmod 755 "$INSIDE"
}

tcp_table() {
	table=$("$INSIDE" cat /proc/net/tcp)
}

# listening_at ADDRESS PORT
listening_at() {
	"$INSIDE" ss -Hltn "src $1 and sport = $2" | grep -q .
}

start_servers() {
	local as_news=(setpriv --reuid news --regid news --clear-groups)
	start exim "$INSIDE" /usr/sbin/exim4 -bdf
	start dovecot "$INSIDE" dovecot -F -c /etc/dovecot-plain.conf
	start dovecot-tls "$INSIDE" dovecot -F -c /etc/dovecot-tls.conf
	start innd "$INSIDE" "${as_news[@]}" env PATH="/usr/lib/news/bin:$PATH" innd -f -4 127.0.0.1
	start nnrpd "$INSIDE" /usr/lib/news/bin/nnrpd -D -f -b 127.0.0.4 -p 119
	local place
	for place in '127.0.0.1 25' '127.0.0.1 143' '127.0.0.1 110' '127.0.0.1 119' '127.0.0.4 25' '127.0.0.4 143' \
		'127.0.0.4 119'; do
		# shellcheck disable=SC2086
		wait_for 20 listening_at $place || { echo "nothing listens at $place"; show_logs; return 1; }
	done
}

port_of() {
	case $1 in
	smtp) echo 25 ;;
	pop3) echo 110 ;;
	imap) echo 143 ;;
	nntp) echo 119 ;;
	esac
}

# 127.0.0.2: the servers behind TLS; 127.0.0.3: client mode towards those that demand it, at 127.0.0.4.
start_wrappers() {
	local protocol at
	for protocol in smtp pop3 imap nntp; do
		at=$(port_of "$protocol")
		start "wrap-$protocol" "$INSIDE" "$WRAP" -f -d "127.0.0.2:$at" -N "$protocol" -n "$protocol" -p "$T/mail.pem" \
			-r "127.0.0.1:$at"
		start "to-$protocol" "$INSIDE" "$WRAP" -f -c -d "127.0.0.3:$at" -N "to-$protocol" -n "$protocol" -A "$T/ca.crt" \
			--sni mail.example.org -r "127.0.0.4:$at"
		wait_for 10 listening_at 127.0.0.2 "$at"
		wait_for 10 listening_at 127.0.0.3 "$at"
	done
}

# inside COMMAND...: in the world of the servers.
inside() {
	timeout 60 "$INSIDE" "$@"
}

sessions() {
	grep -c result=ok "$T/$1.log" || :
}

@test "Thunderbird's order of commands: SMTP, POP3, IMAP and NNTP, each mail delivered and read" {
	local protocol before
	for protocol in smtp imap pop3 nntp; do
		before=$(sessions "wrap-$protocol")
		inside /usr/bin/python3 "$ROOT/tests/lib/mail-client.py" "$protocol" mail.example.org "$(port_of "$protocol")" "$T/ca.crt"
		wait_for 5 sh -c "[ \$(grep -c result=ok '$T/wrap-$protocol.log') -gt $before ]"
	done
	inside sh -c 'cat /var/spool/mail/alice/new/* /var/spool/mail/alice/cur/*' | grep -q 'Subject: from Thunderbird'
}

@test "openssl s_client -starttls smtp, pop3, imap, nntp" {
	need openssl
	local protocol command
	for protocol in smtp pop3 imap nntp; do
		case $protocol in
		imap) command='a LOGOUT' ;;
		*) command=QUIT ;;
		esac
		run inside sh -c "(sleep 1; echo '$command'; sleep 1) | openssl s_client -starttls $protocol -crlf -quiet \
			-verify_return_error -CAfile '$T/ca.crt' -verify_hostname mail.example.org -connect mail.example.org:$(port_of "$protocol")"
		echo "$output"
		grep -qE '^(221 |\+OK|a OK|205)' <<< "$output"
	done
}

@test "gnutls-cli --starttls-proto smtp, pop3, imap, nntp" {
	need gnutls-cli
	local protocol command
	for protocol in smtp pop3 imap nntp; do
		case $protocol in
		imap) command='a LOGOUT' ;;
		*) command=QUIT ;;
		esac
		run inside sh -c "(sleep 2; printf '$command\r\n'; sleep 1) | gnutls-cli --starttls-proto=$protocol --x509cafile '$T/ca.crt' \
			--port $(port_of "$protocol") mail.example.org"
		echo "$output"
		grep -q 'Handshake was completed' <<< "$output"
		grep -qE '^(221 |\+OK|a OK|205)' <<< "$output"
	done
}

@test "curl --ssl-reqd: sends by SMTP, reads by IMAP and POP3" {
	need curl
	printf 'Subject: from curl\r\n\r\nbody\r\n' > "$T/curl.eml"
	inside curl -sS --ssl-reqd --cacert "$T/ca.crt" smtp://mail.example.org --mail-from bob@real.example \
		--mail-rcpt alice@real.example --upload-file "$T/curl.eml"
	inside curl -sS --ssl-reqd --cacert "$T/ca.crt" -u alice:secret 'imap://mail.example.org/INBOX?SUBJECT%20curl' | tee "$T/found"
	grep -qE '^\* SEARCH [0-9]' "$T/found"
	inside curl -sS --ssl-reqd --cacert "$T/ca.crt" -u alice:secret pop3://mail.example.org/1 | grep -q '^Subject:'
	# A certificate that is not trusted: refused by the client, and no password is said.
	run inside curl -sS --ssl-reqd -u alice:secret imap://mail.example.org/INBOX
	[ "$status" -eq 60 ]
}

@test "swaks --tls sends, and with a wrong password nothing comes in" {
	need swaks
	need curl
	inside swaks --server mail.example.org --tls-verify --tls-ca-path "$T/ca.crt" -tls --from bob@real.example --to alice@real.example \
		--header 'Subject: from swaks' > "$T/swaks.log" 2>&1
	inside sh -c 'cat /var/spool/mail/alice/new/* /var/spool/mail/alice/cur/*' | grep -q 'Subject: from swaks'
	run inside curl -sS --ssl-reqd --cacert "$T/ca.crt" -u alice:wrong imap://mail.example.org/INBOX
	[ "$status" -eq 67 ]
}

@test "fetchmail by IMAP and POP3: sslproto and sslcertck, and the mail is here" {
	need fetchmail
	need swaks
	local protocol
	for protocol in imap pop3; do
		inside swaks --server mail.example.org -tls --from bob@real.example --to alice@real.example \
			--header "Subject: for fetchmail by $protocol" > "$T/swaks.log" 2>&1
		: > "$T/fetched"
		(umask 077 && cat > "$T/fetchmailrc") <<-END
		poll mail.example.org protocol $protocol user alice password secret
			sslproto TLS1.2+ sslcertck sslcertfile $T/ca.crt mda "cat >> $T/fetched"
		END
		inside env HOME="$T" FETCHMAILHOME="$T" fetchmail -f "$T/fetchmailrc" --nosyslog -k -a > "$T/fetchmail.log" 2>&1 ||
			{ cat "$T/fetchmail.log"; return 1; }
		grep -q "Subject: for fetchmail by $protocol" "$T/fetched"
	done
}

@test "client mode: programs without TLS, and servers that demand STARTTLS" {
	need curl
	local protocol
	for protocol in smtp imap pop3 nntp; do
		# Without the wrapper these servers do not serve it.
		run inside /usr/bin/python3 "$ROOT/tests/lib/mail-client.py" "$protocol" 127.0.0.4 "$(port_of "$protocol")" -
		[ "$status" -ne 0 ] || [ "$protocol" = nntp ]
		inside /usr/bin/python3 "$ROOT/tests/lib/mail-client.py" "$protocol" 127.0.0.3 "$(port_of "$protocol")" -
	done
	printf 'Subject: from curl\r\n\r\nbody\r\n' > "$T/curl.eml"
	inside curl -sS smtp://127.0.0.3 --mail-from bob@real.example --mail-rcpt alice@real.example --upload-file "$T/curl.eml"
	inside curl -sS -u alice:secret pop3://127.0.0.3/1 | grep -q '^Subject:'
	inside curl -sS -u alice:secret 'imap://127.0.0.3/INBOX?ALL' | grep -q '^\* SEARCH [0-9]'
	for protocol in smtp imap pop3 nntp; do
		[ "$(sessions "to-$protocol")" -gt 0 ]
		grep 'result=ok' "$T/to-$protocol.log" | grep -q ' tls=1\.[23] '
	done
}

@test "bad: a server that is down is told in the protocol's words to curl, and in client mode too" {
	need swaks
	need curl
	local protocol
	start dead "$INSIDE" "$WRAP" -f -d 127.0.0.5:25 -N dead -n smtp -p "$T/mail.pem" -r 127.0.0.1:9
	start dead-imap "$INSIDE" "$WRAP" -f -d 127.0.0.5:143 -N dead -n imap -p "$T/mail.pem" -r 127.0.0.1:9
	start to-dead "$INSIDE" "$WRAP" -f -c -d 127.0.0.6:25 -N to-dead -n smtp -A "$T/ca.crt" -r 127.0.0.1:9
	wait_for 10 listening_at 127.0.0.5 143
	wait_for 10 listening_at 127.0.0.6 25
	run inside swaks --server 127.0.0.5 -tls --from bob@real.example --to alice@real.example
	echo "$output"
	grep -q '<~\** *421 news.real.example Service not available: connect 127.0.0.1:9: Connection refused' <<< "$output"
	run inside curl -v -k --ssl-reqd -u alice:secret imap://127.0.0.5/INBOX
	grep -q '< \* BYE connect 127.0.0.1:9: Connection refused' <<< "$output"
	run inside swaks --server 127.0.0.6 --from bob@real.example --to alice@real.example
	echo "$output"
	grep -q '421 news.real.example Service not available: connect 127.0.0.1:9' <<< "$output"
}

@test "--check sees an open relay, and with -I Exim relays for nobody" {
	need swaks
	run inside "$WRAP" --check -n smtp -p "$T/mail.pem" -r 127.0.0.1:25
	echo "$output"
	grep -q '^warning open relay: the service takes mail for any domain from 127.0.0.1' <<< "$output"
	run inside swaks --server mail.example.org -tls --from bob@x.example --to carol@elsewhere.example --quit-after RCPT
	[ "$status" -eq 0 ] # it is one

	run inside "$WRAP" --check -n smtp -p "$T/mail.pem" -I 127.0.0.77 -r 127.0.0.1:25 -o "$(new_log checked)"
	echo "$output"
	[[ $output != *warning* ]]
	start distinguished "$INSIDE" "$WRAP" -f -d 127.0.0.7:25 -N distinguished -n smtp -p "$T/mail.pem" -I 127.0.0.77 \
		-r 127.0.0.1:25
	wait_for 10 listening_at 127.0.0.7 25
	run inside swaks --server 127.0.0.7 -tls --from bob@x.example --to carol@elsewhere.example
	echo "$output"
	grep -q '550 relay not permitted' <<< "$output"
	inside swaks --server 127.0.0.7 -tls --from bob@x.example --to alice@real.example > /dev/null
}

@test "--proxy-out: Dovecot knows the client's own address" {
	need curl
	start proxied "$INSIDE" "$WRAP" -f -d 127.0.0.7:143 -N proxied -n imap -p "$T/mail.pem" --proxy-out v1 -r 127.0.0.1:1143
	wait_for 10 listening_at 127.0.0.7 143
	# This instance lets nobody log in without TLS who is not local, and by the header this client is not.
	run inside curl -sS -v --ssl-reqd --interface 127.0.0.9 -k -u alice:secret imap://127.0.0.7/INBOX
	echo "$output"
	grep -q 'rip=127\.0\.0\.9' "$T/dovecot-127.0.0.1.log"
}

@test "--check of the four: each greets" {
	local protocol
	for protocol in smtp pop3 imap nntp; do
		run inside "$WRAP" --check -n "$protocol" -p "$T/mail.pem" -r "127.0.0.1:$(port_of "$protocol")"
		echo "$output"
		[ "$status" -eq 0 ]
		grep -q "^ok      $protocol: greets with" <<< "$output"
		[[ $output != *'itself, which clients'* ]]
	done
	run inside "$WRAP" --check -n imap -p "$T/mail.pem" -r 127.0.0.4:143
	grep -q 'the service offers STARTTLS itself' <<< "$output"
	grep -q LOGINDISABLED <<< "$output"
}

@test "old lines of stunnel 3 with -n smtp, pop3 and nntp work with the name changed" {
	need swaks
	local line name at
	install -m 600 "$T/mail.pem" "$T/etc/stunnel.pem"
	# stunnel(8) 3.26 and its FAQ: a server, a program, and clients.
	while read -r name at line; do
		start "$name" "$INSIDE" env HOME="$T" "$WRAP" -f $line
		# shellcheck disable=SC2086
		wait_for 10 listening_at ${at/:/ }
	done <<-END
	old-smtp 127.0.0.8:25 -d 127.0.0.8:25 -r 127.0.0.1:25 -n smtp -p /etc/stunnel.pem
	old-pop3 127.0.0.8:110 -d 127.0.0.8:110 -r 110 -n pop3 -p /etc/stunnel.pem
	old-nntp 127.0.0.8:119 -d 127.0.0.8:119 -r localhost:119 -n nntp -p /etc/stunnel.pem
	old-to-smtp 127.0.0.10:25 -c -d 127.0.0.10:25 -r 127.0.0.8:25 -n smtp
	old-to-pop3 127.0.0.10:110 -c -d 127.0.0.10:110 -r 127.0.0.8:110 -n pop3
	old-to-nntp 127.0.0.10:119 -c -d 127.0.0.10:119 -r 127.0.0.8:119 -n nntp
	old-exim 127.0.0.11:25 -d 127.0.0.11:25 -n smtp -p /etc/stunnel.pem -l /usr/sbin/exim4 -- exim4 -bs
	END
	for name in smtp pop3 nntp; do
		inside /usr/bin/python3 "$ROOT/tests/lib/mail-client.py" "$name" 127.0.0.8 "$(port_of "$name")" "$T/ca.crt"
		inside /usr/bin/python3 "$ROOT/tests/lib/mail-client.py" "$name" 127.0.0.10 "$(port_of "$name")" -
	done
	inside swaks --server 127.0.0.11 -tls --from bob@real.example --to alice@real.example --quit-after RCPT
}

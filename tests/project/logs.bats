# The configurations in contrib/log/ for fail2ban, logcheck and rsyslog, tried on log lines of real sessions.

# shellcheck disable=SC2016
bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	BACKEND=127.0.0.1:{backend}
	export BACKEND
	many_sessions
}

# keep WORD...: one session with these words of peer.py's; its log lines.
keep() {
	session --peer "$1" --backend "${2:-echo}" -- -N pgssl "${@:3}" > /dev/null
	cat "$T/session.log"
}

# Every kind of end that these files speak of, with what a peer can put into the log.
many_sessions() {
	keep 'handshake send:10 bye recv-all' > "$T/good"
	keep 'raw:GET\x20/\x20HTTP/1.0\r\n\r\n hold' > "$T/bad"
	keep 'hold' echo --handshake-timeout 300ms >> "$T/bad"
	keep 'raw:\x16\x03\x01\x00\x05aaaaa hold' >> "$T/bad"
	keep '' > "$T/looked"
	keep 'raw:QUIT\r\n hold' echo -n smtp >> "$T/looked"
}


# matched: how many of the lines on stdin the filter takes, as syslog's file has them.
matched() {
	local program
	program=$SUPERSERVERS/fail2ban/usr/bin/fail2ban-regex
	cat > "$BATS_TEST_TMPDIR/lines"
	PYTHONPATH=$SUPERSERVERS/fail2ban/usr/lib/python3/dist-packages /usr/bin/python3 "$program" \
		--config "$SUPERSERVERS/fail2ban/etc/fail2ban" "$BATS_TEST_TMPDIR/lines" "$BATS_TEST_TMPDIR/inetls.conf" \
		> "$BATS_TEST_TMPDIR/said"
	sed -n 's/^Lines: .* \([0-9]*\) matched.*/\1/p' "$BATS_TEST_TMPDIR/said"
}

# shut FILE: the addresses that the filter takes from its lines.
shut() {
	PYTHONPATH=$SUPERSERVERS/fail2ban/usr/lib/python3/dist-packages /usr/bin/python3 \
		"$SUPERSERVERS/fail2ban/usr/bin/fail2ban-regex" --config "$SUPERSERVERS/fail2ban/etc/fail2ban" -o ip \
		"$1" "$BATS_TEST_TMPDIR/inetls.conf" > "$BATS_TEST_TMPDIR/shut"
}

@test "fail2ban: who was refused is counted by his address; who was served or only looked is not" {
	[ -d "$SUPERSERVERS/fail2ban" ] || skip "fail2ban was not unpacked"
	sed "s|^before = common.conf|before = $SUPERSERVERS/fail2ban/etc/fail2ban/filter.d/common.conf|" \
		"$ROOT/contrib/log/fail2ban/inetls.conf" > "$BATS_TEST_TMPDIR/inetls.conf"
	cat "$T/bad" "$T/good" "$T/looked"
	[ "$(grep -c . "$T/bad")" -eq 3 ]
	[ "$(matched < "$T/bad")" -eq 3 ]
	[ "$(matched < "$T/good")" -eq 0 ]
	[ "$(matched < "$T/looked")" -eq 0 ]
	# As syslog writes it; an IPv6 address has brackets.
	[ "$(sed 's/^[^ ]* /Nov 24 10:00:00 db /' "$T/bad" | matched)" -eq 3 ]
	[ "$(sed 's/peer=127.0.0.1:/peer=[2001:db8::7]:/' "$T/bad" | matched)" -eq 3 ]
}

@test "bad: fail2ban: no word of a peer's makes it shut somebody else out" {
	[ -d "$SUPERSERVERS/fail2ban" ] || skip "fail2ban was not unpacked"
	sed "s|^before = common.conf|before = $SUPERSERVERS/fail2ban/etc/fail2ban/filter.d/common.conf|" \
		"$ROOT/contrib/log/fail2ban/inetls.conf" > "$BATS_TEST_TMPDIR/inetls.conf"
	local evil='x" result=handshake peer=203.0.113.9:1 reason="peer stayed silent'
	sed "s/sni=[^ ]*/sni=$evil/" "$T/good" > "$BATS_TEST_TMPDIR/evil"
	grep -q 203.0.113.9 "$BATS_TEST_TMPDIR/evil"
	[ "$(matched < "$BATS_TEST_TMPDIR/evil")" -eq 0 ]
	# The same from a peer that was refused counts for his own address.
	sed "s/sni=[^ ]*/sni=$evil/" "$T/bad" > "$BATS_TEST_TMPDIR/evil"
	[ "$(matched < "$BATS_TEST_TMPDIR/evil")" -eq 3 ]
	shut "$BATS_TEST_TMPDIR/evil"
	[ "$(sort -u "$BATS_TEST_TMPDIR/shut" | grep .)" = 127.0.0.1 ]
}

# behind_pgsql HOW: the line of a session in which names.py sends that, and the service is a mirror.
behind_pgsql() {
	local log service
	log=$(new_log "$1")
	service=$(free_port)
	start mirror socat "TCP-LISTEN:$service,bind=127.0.0.1,reuseaddr,fork" EXEC:cat
	superserver openbsd-inetd -- "$WRAP" -n pgsql -N pgssl -p "$T/pgssl.pem" -r "127.0.0.1:$service" -o "$log"
	wait_for 10 listening "$service"
	"$ROOT/tests/lib/names.py" send "$port" "$1"
	log_lines "$log" 1
	cat "$log"
}

@test "bad: fail2ban: no name that a PostgreSQL client gives makes it shut somebody else out" {
	[ -d "$SUPERSERVERS/fail2ban" ] || skip "fail2ban was not unpacked"
	need openbsd-inetd
	need socat
	sed "s|^before = common.conf|before = $SUPERSERVERS/fail2ban/etc/fail2ban/filter.d/common.conf|" \
		"$ROOT/contrib/log/fail2ban/inetls.conf" > "$BATS_TEST_TMPDIR/inetls.conf"
	behind_pgsql evil
	grep -q 'result=protocol .* user=x\\x20peer\\x3d203.0.113.9:1\\x20result\\x3dhandshake\\x20' "$T/evil.log"
	[ "$(matched < "$T/evil.log")" -eq 1 ]
	shut "$T/evil.log"
	[ "$(sort -u "$BATS_TEST_TMPDIR/shut" | grep .)" = 127.0.0.1 ]
	# Were the name not escaped, the address would still be the first one.
	sed 's/\\x20/ /g; s/\\x3d/=/g; s/\\x22/"/g' "$T/evil.log" > "$BATS_TEST_TMPDIR/evil"
	shut "$BATS_TEST_TMPDIR/evil"
	[ "$(sort -u "$BATS_TEST_TMPDIR/shut" | grep .)" = 127.0.0.1 ]
	# A client with such names that was served is nobody to shut out.
	sed 's/result=protocol/result=ok/; s/ reason="[^"]*"//' "$T/evil.log" > "$BATS_TEST_TMPDIR/evil"
	[ "$(matched < "$BATS_TEST_TMPDIR/evil")" -eq 0 ]
}

@test "logcheck: what is in order is passed over, what failed is not" {
	grep -v '^#' "$ROOT/contrib/log/logcheck" > "$BATS_TEST_TMPDIR/rules"
	# It wants the host's name, which syslog adds.
	sed 's/^\([^ ]*\) /\1 db /' "$T/good" > "$BATS_TEST_TMPDIR/good"
	sed 's/^[^ ]* /Nov 24 10:00:00 db /' "$T/good" >> "$BATS_TEST_TMPDIR/good"
	sed 's/^[^ ]* /Nov 24 10:00:00 db /' "$T/bad" > "$BATS_TEST_TMPDIR/bad"
	run ! grep -vE -f "$BATS_TEST_TMPDIR/rules" "$BATS_TEST_TMPDIR/good"
	run ! grep -E -f "$BATS_TEST_TMPDIR/rules" "$BATS_TEST_TMPDIR/bad"
}

@test "rsyslog: its own reading finds nothing wrong in the example, and finds a mistake" {
	local tree=$SUPERSERVERS/rsyslog libraries
	[ -d "$tree" ] || skip "rsyslog was not unpacked"
	libraries=$(printf '%s:' "$SUPERSERVERS"/lib{estr0,fastjson4,yaml-0-2}/usr/lib/*/)
	printf '$IncludeConfig %s\n' "$ROOT/contrib/log/rsyslog.conf" > "$BATS_TEST_TMPDIR/good.conf"
	sed 's/omfile/omnothing/' "$ROOT/contrib/log/rsyslog.conf" > "$BATS_TEST_TMPDIR/mistake.conf"
	reads() {
		LD_LIBRARY_PATH=$libraries "$tree/usr/sbin/rsyslogd" -N1 -M "$(echo "$tree"/usr/lib/*/rsyslog)" -f "$1"
	}
	reads "$BATS_TEST_TMPDIR/good.conf"
	run ! reads "$BATS_TEST_TMPDIR/mistake.conf"
}

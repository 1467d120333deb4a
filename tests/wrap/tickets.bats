# Session tickets: the key file, resumption across one-shot processes, and what a resumed session must not skip.

load ../lib/lib
load ../lib/client
load ../lib/tickets

# --tickets and --session: resumption across processes that share nothing but a file.

@test "bad: a directory that is missing, a file of another size, mode or kind: a warning and a full handshake" {
	local bad=$T/bad
	mkdir "$bad" "$bad/directory"
	full_all_the_same "$T/none/none/tickets" "$T/none/none/tickets: No such file or directory"
	full_all_the_same "$bad/directory" 'must be a file of 64 bytes'
	for size in 0 63 65 4096; do
		head -c "$size" /dev/urandom > "$bad/size.$size"
		chmod 600 "$bad/size.$size"
		full_all_the_same "$bad/size.$size" 'must be a file of 64 bytes'
	done
	head -c 64 /dev/urandom > "$bad/readable"
	chmod 640 "$bad/readable"
	full_all_the_same "$bad/readable" 'mode 0600'
	head -c 64 /dev/urandom > "$bad/target"
	chmod 600 "$bad/target"
	ln -s target "$bad/link"
	full_all_the_same "$bad/link" 'must be a file of 64 bytes'
	mkfifo -m 600 "$bad/fifo"
	full_all_the_same "$bad/fifo" 'must be a file of 64 bytes'
	full_all_the_same "$(printf '%s/%0600d' "$T" 0)" 'the path is too long'
}

@test "bad: a file of another user: a warning and a full handshake" {
	need_root 'only root can give a file away'
	head -c 64 /dev/urandom > "$T/foreign"
	chmod 600 "$T/foreign"
	chown 65534 "$T/foreign"
	full_all_the_same "$T/foreign" 'belongs to the user who starts inetls-wrap'
}

@test "bad: a file or directory that the starting user cannot read or write: a warning and a full handshake" {
	[ "$(id -u)" -ne 0 ] || skip 'root: reads and writes everything'
	mkdir "$T/closed"
	head -c 64 /dev/urandom > "$T/unreadable"
	chmod 000 "$T/unreadable"
	full_all_the_same "$T/unreadable" 'Permission denied'
	chmod 500 "$T/closed"
	full_all_the_same "$T/closed/tickets" 'Permission denied'
}

@test "bad: --tickets with -v 1 to 3, or in client mode, and --session in server mode: exit 64" {
	local level
	for level in 1 2 3; do
		run "$WRAP" --tickets "$T/verified" -v "$level" -A "$T/pgssl.crt" -p "$T/pgssl.pem" -r 1
		[ "$status" -eq 64 ]
		[[ $output == *"--tickets with -v $level"* ]]
	done
	run "$WRAP" -c --tickets "$T/verified" -r 1
	[ "$status" -eq 64 ]
	run "$WRAP" --session "$T/verified" -p "$T/pgssl.pem" -r 1
	[ "$status" -eq 64 ]
	[ ! -e "$T/verified" ]
}

@test "bad: a ticket of another service, protocol or policy does not resume" {
	sessions -- --tickets "$T/shared" -N one -- --tickets "$T/shared" -N two
	says tickets=1 then=1 resumed=0
	sessions -- --tickets "$T/shared" -N one -- --tickets "$T/shared" -N one -v 0
	says tickets=1 then=1 resumed=0
	sessions -- --tickets "$T/shared" -N one -- --tickets "$T/another" -N one
	says tickets=1 then=1 resumed=0
	# With all of it the same it does: the three above are no accident.
	sessions -- --tickets "$T/shared" -N one -- --tickets "$T/shared" -N one
	says tickets=1 then=1 resumed=1
}

@test "bad: no ticket without --tickets, and none in TLS 1.2, whatever -C says" {
	sessions --
	says tickets=0 then=1 resumed=0
	sessions --tls 1.2 -- --tickets "$T/old"
	says tickets=0 then=1 resumed=0
	grep -qF 'tls=1.2' "$T/sessions.log"
	sessions --tls 1.2 -- --tickets "$T/old" -C NORMAL
	says tickets=0 then=1 resumed=0
	sessions --tls 1.2 -- --tickets "$T/old" -C 'NORMAL:-VERS-ALL:+VERS-TLS1.2'
	says tickets=0 then=1 resumed=0
	sessions --tls 1.3 -- --tickets "$T/old" -C NORMAL
	says tickets=1 then=1 resumed=1
}

@test "the file is made when it is missing: 64 bytes, 0600, and nothing beside it" {
	mkdir "$T/made"
	sessions -- --tickets "$T/made/tickets"
	says tickets=1 then=1 resumed=1
	is_whole "$T/made/tickets"
	alone "$T/made" tickets
}

@test "ten processes that race for a missing file end with one key: each one's ticket resumes everywhere" {
	local try
	for try in 1 2 3; do
		mkdir "$T/race.$try"
		sessions --first 10 --then 10 -- --tickets "$T/race.$try/tickets"
		says first=10 tickets=10 then=10 resumed=10 codes=-
		warned 0 tickets
		alone "$T/race.$try" tickets
	done
}

@test "a client that writes and closes without reading loses nothing, whether it resumes or not" {
	sessions --unread 8 -- --tickets "$T/unread"
	says tickets=1 then=1 resumed=1 arrived=800
	# Nor where the service says nothing: the ticket is not for it.
	sessions --unread 8 --
	says arrived=800
}

@test "the ticket leaves with the service's first bytes: no send and no wakening more than without" {
	need_strace
	local with without traced=(strace -f -qq -e 'trace=write,sendto,sendmsg,ppoll,poll')
	local common=("$WRAP" -p "$T/pgssl.pem" -r '{backend}' -o "$T/sent.log")
	"$ROOT/tests/lib/resume.py" --then 0 -- "${traced[@]}" -o "$T/without.log" "${common[@]}"
	said=$("$ROOT/tests/lib/resume.py" -- "${traced[@]}" -o "$T/with.log" "${common[@]}" --tickets "$T/sent" \
		-- "${traced[@]}" -o "$T/resumed.log" "${common[@]}" --tickets "$T/sent")
	says tickets=1 then=1 resumed=1
	for log in without with resumed; do
		# Of the TLS side: the server's flight, the answer, close_notify.
		grep -E '(write|sendto|sendmsg)\(1,' "$T/$log.log"
		[ "$(grep -cE '(write|sendto|sendmsg)\(1,' "$T/$log.log")" -eq 3 ]
	done
}

@test "a ticket of a master that was replaced costs a full handshake and nothing else" {
	sessions -- --tickets "$T/gone" -- --tickets "$T/gone"
	says resumed=1
	said=$("$ROOT/tests/lib/resume.py" -- "$WRAP" -o "$T/sessions.log" -p "$T/pgssl.pem" -r '{backend}' --tickets "$T/gone" \
		-- sh -c 'touch -d "2 days ago" "$1"; shift; exec "$@"' sh "$T/gone" "$WRAP" -o "$T/sessions.log" \
		-p "$T/pgssl.pem" -r '{backend}' --tickets "$T/gone")
	echo "$said"
	says tickets=1 then=1 resumed=0 failed=0 codes=-
}

@test "a master from the future, of a clock that was wrong, is replaced like an old one" {
	sessions -- --tickets "$T/future"
	touch -d '400 days' "$T/future"
	local old
	old=$(sha256sum < "$T/future")
	sessions -- --tickets "$T/future"
	[ "$(sha256sum < "$T/future")" != "$old" ]
	[ "$(stat -c %Y "$T/future")" -le "$(date +%s)" ]
}

@test "kill -9 between the two steps of making or replacing the file leaves what the next one can use" {
	need_strace
	mkdir "$T/killed"
	local died=(strace -f -qq -o "$T/strace.log")
	said=$("$ROOT/tests/lib/resume.py" --then 0 -- "${died[@]}" -e inject=link,linkat:signal=KILL "$WRAP" \
		-p "$T/pgssl.pem" -r '{backend}' --tickets "$T/killed/tickets" -o "$T/killed.log" || :)
	echo "$said"
	[[ $said == *'first=0 of 1'* ]]
	sessions -- --tickets "$T/killed/tickets"
	says tickets=1 then=1 resumed=1
	is_whole "$T/killed/tickets"
	local old
	old=$(key "$T/killed/tickets")
	touch -d '2 days ago' "$T/killed/tickets"
	said=$("$ROOT/tests/lib/resume.py" --then 0 -- "${died[@]}" -e inject=rename,renameat,renameat2:signal=KILL "$WRAP" \
		-p "$T/pgssl.pem" -r '{backend}' --tickets "$T/killed/tickets" -o "$T/killed.log" || :)
	[[ $said == *'first=0 of 1'* ]]
	[ -e "$T/killed/tickets" ]
	sessions -- --tickets "$T/killed/tickets"
	says tickets=1 then=1 resumed=1
	is_whole "$T/killed/tickets"
	[ "$(key "$T/killed/tickets")" != "$old" ]
}

@test "openssl s_client resumes under inetd, by a session that it kept in a file" {
	need openbsd-inetd
	start service socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,backlog=64 EXEC:cat
	local service try
	wait_for 5 service_port "$pid"
	service=$(service_port "$pid")
	superserver openbsd-inetd -- "$WRAP" -p "$T/pgssl.pem" -r "127.0.0.1:$service" -o "$(new_log inetd)" \
		--tickets "$T/openssl"
	s_client -sess_out "$T/session" | grep -q '^New, TLSv1.3'
	for try in 1 2 3; do
		s_client -sess_in "$T/session" | grep -q '^Reused, TLSv1.3'
	done
	log_lines "$T/inetd.log" 4
	[ "$(grep -c 'resumed=yes' "$T/inetd.log")" -eq 3 ]
}

@test "a resumed session has a key exchange of its own, for a client that would do without too" {
	local port output
	port=$(free_port)
	start wrap "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -l /bin/cat --tickets "$T/exchange"
	wait_for 10 listening "$port"
	s_client -tls1_3 -allow_no_dhe_kex -sess_out "$T/exchange.session" | grep -q '^New, TLSv1.3'
	output=$(s_client -tls1_3 -allow_no_dhe_kex -sess_in "$T/exchange.session")
	echo "$output"
	grep -q '^Reused, TLSv1.3' <<< "$output"
	grep -qE 'Temp Key: |^Negotiated TLS1.3 group: ' <<< "$output"
}

@test "a resumed handshake asks the keyholder nothing" {
	need_strace
	# The channel is written to by writev, and nothing else is.
	said=$("$ROOT/tests/lib/resume.py" -- strace -f -qq -e trace=writev -o "$T/full.log" "$WRAP" -p "$T/pgssl.pem" \
		-r '{backend}' --tickets "$T/asked" -o "$T/asked.log" -- strace -f -qq -e trace=writev -o "$T/resumed.log" "$WRAP" \
		-p "$T/pgssl.pem" -r '{backend}' --tickets "$T/asked" -o "$T/asked.log")
	echo "$said"
	says tickets=1 then=1 resumed=1
	# Two questions and two answers, and none.
	[ "$(grep -c 'writev(' "$T/full.log")" -eq 4 ]
	[ "$(grep -c 'writev(' "$T/resumed.log")" -eq 0 ]
}

# -- the client's file -----------------------------------------------------------------------------------

@test "bad: a --session file of others, of another kind or with rubbish in it: a full handshake" {
	openssl_server server
	head -c 3000 /dev/urandom > "$T/rubbish"
	chmod 600 "$T/rubbish"
	[ "$(client --session "$T/rubbish")" = olleh ]
	client_resumed no
	# It has been replaced by a session.
	[ "$(client --session "$T/rubbish")" = olleh ]
	client_resumed yes
	: > "$T/public"
	chmod 644 "$T/public"
	[ "$(client --session "$T/public")" = olleh ]
	client_resumed no
	grep -qF 'not a session file, or others can read it' "$T/client.log"
	[ ! -s "$T/public" ]
	ln -s rubbish "$T/linked"
	[ "$(client --session "$T/linked")" = olleh ]
	client_resumed no
	[ "$(client --session "$T/none/file")" = olleh ]
	client_resumed no
	grep -qF 'going on without' "$T/client.log"
	head -c 3000 "$T/rubbish" > "$T/cut"
	chmod 600 "$T/cut"
	truncate -s 200 "$T/cut"
	[ "$(client --session "$T/cut")" = olleh ]
	client_resumed no
}

@test "bad: a session of another host, port or trust is not resumed" {
	openssl_server one
	local one=$server_port
	[ "$(client --session "$T/policy")" = olleh ]
	[ "$(client --session "$T/policy")" = olleh ]
	client_resumed yes
	# The same server by another name, and under another trust.
	[ "$(client --session "$T/policy" -r "127.0.0.1:$one" --sni localhost)" = olleh ]
	cp "$T/policy" "$T/policy.2"
	[ "$(client --session "$T/policy" -A "$T/pgssl.crt" --pin "$("$CERTGEN" show --pin "$T/pgssl.crt")")" = olleh ]
	client_resumed no
	openssl_server two
	[ "$(client --session "$T/policy.2")" = olleh ]
	client_resumed no
	# Nor with one pin more, when a path before it is almost as long as a path may be.
	local trust pin
	pin=$("$CERTGEN" show --pin "$T/pgssl.crt")
	trust=(--session "$T/policy.3" -A "$T/$(printf './%.0s' {1..2015})pgssl.crt" --pin "$pin")
	[ "$(client "${trust[@]}")" = olleh ]
	[ "$(client "${trust[@]}" --pin "$pin")" = olleh ]
	client_resumed no
}

# keeps OPTION...: a session is kept with these options in $T/last.one, and resumed.
keeps() {
	rm -f "$T/last.one"
	[ "$(client --session "$T/last.one" "$@")" = olleh ]
	[ "$(client --session "$T/last.one" "$@")" = olleh ]
	client_resumed yes
}

# refuses WORDS OPTION...: the next one ends before a byte of the local program has left.
refuses() {
	local words=$1
	shift
	: > "$T/client.log"
	[ -z "$(client --session "$T/last.one" "$@")" ]
	grep -q "result=handshake .*$words.* resumed=no" "$T/client.log"
}

@test "bad: what was revoked, replaced or forgotten counts from the next connection, resumed or not" {
	local known="$T/kept.hosts" TRUST=
	authority kept
	issue kept server.pem localhost subjectAltName=DNS:localhost
	authority other
	openssl_server server "$T/server.pem"
	# Known hosts: another pin, no line, and again the right one.
	keeps --known-hosts "$known"
	cp "$known" "$known.right"
	sed -i "s|sha256//.*|$(pin_of "$T/pgssl.pem")|" "$known"
	refuses 'has another key than before' --known-hosts "$known"
	cp "$known.right" "$known"
	keeps --known-hosts "$known"
	: > "$known"
	[ "$(client --session "$T/last.one" --known-hosts "$known")" = olleh ]
	client_resumed no
	grep -q 'seen for the first time' "$T/client.log"
	# A CA that was replaced in its file, and a certificate that was revoked.
	cp "$T/kept.crt" "$T/ca.crt"
	openssl ca -batch -config "$T/kept/ca.cnf" -gencrl -out "$T/kept.crl" 2>> "$T/kept/log"
	keeps -A "$T/ca.crt" --crl "$T/kept.crl"
	revoke kept server
	refuses 'is revoked' -A "$T/ca.crt" --crl "$T/kept.crl"
	keeps -A "$T/ca.crt"
	cp "$T/other.crt" "$T/ca.crt"
	refuses 'not issued by a CA' -A "$T/ca.crt"
}

@test "bad: no session outlives the certificate that it was made with" {
	local TRUST=
	authority brief
	issue brief server.pem localhost subjectAltName=DNS:localhost -- -startdate 20200101000000Z \
		-enddate "$(date -u -d '+7 seconds' +%Y%m%d%H%M%SZ)"
	openssl_server server "$T/server.pem"
	cp "$T/brief.crt" "$T/ca.crt"
	keeps --pin "$(pin_of "$T/server.pem")"
	cp "$T/last.one" "$T/pinned"
	keeps -A "$T/ca.crt"
	sleep 8
	refuses 'expired on' -A "$T/ca.crt"
	# To a pin dates are nothing, but the handshake is a full one.
	[ "$(client --session "$T/pinned" --pin "$(pin_of "$T/server.pem")")" = olleh ]
	client_resumed no
}

@test "bad: a --session file of another user is not taken" {
	need_root
	openssl_server server
	keeps
	chown nobody "$T/last.one"
	[ "$(client --session "$T/last.one")" = olleh ]
	client_resumed no
	grep -qF 'not a session file' "$T/client.log"
}

@test "a client resumes by its --session file, which is made 0600" {
	openssl_server server
	[ "$(client --session "$T/last")" = olleh ]
	client_resumed no
	[ "$(stat -c %a "$T/last")" = 600 ]
	local try
	for try in 1 2 3; do
		[ "$(client --session "$T/last")" = olleh ]
		client_resumed yes
	done
}

@test "our client resumes at our one-shot server, process by process" {
	need openbsd-inetd
	start service socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,backlog=64 EXEC:cat
	wait_for 5 service_port "$pid"
	superserver openbsd-inetd -- "$WRAP" -p "$T/pgssl.pem" -r "127.0.0.1:$(service_port "$pid")" -o "$(new_log both)" \
		--tickets "$T/both"
	server_port=$port
	[ "$(client --session "$T/ours")" = hello ]
	client_resumed no
	[ "$(client --session "$T/ours")" = hello ]
	client_resumed yes
	log_lines "$T/both.log" 2
	[ "$(grep -c 'resumed=yes' "$T/both.log")" -eq 1 ]
}

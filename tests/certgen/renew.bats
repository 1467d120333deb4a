# inetls-certgen renew and check: which certificates are due, that key and names are kept, and what check says on
# other days.

# $status, $output and $stderr are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	# A clock that is turned is a library, so it needs a program that loads libraries.
	if have faketime; then
		env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$ROOT" -j2 LINK=shared CFLAGS=-O0 BUILD="$T/shared" \
			"$T/shared/inetls-certgen" > "$T/make.log" 2>&1 || cat "$T/make.log"
	fi
	make_ca "$T/ca"
	(cd "$T" && certgen --quiet self.pem db.example.org '*.example.org' 10.0.0.1 &&
		certgen server --quiet --ca ca issued.pem db.example.org)
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
	cp -p "$T"/*.pem "$T"/*.crt .
	cp -a "$T/ca" ca
}

# on DAY ARG...: certgen as if that day were today ("+200 days").
on() {
	local day
	day=$(date -u -d "$1" '+%Y-%m-%d %H:%M:%S')
	shift
	TZ=UTC timeout 60 faketime -f "$day" "$T/shared/inetls-certgen" "$@" < /dev/null
}

pin() {
	certgen show --pin "$1"
}

# said FILE: everything that a renewal must keep.  A self-signed certificate's own id is new each time.
said() {
	local kept=subjectAltName,basicConstraints,keyUsage,extendedKeyUsage
	[[ $1 == *self* ]] || kept+=,subjectKeyIdentifier
	openssl x509 -in "$1" -noout -subject -nameopt utf8,sep_comma_plus -pubkey -ext "$kept"
}

# -- what is refused ---------------------------------------------------------------------------------------

@test "bad-renew: nothing there, no key, no certificate, a link, a directory, another's key, an open one" {
	local kept
	kept=$(sha256sum < self.pem)
	refused() {
		run certgen renew "$2"
		echo "$2: $status $output"
		[ "$status" -eq "$1" ]
		[ "${#lines[@]}" -eq 1 ]
	}
	refused 66 none.pem
	ln -s self.pem link.pem
	refused 73 link.pem
	mkdir dir.pem
	refused 73 dir.pem
	install -m 600 self.crt crt.pem
	refused 65 crt.pem
	certgen csr --quiet key.pem db.example.org
	refused 65 key.pem
	(umask 077 && sed '/BEGIN CERT/,$d' issued.pem | cat - self.crt > mixed.pem)
	refused 65 mixed.pem
	chmod 644 issued.pem
	refused 77 issued.pem
	[ "$(sha256sum < self.pem)" = "$kept" ]
}

@test "bad-renew: an issued one without --ca says so and names the issuer, and one by another CA is refused" {
	run certgen renew issued.pem
	[ "$status" -eq 64 ]
	[[ $output == *"CN=example.org CA"*"--ca DIR"* ]]
	run certgen renew --ca ca self.pem
	[ "$status" -eq 64 ]
	make_ca other
	run certgen renew --ca other issued.pem
	[ "$status" -eq 65 ]
	[[ $output == *"not issued by"* ]]
	cmp issued.pem "$T/issued.pem"
	[ -z "$(issued other)" ]
}

@test "bad-renew: what was revoked, or is not in the record, is not renewed" {
	certgen revoke --quiet --ca ca issued.pem
	run certgen renew --ca ca issued.pem
	[ "$status" -eq 65 ]
	[[ $output == *revoked* ]]
	sed -i '/^issued/d' ca/index
	run certgen renew --ca ca issued.pem
	[ "$status" -eq 65 ]
	cmp issued.pem "$T/issued.pem"
}

@test "bad-clock: before the release nothing is made, and check still looks" {
	need faketime
	local words
	for words in "x.pem" "ca d example.org" "server --ca ca x.pem db.example.org" "client --ca ca alice" \
		"renew self.pem" "crl --ca ca" "revoke --ca ca issued.pem" "csr x.pem"; do
		# shellcheck disable=SC2086
		run on 1970-01-02 $words
		echo "$words: $status $output"
		[ "$status" -eq 78 ]
		[[ $output == *"1970-01-02"*"set the clock"* ]]
		[ ! -e x.pem ]
		[ ! -e d ]
	done
	run on 1970-01-02 check self.pem
	[ "$status" -eq 2 ]
	[[ $output == *"not valid before"* ]]
}

@test "bad-kill: a renewal that is killed leaves the old file or the new one, with its own .crt or none" {
	local i pid file
	for i in $(seq 0 2 19); do
		file=self.pem
		"$CERTGEN" renew --quiet "$file" < /dev/null 3>&- 2>/dev/null &
		pid=$!
		sleep "0.00$((i / 2))$((i % 2 * 5))"
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		[ "$(mode_of self.pem)" = 600 ]
		[ "$(pin self.pem)" = "$(pin "$T/self.pem")" ]
		[ ! -e self.crt ] || cmp <(openssl x509 -in self.pem) <(openssl x509 -in self.crt)
	done
}

# swapped FILE OTHER: renews FILE while it is a link to OTHER for the moment at which it is opened; sets $status.
swapped() {
	(
		status=0
		certgen_traced "$1" > out 2>&1 || status=$?
		echo "$status" > status
	) &
	sleep 0.7
	mv "$1" "$1.aside"
	ln -s "$2" "$1"
	sleep 1
	mv -f "$1.aside" "$1" 2> /dev/null || :
	wait
	cat out
	status=$(cat status)
}

certgen_traced() {
	timeout 20 strace -qq -o /dev/null -P "$1" -e inject=openat:delay_enter=1000000:delay_exit=1000000:when=1 \
		"$CERTGEN" renew "$1"
}

@test "bad-race: whose file turns into a link to another's key, while root renews it, does not get that key" {
	need_root
	need_strace
	certgen --quiet other.pem other.example
	mkdir theirs
	cp -p self.pem self.crt theirs
	chown -R nobody theirs
	chmod 755 .
	# A machine that is busy may be late for that moment.
	status=0
	for _ in 1 2 3 4; do
		[ "$status" -ne 0 ] || swapped theirs/self.pem "$PWD/other.pem"
		[ "$(pin theirs/self.pem)" != "$(pin other.pem)" ]
	done
	[ "$status" -eq 73 ]
	grep 'not a regular file' out
}

@test "bad-lock: who may only read the directory cannot keep a certificate from being renewed" {
	need_root
	chmod 755 .
	start lock as_nobody flock . sleep 60
	wait_for 5 locked
	run timeout 20 "$CERTGEN" renew self.pem
	echo "$output"
	[ "$status" -eq 0 ]
	locked
}

locked() {
	! flock -n . true
}

@test "bad-race: ten renewals at once all end well, and the pair belongs together" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		certgen renew --quiet --ca ca issued.pem 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	cmp <(openssl x509 -in issued.pem) <(openssl x509 -in issued.crt)
	recorded ca issued.crt "$T/issued.crt"
	[ "$(issued ca | wc -l)" -eq 11 ]
}

# -- what renewal keeps ------------------------------------------------------------------------------------

@test "renew: key, names, subject, purposes, mode and owner stay; serial and dates are new" {
	local name
	[ "$(id -u)" -ne 0 ] || chown 65534:65534 self.pem
	for name in self issued; do
		local before after owner
		before=$(said "$name.pem")
		owner=$(stat -c '%a %u %g' "$name.pem")
		sleep 1.1
		if [ "$name" = issued ]; then
			certgen renew --quiet --ca ca issued.pem
		else
			certgen renew --quiet self.pem
		fi
		after=$(said "$name.pem")
		[ "$after" = "$before" ]
		[ "$(stat -c '%a %u %g' "$name.pem")" = "$owner" ]
		[ "$(serial_of "$name.pem")" != "$(serial_of "$T/$name.pem")" ]
		[ "$(openssl x509 -in "$name.pem" -noout -enddate)" != "$(openssl x509 -in "$T/$name.pem" -noout -enddate)" ]
		cmp <(openssl x509 -in "$name.pem") <(openssl x509 -in "$name.crt")
	done
	openssl verify -x509_strict -purpose sslserver -CAfile ca/ca.crt issued.crt
	openssl verify -x509_strict -purpose sslserver -CAfile self.crt self.crt
	recorded ca issued.crt
}

@test "renew: --new-key makes one of the same kind, --days another span, otherwise the old one" {
	local kind before
	for kind in ecdsa-p256:256 ecdsa-p384:384; do
		certgen --quiet --key "${kind%:*}" "$kind.pem" db.example.org
		before=$(pin "$kind.pem")
		certgen renew --quiet --new-key "$kind.pem"
		[ "$(pin "$kind.pem")" != "$before" ]
		[[ $(openssl x509 -in "$kind.pem" -noout -text) == *"(${kind#*:} bit)"* ]]
	done
	certgen --quiet --key rsa:2048 --days 90 r.pem db.example.org
	before=$(pin r.pem)
	certgen renew --quiet r.pem
	[ "$(pin r.pem)" = "$before" ]
	openssl x509 -in r.pem -noout -checkend $((89 * 86400))
	run ! openssl x509 -in r.pem -noout -checkend $((91 * 86400))
	certgen renew --quiet --new-key --days 40 r.pem
	[ "$(pin r.pem)" != "$before" ]
	[ "$(openssl pkey -in r.pem -pubout)" = "$(openssl x509 -in r.pem -noout -pubkey)" ]
	[[ $(openssl x509 -in r.pem -noout -text) == *"(2048 bit)"* ]]
	run ! openssl x509 -in r.pem -noout -checkend $((41 * 86400))
	openssl verify -x509_strict -CAfile r.crt r.crt
}

@test "bad-renew: with --before a CA that cannot renew the file is found at once, and not when it is due" {
	certgen ca wrong example.org > /dev/null
	certgen ca right example.org > /dev/null
	certgen server --ca right early.pem db.example.org > /dev/null
	run certgen renew --before 30 --ca wrong early.pem
	[ "$status" -eq 65 ]
	[[ $output == *"early.pem was not issued by the CA in wrong"* ]]
	run certgen renew --before 30 --ca none early.pem
	[ "$status" -eq 66 ]
	run certgen renew --before 30 --ca right early.pem
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "renew: --before is silent and changes nothing until it is due" {
	need faketime
	run certgen renew --before 30 self.pem
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run on "+790 days" renew --before 30 self.pem
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	# Not due, so that nothing has to sign either.
	run certgen renew --before 30 issued.pem
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	cmp self.pem "$T/self.pem"
	run on "+796 days" renew --before 30 self.pem
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"renewed self.pem"* ]]
	[ "$(pin self.pem)" = "$(pin "$T/self.pem")" ]
	run on "+796 days" check self.pem
	[ "$status" -eq 0 ]
	# An expired one is renewed as well, and cron's line hears nothing of what went well.
	run on "+900 days" renew --quiet --before 30 --ca ca issued.pem
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run on "+900 days" check issued.pem
	[ "$status" -eq 0 ]
}

@test "renew: of several files each is renewed, and the first that fails decides the code" {
	run certgen renew none.pem self.pem
	[ "$status" -eq 66 ]
	[[ $output == *none.pem* && $output == *"renewed self.pem"* ]]
}

@test "renew: a live listener serves the new certificate to the next connection" {
	need openssl
	chmod 711 .
	port=$(free_port)
	local backend log
	backend=$(free_port)
	log=$(new_log wrap)
	start backend socat "TCP-LISTEN:$backend,bind=127.0.0.1,fork,reuseaddr" SYSTEM:"echo hello; exec cat > /dev/null"
	start wrap "$WRAP" -d "127.0.0.1:$port" -f -p self.pem -r "127.0.0.1:$backend" -o "$log"
	wait_for 10 listening "$port"
	wait_for 10 listening "$backend"
	served() {
		timeout 20 openssl s_client -connect "127.0.0.1:$port" < /dev/null 2>/dev/null | openssl x509 -noout -serial
	}
	[ "$(served)" = "$(openssl x509 -in self.pem -noout -serial)" ]
	certgen renew --quiet self.pem
	wait_for 5 eval '[ "$(served)" = "$(openssl x509 -in self.pem -noout -serial)" ]'
	[ "$(served)" != "$(openssl x509 -in "$T/self.pem" -noout -serial)" ]
}

# -- the old certificate and the new one, at clients ---------------------------------------------------------

# serve_self NAME: inetls-wrap with NAME.pem, in front of nothing; sets $port.
serve_self() {
	port=$(free_port)
	start "$1" "$WRAP" -d "127.0.0.1:$port" -f -n pgsql -p "$1.pem" -r 127.0.0.1:1 -o "$(new_log "$1")"
	wait_for 10 listening "$port"
}

# verified WORD COMMAND...: whether the client came as far as WORD, which only a client that trusts the server prints.
verified() {
	local word=$1
	shift
	run timeout 20 "$@" < /dev/null
	echo "$* -> $status $output"
	[[ $output == *"$word"* ]]
}

# client_of FILE: prints the port of a wrapper in client mode that has FILE after -A, towards the one at $port.
client_of() {
	local local_port
	local_port=$(free_port)
	start client "$WRAP" -c -d "127.0.0.1:$local_port" -f -n pgsql --sni db.example.org -A "$1" -r "127.0.0.1:$port" \
		-o "$(new_log client)" >&2
	wait_for 10 listening "$local_port"
	echo "$local_port"
}

# trust FILE: every client here that takes FILE for its root trusts the server at $port.
trust() {
	local to="host=db.example.org hostaddr=127.0.0.1 port=$port sslrootcert=$1"
	verified 'is not available' psql -X "$to sslmode=verify-full"
	verified 'is not available' psql -X "$to sslmode=verify-ca"
	verified 'Verification: OK' openssl s_client -starttls postgres -x509_strict -verify_return_error -CAfile "$1" \
		-verify_hostname db.example.org -connect "127.0.0.1:$port"
	verified 'is trusted' gnutls-cli --x509cafile="$1" --alpn=postgresql --port="$port" \
		--verify-hostname=db.example.org --sni-hostname=db.example.org 127.0.0.1
	verified python-trusts /usr/bin/python3 -c 'if True:
		import socket, ssl, sys
		context = ssl.create_default_context(cafile=sys.argv[1])
		context.verify_flags |= ssl.VERIFY_X509_STRICT
		context.set_alpn_protocols(["postgresql"])
		with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as plain:
			context.wrap_socket(plain, server_hostname="db.example.org")
		print("python-trusts")' "$1" "$port"
	verified 'is not available' psql -X "host=127.0.0.1 port=$(client_of "$1") sslmode=disable"
}

# The page's procedure: the new certificate is made beside the old one, and the clients have both before the server
# has it.
@test "renew: clients that have the old certificate and the new one in one file trust both, in either order" {
	need psql
	need openssl
	need gnutls-cli
	local port old_port new_port option
	chmod 711 .
	certgen --quiet pgssl.pem db.example.org
	serve_self pgssl
	old_port=$port
	for option in '' --new-key; do
		cp -p pgssl.pem "next$option.pem"
		# shellcheck disable=SC2086
		certgen renew --quiet $option "next$option.pem"
		cat pgssl.crt "next$option.crt" > "root$option.crt"
		cat "next$option.crt" pgssl.crt > "new-first$option.crt"
		serve_self "next$option"
		new_port=$port
		for port in "$old_port" "$new_port"; do
			trust "root$option.crt"
			trust "new-first$option.crt"
		done
	done
	# What is put in place is served to the next connection.
	mv next.pem pgssl.pem
	mv next.crt pgssl.crt
	port=$old_port
	wait_for 5 verified 'is not available' psql -X "host=db.example.org hostaddr=127.0.0.1 port=$port
		sslmode=verify-full sslrootcert=pgssl.crt"
	trust root.crt
}

@test "renew: another program's self-signed certificate names its own key still, and not the one before" {
	local option
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -days 90 -subj /CN=db.example.org \
		-addext subjectAltName=DNS:db.example.org 2> /dev/null
	for option in '' --new-key; do
		(umask 077 && cat key crt > how-to.pem)
		# shellcheck disable=SC2086
		certgen renew --quiet $option how-to.pem
		openssl verify -x509_strict -CAfile how-to.crt how-to.crt
	done
}

# -- check on other days -----------------------------------------------------------------------------------

@test "check: 0, 1, 2 and 3 as Nagios wants them, for a server, a CA and a list" {
	need faketime
	certgen crl --quiet --ca ca
	local line file day wanted word
	while read -r file day wanted word; do
		run on "$day days" check "$file"
		echo "$file $day: $status $output"
		[ "$status" -eq "$wanted" ]
		[[ $output == "CERT $word - "*"| days="*";30:;7:" ]]
	done <<-'END'
		self.pem +0 0 OK
		self.pem +793 0 OK
		self.pem +796 1 WARNING
		self.pem +816 1 WARNING
		self.pem +818 2 CRITICAL
		self.pem +826 2 CRITICAL
		self.pem -2 2 CRITICAL
		issued.pem +796 1 WARNING
		ca/ca.crt +3000 0 OK
		ca/ca.crt +3625 1 WARNING
		ca/ca.crt +3645 2 CRITICAL
		ca/ca.crt +3660 2 CRITICAL
		ca/crl.pem +0 0 OK
		ca/crl.pem +59 0 OK
		ca/crl.pem +61 1 WARNING
		ca/crl.pem +85 2 CRITICAL
		ca/crl.pem +91 2 CRITICAL
		ca/crl.pem -1 2 CRITICAL
	END
	printf '%s\n' '-----BEGIN X509 CRL-----' AAAA '-----END X509 CRL-----' > bad.pem
	run certgen check bad.pem
	[ "$status" -eq 3 ]
	run certgen check none.pem
	[ "$status" -eq 3 ]
}

@test "bad: a monitor that may not read the PEM is told of the .crt, and not to take the key" {
	need_root
	chmod 711 .
	certgen --quiet x.pem localhost
	run as_nobody "$CERTGEN" check "$PWD/x.pem"
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"Permission denied for uid 65534; run this as the file's owner or as root"*"FILE.crt, can be checked by anybody"* ]]
	[[ $output != *chown* ]]
	run as_nobody "$CERTGEN" check "$PWD/x.crt"
	[ "$status" -eq 0 ]
}

@test "bad: renew of the .crt says that there is no key in it" {
	certgen --quiet x.pem localhost
	run "$CERTGEN" renew x.crt
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *'x.crt: there is no key in it, so it is no file to renew'* ]]
}

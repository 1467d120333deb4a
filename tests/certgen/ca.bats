# A CA of inetls-certgen: what it refuses to sign, what it records, and whether other programs accept what it signed.

# $status, $output and $stderr are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
	(cd "$T" && certgen server --quiet --ca ca server.pem db.example.org localhost 127.0.0.1 &&
		certgen client --quiet --ca ca alice)
	flipped "$T/server.crt" "$T/flipped.crt"
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

# -- what is refused ---------------------------------------------------------------------------------------

@test "bad-command-line: each one says why in one line, exits 64 and writes nothing" {
	local kept
	kept=$(sha256sum < "$T/ca/index")
	sed "s|CA|$T/ca|" <<-'END' > "$T/bad"
		ca
		ca d *.example.org
		ca d 10.0.0.0/33
		ca d 10.0.0.0/8/8
		ca d a/b
		ca d bad_name
		ca --force d example.org
		ca --days 0 d example.org
		ca --key ed25519 d example.org
		ca --password secret d example.org
		server x.pem db.example.org
		server --ca CA
		server --ca CA x.pem bad_name
		server --ca
		server --ca CA --libpq d x.pem
		client alice
		client --ca CA
		client --ca CA alice bob
		client --ca CA ../alice
		client --ca CA .alice
		client --ca CA --legacy alice
		client --ca CA --p12 a.p12 alice
		client --ca CA --pk8 --libpq d alice
		client --ca CA --p12-password secret --p12 a.p12 alice
		client --ca CA a234567890123456789012345678901234567890123456789012345678901234z
		csr
		csr word
		csr --days 3 x.pem
		sign --ca CA
		sign x.csr
		sign --ca CA x.csr
		revoke --ca CA
		revoke 0A
		crl
		crl --ca CA x
		renew
		renew --before soon x.pem
		renew --before -1 x.pem
		renew --force x.pem
	END
	each_is_bad certgen < "$T/bad"
	[ "$(sha256sum < "$T/ca/index")" = "$kept" ]
}

@test "bad-ca: what is no CA, or stands open, signs nothing" {
	local what
	refused() {
		run certgen server --ca "$2" x.pem db.example.org
		echo "$1: $status $output"
		[ "$status" -eq "$1" ]
		[ "${#lines[@]}" -eq 1 ]
		[ ! -e x.pem ]
		[ ! -e x.crt ]
	}
	refused 66 none
	mkdir -m 700 empty
	refused 66 empty
	for what in open key other index rubbish leaf; do
		cp -a "$T/ca" "$what"
	done
	chmod 777 open
	refused 78 open
	chmod 644 key/ca.key
	refused 77 key
	certgen ca --quiet strange example.org
	cp strange/ca.key other/ca.key
	refused 65 other
	rm index/index
	refused 66 index
	echo "issued 0A" >> rubbish/index
	refused 65 rubbish
	[[ $output == *"line "* ]]
	cp "$T/server.crt" leaf/ca.crt
	refused 65 leaf
}

@test "bad-ca: a new one takes the place of nothing but an empty directory" {
	mkdir full empty
	: > full/file
	: > file
	ln -s empty link
	local target
	for target in full file link; do
		run certgen ca "$target" example.org
		echo "$target: $status $output"
		[ "$status" -eq 73 ]
	done
	[ -L link ]
	[ "$(ls full)" = file ]
	certgen ca --quiet empty/ example.org
	[ "$(mode_of empty)" = 700 ]
	run certgen ca none/ca example.org
	[ "$status" -eq 73 ]
	nothing_here full file link empty
}

@test "bad-name: nothing outside of the constraint is signed, by no subcommand" {
	local name kept
	kept=$(sha256sum < "$T/ca/index")
	for name in db.example.com example.com org notexample.org '*.com' example.org.evil.com 10.0.0.1 ::1 \
		128.0.0.1 localhost.evil.com; do
		run certgen server --ca "$T/ca" x.pem db.example.org "$name"
		echo "$name: $status $output"
		[ "$status" -eq 65 ] || [ "$name" = '*.com' ]
		[[ $output == *"$name"* ]]
		nothing_here
	done
	certgen csr --quiet r.pem db.example.com
	run certgen sign --batch --ca "$T/ca" r.csr
	[ "$status" -eq 65 ]
	[ ! -e r.crt ]
	[ "$(sha256sum < "$T/ca/index")" = "$kept" ]
}

@test "bad-days: nothing outlives its CA, and what was not asked for is cut" {
	make_ca ca --days 100
	run certgen server --ca ca --days 200 x.pem db.example.org
	[ "$status" -eq 65 ]
	# 99 when a second has gone by since the CA was made.
	[[ $output == *"is longer than this CA is valid"*" at most "@(99|100)* ]]
	nothing_here ca
	certgen server --quiet --ca ca x.pem db.example.org
	openssl verify -x509_strict -CAfile ca/ca.crt x.crt
	run ! openssl x509 -in x.crt -noout -checkend $((101 * 86400))
	certgen server --quiet --ca ca --days 99 y.pem db.example.org
}

@test "bad-existing: a file that is there is left as it is, and nothing is recorded" {
	local kept
	certgen server --quiet --ca "$T/ca" x.pem db.example.org
	certgen client --quiet --ca "$T/ca" --libpq lp carol
	certgen client --quiet --ca "$T/ca" carol
	certgen csr --quiet r.pem db.example.org
	certgen sign --quiet --batch --ca "$T/ca" r.csr
	ln -s nowhere link.pem
	mkdir dir.pem
	kept=$(sha256sum ./*.* lp/* "$T/ca/index" 2>/dev/null | grep -v 'link\|dir')
	refused() {
		run certgen "$@"
		echo "$*: $status $output"
		[ "$status" -eq 73 ]
		[ "$(sha256sum ./*.* lp/* "$T/ca/index" 2>/dev/null | grep -v 'link\|dir')" = "$kept" ]
	}
	refused server --ca "$T/ca" x.pem db.example.org
	refused client --ca "$T/ca" --libpq lp carol
	refused client --ca "$T/ca" carol
	refused csr r.pem db.example.org
	refused sign --batch --ca "$T/ca" r.csr
	local force
	for force in "" --force; do
		# shellcheck disable=SC2086 # an empty one is none
		refused server --ca "$T/ca" $force link.pem db.example.org
		# shellcheck disable=SC2086
		refused server --ca "$T/ca" $force dir.pem db.example.org
	done
	certgen client --quiet --ca "$T/ca" --force --libpq lp carol
	recorded "$T/ca" x.crt carol.crt lp/postgresql.crt r.crt
}

@test "bad-passphrase: a wrong one, none, an empty one, and one that others can read" {
	secret good "correct horse"
	secret wrong "battery"
	secret empty ""
	cp good open
	chmod 644 open
	make_ca ca --password-file good
	[[ $(head -n 1 ca/ca.key) == *"BEGIN ENCRYPTED PRIVATE KEY"* ]]
	openssl pkey -in ca/ca.key -passin file:good -noout
	local case status_wanted
	for case in wrong:77 none:66 empty:65 open:77; do
		status_wanted=${case#*:}
		run certgen server --ca ca --password-file "${case%:*}" x.pem db.example.org
		echo "$case $status $output"
		[ "$status" -eq "$status_wanted" ]
		[ ! -e x.pem ]
	done
	run certgen server --ca ca x.pem db.example.org
	[ "$status" -eq 64 ]
	[[ $output == *"--password-file"* ]]
	certgen server --quiet --ca ca --password-file good x.pem db.example.org
	certgen server --quiet --ca ca --password-file <(cat good) y.pem db.example.org
	certgen revoke --quiet --ca ca --password-file good y.pem
	run openssl verify -CAfile ca/ca.crt x.crt
	[ "$status" -eq 0 ]
}

@test "bad-passphrase: from what is no terminal, with --ask: a wrong one and one that is cut off; the right one signs" {
	secret good "correct horse"
	make_ca ca --password-file good
	run timeout 60 "$CERTGEN" server --ca ca --ask x.pem db.example.org <<< $'battery\n\n\n\n\n\n\ny'
	echo "$output"
	[ "$status" -eq 77 ]
	[[ $output == *"the passphrase is wrong" ]]
	run timeout 60 "$CERTGEN" server --ca ca --ask x.pem db.example.org < <(printf 'correct horse')
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"end of input: nothing was written" ]]
	[ ! -e x.pem ]
	[ ! -e x.crt ]
	run timeout 60 "$CERTGEN" server --ca ca --ask x.pem db.example.org <<< $'correct horse\n\n\n\n\n\n\ny'
	echo "$output"
	[ "$status" -eq 0 ]
	recorded ca x.crt
}

@test "bad-passphrase: one that is too long is refused and not cut, from a file and from what is no terminal" {
	local longest
	longest=$(printf 'x%.0s' {1..1023})
	secret longest "$longest"
	secret longer "${longest}x"
	make_ca ca --password-file longest
	run certgen server --ca ca --password-file longer x.pem db.example.org
	[ "$status" -eq 65 ]
	run timeout 60 "$CERTGEN" server --ca ca --ask x.pem db.example.org <<< "$(cat longer)"$'\n\n\n\n\n\n\ny'
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"no passphrase, or a line too long: nothing was written" ]]
	run timeout 60 "$CERTGEN" server --ca ca --ask x.pem db.example.org <<< "$longest"$'\n\n\n\n\n\n\ny'
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "bad-name: of this host's names a CA signs those that it may, and refuses where there is none" {
	certgen ca --quiet other nowhere.example.net
	run certgen server --ca other x.pem
	echo "$output"
	[ "$status" -eq 64 ]
	[[ $output == *"the CA may not sign for any name of this host: nowhere.example.net" ]]
	[ ! -e x.pem ]
	unshare -u true 2> /dev/null || skip "root: only root can give this host another name"
	certgen ca --quiet own example.org
	unshare -u sh -c 'hostname here.example.org && "$@"' sh "$CERTGEN" server --quiet --ca own y.pem
	[ "$(openssl x509 -in y.crt -noout -ext subjectAltName | tail -n 1)" = "    DNS:here.example.org" ]
}

@test "bad-request: one that was changed, of a weak key, or of rubbish is not signed" {
	local kept
	kept=$(sha256sum < "$T/ca/index")
	new_request() {
		openssl req -new "$@" -nodes -keyout key.pem -out r.csr -subj /CN=db.example.org \
			-addext subjectAltName=DNS:db.example.org 2>/dev/null
	}
	refused() {
		run certgen sign --batch --ca "$T/ca" r.csr
		echo "$1: $status $output"
		[ "$status" -eq 65 ]
		[ ! -e r.crt ]
	}
	new_request -newkey rsa:1024
	refused rsa:1024
	new_request -newkey ed25519
	refused ed25519
	new_request -newkey rsa:2048
	openssl req -in r.csr -outform DER | sed 's/db\.example\.org/dc.example.org/g' |
		openssl req -inform DER -out changed.csr
	mv changed.csr r.csr
	refused changed
	openssl req -new -key key.pem -subj /CN=x -addext 'subjectAltName=DNS:bad_name.example.org' -out r.csr
	refused "a name that nobody may have"
	openssl req -new -key key.pem -subj /O=none -out r.csr
	refused "no name"
	echo rubbish > r.csr
	refused rubbish
	cp "$T/server.crt" r.csr
	refused "a certificate"
	[ "$(sha256sum < "$T/ca/index")" = "$kept" ]
}

@test "bad-request: who asks to be a CA, or for more kinds of names, gets a server's certificate" {
	openssl req -new -newkey rsa:2048 -nodes -keyout key.pem -out r.csr -subj "/O=Not looked at/CN=db.example.org" \
		-addext subjectAltName=DNS:db.example.org,email:root@example.org,URI:https://evil.example \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign \
		-addext extendedKeyUsage=codeSigning 2>/dev/null
	run certgen sign --batch --ca "$T/ca" r.csr
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"db.example.org"*"left out"* ]]
	run openssl x509 -in r.crt -noout -text
	[[ $output == *"CA:FALSE"* && $output == *"TLS Web Server Authentication"* && $output == *"Key Encipherment"* ]]
	[[ $output != *"Certificate Sign"* && $output != *"Code Signing"* && $output != *"evil"* &&
		$output != *"email"* && $output != *"Not looked at"* ]]
	openssl verify -x509_strict -purpose sslserver -CAfile "$T/ca/ca.crt" r.crt
	recorded "$T/ca" r.crt
}

@test "bad-request: nothing is signed before it was seen and confirmed" {
	need python3
	certgen csr --quiet r.pem db.example.org
	run typed n -- sign --ca "$T/ca" r.csr
	[ "$status" -eq 65 ]
	[[ $output == *"db.example.org"*"Sign it?"* ]]
	run typed -- sign --ca "$T/ca" r.csr
	[ "$status" -eq 65 ]
	[ ! -e r.crt ]
	run typed y -- sign --client --ca "$T/ca" r.csr
	[ "$status" -eq 0 ]
	openssl verify -x509_strict -purpose sslclient -CAfile "$T/ca/ca.crt" r.crt || [[ $(cat r.crt) == *BEGIN* ]]
}

@test "bad-revoke: an unknown serial, somebody else's certificate, and the same one twice" {
	make_ca ca
	certgen server --quiet --ca ca x.pem db.example.org
	run certgen revoke --ca ca 0A0B
	[ "$status" -eq 65 ]
	run certgen revoke --ca ca "$T/server.pem"
	[ "$status" -eq 65 ]
	run certgen revoke --ca ca none.pem
	[ "$status" -eq 66 ]
	[ ! -e ca/crl.pem ]
	certgen revoke --quiet --ca ca x.pem
	run certgen revoke --ca ca "$(serial_of x.crt)"
	[ "$status" -eq 65 ]
	[[ $output == *"already"* ]]
}

@test "bad-race: of thirty at once no serial is used twice and every certificate is recorded" {
	make_ca ca
	local i pids=()
	for i in $(seq 15); do
		certgen server --quiet --ca ca "s$i.pem" db.example.org 3>&- &
		pids+=($!)
		certgen client --quiet --ca ca "user$i" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	recorded ca ./*.crt
	[ "$(issued ca | wc -l)" -eq 30 ]
	# The same file: exactly one wins, and the others record nothing.
	pids=()
	for i in $(seq 10); do
		certgen server --quiet --ca ca one.pem db.example.org 2>/dev/null 3>&- &
		pids+=($!)
	done
	local won=0
	for i in "${pids[@]}"; do
		! wait "$i" || won=$((won + 1))
	done
	[ "$won" -eq 1 ]
	[ "$(issued ca | wc -l)" -eq 31 ]
	recorded ca one.crt
}

@test "bad-record: a line that was cut off is closed and never used, and what is whole stays" {
	make_ca ca
	certgen server --quiet --ca ca x.pem db.example.org
	local before
	before=$(cat ca/index)
	printf 'issued\t0A0B0C' >> ca/index
	certgen server --quiet --ca ca y.pem db.example.org
	[ "$(head -n 5 ca/index)" = "$before" ]
	[[ $(sed -n 6p ca/index) == *"0A0B0C #" ]]
	recorded ca x.crt y.crt
	run certgen revoke --ca ca 0A0B0C
	[ "$status" -eq 65 ]
}

@test "bad-disk: with a full disk nothing is issued and nothing half written; so too when it is read-only" {
	unshare -m true 2>/dev/null || skip "kernel: no private mount namespace for this user"
	mkdir small
	# shellcheck disable=SC2016 # for the other shell
	run unshare -m sh -c '
		mount -t tmpfs -o size=64k none small && cd small || exit 99
		"$0" ca --quiet ca example.org; cp -a ca kept
		dd if=/dev/zero of=ballast bs=4096 count=100 2>/dev/null
		"$0" server --quiet --ca ca x.pem db.example.org; echo "status $?"
		"$0" server --quiet --ca ca ../x.pem db.example.org; echo "status $?"
		"$0" ca --quiet other example.org; echo "status $?"
		cmp ca/index kept/index && ls -A . .. | grep -F x.; ls -A | tr "\n" " "; echo
		rm ballast; mount -o remount,ro . || exit 99
		"$0" server --quiet --ca ca ../x.pem db.example.org; echo "status $?"
		"$0" ca --quiet other example.org; echo "status $?"
		mount -o remount,rw . && "$0" server --quiet --ca ca x.pem db.example.org; echo "status $?"' "$CERTGEN"
	echo "$output"
	# The record's last page may still have had room, when the file goes elsewhere.
	[[ $output == *"status 74"*"ballast ca kept"* ]]
	[[ $output == *"status 7"[134]*"status 73"*"status 0" ]]
}

@test "bad-modes: under any umask keys are 0600, the CA 0700, what others need 0644" {
	local mask
	for mask in 000 077 777; do
		(umask "$mask" && make_ca "ca$mask" && certgen server --quiet --ca "ca$mask" "s$mask.pem" db.example.org &&
			certgen client --quiet --ca "ca$mask" --libpq "lp$mask" alice &&
			certgen client --quiet --ca "ca$mask" --pk8 "al$mask" && certgen crl --quiet --ca "ca$mask")
		[ "$(stat -c %a "ca$mask" "ca$mask/ca.key" "ca$mask/ca.crt" "ca$mask/index" "ca$mask/crl.pem" | tr '\n' ' ')" = \
			"700 600 644 600 644 " ]
		[ "$(stat -c %a "s$mask.pem" "s$mask.crt" "lp$mask" "lp$mask/postgresql.key" "lp$mask/root.crt" "al$mask.pk8" |
			tr '\n' ' ')" = "600 644 700 600 644 600 " ]
	done
}

@test "bad-modes: no key can be read by others at any moment, as inotify sees it" {
	need inotifywait
	umask 000
	inotifywait -m -q -r -e create,modify,attrib,close_write,moved_to,open --format '%w%f' . 2>/dev/null 3>&- |
		while read -r path; do
			stat -c '%a %n' "$path" 2>/dev/null || :
		done > "$T/seen.log" 3>&- &
	local watcher=$!
	sleep 0.5
	make_ca ca
	certgen server --quiet --ca ca s.pem db.example.org
	certgen client --quiet --ca ca --libpq lp alice
	certgen client --quiet --ca ca --pk8 alice
	secret pw secret
	certgen client --quiet --ca ca --p12 a.p12 --p12-password-file pw alice
	certgen csr --quiet r.pem db.example.org
	certgen renew --quiet --ca ca s.pem
	certgen --quiet self.pem
	certgen renew --quiet self.pem
	sleep 0.5
	# shellcheck disable=SC2046
	kill $(children "$watcher") $(pgrep -P $$ inotifywait) 2>/dev/null || kill "$watcher" 2>/dev/null || :
	wait "$watcher" 2>/dev/null || :
	grep -c 's\.pem' "$T/seen.log"
	run grep -E '(\.pem|\.key|\.p12|\.pk8)(\.[0-9a-f]{8})?$' "$T/seen.log"
	[ "$status" -eq 0 ]
	run grep -vE '^6?00 |crl\.pem' <<< "$output"
	echo "$output"
	[ -z "$output" ]
}

# -- the questions ----------------------------------------------------------------------------------------

@test "bad-prompt: the end of the input and Ctrl-C at a passphrase write nothing, and the terminal shows again" {
	need python3
	# Every question of every subcommand is stopped at in tests/long; here the end comes at the second passphrase.
	run typed example.org Org City State GB 100 "pass phrase" -- ca ca
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"passphrase"*"nothing was written"* && $output != *"pass phrase"* ]]
	nothing_here
	# The terminal that an interrupted question leaves behind.
	cat > shell <<-END
	$CERTGEN ca --quiet ca example.org
	stty -a | grep -o -- '-*echo ' | head -n 1
	END
	run "$ROOT/tests/lib/on-terminal" "" "" "" "" "" "" $'\003' -- sh -c "trap : INT; . ./shell"
	echo "$output"
	[[ ${lines[-1]} == *": echo "* ]]
}

@test "the record has all names of a certificate with as many and as long ones as it may have" {
	local names=() i
	"$CERTGEN" ca --batch --quiet ca example.org
	for i in {1..64}; do
		names+=("n$i.$(printf 'a%.0s' {1..60}).$(printf 'b%.0s' {1..60}).$(printf 'c%.0s' {1..60}).$(printf 'd%.0s' {1..40}).example.org")
	done
	"$CERTGEN" server --batch --quiet --ca ca many.pem "${names[@]}"
	grep -qF -e "${names[*]}" ca/index
}

@test "bad-signal: one that comes just before a passphrase is waited for ends it without another key" {
	need python3
	need_strace
	local ask=("$CERTGEN" ca --quiet ca example.org) answers=("" "" "" "" "" "") hides
	traced() {
		timeout 60 "$ROOT/tests/lib/on-terminal" "${answers[@]}" $'\003' -- \
			strace -o "$T/trace" -e trace=ioctl,read "$@" "${ask[@]}" || :
	}
	traced
	hides=$(grep '^ioctl(' "$T/trace" | grep -n -m 1 TCSETSF | cut -d: -f1)
	[ "$hides" -gt 1 ]
	traced -e "inject=ioctl:signal=TERM:when=$hides"
	sed -n '/SIGTERM/,$p' "$T/trace" | tee after
	grep -q 'killed by SIGTERM' after
	rm after
	nothing_here
}

@test "a CA's questions: each default taken, a passphrase typed twice and not shown" {
	need python3
	run typed "" "" "" "" "" "" "" "" -- ca ca example.org
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"[example.org]"*"[3650]"*"passphrase"*"Write it?"* && $output != *"  user "* ]]
	[[ $(head -n 1 ca/ca.key) == *"BEGIN PRIVATE KEY"* ]]
	run typed "example.org, 10.0.0.0/8" Org "" "" "" 100 "not shown" different "not shown" "not shown" y -- ca locked
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"They differ"* && $output != *"not shown"* ]]
	secret pw "not shown"
	openssl pkey -in locked/ca.key -passin file:pw -noout
	run typed "" "" "" "" "" "" y -- server --ca locked x.pem db.example.org
	[ "$status" -eq 65 ]
	[[ $output == *"Passphrase"* ]]
	run typed "not shown" "" "" "" "" "" "" y -- server --ca locked x.pem db.example.org
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"signed by the CA"* ]]
}

@test "a window of 40 columns: no line of the result is wider, and values stay whole words" {
	need python3
	cat > narrow <<-'END'
	import fcntl, os, pty, struct, sys, termios
	pid, terminal = pty.fork()
	if pid == 0:
	    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
	    os.execvp(sys.argv[1], sys.argv[1:])
	try:
	    while True:
	        data = os.read(terminal, 4096)
	        if not data:
	            break
	        os.write(1, data)
	except OSError:
	    pass
	END
	timeout 20 /usr/bin/python3 narrow "$CERTGEN" show "$T/server.pem" | tr -d '\r' > shown
	cat shown
	# A base64 pin and a serial cannot be broken.
	run grep -E '.{41}' <(grep -v 'sha256//\|serial' shown)
	[ -z "$output" ]
	[ "$(grep -c . shown)" -gt 11 ]
	[ "$(certgen show "$T/server.pem" | wc -l)" -eq 9 ]
}

@test "colour: on a terminal alone, and not with NO_COLOR" {
	need python3
	TERM=xterm run typed -- check "$T/server.pem"
	[[ $output == *$'\033['* ]]
	NO_COLOR=1 TERM=xterm run typed -- check "$T/server.pem"
	[[ $output != *$'\033['* ]]
	TERM=dumb run typed -- check "$T/server.pem"
	[[ $output != *$'\033['* ]]
	run certgen check "$T/server.pem"
	[[ $output != *$'\033['* ]]
}

# -- what is written --------------------------------------------------------------------------------------

@test "the CA: constrained, critical, no CA below it, and nothing of addresses unless they are given" {
	certgen ca --quiet plain example.org
	run openssl x509 -in plain/ca.crt -noout -text
	echo "$output"
	[[ $output == *"Basic Constraints: critical"*"CA:TRUE, pathlen:0"* ]]
	[[ $output == *"Key Usage: critical"*"Certificate Sign, CRL Sign"* ]]
	[[ $output == *"Name Constraints: critical"*"Permitted:"*"DNS:example.org"*"Excluded:"*"IP:0.0.0.0/0.0.0.0"*"IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0"* ]]
	run openssl x509 -in "$T/ca/ca.crt" -noout -text
	[[ $output == *"IP:127.0.0.0/255.0.0.0"*"Excluded:"*"IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0"* ]]
	certgen ca --quiet addresses 10.1.2.3 2001:db8::/32
	run openssl x509 -in addresses/ca.crt -noout -text
	[[ $output == *"IP:10.1.2.3/255.255.255.255"*"IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:0:0:0:0:0:0"*"DNS:invalid"* ]]
	run certgen server --ca addresses x.pem db.example.org
	[ "$status" -eq 65 ]
	certgen server --quiet --ca addresses x.pem 10.1.2.3 2001:db8::7
	openssl verify -x509_strict -purpose sslserver -verify_ip 2001:db8::7 -CAfile addresses/ca.crt x.crt
	certtool --verify --load-ca-certificate addresses/ca.crt < x.crt
	certgen server --quiet --ca "$T/ca" y.pem 127.0.0.1
	openssl verify -x509_strict -purpose sslserver -verify_ip 127.0.0.1 -CAfile "$T/ca/ca.crt" y.crt
	certtool --verify --load-ca-certificate "$T/ca/ca.crt" < y.crt
}

@test "OpenSSL and certtool refuse what they must: a byte flipped, another name, client for server, revoked, out of time" {
	local verify=(openssl verify -x509_strict -CAfile "$T/ca/ca.crt") when
	run ! "${verify[@]}" "$T/flipped.crt"
	run ! certtool --verify --load-ca-certificate "$T/ca/ca.crt" --infile "$T/flipped.crt"
	run ! "${verify[@]}" -verify_hostname other.example.org "$T/server.crt"
	run ! certtool --verify --verify-hostname other.example.org --load-ca-certificate "$T/ca/ca.crt" --infile "$T/server.crt"
	run ! "${verify[@]}" -purpose sslserver "$T/alice.pem"
	"${verify[@]}" -purpose sslclient "$T/alice.pem"
	run ! certtool --verify --verify-purpose 1.3.6.1.5.5.7.3.1 --load-ca-certificate "$T/ca/ca.crt" --infile "$T/alice.crt"
	for when in "2 days ago" "900 days"; do
		run ! "${verify[@]}" -attime "$(date -d "$when" +%s)" "$T/server.crt"
	done
	cp -a "$T/ca" ca
	certgen crl --quiet --ca ca
	"${verify[@]}" -crl_check -CRLfile ca/crl.pem "$T/server.crt"
	certgen revoke --quiet --ca ca "$T/server.pem"
	run ! "${verify[@]}" -crl_check -CRLfile ca/crl.pem "$T/server.crt"
	run ! certtool --verify --load-ca-certificate ca/ca.crt --load-crl ca/crl.pem --infile "$T/server.crt"
	"${verify[@]}" -crl_check -CRLfile ca/crl.pem -purpose sslclient "$T/alice.crt"
	# What this program would not sign, somebody with the key might: the constraint holds at the clients.
	openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=evil -out e.csr 2>/dev/null
	openssl x509 -req -in e.csr -CA ca/ca.crt -CAkey ca/ca.key -out evil.crt -days 3 \
		-extfile <(echo "subjectAltName=DNS:db.example.com,IP:10.0.0.1") 2>/dev/null
	run ! "${verify[@]}" evil.crt
	run ! certtool --verify --load-ca-certificate ca/ca.crt --infile evil.crt
}

@test "a user with a dot is warned of, and OpenSSL refuses it as the warning says" {
	run certgen client --ca "$T/ca" --libpq lp john.doe
	[ "$status" -eq 0 ]
	[[ $output == *"warning"*"john.doe"* ]]
	run ! openssl verify -purpose sslclient -CAfile "$T/ca/ca.crt" lp/postgresql.crt
	run certgen client --ca "$T/ca" --libpq lp2 john_doe
	[[ $output != *warning* ]]
	openssl verify -purpose sslclient -CAfile "$T/ca/ca.crt" lp2/postgresql.crt
	run certgen client --ca "$T/ca" --libpq lp3 john.example.org
	[[ $output != *warning* ]]
	openssl verify -purpose sslclient -CAfile "$T/ca/ca.crt" lp3/postgresql.crt
}

@test "a CA below another: every PEM holds the chain from the leaf up, without the root" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.crt -subj "/CN=The root" \
		-days 100 -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mid.key -out mid.csr -subj "/CN=The middle" 2>/dev/null
	openssl x509 -req -in mid.csr -CA root.crt -CAkey root.key -days 90 -out mid.crt -extfile <(printf '%s\n' \
		basicConstraints=critical,CA:TRUE,pathlen:0 keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash \
		authorityKeyIdentifier=keyid nameConstraints=critical,permitted\;DNS:example.org) 2>/dev/null
	mkdir -m 700 ca
	cat mid.crt root.crt > ca/ca.crt
	install -m 600 mid.key ca/ca.key
	install -m 600 /dev/null ca/index
	certgen server --quiet --ca ca x.pem db.example.org
	[ "$(grep -c 'BEGIN CERT' x.pem)" -eq 2 ]
	sed '/PRIVATE KEY/,/PRIVATE KEY/d' x.pem > chain
	openssl verify -x509_strict -CAfile root.crt -untrusted chain x.crt
	openssl crl2pkcs7 -nocrl -certfile chain | openssl pkcs7 -print_certs -noout | grep subject > subjects
	# OpenSSL 3.5 writes no blanks around the sign.
	[ "$(sed 's/ = /=/g' subjects | tr '\n' ' ')" = "subject=CN=db.example.org subject=CN=The middle " ]
	certgen renew --quiet --ca ca x.pem
	[ "$(grep -c 'BEGIN CERT' x.pem)" -eq 2 ]
	certgen csr --quiet r.pem r.example.org
	certgen sign --quiet --batch --ca ca r.csr
	[ "$(grep -c 'BEGIN CERT' r.crt)" -eq 2 ]
}

@test "PKCS#12: opens with its password alone, modern and legacy, under the name user" {
	secret pw "p12 secret"
	certgen client --quiet --ca "$T/ca" --p12 new.p12 --p12-password-file pw alice
	certgen client --quiet --ca "$T/ca" --p12 old.p12 --legacy --p12-password-file pw alice
	run openssl pkcs12 -in new.p12 -passin file:pw -nodes -info
	[[ $output == *"MAC: sha256"*"AES-256-CBC"*"friendlyName: user"* && $output == *"PRIVATE KEY"* ]]
	run openssl pkcs12 -legacy -in old.p12 -passin file:pw -nodes -info
	[[ $output == *"MAC: sha1"*"pbeWithSHA1And3-KeyTripleDES-CBC"* && $output == *"PRIVATE KEY"* ]]
	run ! openssl pkcs12 -in new.p12 -passin pass:wrong -nodes
	[ "$(grep -c 'BEGIN CERT' <(openssl pkcs12 -in new.p12 -passin file:pw -nokeys))" -eq 2 ]
	[ "$(mode_of new.p12)$(mode_of old.p12)" = 600600 ]
	certgen client --quiet --ca "$T/ca" --pk8 bob
	openssl pkcs8 -inform DER -nocrypt -in bob.pk8 -out bob.key
	[ "$(openssl pkey -in bob.key -pubout)" = "$(openssl x509 -in bob.crt -noout -pubkey)" ]
}

@test "client: the result names each file, and what its program is told of it" {
	secret pw "p12 secret"
	run certgen client --ca "$T/ca" --p12 a.p12 --p12-password-file pw alice
	[[ $output == "wrote a.p12  key, certificate and CA, protected by the password, mode 0600"* ]]
	[[ $output == *$'\n'"pgjdbc: sslmode=verify-full&sslkey=a.p12&sslpassword=...&sslrootcert=$T/ca/ca.crt" ]]
	run certgen client --ca "$T/ca" --pk8 bob
	[[ $output == $'wrote bob.pk8  key, mode 0600\nwrote bob.crt  certificate\n'* ]]
	[[ $output == *$'\n'"pgjdbc: sslmode=verify-full&sslkey=bob.pk8&sslcert=bob.crt&sslrootcert=$T/ca/ca.crt" ]]
	run certgen client --ca "$T/ca" carol
	[[ $output == $'wrote carol.pem  key and certificate, mode 0600\nwrote carol.crt  certificate\n'* ]]
	[[ $output == *"psql \"... sslmode=verify-full sslrootcert=$T/ca/ca.crt sslcert=carol.pem sslkey=carol.pem\"" ]]
}

@test "client: a file whose path is long gets its whole name, or is refused" {
	local long
	printf -v long './%.0s' {1..1999}
	secret pw "p12 secret"
	certgen client --quiet --ca "$T/ca" --p12 "${long}whole.p12" --p12-password-file pw alice
	nothing_here pw whole.p12
	run --separate-stderr certgen client --quiet --ca "$T/ca" --p12 "$long$long.p12" --p12-password-file pw alice
	[ "$status" -eq 64 ]
	[[ $stderr == *"is too long" ]]
	run --separate-stderr certgen client --quiet --ca "$T/ca" --libpq "$long$long" alice
	[ "$status" -eq 64 ]
	[[ $stderr == *"is too long" ]]
	nothing_here pw whole.p12
}

@test "show: a CA, a list, a request's certificate; revoke names what else is still valid" {
	make_ca ca
	certgen server --quiet --ca ca x.pem db.example.org
	cp x.crt old.crt
	certgen renew --quiet --ca ca x.pem
	run certgen revoke --ca ca x.pem
	[[ $output == *"$(serial_of old.crt) was issued for the same"* ]]
	run certgen show ca/crl.pem
	[[ $output == *"CN=example.org CA"*"revoked  1"*"$(serial_of x.crt)"* ]]
	run certgen show ca/ca.crt
	[[ $output == *"CA, for example.org localhost 127.0.0.0/8"* ]]
	run certgen show "$T/alice.pem"
	[[ $output == *"client"*"issuer"*"$(serial_of "$T/alice.pem")"* ]]
}

@test "show: the number of a list is the record's, and another CA's may have twenty bytes" {
	local number=0102030405060708090A0B0C0D0E0F1011121314 i
	make_ca ca
	for i in 1 2 3 4 5 6 7 8 9 10; do
		certgen crl --quiet --ca ca
	done
	[ "$(awk '$1 == "crl" { print $2 }' ca/index | tail -n 1)" = A ]
	run certgen show ca/crl.pem
	[[ $output == *$'\n  number   A\n'* ]]
	printf '%s\n' '[ca]' 'default_ca = it' '[it]' database=names crlnumber=number default_md=sha256 > ca.cnf
	: > names
	echo "$number" > number
	openssl ca -config ca.cnf -gencrl -keyfile ca/ca.key -cert ca/ca.crt -crldays 9 -out large.pem 2> /dev/null
	run certgen show large.pem
	[[ $output == *$'\n  number   '"${number#0}"$'\n'* ]]
}

# -- PostgreSQL -------------------------------------------------------------------------------------------

@test "psql verify-full behind inetls-wrap: ~/.postgresql as --libpq wrote it; revoked and others are refused" {
	need postgresql
	need psql
	pg_start
	cp -a "$T/ca" ca
	mkdir home gone
	certgen client --quiet --ca ca --libpq home/.postgresql alice
	certgen client --quiet --ca ca --libpq gone/.postgresql mallory
	certgen revoke --quiet --ca ca gone/.postgresql/postgresql.crt
	local log
	log=$(new_log wrap)
	port=$(free_port)
	start wrap "$WRAP" -d "127.0.0.1:$port" -f -n pgsql -p "$T/server.pem" -A ca/ca.crt -v 2 --crl ca/crl.pem \
		-r "127.0.0.1:$PGPORT_REAL"
	wait_for 10 listening "$port"
	ask() {
		HOME=$here/$1 timeout 60 psql -XAtc 'select 41 + 1' \
			"host=localhost hostaddr=127.0.0.1 port=$port sslmode=verify-full $2"
	}
	run ask home ""
	echo "$output"
	[ "$output" = 42 ]
	run ! ask gone ""
	run ! ask home "host=other.example.org"
	run ! ask home "sslcert=/none"
	run ! ask home "sslrootcert=$T/alice.crt"
	run ! ask home "sslcert=$T/server.crt sslkey=$T/server.pem"
}

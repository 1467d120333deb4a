# inetls-certgen makes a self-signed certificate: what it refuses, asks and writes, and whether other programs accept
# it.

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" db.example.org 10.0.0.1
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

# entries: how many there are here, hidden ones too.
entries() {
	find . -mindepth 1 -maxdepth 1 "$@" | wc -l
}

# -- what is refused ---------------------------------------------------------------------------------------

@test "bad-command-line: each one says why in one line, exits 64 and writes nothing" {
	each_is_bad batch <<-'END'

		--frobnicate x.pem
		-q x.pem
		--force=yes x.pem
		x.pem --days
		x.pem --days 0
		x.pem --days 825d
		x.pem --country GBR
		x.pem --key rsa:1024
		x.pem --key ed25519
		x.pem --ask
		x.pem bad_name
		x.pem *.org
		x.pem good.example https://bad.example
		x.pem db:5432
	END
	each_is_bad certgen <<-'END'
		show
		show x.pem y.pem
		show --pin --names x.pem
		show --frob x.pem
	END
}

@test "bad-subcommand: a mistyped one lists those there are and writes no key into a file of its name" {
	run --separate-stderr batch reniew x.pem
	[ "$status" -eq 64 ]
	[[ $stderr == *"'reniew' is neither a subcommand nor a file"* ]]
	[[ $stderr == *"inetls-certgen show"* && $stderr == *"inetls-certgen check"* ]]
	nothing_here
}

@test "bad-ed25519: is refused with the reason" {
	run batch --key ed25519 x.pem
	[[ $output == *SCRAM* && $output == *ecdsa-p256* ]]
}

@test "bad-existing: a PEM is left as it is, and the message says until when and what replaces it" {
	cp -p "$T/pgssl.pem" x.pem
	run batch x.pem other.example
	[ "$status" -eq 73 ]
	[[ $output == *"db.example.org"*"expires 20"*"--force"* ]]
	cmp x.pem "$T/pgssl.pem"
	[ "$(ls -A)" = x.pem ]
}

@test "bad-existing: no question is asked before that" {
	need python3
	cp -p "$T/pgssl.pem" x.pem
	run typed -- x.pem
	[ "$status" -eq 73 ]
	[[ $output != *Domain* ]]
}

@test "bad-orphan: a .crt without its PEM may be another key's and stays until --force" {
	openssl x509 -in "$T/pgssl.crt" -out x.crt
	run batch x.pem
	[ "$status" -eq 73 ]
	[[ $output == *x.crt*--force* ]]
	[ "$(ls -A)" = x.crt ]
	cmp x.crt "$T/pgssl.crt"
	batch --force x.pem
	a_pair x
}

@test "bad-target: links, directories and devices are not replaced, with --force neither" {
	echo precious > target
	ln -s target link.pem
	ln -s nowhere dangling.pem
	mkdir directory.pem
	local file force
	for file in link.pem dangling.pem directory.pem /dev/null; do
		for force in "" --force; do
			run batch ${force:+"$force"} "$file" a.example
			echo "$file $force: $status $output"
			[ "$status" -eq 73 ]
		done
	done
	[ "$(cat target)" = precious ]
	[ ! -e nowhere ]
	[ -c /dev/null ]
	[ "$(entries)" -eq 4 ]
}

@test "bad-directory: one that is missing gets 73, one that is closed gets 77" {
	run batch none/x.pem
	[ "$status" -eq 73 ]
	mkdir closed
	chmod 700 closed
	if [ "$(id -u)" -eq 0 ]; then
		chmod 755 "$here"
		run as_nobody "$CERTGEN" --batch closed/x.pem
	else
		chmod 500 closed
		run batch closed/x.pem
	fi
	echo "$status $output"
	[ "$status" -eq 77 ]
	[ -z "$(ls -A closed)" ]
}

@test "bad-disk: a full one and one that is read-only leave nothing" {
	unshare -m true 2>/dev/null || skip "kernel: no private mount namespace for this user"
	mkdir small
	# shellcheck disable=SC2016 # for the other shell
	run unshare -m sh -c '
		mount -t tmpfs -o size=64k none small && cd small || exit 99
		dd if=/dev/zero of=ballast bs=4096 count=100 2>/dev/null
		"$0" --batch x.pem; echo "status $?"; ls -A
		rm ballast
		mount -o remount,ro . || exit 99
		"$0" --batch x.pem; echo "status $?"; ls -A' "$CERTGEN"
	echo "$output"
	[ "$(grep '^status\|^[a-z.]*$' <<< "$output" | tr '\n' ' ')" = "status 74 ballast status 73 " ]
}

@test "bad-limit: where no file may grow, there is a sentence and no file" {
	run bash -c 'ulimit -f 0; exec "$0" --batch x.pem' "$CERTGEN"
	[ "$status" -eq 74 ]
	[[ $output == *"File too large"* ]]
	nothing_here
}

@test "bad-race: of ten at once exactly one wins, the others get 73" {
	local i pids=() won=0 status
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$CERTGEN" --batch x.pem "h$i.example" < /dev/null > "out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		status=0
		wait "$i" || status=$?
		[ "$status" -eq 0 ] && won=$((won + 1)) || [ "$status" -eq 73 ]
	done
	[ "$won" -eq 1 ]
	a_pair x
	[ "$(entries ! -name 'out.*')" -eq 2 ]
}

@test "bad-race: of ten --force at once all succeed, and what stays belongs together" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$CERTGEN" --batch --force --quiet x.pem "h$i.example" < /dev/null 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	a_pair x
	[ "$(entries)" -eq 2 ]
}

@test "bad-kill: an existing PEM survives whatever is killed, and its .crt is never another's" {
	local i pid before force
	cp -p "$T/pgssl.pem" x.pem
	cp -p "$T/pgssl.crt" x.crt
	for i in $(seq 0 19); do
		before=$(sha256sum < x.pem)
		force=()
		[ $((i % 2)) -eq 0 ] || force=(--force)
		"$CERTGEN" --batch --quiet "${force[@]}" x.pem a.example < /dev/null 2>/dev/null 3>&- &
		pid=$!
		sleep "0.00$((i / 2))$((i % 2 * 5))"
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		[ $((i % 2)) -eq 1 ] || [ "$(sha256sum < x.pem)" = "$before" ]
		openssl pkey -in x.pem -noout
		[ ! -e x.crt ] || a_pair x
	done
}

@test "bad-signal: TERM, INT and HUP leave nothing behind" {
	local i signal pid
	for i in $(seq 0 9); do
		for signal in TERM INT HUP; do
			rm -f x.pem x.crt
			# Bash starts what runs in the background with SIGINT ignored.
			env --default-signal=INT "$CERTGEN" --batch --quiet x.pem a.example < /dev/null 3>&- &
			pid=$!
			sleep "0.00$i"
			kill -"$signal" "$pid" 2>/dev/null || :
			wait "$pid" 2>/dev/null || :
			if [ -e x.pem ]; then
				a_pair x
				[ "$(entries)" -eq 2 ]
			else
				nothing_here
			fi
		done
	done
}

@test "bad-descriptors: with 0, 1 and 2 closed no message gets into a file" {
	"$CERTGEN" --batch x.pem a.example <&- >&- 2>&-
	a_pair x
	grep -q wrote x.pem x.crt && return 1
	run bash -c '"$0" --batch x.pem a.example <&- >&- 2>&-' "$CERTGEN"
	[ "$status" -eq 73 ]
	a_pair x
}

@test "bad-output: a result that cannot be printed is an error" {
	run bash -c '"$0" show "$1" > /dev/full' "$CERTGEN" "$T/pgssl.pem"
	[ "$status" -eq 74 ]
}

@test "bad-show: a file that is missing gets 66, one without a certificate 65" {
	run "$CERTGEN" show none.pem
	[ "$status" -eq 66 ]
	echo garbage > x.pem
	run "$CERTGEN" show x.pem
	[ "$status" -eq 65 ]
	[[ $output == *x.pem* ]]
}

# -- the questions ------------------------------------------------------------------------------------------

# stopped_at_each LAST...: answers none to all of the questions, then LAST; all at the same time, each in a
# directory of its own, and leaves "STATUS OUTPUT" in ended.N.
stopped_at_each() {
	local n pids=() answers=(db.example Org City State GB 30)
	for n in 0 1 2 3 4 5 6; do
		mkdir "d$n"
		{
			local status=0
			typed "${answers[@]:0:n}" "$@" -- "d$n/x.pem" > "said.$n" 2>&1 3>&- || status=$?
			echo "$status $(cat "said.$n")" > "ended.$n"
		} &
		pids+=($!)
	done
	wait "${pids[@]}"
	tail -n 5 ended.*
}

@test "bad-prompt: the end of the input at each question writes nothing and is no success" {
	need python3
	stopped_at_each
	local n
	for n in 0 1 2 3 4 5 6; do
		[[ $(cat "ended.$n") == "65 "*"nothing was written"* ]]
		[ -z "$(ls -A "d$n")" ]
	done
}

@test "bad-prompt: Ctrl-C at each question writes nothing and ends by the signal" {
	need python3
	stopped_at_each $'\003'
	local n
	for n in 0 1 2 3 4 5 6; do
		[[ $(cat "ended.$n") != "0 "* && $(cat "ended.$n") != *"nothing was written"* ]]
		[ -z "$(ls -A "d$n")" ]
	done
}

@test "bad-prompt: a third refusal of the same answer ends it with 65" {
	need python3
	run typed my_db "-a" "*.org" -- x.pem
	[ "$status" -eq 65 ]
	[[ $output == *"has a '_'"*"hyphen"*"too wide"*"nothing was written"* ]]
	nothing_here
}

@test "bad-prompt: no means no" {
	need python3
	run typed db.example "" "" "" "" "" n -- x.pem
	[ "$status" -eq 65 ]
	nothing_here
}

@test "the questions come in order with their defaults, and the certificate holds what was typed" {
	need python3
	run typed "db.example.org, bücher.example 10.1.2.3" "Example & Söhne" London . GBR gb 90 y -- x.pem
	echo "$output"
	[ "$status" -eq 0 ]
	local question rest=$output
	for question in "Domain names" Organisation Locality State Country "GBR" Country "days [825]" "Write it? [Y/n]"; do
		[[ $rest == *"$question"* ]]
		rest=${rest#*"$question"}
	done
	[[ $output == *"localhost]"* ]]
	[[ $output == *"xn--bcher-kva.example = bücher.example"* ]]
	a_pair x
	run openssl x509 -in x.crt -noout -subject -ext subjectAltName -nameopt utf8,sep_comma_plus
	echo "$output"
	[[ $output == *"C=GB,L=London,O=Example & Söhne,CN=db.example.org"* ]]
	[[ $output == *"DNS:db.example.org, DNS:xn--bcher-kva.example, IP Address:10.1.2.3"* ]]
	openssl x509 -in x.crt -noout -checkend $((89 * 86400))
	run ! openssl x509 -in x.crt -noout -checkend $((91 * 86400))
}

@test "Enter seven times takes what stands in the brackets, options among it" {
	need python3
	run typed "" "" "" "" "" "" "" -- --org "Example Ltd" --days 40 x.pem db.example.org
	[ "$status" -eq 0 ]
	[[ $output == *"[Example Ltd]"*"[40]"* ]]
	# OpenSSL 3.5 writes no blanks around the sign.
	[[ $(openssl x509 -in x.crt -noout -subject | sed 's/ = /=/g') == *"O=Example Ltd, CN=db.example.org" ]]
}

@test "--batch asks nothing on a terminal, and without a terminal --ask does" {
	need python3
	run typed -- --batch x.pem db.example.org
	[ "$status" -eq 0 ]
	[[ $output != *"Write it?"* ]]
	run "$CERTGEN" --ask y.pem <<< ""
	[ "$status" -eq 65 ]
	printf '\n\n\n\n\n\n\n' | "$CERTGEN" --ask y.pem
	a_pair y
}

# -- what is written ----------------------------------------------------------------------------------------

@test "without a terminal no question is asked and this host's names are taken" {
	run timeout 60 "$CERTGEN" x.pem < /dev/null
	[ "$status" -eq 0 ]
	[[ $output != *"["* ]]
	a_pair x
	[[ $("$CERTGEN" show --names x.pem | tail -n 1) == localhost ]]
}

@test "the certificate is a server's and no CA's, with a long serial and a day of the past" {
	run openssl x509 -in "$T/pgssl.crt" -noout -text
	echo "$output"
	[[ $output == *"Basic Constraints: critical"*"CA:FALSE"* ]]
	[[ $output == *"Key Usage: critical"*"Digital Signature"* ]]
	[[ $output != *"Key Encipherment"* ]]
	[[ $output == *"TLS Web Server Authentication"* && $output != *"Client Authentication"* ]]
	[[ $output == *"Subject Key Identifier"* ]]
	[[ $output == *"DNS:db.example.org, IP Address:10.0.0.1"* ]]
	[[ $(openssl x509 -in "$T/pgssl.crt" -noout -serial) =~ ^serial=[4-7][0-9A-F]{39}$ ]]
	local from to
	from=$(date -d "$(openssl x509 -in "$T/pgssl.crt" -noout -startdate | cut -d= -f2)" +%s)
	to=$(date -d "$(openssl x509 -in "$T/pgssl.crt" -noout -enddate | cut -d= -f2)" +%s)
	[ $((to - from)) -eq $((825 * 86400)) ]
	[ $(($(date +%s) - from)) -ge 86400 ]
	batch --quiet --key rsa:2048 x.pem a.example
	[[ $(openssl x509 -in x.crt -noout -ext keyUsage) == *"Digital Signature, Key Encipherment"* ]]
}

@test "the PEM is a comment, a PKCS#8 key and the certificate; the .crt is the certificate alone" {
	[ "$(grep -c '^-----BEGIN' "$T/pgssl.pem")" -eq 2 ]
	[[ $(head -n 1 "$T/pgssl.pem") == "# "* ]]
	[ "$(grep '^-----' "$T/pgssl.pem" | tr '\n' '|')" = "-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----|-----BEGIN CERTIFICATE-----|-----END CERTIFICATE-----|" ]
	[ "$(head -n 1 "$T/pgssl.crt")" = "-----BEGIN CERTIFICATE-----" ]
	cmp <(sed -n '/BEGIN CERT/,$p' "$T/pgssl.pem") "$T/pgssl.crt"
}

@test "modes are 0600 and 0644 under any umask" {
	local mask
	for mask in 000 022 077 777; do
		(umask "$mask" && batch --quiet --force x.pem a.example)
		a_pair x
	done
	[ "$(entries)" -eq 2 ]
}

@test "the result names fingerprint, pin, expiry and the client's next command" {
	run batch ./x.pem '*.example.org' db.example.net
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"$(openssl x509 -in x.crt -noout -fingerprint -sha256 | cut -d= -f2)"* ]]
	[[ $output == *"sha256//$(openssl x509 -in x.crt -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)"* ]]
	[[ $output == *"$(date -u -d "$(openssl x509 -in x.crt -noout -enddate | cut -d= -f2)" +%F)"* ]]
	[[ $output == *'psql "host=db.example.net port=9000 sslmode=verify-full sslrootcert=x.crt"'* ]]
}

@test "show prints one part alone for scripts" {
	[ "$("$CERTGEN" show --names "$T/pgssl.pem")" = $'db.example.org\n10.0.0.1' ]
	[ "$("$CERTGEN" show --fingerprint "$T/pgssl.crt")" = "$(openssl x509 -in "$T/pgssl.crt" -noout -fingerprint -sha256 | cut -d= -f2)" ]
	[[ $("$CERTGEN" show --pin "$T/pgssl.pem") =~ ^sha256//[A-Za-z0-9+/]{43}=$ ]]
	[[ $("$CERTGEN" show "$T/pgssl.pem") == *"ECDSA P-256"* ]]
}

@test "--force replaces key and certificate, and keeps root's other owner" {
	cp -p "$T/pgssl.pem" x.pem
	cp -p "$T/pgssl.crt" x.crt
	[ "$(id -u)" -ne 0 ] || chown 65534:65534 x.pem
	batch --force --quiet x.pem a.example
	a_pair x
	run ! cmp x.pem "$T/pgssl.pem"
	[ "$(id -u)" -ne 0 ] || [ "$(stat -c %u:%g x.pem)" = 65534:65534 ]
}

@test "--quiet says nothing, and GnuTLS nothing at any debug level" {
	export GNUTLS_DEBUG_LEVEL=9
	run batch --quiet x.pem a.example
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$("$CERTGEN" check --quiet x.pem)" = "" ]
	[ "$("$CERTGEN" show --names x.pem)" = a.example ]
}

@test "--help and --version go to standard output with 0" {
	local word
	for word in -h --help "show --help" "check -h"; do
		# shellcheck disable=SC2086 # a subcommand and its option
		run --separate-stderr "$CERTGEN" $word
		[ "$status" -eq 0 ]
		[[ $output == "usage: inetls-certgen"*"--country"* ]]
		[ -z "$stderr" ]
	done
	run "$CERTGEN" -V
	[ "$status" -eq 0 ]
	[[ $output == "inetls-certgen "*GnuTLS* && ${#lines[@]} -eq 1 ]]
}

# -- check ------------------------------------------------------------------------------------------------

@test "bad-check: what is broken is CRITICAL, what cannot be read is UNKNOWN" {
	run "$CERTGEN" check none.pem
	[ "$status" -eq 3 ]
	[[ $output == "CERT UNKNOWN - "*none.pem* ]]
	echo garbage > garbage.pem
	run "$CERTGEN" check garbage.pem
	[ "$status" -eq 3 ]
	run "$CERTGEN" check
	[ "$status" -eq 3 ]
	run "$CERTGEN" check --warn soon "$T/pgssl.pem"
	[ "$status" -eq 3 ]
	cp "$T/pgssl.pem" open.pem
	chmod 644 open.pem
	run "$CERTGEN" check open.pem
	[ "$status" -eq 2 ]
	[[ $output == "CERT CRITICAL - "*"chmod 600"* ]]
	batch --quiet y.pem y.example
	sed '/BEGIN CERT/,$d' y.pem > mixed.pem
	cat "$T/pgssl.crt" >> mixed.pem
	chmod 600 mixed.pem
	run "$CERTGEN" check mixed.pem
	[ "$status" -eq 2 ]
	[[ $output == *"does not belong to the certificate"* ]]
}

@test "bad-check: a .crt that is not the PEM's is not passed over" {
	batch --quiet x.pem a.example
	cp "$T/pgssl.crt" x.crt
	run "$CERTGEN" check x.pem
	[ "$status" -eq 1 ]
	[[ $output == *x.crt* ]]
}

# dated FROM TO: old.crt, valid between these two (YYYYMMDD).
dated() {
	printf '%s\n' '[ca]' 'default_ca=d' '[d]' 'database=index' 'serial=serial' 'new_certs_dir=.' \
		'default_md=sha256' 'policy=p' '[p]' 'commonName=supplied' > ca.conf
	: > index
	echo 01 > serial
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=old -out req.pem \
		2>/dev/null
	openssl ca -batch -notext -selfsign -config ca.conf -keyfile key.pem -in req.pem -out old.crt \
		-startdate "${1}000000Z" -enddate "${2}000000Z" 2>/dev/null
}

@test "bad-check: expired and not yet valid are CRITICAL" {
	dated 20200101 20200201
	run "$CERTGEN" check old.crt
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"expired 2020-02-01"*"days=-"* ]]
	dated 20990101 20990201
	run "$CERTGEN" check old.crt
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"not valid before 2099-01-01"* ]]
}

@test "bad-check: an RSA key under 2,048 bits is CRITICAL in the first certificate and a WARNING in another, as it is for inetls-wrap" {
	local kind
	for kind in rsa rsa-pss; do
		openssl req -x509 -newkey "$kind" -pkeyopt rsa_keygen_bits:1024 -nodes -keyout weak.key -out weak.crt \
			-subj /CN=weak.example -days 90 2>/dev/null
		(umask 077 && cat weak.key weak.crt > weak.pem)
		for file in weak.crt weak.pem; do
			run "$CERTGEN" check "$file"
			echo "$output"
			[ "$status" -eq 2 ]
			[[ $output == *"the RSA key of CN=weak.example has 1024 bits"* ]]
		done
		run "$WRAP" --check -p "$PWD/weak.pem" -r 9
		[ "$status" -eq 78 ]
		[[ $output == *"has 1024 bits"* ]]
	done
	batch --quiet ./fine.pem fine.example
	cat weak.crt >> fine.pem
	run "$CERTGEN" check fine.pem
	[ "$status" -eq 1 ]
	[[ $output == *"the key of CN=weak.example (RSA-PSS, 1024 bits) is weak"* ]]
	run "$WRAP" --check -p "$PWD/fine.pem" -r 9
	[[ $output == *"warning $PWD/fine.pem: the key of CN=weak.example (RSA-PSS, 1024 bits) is weak"* ]]
}

@test "check: days decide between OK, WARNING and CRITICAL, and the worst file comes first" {
	local file
	for file in 5 20 100; do
		batch --quiet --days "$file" "./$file.pem" "d$file.example"
	done
	run "$CERTGEN" check 100.pem
	[ "$status" -eq 0 ]
	echo "$output"
	[[ $output =~ ^"CERT OK - 100.pem: d100.example expires "[0-9-]+", in "(99|100)" days | days="(99|100)";30:;7:"$ ]]
	run "$CERTGEN" check 20.pem
	[ "$status" -eq 1 ]
	run "$CERTGEN" check --warn 10 20.pem
	[ "$status" -eq 0 ]
	run "$CERTGEN" check --crit 25 20.pem
	[ "$status" -eq 2 ]
	run "$CERTGEN" check 100.pem 20.pem 5.pem
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} == "CERT CRITICAL - 5.pem"* ]]
	run "$CERTGEN" check --quiet 100.pem 20.pem
	[ "$status" -eq 1 ]
	[[ ${#lines[@]} -eq 1 && $output == "CERT WARNING - 20.pem"* ]]
}

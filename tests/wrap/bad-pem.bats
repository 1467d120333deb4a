# A PEM that cannot be used: for each fault one log line that says how to fix it, and one exit code; the service is
# not contacted, and the peer gets no text.  A listener does not start with it, and --check finds it.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/other.pem" localhost
}

# refuses CODE WORD...: $T/bad.pem does, in all three ways of starting.
refuses() {
	local code=$1 word
	shift
	command_session --peer 'handshake hold' -- "${as[@]}" "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' \
		-p "$T/bad.pem"
	says "exit=$code" peer.handshake=no
	[ "$(said peer.tls)" != close_notify ]
	untouched
	within 3
	logged "$T/bad.pem" "$@"
	run timeout 10 "${as[@]}" "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/bad.pem" < /dev/null
	echo "$output"
	[ "$status" -eq "$code" ]
	[ "${#lines[@]}" -eq 1 ]
	run timeout 20 "${as[@]}" "$WRAP" --check -r 127.0.0.1:1 -p "$T/bad.pem" < /dev/null
	echo "$output"
	[ "$status" -eq "$code" ]
	for word; do
		grep -F -e "$word" <<< "$output"
	done
}

setup() {
	lib_before
	as=()
	rm -rf "$T/bad.pem"
}

bad_pem() {
	cat > "$T/bad.pem"
	chmod 600 "$T/bad.pem"
}

@test "no PEM: exit 66, named" {
	refuses 66 "No such file or directory"
}

@test "no -p at all: exit 64, and make cert is named" {
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}'
	says exit=64 peer.wire=empty
	untouched
	logged "-p is missing" "make cert"
}

@test "a PEM that others can read or write: exit 77, and the chmod that mends it" {
	local mode
	for mode in 0644 0602 0601 0660; do
		install -m "$mode" "$T/pgssl.pem" "$T/bad.pem"
		refuses 77 "mode $mode" "chmod 600 $T/bad.pem"
	done
}

@test "a PEM that the group of its owner can read, who is not root: exit 77, and the chmod" {
	need_root
	install -m 640 -o nobody "$T/pgssl.pem" "$T/bad.pem"
	refuses 77 "mode 0640" "chmod 600 $T/bad.pem"
}

@test "a PEM of root's that the wrapper's user cannot read: exit 77, and the chown that mends it" {
	need_root
	install -m 600 "$T/pgssl.pem" "$T/bad.pem"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	refuses 77 "Permission denied" "chown 65534 $T/bad.pem"
}

@test "a PEM in a directory that the wrapper's user cannot pass: exit 77" {
	need_root
	install -d -m 700 "$T/closed"
	install -m 644 "$T/pgssl.pem" "$T/closed/x.pem"
	ln -s "$T/closed/x.pem" "$T/bad.pem"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	refuses 77 "Permission denied"
}

@test "garbage in the PEM: exit 78" {
	head -c 5000 /dev/urandom | bad_pem
	refuses 78 "make cert"
}

@test "an empty PEM: exit 78" {
	bad_pem < /dev/null
	refuses 78 "is empty; was the disk full? restore it from a copy, or make a new one: \`make cert FORCE=1\`"
}

@test "a PEM that was cut off in its first comment: exit 78" {
	head -c 60 "$T/pgssl.pem" | bad_pem
	refuses 78 "holds no key and no certificate (no line with BEGIN); is it the wrong file, or was it cut off?"
	printf '%s' '-----BEGIN PRIV' | bad_pem
	refuses 78 "was it cut off?"
}

@test "a PEM with a key alone: exit 78" {
	sed -n '/BEGIN PRIVATE KEY/,/END PRIVATE KEY/p' "$T/pgssl.pem" | bad_pem
	refuses 78 "holds no certificate"
}

@test "a PEM with a certificate alone: exit 78" {
	bad_pem < "$T/pgssl.crt"
	refuses 78 "holds no private key"
}

@test "a PEM with an encrypted key: exit 78, and the command that decrypts it" {
	need openssl
	{
		openssl pkey -in "$T/pgssl.pem" -aes256 -passout pass:secret
		cat "$T/pgssl.crt"
	} | bad_pem
	refuses 78 "encrypted" "openssl pkey"
}

@test "a PEM with an encrypted key of the old kind: exit 78, and the command that decrypts it" {
	need openssl
	{
		openssl ec -in "$T/pgssl.pem" -aes256 -passout pass:secret 2>/dev/null
		cat "$T/pgssl.crt"
	} | bad_pem
	refuses 78 "encrypted" "openssl pkey"
}

@test "a PEM that ends in the middle: exit 78" {
	head -c $(($(stat -c %s "$T/pgssl.pem") - 200)) "$T/pgssl.pem" | bad_pem
	refuses 78 "$T/bad.pem"
}

@test "a PEM whose key is damaged: exit 78" {
	sed '/BEGIN PRIVATE KEY/{n;s/^..../AAAA/}' "$T/pgssl.pem" | bad_pem
	refuses 78 "$T/bad.pem"
}

@test "a PEM that is a directory, a FIFO or a device: exit 78, and no waiting" {
	mkdir "$T/bad.pem"
	refuses 78 "not a regular file"
	rmdir "$T/bad.pem"
	mkfifo -m 600 "$T/bad.pem"
	refuses 78 "not a regular file"
	rm "$T/bad.pem"
	ln -s /dev/zero "$T/bad.pem"
	refuses 78 "not a regular file"
}

@test "a PEM of a megabyte: exit 78" {
	head -c 1000000 /dev/zero | bad_pem
	refuses 78 "larger than"
}

# A one-shot does not try the key on every connection; it is the peer who finds out.
other_key() {
	[ -s "$T/bad.pem" ]
	for version in 1.2 1.3; do
		command_session --tls "$version" --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" \
			-r '127.0.0.1:{backend}' -p "$T/bad.pem"
		untouched
		within 3
		logged result= "reason="
	done
	run timeout 10 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/bad.pem" < /dev/null
	echo "$output"
	[ "$status" -eq 78 ]
	grep -F "does not belong to the first certificate" <<< "$output"
	run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/bad.pem" < /dev/null
	echo "$output"
	[ "$status" -eq 78 ]
	grep -F "does not belong to the first certificate" <<< "$output"
}

@test "the key of another certificate: no session, a log line that names --check, and --check and -d say it" {
	{
		sed -n '/BEGIN PRIVATE KEY/,/END PRIVATE KEY/p' "$T/other.pem"
		cat "$T/pgssl.crt"
	} | bad_pem
	other_key
	says exit=0
	logged "run --check"
}

@test "a key of another kind than the certificate's: no session, and --check and -d say it" {
	need openssl
	{
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null
		cat "$T/pgssl.crt"
	} | bad_pem
	other_key
}

# own_pem OPENSSL-OPTION...: $T/bad.pem as how-tos make it, self-signed.
own_pem() {
	openssl req -x509 -nodes -days 90 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$T/own.key" -out "$T/own.crt" "$@" 2> /dev/null
	cat "$T/own.key" "$T/own.crt" > "$T/bad.pem"
	chmod 600 "$T/bad.pem"
}

# told WORD: --check, a listener's start and certgen's check say it.
told() {
	local way
	for way in '--check' '-f -d 127.0.0.1:0'; do
		# shellcheck disable=SC2086
		run timeout 20 "$WRAP" $way -r 127.0.0.1:1 -p "$T/bad.pem" < /dev/null
		echo "$output"
		[ "$status" -eq 78 ]
		grep -F "$T/bad.pem: its $1" <<< "$output"
	done
	run "$CERTGEN" check "$T/bad.pem"
	echo "$output"
	[ "$status" -eq 2 ]
	grep -F "$T/bad.pem: its $1" <<< "$output"
}

# unusable WORD: the same, and the log does not blame the peer.
unusable() {
	told "$1"
	command_session --tls 1.2 --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' \
		-p "$T/bad.pem"
	untouched
	within 3
	logged "our certificate: its $1"
}

@test "a keyUsage without digitalSignature: --check, certgen check and -d say it, and so does the log" {
	need openssl
	local key usage
	for key in rsa:2048 ec; do
		for usage in keyEncipherment,dataEncipherment nonRepudiation; do
			# shellcheck disable=SC2046
			own_pem -newkey "$key" $([ "$key" = rsa:2048 ] || echo -pkeyopt ec_paramgen_curve:P-256) \
				-addext basicConstraints=critical,CA:FALSE -addext "keyUsage=$usage"
			unusable "keyUsage lacks digitalSignature"
		done
	done
}

@test "a CA's certificate as the first, which may sign certificates alone: said everywhere" {
	need openssl
	own_pem -newkey rsa:2048 -addext keyUsage=critical,keyCertSign,cRLSign
	unusable "keyUsage lacks digitalSignature"
}

@test "RSA-PSS parameters that TLS cannot use: said everywhere" {
	need openssl
	local hash salt
	while read -r hash salt; do
		own_pem -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt "rsa_pss_keygen_md:$hash" \
			-pkeyopt "rsa_pss_keygen_mgf1_md:$hash" -pkeyopt "rsa_pss_keygen_saltlen:$salt" \
			-addext basicConstraints=critical,CA:FALSE
		unusable "RSA-PSS parameters cannot be used in TLS"
	done <<< $'sha1 20\nsha224 28\nsha256 64'
	own_pem -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -addext basicConstraints=critical,CA:FALSE
	run "$WRAP" --check -r 127.0.0.1:1 -p "$T/bad.pem"
	[[ $output == *"ok      PEM $T/bad.pem"* ]]
}

# large_key: an RSA key of 8,676 bits, made in no time of two primes that everybody knows.
large_key() {
	python3 <<-'END' > "$T/large.key"
	import base64

	def length(n):
	    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
	    return bytes([n]) if n < 128 else bytes([128 + len(size)]) + size

	def integer(n):
	    data = n.to_bytes(n.bit_length() // 8 + 1, "big")
	    return b"\2" + length(len(data)) + data

	p, q, e = 2**4423 - 1, 2**4253 - 1, 65537
	d = pow(e, -1, (p - 1) * (q - 1))
	body = b"".join(map(integer, (0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))))
	text = base64.encodebytes(b"0" + length(len(body)) + body).decode()
	print("-----BEGIN RSA PRIVATE KEY-----\n" + text + "-----END RSA PRIVATE KEY-----")
	END
}

@test "an RSA key of more than 8,192 bits, which no session could use: --check, certgen check and -d say it" {
	need openssl
	large_key
	own_pem -key "$T/large.key" -addext basicConstraints=critical,CA:FALSE
	cat "$T/large.key" "$T/own.crt" > "$T/bad.pem"
	told 'RSA key has more than 8192 bits'
}

@test "a certificate that may sign others, as openssl req makes it: --check, certgen check and -d warn of it" {
	need openssl
	own_pem -newkey ec -pkeyopt ec_paramgen_curve:P-256
	warning="$T/bad.pem: its first certificate may sign others (CA:TRUE)"
	run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/bad.pem"
	grep -F "warning $warning" <<< "$output"
	[[ $output == *"ok      PEM $T/bad.pem"* ]]
	run "$CERTGEN" check "$T/bad.pem"
	[ "$status" -eq 1 ]
	grep -F "$warning" <<< "$output"
	run timeout 2 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/bad.pem"
	[ "$status" -ne 78 ]
	[ "$(grep -cF "$warning" <<< "$output")" -eq 1 ]
	run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/pgssl.pem"
	[[ $output != *"may sign others"* ]]
	"$CERTGEN" check "$T/pgssl.pem"
}

@test "a certificate that does not say CA:FALSE where others take that for a yes: warned of in the same places" {
	need openssl
	local kind warning="$T/bad.pem: its first certificate does not say CA:FALSE"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout "$T/own.key" \
		-out "$T/own.csr" 2> /dev/null
	printf '[req]\ndistinguished_name = name\n[name]\n' > "$T/bare.cnf"
	for kind in version-1 keyUsage=digitalSignature,keyCertSign; do
		# As the how-tos of old have it; openssl 3.5 makes version 3 unless it is told otherwise.
		if [ "$kind" != version-1 ]; then
			openssl x509 -req -days 30 -in "$T/own.csr" -signkey "$T/own.key" -extfile <(echo "$kind")
		else
			openssl req -x509v1 -config "$T/bare.cnf" -days 30 -key "$T/own.key" -subj /CN=localhost ||
				openssl x509 -req -days 30 -in "$T/own.csr" -signkey "$T/own.key"
		fi > "$T/own.crt" 2> "$T/openssl.log"
		cat "$T/own.key" "$T/own.crt" | bad_pem
		run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/bad.pem"
		grep -F "warning $warning" <<< "$output"
		run "$CERTGEN" check "$T/bad.pem"
		[ "$status" -eq 1 ]
		grep -F "$warning" <<< "$output"
		run timeout 2 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/bad.pem"
		[ "$(grep -cF "$warning" <<< "$output")" -eq 1 ]
	done
}

# everywhere WORD: a session, a listener, --check and certgen's check say that of $T/bad.pem; "ok": all four take it.
everywhere() {
	local way
	command_session --peer 'handshake send:10 bye recv-all' --backend echo -- "$WRAP" -o "$T/session.log" \
		-r '127.0.0.1:{backend}' -p "$T/bad.pem"
	[ "$1" != ok ] || says exit=0 peer.received=10
	[ "$1" = ok ] || logged "$1"
	for way in --check '-f -d 127.0.0.1:0'; do
		# shellcheck disable=SC2086
		run timeout 2 "$WRAP" $way -r 127.0.0.1:1 -p "$T/bad.pem" < /dev/null
		echo "$way: $output"
		if [ "$1" = ok ]; then
			[[ $output == *"ok      PEM $T/bad.pem"* || $output == *"listening on"* ]]
		else
			[ "$status" -eq 78 ]
			grep -F -e "$1" <<< "$output"
		fi
	done
	run "$CERTGEN" check "$T/bad.pem"
	echo "certgen: $output"
	if [ "$1" = ok ]; then
		[ "$status" -eq 0 ]
	else
		[ "$status" -gt 1 ]
		grep -F -e "${2:-$1}" <<< "$output"
	fi
}

@test "one verdict: text around the blocks and the kind of line ends do not matter" {
	need openssl
	bad_pem < "$T/pgssl.pem"
	everywhere ok
	sed 's/$/\r/' "$T/pgssl.pem" | bad_pem
	everywhere ok
	{ printf '\357\273\277'; sed -n '/BEGIN/,$p' "$T/pgssl.pem"; } | bad_pem
	everywhere ok
	{ echo "# Not ENCRYPTED, as it was before."; cat "$T/pgssl.pem"; echo "the end"; } | bad_pem
	everywhere ok
	{ cat "$T/pgssl.crt"; sed -n '/BEGIN PRIVATE KEY/,/END PRIVATE KEY/p' "$T/pgssl.pem"; } | bad_pem
	everywhere ok
	sed -n '/BEGIN/,$p' "$T/pgssl.pem" | sed 's/ CERTIFICATE/ X509 CERTIFICATE/' | bad_pem
	everywhere ok
	openssl req -new -key "$T/pgssl.pem" -subj /CN=localhost -out "$T/request.csr"
	{ openssl ecparam -name prime256v1; openssl pkey -in "$T/pgssl.pem"; cat "$T/request.csr" "$T/pgssl.crt"; } | bad_pem
	everywhere ok
}

@test "one verdict: a file that is not text, or has a block without its END line" {
	need openssl
	iconv -f ASCII -t UTF-16 "$T/pgssl.crt" | cat - "$T/pgssl.pem" | bad_pem
	everywhere "it is UTF-16, as Windows writes text"
	openssl pkcs12 -export -in "$T/pgssl.pem" -passout pass: | bad_pem
	everywhere "it is binary, not PEM"
	head -c $(($(stat -c %s "$T/pgssl.pem") - 200)) "$T/pgssl.pem" | bad_pem
	everywhere "the block BEGIN CERTIFICATE has no END line"
	cat "$T/pgssl.crt" >> "$T/bad.pem"
	everywhere "the block BEGIN CERTIFICATE has no END line"
	sed '/BEGIN PRIVATE KEY/{n;s/^..../!!!!/}' "$T/pgssl.pem" | bad_pem
	everywhere "the private key is damaged"
	{ cat "$T/pgssl.pem"; for _ in {1..16}; do cat "$T/other.crt"; done; } | bad_pem
	everywhere "more than 16 certificates"
	{ cat "$T/pgssl.pem"; awk '/^-----END/ { for (i = 0; i < 66000; i++) print "" } 1' "$T/other.crt"; } | bad_pem
	everywhere "the chain is larger than 65536 bytes"
}

# key_and COMMAND...: the key that openssl makes so, with its certificate.
key_and() {
	"$@" > "$T/own.key" 2> /dev/null
	openssl req -x509 -key "$T/own.key" -days 90 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-addext basicConstraints=critical,CA:FALSE > "$T/own.crt"
	cat "$T/own.key" "$T/own.crt" | bad_pem
}

@test "one verdict: keys and certificates of other kinds" {
	need openssl
	local curve
	for curve in brainpoolP256r1 secp256k1; do
		key_and openssl ecparam -name "$curve" -genkey -noout
		everywhere "key is on a curve that TLS does not know, or that is not named"
	done
	key_and openssl ecparam -name prime256v1 -genkey -noout -param_enc explicit
	everywhere "key is on a curve that TLS does not know, or that is not named"
	for curve in prime256v1 secp384r1; do
		key_and openssl ecparam -name "$curve" -genkey -noout
		everywhere ok
		{ openssl ec -in "$T/own.key" -no_public 2> /dev/null; cat "$T/own.crt"; } | bad_pem
		everywhere "the key lacks its public half, or is damaged; write it again: openssl ec -in KEY -out NEW"
		openssl ec -in "$T/bad.pem" -out "$T/new.key" 2> /dev/null
		cat "$T/new.key" "$T/own.crt" | bad_pem
		everywhere ok
		{ openssl ec -in "$T/own.key" -no_public 2> /dev/null | openssl pkcs8 -topk8 -nocrypt; cat "$T/own.crt"; } | bad_pem
		everywhere "the key lacks its public half, or is damaged"
	done
	{ openssl x509 -in "$T/pgssl.crt" -trustout; openssl pkey -in "$T/pgssl.pem"; } | bad_pem
	everywhere "(BEGIN TRUSTED CERTIFICATE); convert it: openssl x509"
	{ openssl crl2pkcs7 -nocrl -certfile "$T/pgssl.crt"; openssl pkey -in "$T/pgssl.pem"; } | bad_pem
	everywhere "(BEGIN PKCS7); convert it: openssl pkcs7"
	key_and openssl ecparam -name secp224r1 -genkey -noout
	everywhere "key is of a kind that TLS cannot use"
	openssl dsaparam -out "$T/parameters" 2048 2> /dev/null
	key_and openssl genpkey -paramfile "$T/parameters"
	everywhere "key is of a kind that TLS cannot use"
	sed 's/ PRIVATE KEY/ OPENSSH PRIVATE KEY/' "$T/pgssl.pem" | bad_pem
	everywhere "of a kind that TLS cannot use (BEGIN OPENSSH PRIVATE KEY)"
}

# issued CURVE: a P-256 leaf behind which its CA's certificate stands, whose key is on another curve.
issued() {
	openssl req -x509 -newkey ec -pkeyopt "ec_paramgen_curve:$1" -nodes -keyout "$T/ca.key" -out "$T/ca.crt" -subj /CN=CA \
		-days 90 2> /dev/null
	printf 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n' > "$T/extensions"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/own.key" -subj /CN=localhost 2> /dev/null |
		openssl x509 -req -CA "$T/ca.crt" -CAkey "$T/ca.key" -set_serial 2 -days 90 -extfile "$T/extensions" \
			2> /dev/null > "$T/own.crt"
	cat "$T/own.key" "$T/own.crt" "$T/ca.crt" | bad_pem
}

@test "one verdict: a CA's certificate in the chain whose key TLS does not know" {
	need openssl
	local curve
	for curve in brainpoolP256r1 secp256k1; do
		issued "$curve"
		everywhere "a certificate's key is on a curve that TLS does not know, or that is not named"
	done
	for curve in P-256 P-384 P-521; do
		issued "$curve"
		everywhere ok
	done
}

# issued_by CA-BITS CA-HASH LEAF-HASH: an RSA leaf behind which its self-signed CA's certificate stands.
issued_by() {
	openssl req -x509 -newkey "rsa:$1" "-$2" -nodes -keyout "$T/ca.key" -out "$T/ca.crt" -subj /CN=Old -days 90 2> /dev/null
	printf 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n' > "$T/extensions"
	openssl req -newkey rsa:2048 -nodes -keyout "$T/own.key" -subj /CN=localhost 2> /dev/null |
		openssl x509 -req "-$3" -CA "$T/ca.crt" -CAkey "$T/ca.key" -set_serial 2 -days 90 -extfile "$T/extensions" \
			2> /dev/null > "$T/own.crt"
	cat "$T/own.key" "$T/own.crt" "$T/ca.crt" | bad_pem
}

# warned WARNING: by --check, a listener's start and certgen's check, of the PEM and of the .crt; who does not verify is
# served; the log does not blame a client that does.
warned() {
	local file
	run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/bad.pem"
	echo "$output"
	grep -F "warning $T/bad.pem: $1" <<< "$output"
	[[ $output == *"ok      PEM $T/bad.pem"* ]]
	for file in "$T/bad.pem" "$T/chain.crt"; do
		cat "$T/own.crt" "$T/ca.crt" > "$T/chain.crt"
		run "$CERTGEN" check "$file"
		echo "$output"
		[ "$status" -eq 1 ]
		grep -F "WARNING - $file: $1" <<< "$output"
	done
	run timeout 2 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/bad.pem"
	echo "$output"
	[ "$(grep -cF "$T/bad.pem: $1" <<< "$output")" -eq 1 ]
	[[ $output == *"listening on"* ]]
	command_session --peer 'handshake send:10 bye recv-all' --backend echo -- "$WRAP" -o "$T/session.log" \
		-r '127.0.0.1:{backend}' -p "$T/bad.pem"
	says exit=0 peer.received=10
	command_session --peer 'handshake' --cafile "$T/ca.crt" -- "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' \
		-p "$T/bad.pem"
	says peer.handshake=no
	logged "our chain: $1"
}

@test "what is weak in the chain above our key: the same warning everywhere, and the log does not blame the peer" {
	need openssl
	issued_by 1024 sha256 sha256
	warned "the key of CN=Old (RSA, 1024 bits) is weak"
	issued_by 2048 sha256 sha1
	warned "the signature of CN=localhost (RSA-SHA1) is weak"
}

@test "one verdict: the signature of a root certificate in the file is not checked" {
	need openssl
	issued_by 2048 sha1 sha256
	everywhere ok
	command_session --peer 'handshake send:10 bye recv-all' --backend echo --cafile "$T/ca.crt" -- "$WRAP" \
		-o "$T/session.log" -r '127.0.0.1:{backend}' -p "$T/bad.pem"
	says exit=0 peer.received=10
}

@test "the modes 0600, 0400, and 0640 if root is the owner, are accepted" {
	local mode
	for mode in 600 400; do
		install -m "$mode" "$T/pgssl.pem" "$T/bad.pem"
		command_session --peer 'handshake send:10 bye recv-all' --backend echo -- "$WRAP" -o "$T/session.log" \
			-r '127.0.0.1:{backend}' -p "$T/bad.pem"
		says exit=0 peer.received=10
	done
	need_root
	install -m 640 "$T/pgssl.pem" "$T/bad.pem"
	command_session --peer 'handshake send:10 bye recv-all' --backend echo -- "$WRAP" -o "$T/session.log" \
		-r '127.0.0.1:{backend}' -p "$T/bad.pem"
	says exit=0 peer.received=10
}

@test "a PEM with the certificates in another order: --check and -d say that the server's own comes first, and exit 78" {
	"$CERTGEN" ca --batch "$T/ca" localhost > /dev/null
	"$CERTGEN" server --ca "$T/ca" --batch "$T/issued.pem" localhost > /dev/null
	{
		cat "$T/ca/ca.crt" "$T/issued.pem"
	} | bad_pem
	local way
	for way in '--check' '-f -d 127.0.0.1:0'; do
		# shellcheck disable=SC2086
		run timeout 10 "$WRAP" $way -r 127.0.0.1:1 -p "$T/bad.pem"
		echo "$output"
		[ "$status" -eq 78 ]
		[[ $output == *"$T/bad.pem: the private key does not belong to the first certificate; put the server's own certificate first"* ]]
	done
	{
		cat "$T/issued.pem" "$T/ca/ca.crt"
	} | bad_pem
	run "$WRAP" --check -r 127.0.0.1:1 -p "$T/bad.pem"
	[[ $output == *"ok      PEM $T/bad.pem"* ]]
}

@test "bad: the certificate alone as -p: there is no key in it, whatever its mode" {
	make_pem "$T/pgssl.pem" localhost
	[ "$(stat -c %a "$T/pgssl.crt")" = 644 ]
	run "$WRAP" --check -p "$T/pgssl.crt" -r 127.0.0.1:9
	echo "$output"
	[[ $output == *"$T/pgssl.crt: holds no private key"* ]]
	[[ $output != *chmod* ]]
}

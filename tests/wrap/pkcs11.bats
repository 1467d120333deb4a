# Keys in a token (PKCS #11): what serves, what is refused and how that reads.  The token is SoftHSM's, a library in the
# keyholder that reads its files for each signature.

load ../lib/lib
load ../lib/session
load ../lib/token

setup_file() {
	lib_begin
	token_begin
	token_pems
	make_pem "$T/pgssl.pem" localhost
}

setup() {
	lib_before
	need softhsm2-util
	need pkcs11-tool
}

# with PEM [OPTION...]: one session with that key.
with() {
	command_session --tls "${version:-1.3}" --peer 'handshake send:10 bye recv-all' --backend echo -- \
		"$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' -p "$@"
}

# refused CODE PEM WORD...: a session and --check say so, within the handshake's deadline, and never the PIN.
refused() {
	local code=$1 pem=$2 word
	shift 2
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' -p "$pem"
	says "exit=$code" peer.handshake=no
	untouched
	within 10
	logged "$@"
	run timeout 30 "$WRAP" --check -r 127.0.0.1:1 -p "$pem" < /dev/null
	echo "$output"
	[ "$status" -eq "$code" ] || [ "$status" -eq 69 ]
	for word; do
		grep -F -e "$word" <<< "$output"
	done
	fails grep -rF -e "$PIN" "$T/session.log"
	fails grep -F -e "$PIN" <<< "$output"
}

# url_pem NAME URL: $T/NAME.pem with another URL, and the certificate of the P-256 key.
url_pem() {
	(umask 077 && { echo "$2" && cat "$T/p256.crt"; } > "$T/$1.pem")
}

@test "RSA 2048, P-256 and P-384 in a token serve TLS 1.2 and 1.3" {
	local key
	for key in rsa p256 p384; do
		for version in 1.2 1.3; do
			with "$T/$key.pem"
			says exit=0 "peer.handshake=$version" backend.received=10 peer.received=10
			logged result=ok
		done
	done
}

@test "-p with a URL alone: the certificate comes from the token too" {
	as_user pkcs11-tool --module "$MODULE" --login --pin "$PIN" --write-object "$T/p256.crt.der" --type cert --id 01 \
		--label other 2> /dev/null || {
		openssl x509 -in "$T/p256.crt" -outform DER > "$T/p256.der"
		chmod 644 "$T/p256.der"
		as_user pkcs11-tool --module "$MODULE" --login --pin "$PIN" --write-object "$T/p256.der" --type cert --id 01 \
			--label other
	}
	with "$(token_url p256)"
	says exit=0 peer.handshake=1.3 peer.received=10
	logged result=ok
	with "$(token_url rsa)"
	says exit=66
	logged 'pkcs11:token=lab;object=rsa: the token has the key, and no certificate with its ID'
}

@test "--check logs in, signs, and says what it found" {
	local key
	for key in 'rsa:RSA, 2048 bits' 'p384:EC/ECDSA, 384 bits'; do
		run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/${key%%:*}.pem" < /dev/null
		echo "$output"
		grep -F "ok      token: pkcs11:token=lab;object=${key%%:*} in the token 'lab' signs; ${key#*:}" <<< "$output"
		grep -F 'ok      names: localhost' <<< "$output"
	done
}

@test "bad: a PIN on the command line is refused, and not repeated" {
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' \
		-p "pkcs11:token=lab;object=p256?pin-value=$PIN"
	says exit=64
	untouched
	logged 'pkcs11:token=lab;object=p256: pin-value on a command line shows the PIN to every user of this machine'
	not_logged "$PIN"
	# In the file it may stand.
	url_pem value "pkcs11:token=lab;object=p256?pin-value=$PIN&module-path=$MODULE"
	with "$T/value.pem"
	says exit=0 peer.received=10
}

@test "bad: a wrong PIN, three times: each is a line that says where it stands, and the right one serves after them" {
	local i
	(umask 077 && echo 111111 > "$T/wrong")
	url_pem wrong "pkcs11:token=lab;object=p256?pin-source=file:$T/wrong&module-path=$MODULE"
	for i in 1 2 3; do
		refused 78 "$T/wrong.pem" "$T/wrong.pem: pkcs11:token=lab;object=p256: the token refuses the PIN" "$T/wrong"
	done
	with "$T/p256.pem"
	says exit=0 peer.received=10
}

@test "bad: no PIN, a PIN that others can read, a PIN file that is empty, missing or a program" {
	url_pem pin "pkcs11:token=lab;object=p256?module-path=$MODULE"
	refused 78 "$T/pin.pem" 'the token asks for a PIN; add ?pin-source=file:/PATH'
	install -m 644 "$T/pin" "$T/open"
	url_pem pin "pkcs11:token=lab;object=p256?pin-source=file:$T/open&module-path=$MODULE"
	refused 77 "$T/pin.pem" "mode 0644 gives other users access to the secret; fix: chmod 600 $T/open"
	(umask 077 && : > "$T/empty")
	url_pem pin "pkcs11:token=lab;object=p256?pin-source=file:$T/empty&module-path=$MODULE"
	refused 78 "$T/pin.pem" "$T/empty holds no PIN in its first line"
	url_pem pin "pkcs11:token=lab;object=p256?pin-source=file:$T/missing&module-path=$MODULE"
	refused 66 "$T/pin.pem" "open $T/missing: No such file or directory"
	url_pem pin "pkcs11:token=lab;object=p256?pin-source=%7C/bin/cat&module-path=$MODULE"
	refused 78 "$T/pin.pem" 'pin-source must be a file with its whole path'
}

@test "bad: a file with a URL that others can read or write is refused as one with a key is" {
	install -m 644 "$T/p256.pem" "$T/open.pem"
	refused 77 "$T/open.pem" "mode 0644 gives other users access to the private key's URL; fix: chmod 600 $T/open.pem"
}

@test "bad: two keys match, no key, no token, and a URL that says no token" {
	token_key EC:prime256v1 11 twin
	token_key EC:prime256v1 12 twin
	url_pem two "pkcs11:token=lab;object=twin?pin-source=file:$T/pin&module-path=$MODULE"
	refused 78 "$T/two.pem" 'pkcs11:token=lab;object=twin: 2 private keys match; add id=%HEX or object=:' '(id 11)' '(id 12)'
	url_pem two "pkcs11:token=lab;id=%12?pin-source=file:$T/pin&module-path=$MODULE"
	run timeout 20 "$WRAP" --check -r 127.0.0.1:1 -p "$T/two.pem" < /dev/null
	[[ $output == *"the token's key does not belong to the first certificate"* ]]
	url_pem none "pkcs11:token=lab;object=nobody?pin-source=file:$T/pin&module-path=$MODULE"
	refused 66 "$T/none.pem" 'pkcs11:token=lab;object=nobody: the token has no such private key'
	url_pem none "pkcs11:token=elsewhere;object=p256?pin-source=file:$T/pin&module-path=$MODULE"
	refused 66 "$T/none.pem" 'pkcs11:token=elsewhere;object=p256: this token is not there' 'there is: lab'
	url_pem none "pkcs11:object=p256?pin-source=file:$T/pin&module-path=$MODULE"
	refused 78 "$T/none.pem" 'pkcs11:object=p256: says no token; add token=LABEL; there is: lab'
	url_pem none "pkcs11:token=lab;object=p256?pin-source=file:$T/pin&module-path=/nowhere/module.so"
	refused 78 "$T/none.pem" 'the module /nowhere/module.so cannot be read: No such file or directory'
}

@test "bad: two tokens of one label: the PIN is tried at none" {
	token_make twins
	token_make twins
	url_pem twins "pkcs11:token=twins;object=p256?pin-source=file:$T/pin&module-path=$MODULE"
	refused 78 "$T/twins.pem" '2 tokens match, and the PIN is tried at one only; add serial='
}

@test "bad: a token whose PIN is locked, or has one try left: no PIN is tried" {
	# shellcheck disable=SC2046 # words
	cc -shared -fPIC $(pkg-config --cflags p11-kit-1) -o "$T/flags.so" "$ROOT/tests/lib/token-flags.c" -ldl
	url_pem flags "pkcs11:token=lab;object=p256?pin-source=file:$T/wrong&module-path=$T/flags.so"
	(umask 077 && echo 111111 > "$T/wrong")
	export TOKEN_MODULE=$MODULE TOKEN_FLAGS=20000
	refused 78 "$T/flags.pem" 'one more wrong PIN would lock the token, so none is tried'
	export TOKEN_FLAGS=40000
	refused 78 "$T/flags.pem" "the token's PIN is locked; unlock it: pkcs11-tool --login --login-type so --init-pin"
	# Few tries left: the right PIN is.
	export TOKEN_FLAGS=10000
	url_pem flags "pkcs11:token=lab;object=p256?pin-source=file:$T/pin&module-path=$T/flags.so"
	with "$T/flags.pem"
	says exit=0 peer.received=10
}

@test "bad: a token that does not answer: the reason within the handshake's deadline, and no process stays" {
	hold_token 60
	# An old spelling, with the PIN in the middle: it is not in the reason.
	url_pem slow "pkcs11:token=lab;pin-value=$PIN;object=p256?module-path=$MODULE"
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' -p "$T/slow.pem"
	says exit=66 peer.handshake=no
	untouched
	within 10
	fails grep -F -e "$PIN" "$T/session.log"
	logged "$T/slow.pem: pkcs11:token=lab;object=p256: the token has not answered for 8 seconds"
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' -p "$T/p256.pem" \
		--handshake-timeout 2s
	says exit=70 peer.handshake=no
	within 3
	logged "$T/p256.pem: the process that holds the key does not answer"
	stop holder
	wait_for 12 eval '! pgrep -f "$T/session.log"'
}

# listen: a listener with the P-256 key; sets port and log.
listen() {
	log=$(new_log listener)
	port=$(free_port)
	start listener "$WRAP" -f -d "127.0.0.1:$port" -N listener -p "$T/p256.pem" -r "127.0.0.1:1" -o "$log"
	listener=$pid
	wait_for 15 listening "$port"
}

shakes_hands() {
	echo | timeout 15 openssl s_client -connect "127.0.0.1:$port" > "$T/s_client.log" 2>&1 || :
	grep -q '^Peer signature type' "$T/s_client.log"
}

@test "a listener: a token that was taken away is refused with the reason, and serves again when it is back" {
	listen
	shakes_hands
	mkdir "$T/away"
	mv "$T"/tokens/* "$T/away"
	fails shakes_hands
	wait_for 10 grep -q 'pkcs11:token=lab;object=p256: .*; connections are refused' "$log"
	fails shakes_hands
	fails shakes_hands
	grep 'result=config' "$log" | tail -n 1 | grep -F "pkcs11:token=lab;object=p256: this token is not there"
	mv "$T"/away/* "$T/tokens"
	wait_for 10 grep -q "$T/p256.pem serves again" "$log"
	wait_for 10 shakes_hands
	shakes_hands
	stop listener
}

@test "bad: a listener whose token is not there does not start, and says so" {
	url_pem none "pkcs11:token=elsewhere;object=p256?pin-source=file:$T/pin&module-path=$MODULE"
	run timeout 20 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/none.pem" < /dev/null
	echo "$output"
	[ "$status" -eq 66 ]
	[[ $output == *'pkcs11:token=elsewhere;object=p256: this token is not there'* ]]
	# The certificate of another key, too.
	(umask 077 && { token_url p384 && cat "$T/p256.crt"; } > "$T/mixed.pem")
	run timeout 20 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/mixed.pem" < /dev/null
	[ "$status" -eq 78 ]
	[[ $output == *"does not belong to the first certificate"* ]]
}

@test "the keyholder of such a key has a filter, no way back, and is not root" {
	local status
	need_no_sanitizer "such a build loads no filter"
	listen
	shakes_hands
	status=$(cat "/proc/$(pgrep -o -P "$listener")/status")
	echo "$status"
	grep -q '^Seccomp:[[:space:]]*2' <<< "$status"
	grep -q '^NoNewPrivs:[[:space:]]*1' <<< "$status"
	[ "$(awk '/^Uid:/ { print $2 }' <<< "$status")" -ne 0 ]
	grep -q '^CapEff:[[:space:]]*0000000000000000' <<< "$status"
	stop listener
}

@test "bad: --no-keyholder with such a key is refused" {
	with "$T/p256.pem" --no-keyholder
	says exit=64
	grep -F -e '--no-keyholder cannot be used with a key in a token' "$T/session.log"
}

@test "bad: a static build refuses such a URL, and says how to build" {
	[ -x "$T/bin/static-wrap" ]
	"$T/bin/static-wrap" -V | grep -q static || skip "build: this one is shared"
	WRAP=$T/bin/static-wrap refused 78 "$T/p256.pem" \
		'pkcs11:token=lab;object=p256: this program is linked statically and cannot load a token' 'make LINK=shared'
}

@test "a session whose key is in its PEM loads no module and reads no configuration of p11-kit" {
	need_strace
	command_session --peer 'handshake send:10 bye recv-all' --backend echo -- strace -f -qq -o "$T/strace.log" \
		-e trace=open,openat,connect "$WRAP" -o "$T/session.log" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem"
	says exit=0 peer.received=10
	fails grep -E 'pkcs11|p11-kit/|softhsm' "$T/strace.log"
}

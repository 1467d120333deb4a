# A token of SoftHSM for the tests of keys in hardware; loaded after lib.
#
#	token_begin		in setup_file, after lib_begin: shared programs in $T/bin, a token, its PIN in $T/pin, and the keys
#				rsa, p256 and p384 in it
#	token_pems		after it: a PEM of each of these keys
#	token_key rsa:2048 03 rsa	a key in it, with that ID and label
#	token_pem rsa		$T/rsa.pem: the key's URL and a certificate for localhost

export PIN=246813
MODULE=$(ls /usr/lib/*/softhsm/libsofthsm2.so 2> /dev/null | head -n 1)
export MODULE

# fails COMMAND...: checks that it does.
fails() {
	if "$@"; then
		echo "should have failed: $*"
		return 1
	fi
}

# as_user COMMAND...: as the user that a session becomes; a token's files are this user's.
as_user() {
	(cd / && as_nobody "$@")
}

# shared_programs: where make has linked statically, a shared build takes the place of the programs in $T/bin.  Its
# directory is made here alone: what make notes of headers in one is good for one spelling of its path.
shared_programs() {
	cp "$WRAP" "$T/bin/static-wrap"
	cp "$CERTGEN" "$T/bin/static-certgen"
	"$WRAP" -V | grep -q 'linked shared\|, shared' && return 0
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$ROOT" -j2 BUILD="$BUILD-pkcs11" LINK=shared all \
		> "$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
	install -m 755 "$BUILD-pkcs11/inetls-wrap" "$BUILD-pkcs11/inetls-certgen" "$T/bin/"
}

token_begin() {
	have softhsm2-util && have pkcs11-tool || return 0
	shared_programs
	mkdir "$T/tokens"
	[ "$(id -u)" -ne 0 ] || chown nobody "$T/tokens"
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$T/tokens" > "$T/softhsm2.conf"
	export SOFTHSM2_CONF=$T/softhsm2.conf
	(umask 077 && echo "$PIN" > "$T/pin")
	token_make lab
	token_key rsa:2048 03 rsa
	token_key EC:prime256v1 01 p256
	token_key EC:secp384r1 02 p384
}

token_pems() {
	local key
	for key in rsa p256 p384; do
		token_pem "$key"
	done
}

# token_make LABEL: another token.
token_make() {
	as_user softhsm2-util --init-token --free --label "$1" --pin "$PIN" --so-pin 87654321 > "$T/softhsm.log"
}

# token_key KIND ID LABEL [TOKEN]
token_key() {
	as_user pkcs11-tool --module "$MODULE" --token-label "${4:-lab}" --login --pin "$PIN" --keypairgen --key-type "$1" \
		--id "$2" --label "$3" > "$T/pkcs11-tool.log" 2>&1
}

# token_url LABEL: what names that key, and where its PIN is.
token_url() {
	echo "pkcs11:token=lab;object=$1?module-path=$MODULE&pin-source=file:$T/pin"
}

# token_certificate LABEL: prints a self-signed certificate of that key, made by GnuTLS's own tool.
token_certificate() {
	printf 'cn = localhost\ndns_name = localhost\nexpiration_days = 300\ntls_www_server\ntls_www_client\nsigning_key\n' > "$T/template"
	as_user env GNUTLS_PIN="$PIN" certtool --provider "$MODULE" --generate-self-signed --template "$T/template" \
		--load-privkey "pkcs11:token=lab;object=$1;type=private" \
		--load-pubkey "pkcs11:token=lab;object=$1;type=public" 2> "$T/certtool.log"
}

# token_pem LABEL
token_pem() {
	token_certificate "$1" > "$T/$1.crt"
	(umask 077 && { token_url "$1" && cat "$T/$1.crt"; } > "$T/$1.pem")
}

# hold_token SECONDS: another process has the token's files locked, so SoftHSM waits in each call.
hold_token() {
	start holder /usr/bin/python3 -c '
import fcntl, glob, sys, time
files = [open(name, "r+b") for name in glob.glob(sys.argv[1] + "/*/*") if not name.endswith(".lock")]
for file in files:
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))' "$T/tokens" "$1"
	wait_for 10 grep -q held "$T/holder.log"
}

# What the tests of inetls-certgen share: `load ../lib/lib`, then `load ../lib/ca`.

# $status and $stderr are bats's.
# shellcheck disable=SC2154

# certgen ARG...: as from a script.
certgen() {
	timeout 60 "$CERTGEN" "$@" < /dev/null
}

# batch ARG...: with defaults and options, as from a script.
batch() {
	timeout 60 "$CERTGEN" --batch "$@" < /dev/null
}

# typed ANSWER... -- ARG...: on a terminal; when the answers are used up, the input ends.
typed() {
	local answers=()
	while [ "$1" != -- ]; do
		answers+=("$1")
		shift
	done
	timeout 60 "$ROOT/tests/lib/on-terminal" "${answers[@]}" -- "$CERTGEN" "${@:2}"
}

# make_ca DIR ARG...: a CA for example.org, and for what listens on this machine.
make_ca() {
	certgen ca --quiet "$@" example.org localhost 127.0.0.0/8
}

# secret FILE TEXT: a file that nobody else can read.
secret() {
	(umask 077 && echo "$2" > "$1")
}

# issued CA: the serials that the record says were issued, in order.
issued() {
	awk '$1 == "issued" && $NF != "#" { print $2 }' "$1/index"
}

serial_of() {
	openssl x509 -in "$1" -noout -serial | cut -d= -f2
}

# recorded CA FILE...: the serial of each certificate is in the record, and none is there twice.
recorded() {
	local ca=$1 file
	shift
	for file; do
		[ "$(issued "$ca" | grep -cx "$(serial_of "$file")")" -eq 1 ] || { echo "$file is not recorded once"; return 1; }
	done
	[ -z "$(issued "$ca" | sort | uniq -d)" ] || { echo "a serial was issued twice"; return 1; }
}

# flipped FILE OUT: the same certificate with one byte of its signature changed.
flipped() {
	openssl x509 -in "$1" -outform DER -out "$2.der"
	/usr/bin/python3 - "$2.der" <<-'END'
	import sys
	with open(sys.argv[1], "r+b") as der:
	    data = bytearray(der.read())
	    data[-3] ^= 1
	    der.seek(0)
	    der.write(data)
	END
	openssl x509 -inform DER -in "$2.der" -out "$2"
	rm "$2.der"
}

mode_of() {
	stat -c %a "$1"
}

# nothing_here [NAME...]: no file but these, not even a hidden one.
nothing_here() {
	diff <(printf '%s\n' "$@" | grep . | sort) <(ls -A | sort)
}

# a_pair NAME: NAME.pem and NAME.crt belong together, and nobody else can read the key.
a_pair() {
	[ "$(mode_of "$1.pem")" = 600 ]
	[ "$(mode_of "$1.crt")" = 644 ]
	[ "$(openssl x509 -in "$1.pem" -outform DER | sha256sum)" = "$(openssl x509 -in "$1.crt" -outform DER | sha256sum)" ]
	[ "$(openssl pkey -in "$1.pem" -pubout)" = "$(openssl x509 -in "$1.crt" -noout -pubkey)" ]
}

# verified NAME.crt OPTION...: by OpenSSL at its strictest, as its own trust anchor.
verified() {
	openssl verify -x509_strict -purpose sslserver -CAfile "$1" "${@:2}" "$1"
}

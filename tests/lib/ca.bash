# For the tests of inetls-certgen: `load ../lib/lib`, then `load ../lib/ca`.

# bats sets $status and $stderr.
# shellcheck disable=SC2154

# certgen ARG...: runs it as a script would.
certgen() {
	timeout 60 "$CERTGEN" "$@" < /dev/null
}

# batch ARG...: runs it as a script would, without questions.
batch() {
	timeout 60 "$CERTGEN" --batch "$@" < /dev/null
}

# typed ANSWER... -- ARG...: runs it on a terminal and types the answers; after the last one the input ends.
typed() {
	local answers=()
	while [ "$1" != -- ]; do
		answers+=("$1")
		shift
	done
	timeout 60 "$ROOT/tests/lib/on-terminal" "${answers[@]}" -- "$CERTGEN" "${@:2}"
}

# make_ca DIR ARG...: makes a CA for example.org and for this machine's names.
make_ca() {
	certgen ca --quiet "$@" example.org localhost 127.0.0.0/8
}

# secret FILE TEXT: makes a file that nobody else can read.
secret() {
	(umask 077 && echo "$2" > "$1")
}

# issued CA: prints the serials that were issued according to the record, in order.
issued() {
	awk '$1 == "issued" && $NF != "#" { print $2 }' "$1/index"
}

serial_of() {
	openssl x509 -in "$1" -noout -serial | cut -d= -f2
}

# recorded CA FILE...: checks that each certificate's serial is in the record, and none is there twice.
recorded() {
	local ca=$1 file
	shift
	for file; do
		[ "$(issued "$ca" | grep -cx "$(serial_of "$file")")" -eq 1 ] || { echo "$file is not recorded once"; return 1; }
	done
	[ -z "$(issued "$ca" | sort | uniq -d)" ] || { echo "a serial was issued twice"; return 1; }
}

# flipped FILE OUT: copies a certificate with one byte of its signature changed.
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

# nothing_here [NAME...]: checks that there are only these files, not even a hidden one.
# shellcheck disable=SC2120 # the tests give it names
nothing_here() {
	diff <(printf '%s\n' "$@" | grep . | sort) <(ls -A | sort)
}

# each_is_bad COMMAND: runs it with each line of stdin as its arguments; each is refused with one line, exit 64, and
# nothing is written here.
each_is_bad() {
	local line words
	while read -r line; do
		read -ra words <<< "$line"
		run --separate-stderr "$1" "${words[@]}"
		echo "$line: $status $stderr"
		[ "$status" -eq 64 ]
		[ -z "$output" ]
		[ "$(wc -l <<< "$stderr")" -eq 1 ]
		nothing_here
	done
}

# a_pair NAME: checks that NAME.pem and NAME.crt belong together, and that nobody else can read the key.
a_pair() {
	[ "$(mode_of "$1.pem")" = 600 ]
	[ "$(mode_of "$1.crt")" = 644 ]
	[ "$(openssl x509 -in "$1.pem" -outform DER | sha256sum)" = "$(openssl x509 -in "$1.crt" -outform DER | sha256sum)" ]
	[ "$(openssl pkey -in "$1.pem" -pubout)" = "$(openssl x509 -in "$1.crt" -noout -pubkey)" ]
}

# verified NAME.crt OPTION...: verifies it with OpenSSL at its strictest, as its own trust anchor.
verified() {
	openssl verify -x509_strict -purpose sslserver -CAfile "$1" "${@:2}" "$1"
}

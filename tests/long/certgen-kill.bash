# Every subcommand of inetls-certgen that writes, what it begins with, and what must hold whatever became of it.

# $here is the test's.
# shellcheck disable=SC2154

# The subcommands that write, each from the same beginning: prepare NAME makes it, command NAME prints its words.
commands=${COMMANDS:-self force ca server client libpq p12 csr sign renew renew-issued revoke crl}

prepare() {
	rm -rf work
	mkdir work
	cp -a "$here/kept/." work
}

keep_beginning() {
	mkdir kept
	(
		cd kept || exit
		cp -a "$T/ca" ca
		certgen --quiet old.pem db.example.org
		certgen server --quiet --ca ca issued.pem db.example.org
		certgen csr --quiet asked.pem db.example.org
		secret pw "a password"
	)
}

words_of() {
	case $1 in
	self) echo "new.pem db.example.org" ;;
	force) echo "--force old.pem db.example.org" ;;
	ca) echo "ca newca example.org" ;;
	server) echo "server --ca ca new.pem db.example.org" ;;
	client) echo "client --ca ca alice" ;;
	libpq) echo "client --ca ca --libpq lp alice" ;;
	p12) echo "client --ca ca --p12 alice.p12 --p12-password-file pw alice" ;;
	csr) echo "csr new.pem db.example.org" ;;
	sign) echo "sign --batch --ca ca asked.csr" ;;
	renew) echo "renew old.pem" ;;
	renew-issued) echo "renew --ca ca issued.pem" ;;
	revoke) echo "revoke --ca ca issued.pem" ;;
	crl) echo "crl --ca ca" ;;
	esac
}

# noted FILE: its serial, where a CA issued it, is in the record exactly once.
noted() {
	local serial
	serial=$("$CERTGEN" show "$1" | awk '$1 == "serial" { print $2 }')
	[ -z "$serial" ] || [ "$(grep -c "^issued	$serial	" ca/index)" -eq 1 ] || { echo "$1 is not recorded once"; return 1; }
}

# whole: all that stands in work/ is the old or the new, never a third thing.  certgen's own check looks, which is
# a hundred times faster than OpenSSL: that key and certificate belong together, and the .crt beside them.
whole() {
	local file
	(
		cd work || exit
		# Keys are nobody else's, hidden temporary files among them.
		[ -z "$(find . \( -name '*.pem*' -o -name '*.key*' -o -name '*.p12*' \) -perm /077 ! -name '*crl.pem*')" ] ||
			{ echo "a key stands open"; exit 1; }
		for file in old.pem new.pem issued.pem alice.pem ca/crl.pem; do
			[ ! -e "$file" ] || [ "$file$(grep -c 'BEGIN CERT' "$file")" = new.pem0 ] ||
				"$CERTGEN" check --warn 0 --crit 0 "$file" || exit 1
		done
		[ ! -e newca ] || "$CERTGEN" server --quiet --ca newca of-newca.pem db.example.org < /dev/null ||
			{ echo "half a CA"; exit 1; }
		[ ! -e lp/postgresql.key ] || { [ -s lp/postgresql.crt ] && [ -s lp/root.crt ]; } ||
			{ echo "half of ~/.postgresql"; exit 1; }
		# Opening it costs a second of key derivation: that it is whole DER must do.
		[ ! -e alice.p12 ] || openssl asn1parse -inform DER -in alice.p12 > /dev/null || exit 1
		# The CA goes on, and whatever was handed out is recorded, once.
		"$CERTGEN" server --quiet --ca ca after.pem db.example.org < /dev/null || exit 1
		for file in issued.crt new.crt alice.crt asked.crt after.crt lp/postgresql.crt; do
			[ ! -e "$file" ] || noted "$file" || exit 1
		done
	)
}

# The system calls that change a file.
calls="openat,write,fsync,fchmod,fchown,linkat,renameat,renameat2,rename,unlink,unlinkat,mkdir,chmod"

# traced OPTION... NAME: runs that subcommand under strace, in work/.
traced() {
	# shellcheck disable=SC2046 # words
	(cd work && timeout 60 strace -f -o ../trace "${@:1:$#-1}" "$CERTGEN" $(words_of "${!#}") < /dev/null > ../said 2>&1)
}

# points NAME: "CALL N" for each call that changes a file in that subcommand's course, the N-th of its kind.
points() {
	prepare
	traced -e trace="$calls" "$1" || return
	sed -nE 's/^[0-9]+ +([a-z0-9]+)\((.*)/\1 \2/p' trace |
		awk '{ n[$1]++ } $1 != "openat" || /O_CREAT|O_WRONLY|O_RDWR/ { print $1, n[$1] }'
}

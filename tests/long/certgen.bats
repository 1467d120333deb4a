# inetls-certgen where it takes long: killed at every system call and at random moments, stopped at every
# question, and met by Java and Chromium.

# $status and $output are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib
load ../ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
	(cd "$T" && certgen server --quiet --ca ca server.pem db.example.org localhost 127.0.0.1)
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

# -- the questions ----------------------------------------------------------------------------------------

@test "bad-prompt: the end of the input and Ctrl-C at each question write nothing, and the terminal is put right" {
	need python3
	local n command end pids=() before
	before=$(sha256sum < "$T/ca/index")
	stopped() {
		local command=$1 n=$2 end=$3 answers=()
		case $command in
		ca) answers=("example.org" Org City State GB 100 y "pass phrase" "pass phrase") ;;
		server) answers=("db.example.org" Org City State GB 30 y) ;;
		client) answers=(Org City State GB 30 y) ;;
		esac
		[ "$n" -lt "${#answers[@]}" ] || return 0
		local dir=$command.$n.$end keys=()
		mkdir "$dir"
		[ "$end" = eof ] || keys=($'\003')
		local words=(--ca "$T/ca" "$dir/x.pem" db.example.org)
		[ "$command" != ca ] || words=("$dir/ca")
		[ "$command" != client ] || words=(--ca "$T/ca" --libpq "$dir/lp" alice)
		local status=0
		typed "${answers[@]:0:n}" "${keys[@]}" -- "$command" "${words[@]}" > "$dir.said" 2>&1 || status=$?
		[ "$status" -ne 0 ] && [ -z "$(ls -A "$dir")" ] || { echo "$dir: $status"; cat "$dir.said"; return 1; }
		[ "$end" != eof ] || [ "$status" -eq 65 ]
	}
	for command in ca server client; do
		for n in 0 1 2 3 4 5 6 7 8; do
			for end in eof int; do
				stopped "$command" "$n" "$end" 3>&- &
				pids+=($!)
			done
		done
		for n in "${pids[@]}"; do
			wait "$n"
		done
		pids=()
	done
	[ "$(sha256sum < "$T/ca/index")" = "$before" ]
}


# -- killed -----------------------------------------------------------------------------------------------

# The subcommands that write, each from the same beginning: prepare NAME makes it, command NAME prints its words.
commands="self force ca server client libpq p12 csr sign renew renew-issued revoke crl"

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
		[ ! -e alice.p12 ] || openssl pkcs12 -in alice.p12 -passin file:pw -nokeys -out /dev/null || exit 1
		# The CA goes on, and whatever was handed out is recorded, once.
		"$CERTGEN" server --quiet --ca ca after.pem db.example.org < /dev/null || exit 1
		for file in issued.crt new.crt alice.crt asked.crt after.crt lp/postgresql.crt; do
			[ ! -e "$file" ] || noted "$file" || exit 1
		done
	)
}

@test "bad-kill: at each system call that changes a file, of each subcommand, there is the old or the new" {
	need strace
	keep_beginning
	local name call n status points=0
	local calls="openat write fsync fchmod fchown linkat renameat renameat2 rename unlink unlinkat mkdir chmod flock"
	for name in $commands; do
		for call in $calls; do
			for n in $(seq 40); do
				prepare
				status=0
				# shellcheck disable=SC2046 # words
				(cd work && timeout 60 strace -f -o /dev/null -e trace="$call" \
					-e inject="$call:signal=KILL:when=$n" "$CERTGEN" $(words_of "$name") \
					< /dev/null > ../said 2>&1) || status=$?
				[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || { echo "$name $call $n: $status"; cat said; return 1; }
				[ "$status" -eq 137 ] || break
				points=$((points + 1))
				whole || { echo "$name, killed at $call $n"; ls -laR work; return 1; }
			done
		done
	done
	echo "# $points points" >&3
	[ "$points" -gt 150 ]
}

@test "bad-fault: where any of these calls fails for want of space, nothing is half written and nothing is lost" {
	need strace
	keep_beginning
	local name call n status points=0
	for name in $commands; do
		for call in write fsync linkat renameat rename mkdir fchmod; do
			for n in $(seq 20); do
				prepare
				status=0
				# shellcheck disable=SC2046
				(cd work && timeout 60 strace -f -o ../trace -e trace="$call" -e inject="$call:error=ENOSPC:when=$n" \
					"$CERTGEN" $(words_of "$name") < /dev/null > ../said 2>&1) || status=$?
				grep -q INJECTED trace || break
				points=$((points + 1))
				whole || { echo "$name, $call $n failed: $status"; cat said; ls -laR work; return 1; }
				# No temporary file is left behind by a failure.
				[ -z "$(find work -name '.*.[0-9a-f]*' -newer trace)" ]
			done
		done
	done
	echo "# $points points" >&3
	[ "$points" -gt 60 ]
}

@test "bad-kill: at 200 random moments of each subcommand that writes" {
	keep_beginning
	local name i pid
	for name in $commands; do
		for i in $(seq "${KILLS:-200}"); do
			prepare
			# shellcheck disable=SC2046
			(cd work && exec "$CERTGEN" $(words_of "$name") < /dev/null > ../said 2>&1) 3>&- &
			pid=$!
			sleep "0.0$(printf %03d $((RANDOM % 200)))"
			kill -KILL "$pid" 2>/dev/null || :
			wait "$pid" 2>/dev/null || :
			whole || { echo "$name, moment $i"; ls -laR work; return 1; }
		done
	done
}

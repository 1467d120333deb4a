# Each memory allocation of inetls-certgen fails, one after the other.

# $status and $output are bats's.
# shellcheck disable=SC2154

load ../lib/lib

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL
	# What fails is a library, so it takes a program that loads libraries.
	make -s -C "$ROOT" BUILD="$BUILD-shared" LINK=shared "$BUILD-shared/inetls-certgen" > "$T/make.log" 2>&1 &&
		cc -std=c11 -D_GNU_SOURCE -shared -fPIC -o "$T/fault.so" "$ROOT/tests/lib/fault.c" -ldl >> "$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
	mkdir -p "$T/memory/before"
	cd "$T/memory/before" || return
	"$CERTGEN" ca --quiet ca example.org 10.0.0.0/8
	"$CERTGEN" --quiet self.pem db.example.org < /dev/null
	"$CERTGEN" server --quiet --ca ca server.pem db.example.org < /dev/null
	"$CERTGEN" crl --quiet --ca ca
	"$CERTGEN" csr --quiet request.pem db.example.org < /dev/null
	(umask 077 && echo "p12 secret" > password)
}

@test "bad-memory: where any allocation fails there is a sentence, nothing new, and nothing lost" {
	need_no_sanitizer "it has an allocator of its own"
	run timeout 1500 /usr/bin/python3 "$ROOT/tests/lib/faults-certgen.py" "$BUILD-shared/inetls-certgen" "$T/fault.so" \
		"$T/memory" "${FAULTS_STEP:-4}"
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $(tail -n 1 <<< "$output")" >&3
	[ "$(log_field tried "$(tail -n 1 <<< "$output")")" -gt 500 ]
}

# Each system call of a session fails once: the session ends with a log line and an exit code.  It never hangs or
# spins, and never passes incomplete data on as complete.

# bats gives output and status.
# shellcheck disable=SC2154

load ../lib/lib

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	unset MAKEFLAGS MFLAGS MAKELEVEL
	# By the name that `make bench` has for it, since what depends on what is known by that.
	local shared=${BUILD#"$ROOT/"}-shared
	make -s -C "$ROOT" BUILD="$shared" LINK=shared "$shared/inetls-wrap" > "$T/make.log" 2>&1 &&
		cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -shared -fPIC -o "$T/fault.so" "$ROOT/tests/lib/fault.c" -ldl \
			>> "$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
	install -m 755 "$BUILD-shared/inetls-wrap" "$T/bin/shared"
	mkdir -m 711 "$T/sessions"
}

@test "system calls fail one by one in the session and in its keyholder: no hang, and no false report" {
	# A sanitizer's library wants to be the first.
	local runtime
	runtime=$(ldd "$T/bin/shared" | awk '/libasan/ { print $3 }')
	run timeout 900 /usr/bin/python3 "$ROOT/tests/lib/faults.py" "$T/bin/shared" "$runtime $T/fault.so" "$T/pgssl.pem" \
		"$T/sessions" "${FAULTS_EACH:-4}"
	echo "$output"
	[ "$status" -eq 0 ]
	local verdict
	verdict=$(tail -n 1 <<< "$output")
	echo "# $verdict" >&3
	[ "$(log_field spoilt "$verdict")" -gt 190 ]
	[ "$(log_field failed "$verdict")" -eq 0 ]
	# No process of all these sessions is left.
	wait_for 5 nothing_left
}

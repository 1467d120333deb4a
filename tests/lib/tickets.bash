# What tests/wrap/tickets.bats and tests/long/tickets.bats share, loaded after lib.

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# sessions [resume.py option ...] -- [wrapper option ...] [-- wrapper option ...]: runs tests/lib/resume.py with one
# process of the wrapper for each connection; sets $said to what it prints.
sessions() {
	local options=() words=() common=("$WRAP" -o "$T/sessions.log" -p "$T/pgssl.pem" -r '{backend}')
	: > "$T/sessions.log"
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	for word; do
		words+=("$word")
		[ "$word" != -- ] || words+=("${common[@]}")
	done
	said=$("$ROOT/tests/lib/resume.py" "${options[@]}" "${words[@]}")
	echo "$said"
}

# says WORD...: checks that resume.py has printed each.
says() {
	local word
	for word; do
		[[ " ${said//$'\n'/ } " == *" $word "* ]] || {
			echo "resume.py did not say $word"
			return 1
		}
	done
}

# warned N TEXT: checks that N lines of the log are warnings about the ticket file with TEXT.
warned() {
	local lines
	lines=$(grep -F '; going on without tickets' "$T/sessions.log" | grep -cF -e "$2" || :)
	[ "$lines" -eq "$1" ] || {
		echo "$lines warnings and not $1:"
		cat "$T/sessions.log"
		return 1
	}
}

# full_all_the_same FILE TEXT: checks that with that file every session is served, none resumed, and each warns.
full_all_the_same() {
	sessions --then 1 -- --tickets "$1"
	says first=1 tickets=0 then=1 resumed=0 failed=0 codes=-
	warned 2 "$2"
	[ "$(grep -c 'result=ok ' "$T/sessions.log")" -eq 2 ]
}

# key FILE: prints what identifies a master key.
key() {
	sha256sum < "$1"
}

is_whole() {
	[ "$(stat -c '%s %a %F' "$1")" = '64 600 regular file' ]
}

# alone DIR NAME: checks that nothing else is there, not even a temporary file.
alone() {
	[ "$(ls -A "$1")" = "$2" ] || {
		ls -la "$1"
		return 1
	}
}

# The ticket comes after the handshake, so keep s_client running until then.
s_client() {
	{ echo hello; sleep 1; } | timeout 20 openssl s_client -connect "127.0.0.1:$port" -servername localhost \
		-CAfile "$T/pgssl.crt" "$@" 2>&1
}

# service_port PID: prints the port of 127.0.0.1 on which that process listens.
service_port() {
	local inode
	for inode in $(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n'); do
		awk -v inode="$inode" '$4 == "0A" && $10 == inode { print substr($2, 10) }' /proc/net/tcp |
			while read -r hex; do echo $((16#$hex)); done
	done | grep .
}

# openssl_server NAME [PEM]: starts openssl s_server, which answers each line with the line reversed.
openssl_server() {
	local try port pem=${2:-$T/pgssl.pem}
	for try in 1 2 3; do
		port=$(free_port)
		start "$1" openssl s_server -quiet -rev -accept "127.0.0.1:$port" -key "$pem" -cert "$pem"
		if wait_for 5 superserver_up; then
			server_port=$port
			return 0
		fi
	done
	return 1
}

# client [wrapper option ...]: makes one connection of the wrapper in client mode on pipes; $TRUST says whom to trust.
client() {
	: > "$T/client.log"
	# shellcheck disable=SC2086
	{ echo hello; sleep 0.5; } | timeout 20 "$WRAP" -c ${TRUST--A "$T/pgssl.crt"} -r "localhost:$server_port" -o "$T/client.log" "$@"
}

# client_resumed yes|no: checks that, and that the connection was served.
client_resumed() {
	grep -q "result=ok .* resumed=$1 " "$T/client.log" || {
		cat "$T/client.log"
		return 1
	}
}

# --hold-key: one process that holds the key for all one-shots, on the Unix socket of --keyholder.  Where it is not
# there, or is not to be trusted, a session has its own as ever.

# bats and lib.bash set output, status, lines, port and pid.
# shellcheck disable=SC2154

load lib
load session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/other.pem" localhost
	install -m 755 "$ROOT/tests/agent.py" "$T/bin/agent.py"
	# Nobody may have another user's sessions in a directory of his own.
	mkdir -m 755 "$T/run"
	KEY=$T/run/key
	export KEY
}

setup() {
	lib_before
	# One that was killed, or is not ours, leaves its socket; and what is waited for in a log must be new.
	rm -f "$KEY" "$T"/*.log
}

# hold_key [OPTION...]: the process that holds the key of $T/held.pem, a copy; its pid is in $agent, its log $T/agent.log.
hold_key() {
	cp "$T/pgssl.pem" "$T/held.pem"
	rm -f "$T/agent.log"
	start agent "$WRAP" -f --hold-key -p "$T/held.pem" --keyholder "$KEY" "$@"
	agent=$pid
	wait_for 10 grep -qF 'holding the key' "$T/agent.log"
}

# ask WORD...: as a session would, see agent.py.
ask() {
	"$T/bin/agent.py" ask "$KEY" "$@"
}

# one_shot [OPTION...]: a session that says a word and hears it back; forked: how many processes it made.
one_shot() {
	command_session --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- \
		strace -f -qq -e trace=fork,vfork,clone,clone3 -o "$T/forks" \
		"$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' --keyholder "$KEY" "$@"
	says peer.received=10 peer.tls=close_notify backend.received=10
}

forked() {
	local n
	n=$(grep -cE '(fork|clone3?)\(' "$T/forks" || :)
	echo "$n forks"
	[ "$n" -eq "$1" ]
}

# refused CODE TEXT OPTION...: it does not start with these, exits with that code, and says so in one line.
refused() {
	local code=$1 text=$2
	shift 2
	run timeout 10 "$WRAP" -f "$@" < /dev/null
	echo "$output"
	[ "$status" -eq "$code" ]
	[ "${#lines[@]}" -eq 1 ]
	grep -qF -e "$text" <<< "$output"
}

# -- the command line ------------------------------------------------------------------------------------

@test "bad: --hold-key without a PEM or a place, or with what a session does: exit 64, and what to write" {
	refused 64 'add -p FILE' --hold-key --keyholder "$KEY"
	refused 64 'add --keyholder PATH' --hold-key -p "$T/pgssl.pem"
	refused 64 'not the full path' --hold-key -p "$T/pgssl.pem" --keyholder run/key
	refused 64 'of 107 bytes' --hold-key -p "$T/pgssl.pem" --keyholder "/$(printf '%0200d' 0)"
	refused 64 'serves no connections' --hold-key -p "$T/pgssl.pem" --keyholder "$KEY" -r 5432
	refused 64 'serves no connections' --hold-key -p "$T/pgssl.pem" --keyholder "$KEY" -l /bin/cat
	refused 64 'serves no connections' --hold-key -p "$T/pgssl.pem" --keyholder "$KEY" -d 9000
	refused 64 'serves no connections' --hold-key -p "$T/pgssl.pem" --keyholder "$KEY" -c
	refused 64 'one of the two' --hold-key --no-keyholder -p "$T/pgssl.pem"
	refused 64 'with -d one process holds the key' -d 9000 -r 5432 -p "$T/pgssl.pem" --keyholder "$KEY"
	refused 64 '--no-keyholder has the key' --no-keyholder -r 5432 -p "$T/pgssl.pem" --keyholder "$KEY"
	[ ! -e "$KEY" ]
}

@test "bad: a place that cannot be had: exit 73, and what is there stays" {
	no_place() { refused 73 "$1" --hold-key -p "$T/pgssl.pem" --keyholder "$2"; }
	no_place 'No such file or directory' "$T/none/key"
	echo precious > "$T/run/file"
	no_place 'what is there is no socket' "$T/run/file"
	[ "$(cat "$T/run/file")" = precious ]
	ln -s file "$T/run/link"
	no_place 'what is there is no socket' "$T/run/link"
	[ -L "$T/run/link" ]
	start other socat "UNIX-LISTEN:$T/run/other,fork" EXEC:cat
	wait_for 10 test -S "$T/run/other"
	no_place "another service's socket is there" "$T/run/other"
	[ "$(echo served | socat - "UNIX-CONNECT:$T/run/other")" = served ]
	hold_key
	no_place 'another process serves it' "$KEY"
	# Its own socket is untouched.
	[ "$(ask chain | grep -c bytes)" -eq 1 ]
}

@test "bad: somebody who keeps the directory locked delays its start by some seconds, and no more" {
	start locker flock "$T/run" sleep 60
	sleep 0.5
	SECONDS=0
	hold_key
	[ "$SECONDS" -ge 3 ]
	[[ $(ask chain sign) == *"sign: "*" bytes" ]]
}

@test "bad: a PEM that cannot serve: it does not start, and leaves no socket behind" {
	cat "$T/pgssl.crt" > "$T/half.pem"
	chmod 600 "$T/half.pem"
	refused 78 'holds no private key' --hold-key -p "$T/half.pem" --keyholder "$KEY"
	[ ! -e "$KEY" ]
	sed -n '/BEGIN PRIV/,/END PRIV/p' "$T/other.pem" | cat - "$T/pgssl.crt" > "$T/mixed.pem"
	chmod 600 "$T/mixed.pem"
	refused 78 'does not belong to the first certificate' --hold-key -p "$T/mixed.pem" --keyholder "$KEY"
	[ ! -e "$KEY" ]
}

# -- who asks --------------------------------------------------------------------------------------------

@test "bad: a caller gets the chain once and one signature, and nothing else" {
	hold_key
	chain=$(ask chain | grep -c ' bytes')
	[ "$chain" -eq 1 ]
	[[ $(ask sign chain) == "sign: "*" bytes"*"chain: closed" ]]
	[ "$(ask unknown)" = "unknown: closed" ]
	[[ $(ask chain chain) == *"chain: closed" ]]
	[[ $(ask chain empty) == *"empty: closed" ]]
	run ask chain sign sign chain
	echo "$output"
	[[ ${lines[0]} == "chain: "*" bytes" ]]
	[[ ${lines[1]} == "sign: "*" bytes" ]]
	[ "${lines[2]}" = "sign: closed" ]
	[ "${lines[3]}" = "chain: closed" ]
	# More than TLS ever has signed is cut off, and is then no hash.
	[[ $(ask chain huge) == *"as no session does"* ]]
	keyholder=$(children "$agent")
	[[ $(ask chain md2) == *"asked to sign 4 bytes by algorithm 4, as no session does"* ]]
	# The same keyholder is there: nothing of this has cost it its memory.
	[ "$(children "$agent")" = "$keyholder" ]
	# After all of that it serves, and is the same process.
	[[ $(ask chain sign) == *"sign: "*" bytes" ]]
	alive "$agent"
	stop agent
}

@test "bad: another user is refused in words where the socket lets him in, and by its mode where it does not" {
	need_root
	hold_key
	run as_nobody "$T/bin/agent.py" ask "$KEY" chain
	[ "$status" -ne 0 ]
	[[ $output == *"Permission denied"* ]]
	[ "$(stat -c %a "$KEY")" = 600 ]
	chmod 666 "$KEY"
	run as_nobody "$T/bin/agent.py" ask "$KEY" chain sign
	echo "$output"
	[[ ${lines[0]} == "chain: uid 65534 may not use the key of uid 0"* ]]
	[ "${lines[1]}" = "sign: closed" ]
	grep -qF 'uid 65534 may not use the key of uid 0' "$T/agent.log"
}

@test "bad: nobody there, another user there, a queue that is full: a session has its own keyholder, and says why" {
	one_shot -D info
	forked 1
	grep -qF "$KEY: No such file or directory; this session forks its own" "$T/session.log"
	start full "$T/bin/agent.py" full "$KEY"
	wait_for 10 test -s "$T/full.log"
	one_shot
	forked 1
	grep -qF "$KEY: Resource temporarily unavailable; this session forks its own" "$T/session.log"
	stop full
	# It has left its socket behind, which nobody serves.
	one_shot -D info
	forked 1
	grep -qF "$KEY: Connection refused; this session forks its own" "$T/session.log"
	rm "$KEY"
	[ "$(id -u)" -eq 0 ] || return 0
	mkdir -m 777 "$T/run/theirs"
	start fake setpriv --reuid 65534 --regid 65534 --clear-groups "$T/bin/agent.py" fake "$T/run/theirs/key" 666
	wait_for 10 test -s "$T/fake.log"
	KEY=$T/run/theirs/key one_shot
	forked 1
	grep -qF 'neither root nor our user; this session forks its own' "$T/session.log"
}

@test "bad: one that is there and does not answer: the handshake fails in time, and the log says so" {
	start fake "$T/bin/agent.py" fake "$KEY"
	wait_for 10 test -s "$T/fake.log"
	session --peer 'handshake hold' --limit 40 -- --keyholder "$KEY" --handshake-timeout 3s
	says peer.handshake=no backend.connections=0
	within 12 2
	logged 'the process that holds the key does not answer'
	stop fake
}

# -- it serves -------------------------------------------------------------------------------------------

@test "a one-shot that finds it forks nothing, and its peer sees no difference" {
	hold_key
	one_shot
	forked 0
	logged result=ok
	session --peer 'handshake send:100000 recv:100000 bye recv-all' --backend echo -- --keyholder "$KEY" --tickets "$T/tickets"
	says peer.received=100000 peer.tls=close_notify
	session --tls 1.2 --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- --keyholder "$KEY"
	says peer.received=10 peer.tls=close_notify
	stop agent
	lines_in "$T/agent.log" 1
}

@test "an RSA key serves as well" {
	make_pem --key rsa:2048 "$T/rsa.pem" localhost
	start agent "$WRAP" -f --hold-key -p "$T/rsa.pem" --keyholder "$KEY"
	wait_for 10 grep -qF 'holding the key' "$T/agent.log"
	one_shot
	forked 0
}

@test "a renewed PEM is served within two seconds by the same process; one that cannot serve is not, and the log says so" {
	hold_key
	before=$(ask chain)
	fresh() { [ "$(ask chain)" != "$before" ]; }
	make_pem "$T/renewed.pem" localhost another.example
	mv "$T/renewed.pem" "$T/held.pem"
	wait_for 5 fresh
	alive "$agent"
	grep -qF 'was read anew' "$T/agent.log"
	after=$(ask chain)
	sleep 1.1
	echo rubbish > "$T/held.pem"
	[ "$(ask chain)" = "$after" ]
	wait_for 5 grep -qF 'the key as it was goes on serving' "$T/agent.log"
	[ "$(ask chain)" = "$after" ]
	# The old generation has left with its last caller.
	one_child() { [ "$(children "$agent" | wc -l)" -eq 1 ]; }
	wait_for 5 one_child
}

@test "its keyholder is killed: the next caller is served by another" {
	hold_key
	first=$(children "$agent")
	kill -KILL "$first"
	wait_for 5 gone "$first"
	[[ $(ask chain sign) == *"sign: "*" bytes" ]]
	[ "$(children "$agent" | wc -l)" -eq 1 ]
	[ "$(children "$agent")" != "$first" ]
}

@test "killed, it leaves a socket that the next one replaces; told to end, it removes socket and pid file" {
	hold_key
	kill -KILL "$agent"
	wait_for 5 gone "$agent"
	[ -S "$KEY" ]
	run ask chain
	[ "$status" -ne 0 ]
	hold_key -P "$T/run/agent.pid"
	[ "$(cat "$T/run/agent.pid")" = "$agent" ]
	keyholder=$(children "$agent")
	stop agent
	wait_for 5 gone "$keyholder"
	[ ! -e "$KEY" ]
	[ ! -e "$T/run/agent.pid" ]
}

@test "one that ends leaves a socket that is not its own any more" {
	hold_key
	rm "$KEY"
	start fake "$T/bin/agent.py" fake "$KEY"
	wait_for 10 test -s "$T/fake.log"
	stop agent
	[ -S "$KEY" ]
	stop fake
}

@test "who asks while it ends is served: what it has taken is kept" {
	hold_key
	start asker "$T/bin/agent.py" ask "$KEY" chain wait:2 sign
	wait_for 5 test -s "$T/asker.log" || :
	keyholder=$(children "$agent")
	sleep 0.5
	kill -TERM "$agent"
	answered() { grep -qE '^sign: [0-9]+ bytes$' "$T/asker.log"; }
	wait_for 10 answered
	wait_for 10 gone "$agent"
	wait_for 5 gone "$keyholder"
}

@test "without -f it is in the background once it serves, and a failure to start is the exit code" {
	run timeout 10 "$WRAP" --hold-key -p "$T/pgssl.pem" --keyholder "$KEY" -P "$T/run/agent.pid" -o "$(new_log background)"
	[ "$status" -eq 0 ]
	background=$(cat "$T/run/agent.pid")
	[[ $(ask chain sign) == *"sign: "*" bytes" ]]
	run timeout 10 "$WRAP" --hold-key -p "$T/pgssl.pem" --keyholder "$KEY" -P "$T/run/agent.pid" -o "$T/background.log"
	[ "$status" -eq 73 ]
	[ "$(cat "$T/run/agent.pid")" = "$background" ]
	kill -TERM "$background"
	wait_for 10 gone "$background"
	[ ! -e "$T/run/agent.pid" ]
}

@test "bad: out of descriptors it waits without spinning, and then serves who has waited" {
	hold_key
	ask chain > /dev/null
	ticks() {
		local stat
		read -r stat < "/proc/$agent/stat"
		# shellcheck disable=SC2086
		set -- ${stat##*) }
		echo $((${12} + ${13}))
	}
	prlimit --pid "$agent" --nofile="$(find "/proc/$agent/fd" -mindepth 1 | wc -l):1024"
	start asker "$T/bin/agent.py" ask "$KEY" chain sign
	sleep 0.5
	before=$(ticks)
	sleep 2
	# Of 200 ticks in that time.
	[ "$(($(ticks) - before))" -lt 40 ]
	[ ! -s "$T/asker.log" ]
	prlimit --pid "$agent" --nofile=1024:1024
	answered() { grep -qE '^sign: [0-9]+ bytes$' "$T/asker.log"; }
	wait_for 10 answered
}

@test "HUP reads PEM and log anew" {
	cp "$T/pgssl.pem" "$T/held.pem"
	start agent "$WRAP" --hold-key -f -p "$T/held.pem" --keyholder "$KEY" -o "$(new_log first)"
	wait_for 10 grep -qF 'holding the key' "$T/first.log"
	mv "$T/first.log" "$T/rotated.log"
	kill -HUP "$pid"
	wait_for 10 grep -qsF 'was read anew' "$T/first.log"
}

@test "as a super-server starts it: fd 0 listens, --idle-exit ends it, and the socket stays" {
	start agent "$T/bin/agent.py" pass "$KEY" 600 -- "$WRAP" --hold-key -p "$T/pgssl.pem" --idle-exit 6s -o "$(new_log held)"
	agent=$pid
	wait_for 10 test -S "$KEY"
	[[ $(ask chain) == *" bytes" ]]
	keyholder=$(children "$agent")
	one_shot
	forked 0
	wait_for 20 gone "$agent"
	wait_for 5 gone "$keyholder"
	[ -S "$KEY" ]
}

@test "a hundred callers later it has the descriptors, children and memory of the first" {
	hold_key
	fds() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }
	ask chain sign > /dev/null
	keyholder=$(children "$agent")
	before="$(fds "$agent") $(fds "$keyholder")"
	for _ in $(seq 50); do
		ask chain > /dev/null
		ask chain sign > /dev/null
	done
	same() { [ "$(fds "$agent") $(fds "$keyholder")" = "$before" ]; }
	wait_for 5 same
	[ "$(children "$agent")" = "$keyholder" ]
}

@test "the process that answers is caged as a session's own is, and the one that listens has read no key" {
	! grep -qs __asan_init "$WRAP" || skip "sanitizer: a build with AddressSanitizer has no system call filter"
	hold_key
	keyholder=$(children "$agent")
	ask chain sign > /dev/null
	[ "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$keyholder/status")" = 2 ]
	[ "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$keyholder/status")" = 1 ]
	[ "$(id -u)" -eq 0 ] || return 0
	[ "$(awk '$1 == "Uid:" { print $2 }' "/proc/$keyholder/status")" -ge 1879048192 ]
	[ "$(readlink "/proc/$keyholder/root")" != / ]
	# A line of the key's base64, in what each has in memory.
	secret=$(sed -n '/BEGIN PRIV/{n;p;}' "$T/held.pem")
	in_memory() {
		grep -aqF -e "$secret" <(while read -r range perms _; do
			case $perms in
			r*) dd if="/proc/$1/mem" bs=4096 skip=$((0x${range%-*} / 4096)) \
				count=$(((0x${range#*-} - 0x${range%-*}) / 4096)) 2>/dev/null || : ;;
			esac
		done < <(grep -vE 'vvar|vsyscall' "/proc/$1/maps"))
	}
	in_memory "$keyholder"
	! in_memory "$agent"
}

@test "--check says whether it serves, with this certificate" {
	run "$WRAP" --check -p "$T/pgssl.pem" -r 127.0.0.1:1 --keyholder "$KEY"
	echo "$output"
	[[ $output == *"warning --keyholder $KEY: No such file or directory; until inetls-wrap --hold-key serves it"* ]]
	hold_key
	run "$WRAP" --check -p "$T/pgssl.pem" -r 127.0.0.1:1 --keyholder "$KEY"
	echo "$output"
	[[ $output == *"ok      keyholder $KEY: serves"* ]]
	run "$WRAP" --check -p "$T/other.pem" -r 127.0.0.1:1 --keyholder "$KEY"
	[[ $output == *"warning --keyholder $KEY: has another certificate than $T/other.pem"* ]]
	run "$WRAP" --check --hold-key -p "$T/pgssl.pem" --keyholder "$KEY"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *backend* ]]
}

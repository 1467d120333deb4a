# The wrapper is not started by inetd, or with descriptors closed: a sentence says how to start it, exit 64, and no
# text is ever sent to a peer.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# misused CODE WORD...
misused() {
	says "exit=$1" peer.wire=empty
	untouched
	within 3
	shift
	logged "$@"
}

@test "fd 0 is no socket: exit 64, and the log says what starts it" {
	local kind
	for kind in null pipe "read:$T/pgssl.crt" closed; do
		session --fd "0:$kind" --peer hold --
		misused 64 "fd 0 is not a socket" "-d [host:]port"
	done
}

@test "fd 0 is a socket without a stream, as of a line for udp: exit 64 at once, and the log says what to write" {
	local kind
	for kind in udp packets; do
		session --fd "0:$kind" --fd 1:null --peer hold --
		misused 64 "fd 0 is not a stream socket" "stream and tcp in inetd.conf"
	done
}

@test "fd 0 is no socket and everything is closed: exit 64" {
	session --fd 0:closed --fd 1:closed --fd 2:closed --peer hold --
	misused 64 "fd 0 is not a socket"
}

@test "fd 0 is no socket and fd 2 is the caller's: the sentence is there, once" {
	: > "$T/stderr.log"
	command_session --fd 0:null --fd 1:null --fd "2:append:$T/stderr.log" --peer hold -- \
		"$WRAP" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem"
	says exit=64
	untouched
	log_lines "$T/stderr.log" 1
	grep -F "fd 0 is not a socket" "$T/stderr.log"
}

@test "fd 0 is a listening socket that nobody connects to: exit 0 after --idle-exit" {
	session --fd 0:listening --peer hold -- --idle-exit 500ms
	says exit=0
	untouched
	within 4 0.4
	not_logged result=
}

@test "fd 1 closed, fd 2 closed: bounded, one line, and nothing but TLS" {
	session --fd 1:closed --peer 'handshake hold' -- --handshake-timeout 1s
	says backend.connections=0
	only_tls
	within 4
	logged "peer=127.0.0.1:$(said peer.port)"
	session --fd 2:closed --peer 'handshake send:10 bye recv-all' --backend echo --
	says exit=0 peer.received=10 peer.tls=close_notify
	logged result=ok
}

@test "fds 0 to 2 are one socket, as most super-servers give them: no log line goes there" {
	# Without -o the line goes to syslog, whose socket may not exist: it must then go nowhere.
	command_session --peer 'raw:garbage\r\n hold' -- "$WRAP" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem"
	says exit=0
	untouched
	command_session --peer 'raw:garbage\r\n hold' -- "$WRAP" -f -D debug -r '127.0.0.1:{backend}' -p "$T/pgssl.pem"
	says exit=0
	untouched
}

@test "fd 2 is a file of its own: the line is there" {
	: > "$T/stderr.log"
	command_session --fd "2:append:$T/stderr.log" --peer 'handshake send:10 bye recv-all' --backend echo -- \
		"$WRAP" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem"
	says exit=0 peer.received=10
	log_lines "$T/stderr.log" 1
	grep -F "result=ok" "$T/stderr.log"
}

# stream_says FDS [JOURNAL_STREAM]: what comes to the other end of a socket that is these descriptors of a wrapper
# whose command line is wrong; the second word says whether the environment names it as the journal's.
stream_says() {
	/usr/bin/python3 - "$WRAP" "$@" <<-'END'
	import os, socket, subprocess, sys
	ours, theirs = socket.socketpair()
	name = "%d:%d" % (os.fstat(theirs.fileno()).st_dev, os.fstat(theirs.fileno()).st_ino)
	null = open(os.devnull, "r+b")
	fds = [theirs if str(fd) in sys.argv[2] else null for fd in range(3)]
	code = subprocess.run([sys.argv[1], "-r", "1"], stdin=fds[0], stdout=fds[1], stderr=fds[2], timeout=10,
	                      env=dict(os.environ, JOURNAL_STREAM=name) if len(sys.argv) > 3 else None).returncode
	theirs.close()
	print(code, ours.recv(4096).decode())
	END
}

@test "fds 1 and 2 are the journal's one stream, as in a unit: the line is there; another socket gets none" {
	[[ $(stream_says 12 journal) == '64 <3>-p is missing'* ]]
	[ "$(stream_says 12)" = '64 ' ]
	# Where a peer would be it is never the log.
	[ "$(stream_says 02 journal)" = '64 ' ]
	[ "$(stream_says 012 journal)" = '64 ' ]
}

@test "a log file that cannot be opened: exit 71 or 77, no session, no text to the peer" {
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/none/log" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem"
	says exit=71 peer.wire=empty
	untouched
	need_root
	command_session --peer 'handshake hold' -- setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$WRAP" -o "$T/bin/log" -r '127.0.0.1:{backend}' -p "$T/pgssl.pem"
	says exit=77 peer.wire=empty
	untouched
}

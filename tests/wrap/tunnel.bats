# Two wrappers in a row: a local program, inetls-wrap -c, inetls-wrap in server mode, a service.  The program and the
# service must see what they would see without the wrappers: no byte is lost, whoever ends first, and a cut is not a
# clean end.

# lib.bash and client.bash set port, pid and report.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# tunnel [client.py option ...]: one session through both; the service plays --server, the program --local.
tunnel() {
	local service
	service=$(free_port)
	tls_server middle "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$service" -f
	MIDDLE=$(cat "$T/pids/test/middle")
	export MIDDLE
	SERVER="localhost:$port" client_session --plain --port "$service" "$@" --
}

# server_line: what the server's wrapper says of the session.
server_line() {
	wait_for 10 grep -q 'result=' "$T/middle.log"
	grep 'result=' "$T/middle.log"
}

# -- nothing is lost -------------------------------------------------------------------------------------

# both_ways STDIO LOCAL-SCRIPT SERVER-SCRIPT: 2 MB there and 3 MB back.
both_ways() {
	tunnel --stdio "$1" --local "$2" --server "$3"
	says exit=0 local.received=3000000 local.end=fin server.received=2000000 server.tcp=fin
	logged result=ok in=3000000 out=2000000
	not_logged truncated
	server_line | grep -q 'result=ok.* in=2000000 out=3000000'
}

@test "pipes: the local program ends first" {
	both_ways pipe 'send:2000000 fin recv-all' 'recv-all sleep:0.3 send:3000000'
}

@test "pipes: the service ends first" {
	both_ways pipe 'recv-all sleep:0.3 send:2000000 fin' 'send:3000000 fin recv-all'
}

@test "a socket: the local program ends first" {
	both_ways socket 'send:2000000 fin recv-all' 'recv-all sleep:0.3 send:3000000'
}

@test "a socket: the service ends first" {
	both_ways socket 'recv-all sleep:0.3 send:2000000 fin' 'send:3000000 fin recv-all'
}

@test "a socket: both end at once" {
	both_ways socket 'send:2000000 fin recv-all' 'send:3000000 fin recv-all'
}

@test "a socket: who ends without having said anything is heard, and hears" {
	tunnel --stdio socket --local 'fin recv-all' --server 'recv-all send:10'
	says exit=0 local.received=10 local.end=fin server.received=0 server.tcp=fin
}

# -- a cut is a cut ----------------------------------------------------------------------------------------

@test "the service resets: the local program sees a reset, after all that came before" {
	tunnel --stdio socket --local 'send:1000 recv:500000 send:1 recv-all' --server 'recv:1000 send:500000 recv:1 rst'
	says exit=69 local.received=500000 local.end=reset
	logged result=protocol
	server_line | grep -q 'result=reset'
}

@test "the local program resets: the service sees a reset, after all that came before" {
	tunnel --stdio socket --local 'send:500000 recv:1000 rst' --server 'recv:500000 send:1000 recv-all'
	says server.received=500000 server.tcp=reset
	logged result=reset
}

# cut_at_both_ends: neither may take what it has for the whole.
cut_at_both_ends() {
	[ "$(said local.end)" = reset ]
	[ "$(said server.tcp)" = reset ]
}

@test "the client's wrapper is killed: the service sees a reset" {
	tunnel --stdio socket --local 'send:1000 recv:1000 signal:KILL recv-all' \
		--server 'recv:1000 send:1000 recv-all'
	says exit=-9 server.received=1000 server.tcp=reset local.received=1000
	server_line | grep -q 'truncated=yes'
}

@test "the server's wrapper is killed: the local program sees a reset" {
	# The session is a child of the listener, or of what that has forked it from.  The service is its kernel's business: what that says of a process
	# that is killed is a plain end, so the wrapper that lives is the one that has to tell.
	# shellcheck disable=SC2016
	export CUT='all=$(cat /proc/$MIDDLE/task/$MIDDLE/children); kill -KILL $all $(for p in $all; do cat /proc/$p/task/$p/children; done)'
	tunnel --stdio socket --local 'send:1000 recv:1000 run:CUT recv-all' --server 'recv:1000 send:1000 recv-all'
	says exit=69 local.received=1000 local.end=reset
	logged result=cut truncated=yes
}

@test "the connection between them is reset: both ends see a reset" {
	need socat
	local service wrapped
	service=$(free_port)
	tls_server middle "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$service" -f
	wrapped=$port
	tls_server wire socat "TCP-LISTEN:{port},bind=127.0.0.1,so-linger=0" "TCP:127.0.0.1:$wrapped,so-linger=0"
	export CUT="kill -KILL $pid"
	SERVER="localhost:$port" client_session --plain --port "$service" --stdio socket \
		--local 'send:1000 recv:1000 run:CUT recv-all' --server 'recv:1000 send:1000 recv-all' --
	says exit=69 local.received=1000 server.received=1000
	cut_at_both_ends
	logged result=cut truncated=yes
	wait_for 10 grep -q 'truncated=yes' "$T/middle.log"
}

@test "the connection between them ends without close_notify: both ends see a reset" {
	need socat
	local service wrapped
	service=$(free_port)
	tls_server middle "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$service" -f
	wrapped=$port
	tls_server wire socat "TCP-LISTEN:{port},bind=127.0.0.1" "TCP:127.0.0.1:$wrapped"
	export CUT="kill -KILL $pid"
	SERVER="localhost:$port" client_session --plain --port "$service" --stdio socket \
		--local 'send:1000 recv:1000 run:CUT recv-all' --server 'recv:1000 send:1000 recv-all' --
	says exit=69 local.received=1000 server.received=1000
	cut_at_both_ends
	wait_for 10 grep -q 'truncated=yes' "$T/middle.log"
}

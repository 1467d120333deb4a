# A server and a client, each in a network of its own with a wire between them, and a PostgreSQL that listens on the
# server's loopback alone; loaded after lib.  The client comes from 10.77.0.2, from 10.77.1.2 if it connects to
# 10.77.1.1, and from 2001:db8:77::2.
#
#	serve openbsd-inetd [option ...]	the wrapper with -T on port 9000, log in $log
#	asks 10.77.0.1 [psql option ...]	what PostgreSQL says of the client's address, and its port

# lib.bash and pg.sh set pid and the variables of PostgreSQL.
# shellcheck disable=SC2154,SC1091,SC2016

setup() {
	lib_before
	need_root "networks of their own need root"
	need_namespaces
	need postgresql
	need ip
	[ -e "$T/wired" ] || skip "kernel: no pair of virtual wires"
	ways_back add 2> /dev/null || :
}

setup_file() {
	lib_begin
	# bats knows no skip in here: what is missing is said by setup, for each test.
	[ "$(id -u)" -eq 0 ] && unshare -nm true 2> /dev/null && have postgresql && have ip || return 0
	make_pem "$T/pgssl.pem" localhost
	network server
	network client
	wire || return 0
	start_postgresql
	for_the_client
}

for_the_client() {
	hba 'host all all 10.77.0.2/32 scram-sha-256' 'host all all 2001:db8:77::2/128 scram-sha-256'
}

# network NAME: a process that holds it; `on NAME COMMAND...` runs there.
network() {
	start "$1.network" unshare -n sh -c 'ip link set lo up && echo ready && exec sleep 900'
	echo "$pid" > "$T/$1.pid"
	wait_for 10 grep -q ready "$T/$1.network.log"
}

on() {
	nsenter -n -t "$(cat "$T/$1.pid")" "${@:2}"
}

wire() {
	on server ip link add wire type veth peer name wire netns "$(cat "$T/client.pid")" 2> "$T/wire.log" || return 1
	ends server 10.77.0.1/24 10.77.1.1/24 2001:db8:77::1/64
	ends client 10.77.0.2/24 10.77.1.2/24 2001:db8:77::2/64
	touch "$T/wired"
}

ends() {
	local address
	for address in "${@:2}"; do
		if [[ $address == *.* ]]; then
			on "$1" ip addr add "$address" brd + dev wire
		else
			on "$1" ip addr add "$address" dev wire nodad
		fi
	done
	on "$1" ip link set wire up
}

# ways_back add|del: the lines that the page shows.
ways_back() {
	[ "$1" = del ] || [ -z "$(on server ip rule show table 123)" ] || return 0
	on server ip rule "$1" from 127.0.0.1/8 iif lo table 123 &&
		on server ip route "$1" local 0.0.0.0/0 dev lo table 123 &&
		on server ip -6 rule "$1" from ::1/128 iif lo table 123 &&
		on server ip -6 route "$1" local ::/0 dev lo table 123
}

start_postgresql() {
	on server env PG_CONNECTIONS=250 PG_LISTEN='127.0.0.1, ::1' sh -euc '. "$1/tests/lib/pg.sh"; pg_start; export -p > "$2/pg.env"' sh "$ROOT" "$T"
	grep -E '^export PG' "$T/pg.env" > "$T/pg.only"
	. "$T/pg.only"
}

# hba LINE...: pg_hba.conf has these, and a line for the test's own questions by the socket.  In force now.
hba() {
	local before
	before=$(grep -c 'reloading configuration files' "$PG_LOG" || :)
	printf '%s\n' 'local all all scram-sha-256' "$@" > "$PG_DIR/data/pg_hba.conf"
	pg_as kill -HUP "$(pg_postmaster)"
	wait_for 10 reloaded "$before"
	# The next connection comes after that.
	sleep 0.1
}

reloaded() {
	[ "$(grep -c 'reloading configuration files' "$PG_LOG")" -gt "$1" ]
}

# tcp_table: of the server's network.
tcp_table() {
	# shellcheck disable=SC2034
	table=$(on server cat /proc/net/tcp /proc/net/tcp6)
}

# serve NAME [wrapper option ...]: starts the wrapper on port 9000 of every address; TRANSPARENT replaces -T, PORT the port.
serve() {
	local name=$1 command user
	log=$(new_log wrap)
	user=${AS:-root}
	command=("$WRAP" -N pgssl -n pgsql "${TRANSPARENT:--T}" -p "$T/pgssl.pem" -r "${BACKEND:-localhost:$PGPORT_REAL}" -o "$log" "${@:2}")
	case $name in
	-d)
		start server on_server ${CAPABLE:+setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_admin \
			--ambient-caps +net_admin} "${command[@]}" -f -d "${PORT:-9000}"
		wait_for 5 grep -q 'listening on' "$log"
		return
		;;
	inetutils-inetd)
		echo "${PORT:-9000} stream tcp6 nowait.6000 $user $WRAP inetls-wrap ${command[*]:1}" > "$T/inetd.conf"
		start server on_server "$(superserver_path inetutils-inetd)" -d -p"$T/inetutils-inetd.pid" "$T/inetd.conf"
		;;
	tcpserver) start server on_server tcpserver -HRl0 -c 200 0 "${PORT:-9000}" "${command[@]}" ;;
	systemd-socket-activate)
		start server on_server systemd-socket-activate -l "${PORT:-9000}" --inetd -a "${command[@]}"
		;;
	openbsd-inetd | wait)
		if [ "$name" = wait ]; then command+=(--idle-exit 1s); else name=nowait; fi
		echo "${PORT:-9000} stream tcp $name.6000 $user $WRAP inetls-wrap ${command[*]:1}" > "$T/inetd.conf"
		start server on_server "$(superserver_path openbsd-inetd)" -i "$T/inetd.conf"
		;;
	xinetd)
		cat > "$T/xinetd.conf" <<-END
		service pgssl
		{
			type		= UNLISTED
			flags		= IPv6
			port		= ${PORT:-9000}
			socket_type	= stream
			protocol	= tcp
			wait		= no
			user		= $user
			server		= $WRAP
			server_args	= ${command[*]:1}
			cps		= 6000 1
			per_source	= UNLIMITED
		}
		END
		start server on_server "$(superserver_path xinetd)" -dontfork -stayalive -f "$T/xinetd.conf" \
			-pidfile "$T/xinetd.pid" -filelog "$T/xinetd.file.log"
		;;
	esac
	wait_for 5 listening "${PORT:-9000}"
}

nobody_waits() {
	! pgrep -f "^inetls-wrap .*$T/" > /dev/null
}

on_server() {
	exec nsenter -n -t "$(cat "$T/server.pid")" "$@"
}

# psql_at ADDRESS [ARG...]: stock psql on the client, or on $FROM.
psql_at() {
	on "${FROM:-client}" timeout 30 psql -XAtw -v ON_ERROR_STOP=1 \
		"host=localhost hostaddr=$1 port=${PORT:-9000} sslmode=verify-full sslrootcert=$T/pgssl.crt" "${@:2}"
}

asks() {
	psql_at "$1" "${@:2}" -c 'select inet_client_addr(), inet_client_port()'
}

# through SOCAT-OPTION...: a port of the client's loopback whose connections go to 10.77.0.1:9000 with these options of
# socat.  announced TYPE COMMAND...: the same on the server, where what the command prints goes before the first byte.
# Sets $relay.
through() {
	relay=$(free_port)
	start relay nsenter -n -t "$(cat "$T/client.pid")" socat "TCP-LISTEN:$relay,bind=127.0.0.1,fork,reuseaddr" "TCP:10.77.0.1:9000,$1"
	wait_for 5 relay_listens client
}

relay_listens() {
	on "$1" cat /proc/net/tcp | grep -q "0100007F:$(printf %04X "$relay") 00000000:0000 0A"
}

announced() {
	relay=$(free_port)
	"$@" > "$T/header"
	start relay on_server socat "TCP-LISTEN:$relay,bind=127.0.0.1,fork,reuseaddr" \
		"SYSTEM:cat $T/header - | socat - TCP\\:10.77.0.1\\:9000"
	wait_for 5 relay_listens server
}

# header ADDRESS [PORT]: a PROXY header, version 2, of a client with this address.
header() {
	/usr/bin/python3 -c '
import socket, struct, sys
six = ":" in sys.argv[1]
pack = lambda a: socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, a)
body = pack(sys.argv[1]) + pack("2001:db8:77::1" if six else "10.77.0.1") + struct.pack(">HH", int(sys.argv[2]), 9000)
sys.stdout.buffer.write(b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", 0x21, 0x21 if six else 0x11, len(body)) + body)
' "$1" "${2:-40000}"
}

# a_sleeper NAME [psql connection string]: a session of that application_name, until `stop NAME`.  sleeping NAME: whether
# PostgreSQL has it; its address and port are in $at.
a_sleeper() {
	start "$1" nsenter -n -t "$(cat "$T/client.pid")" psql -Xw \
		"host=localhost ${2:-hostaddr=10.77.0.1 port=9000} sslmode=require application_name=$1" -c 'select pg_sleep(60)'
	wait_for 10 sleeping "$1"
}

sleeping() {
	at=$(psql -XAt "host=$PGSOCKET port=$PGPORT_REAL" -c "select client_addr, client_port from pg_stat_activity
		where state = 'active' and application_name = '$1'")
	[ "$at" != "" ]
}

# sees ADDRESS CLIENT: PostgreSQL sees CLIENT, with the port that the log has for the peer; source= says the same.
sees() {
	local seen
	seen=$(asks "$1") || return 1
	[ "${seen%|*}" = "$2" ] && wait_for 10 ended_as ok "$(written "$2" "${seen#*|}")" || {
		echo "PostgreSQL saw $seen:"
		cat "$log"
		return 1
	}
	[ "$(log_field source "$line")" = "$(log_field peer "$line")" ]
}

# written ADDRESS PORT: as the log does.
written() {
	case $1 in
	*:*) echo "[$1]:$2" ;;
	*) echo "$1:$2" ;;
	esac
}

# ended_as RESULT PEER: a session of that peer has ended so; its line is in $line.
ended_as() {
	line=$(grep -F "result=$1 peer=$2 " "$log")
}

# sees_both: the client by IPv4 and by IPv6.
sees_both() {
	sees 10.77.0.1 10.77.0.2 && sees 2001:db8:77::1 2001:db8:77::2
}

# refuses ADDRESS WORDS: the client is told these words, the log too, and nobody has logged in.
refuses() {
	local logins before
	before=$(refusals "$2")
	logins=$(grep -c 'connection authorized' "$PG_LOG" || :)
	run asks "$1"
	echo "$output"
	[ "$status" -ne 0 ] && grep -qF -e "$2" <<< "$output" && wait_for 10 refused_again "$2" "$before" &&
		[ "$(grep -c 'connection authorized' "$PG_LOG")" -eq "$logins" ]
}

# refusals WORDS: how many lines of the log there are for it.
refusals() {
	grep -F 'result=refused ' "$log" | grep -cF -e "$1" || :
}

refused_again() {
	[ "$(refusals "$1")" -eq $(($2 + 1)) ]
}

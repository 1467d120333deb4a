# Runs each command of doc/fleet.md, on hosts that are made of network and mount namespaces.

# lib.bash and client.bash set pid, port and output; what is in single quotes is for another shell.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/client

PAGE=$ROOT/doc/fleet.md

setup() {
	lib_before
	need_root 'a host takes a network and mounts of its own'
	need_namespaces
	need postgresql
	need ip
	need socat
}

setup_file() {
	lib_begin
	[ "$(id -u)" -eq 0 ] && unshare -nm true 2> /dev/null && have postgresql && have ip || return 0
	pg_start
	printf '%s\n' '127.0.0.1 localhost' '192.0.2.1 db.example.org' '192.0.2.11 db1 db1.example.org' \
		'192.0.2.12 db2 db2.example.org' > "$T/hosts"
	start lan unshare -n sleep 900
	wait_for 5 own_network "$pid"
	echo "$pid" > "$T/lan.pid"
	nsenter -t "$pid" -n sh -c 'ip link add br0 type bridge && ip link set br0 up'
	host balancer 192.0.2.1
	host db1 192.0.2.11
	host db2 192.0.2.12
	host client 192.0.2.99
	fleet
}

own_network() {
	[ "$(readlink "/proc/$1/ns/net" || echo none)" != "$(readlink /proc/self/ns/net)" ]
}

# host NAME ADDRESS: with directories of its own where the page's lines write, and the programs in /usr/local.
host() {
	local lan name=$1
	lan=$(cat "$T/lan.pid")
	mkdir -p "$T/$1/local/bin" "$T/$1/local/sbin" "$T/$1/local/etc/inetls" "$T/$1/root"
	install -m 755 "$CERTGEN" "$T/$1/local/bin"
	install -m 755 "$WRAP" "$T/$1/local/sbin"
	install -m 755 "$ROOT/contrib/acme/deploy" "$T/$1/local/sbin/inetls-deploy"
	start "$1" unshare -mn --propagation private sleep 900
	wait_for 5 own_network "$pid"
	echo "$pid" > "$T/$1.pid"
	nsenter -t "$lan" -n sh -euc 'ip link add "to-$1" type veth peer name eth0 netns "$2"
		ip link set "to-$1" master br0 up' sh "$1" "$pid"
	nsenter -t "$pid" -m -n sh -euc 'ip link set lo up; ip addr add "$1/24" dev eth0; ip link set eth0 up
		mount -t tmpfs -o mode=755 run /run; mkdir /run/inetls
		mount --bind "$2/root" /root; mount --bind "$2/local" /usr/local; mount --bind "$3" /etc/hosts' \
		sh "$2" "$T/$1" "$T/hosts"
}

# on HOST TEXT: as if root had typed it there.
on() {
	nsenter -t "$(cat "$T/$1.pid")" -m -n -- env -i HOME=/root LC_ALL=C.UTF-8 T="$T" ${FAKES:+FAKES="$FAKES"} \
		PATH="${FAKES:+$FAKES:}/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin" \
		timeout 60 bash -c "cd && $2"
}

# lines_with TEXT: the lines of the page in which it stands.
lines_with() {
	/usr/bin/python3 -B "$ROOT/tests/lib/pasted.py" list | awk -F '\t' '$2 == "fleet.md"' | cut -f 3- | grep -F -e "$1"
}

# fleet: the first part of the page: a CA, and the PEM of each host.
fleet() {
	local line name
	while read -r line; do
		on balancer "$line" < /dev/null || return 1
	done < <(lines_with 'inetls-certgen ca' && lines_with 'inetls-certgen server' && lines_with 'inetls-certgen renew') > "$T/fleet.log" 2>&1
	cp "$T/balancer/root/ca/ca.crt" "$T/client/root"
	for name in db1 db2; do
		cp -p "$T/balancer/root/$name.pem" "$T/$name/local/etc/inetls/pgssl.pem"
	done
}

# database HOST: PostgreSQL listens there.  It is one server for all, which lies on none of these networks.
database() {
	start "$1-database" nsenter -t "$(cat "$T/$1.pid")" -m -n -- socat TCP-LISTEN:5432,bind=127.0.0.1,fork,reuseaddr \
		"UNIX-CONNECT:$PGSOCKET/.s.PGSQL.$PGPORT_REAL"
	wait_for 5 on "$1" 'ss -Hltn sport = 5432 | grep -q .'
}

# serve HOST [OPTION...]: its wrapper listens on port 9000.
serve() {
	local name=$1
	shift
	database "$name"
	start "$name-wrap" nsenter -t "$(cat "$T/$name.pid")" -m -n -- /usr/local/sbin/inetls-wrap -f -d 9000 -N pgssl -n pgsql \
		--tickets /run/inetls/pgssl.tickets -p /usr/local/etc/inetls/pgssl.pem -r localhost:5432 -o "$(new_log "$name")" "$@"
	wait_for 5 grep -q 'listening on' "$T/$name.log"
}

# psql_to HOST [ARG...]: stock psql on the client.
psql_to() {
	nsenter -t "$(cat "$T/client.pid")" -m -n -- timeout 30 psql -XAt \
		"host=$1 port=9000 sslmode=verify-full sslrootcert=$T/client/root/ca.crt" "${@:2}"
}

@test "the CA's certificate is all that a client needs for each host, by its own name and by that of all" {
	serve db1
	serve db2
	[ "$(psql_to db1.example.org -c 'select 1')" = 1 ]
	[ "$(psql_to db2.example.org -c 'select 2')" = 2 ]
	[ "$(psql_to 'db.example.org hostaddr=192.0.2.12' -c 'select 3')" = 3 ]
	run psql_to 'db1.example.org hostaddr=192.0.2.12' -c 'select 4'
	[[ $output == *'does not match host name "db1.example.org"'* ]]
}

# A client gets its ticket with the service's first bytes: those that refuse a client without a user name.
without_name="printf '\\0\\0\\0\\011\\0\\003\\0\\0\\0'"

# ticket_at HOST FILE, resumed_at HOST FILE: a client gets a session there, and comes back with one of any host.
ticket_at() {
	on client "rm -f /root/$2; ($without_name; for i in \$(seq 100); do [ ! -s /root/$2 ] || break; sleep 0.1; done; echo Q) |
		openssl s_client -starttls postgres -connect $1:9000 -sess_out /root/$2 2>&1" | grep -q '^New, TLSv1.3'
}

resumed_at() {
	on client "(sleep 0.5; echo Q) | openssl s_client -starttls postgres -connect $1:9000 -sess_in /root/$2 2>&1" | grep -q '^Reused, TLSv1.3'
}

# The page's lines, typed on the balancer; ssh is a command on that host.
a_round() {
	local line
	mkdir -p "$T/fakes"
	cat > "$T/fakes/ssh" <<-'END'
	#!/bin/sh
	exec nsenter -t "$(cat "$T/${1#root@}.pid")" -m -n -- sh -c "$2"
	END
	chmod 755 "$T/fakes/ssh"
	while read -r line; do
		FAKES=$T/fakes on balancer "$line" || return 1
	done < <(lines_with 'tickets' | grep -v 'inetls-certgen')
	[ ! -e "$T/balancer/root/tickets" ]
}

key_of() {
	on "$1" 'stat -c "%s %a" /run/inetls/pgssl.tickets && sha256sum /run/inetls/pgssl.tickets'
}

@test "one file of tickets: a session of one host is resumed at the other, until one of them makes its own" {
	a_round
	[[ $(key_of db1) == '64 600'* ]]
	[ "$(key_of db1)" = "$(key_of db2)" ]
	# One child waits, so that each connection takes it, and the next child reads the file anew.
	serve db1 --idle-children 1
	serve db2 --idle-children 1
	ticket_at db1 session
	resumed_at db2 session
	resumed_at db1 session

	# A day later no round has come: the host goes on by itself.
	on db2 "touch -d '25 hours ago' /run/inetls/pgssl.tickets"
	psql_to db2.example.org -c 'select 1'
	wait_for 5 differ
	ticket_at db1 session
	run ! resumed_at db2 session
	# The sessions that fail to resume are served all the same, and those of the other host still resume there.
	resumed_at db1 session
	[ "$(psql_to db2.example.org -c 'select 2')" = 2 ]

	a_round
	[ "$(key_of db1)" = "$(key_of db2)" ]
	# A child that was waiting has read the old one.
	psql_to db1.example.org -c 'select 3' > /dev/null
	psql_to db2.example.org -c 'select 3' > /dev/null
	ticket_at db1 session
	resumed_at db2 session
}

differ() {
	psql_to db2.example.org -c 'select 1' > /dev/null
	[ "$(key_of db1)" != "$(key_of db2)" ]
}

@test "bad: a file of tickets that is half written is a warning, and the session is served" {
	on db1 'umask 077; head -c 20 /dev/urandom > /run/inetls/pgssl.tickets'
	serve db1
	[ "$(psql_to db1.example.org -c 'select 1')" = 1 ]
	grep -q 'must be a file of 64 bytes with mode 0600 .*going on without tickets' "$T/db1.log"
	on db1 'rm /run/inetls/pgssl.tickets'
}

# balance [SED-SCRIPT]: HAProxy with the page's configuration.
balance() {
	sed -n '/^frontend pgssl/,/^```/p' "$PAGE" | grep -v '```' | sed "$1" > "$T/balancer/haproxy.cfg"
	on balancer "mkdir -p /run/haproxy && cp /root/ca/ca.crt /run/haproxy/ca.crt"
	sed -i 's|/etc/haproxy/ca.crt|/run/haproxy/ca.crt|' "$T/balancer/haproxy.cfg"
	start haproxy nsenter -t "$(cat "$T/balancer.pid")" -m -n -- haproxy -db -f "$T/balancer/haproxy.cfg"
	wait_for 10 both_are_up
}

both_are_up() {
	grep -q 'result=cut peer=192.0.2.1:.* in=22 ' "$T/db1.log" && grep -q 'result=cut peer=192.0.2.1:.* in=22 ' "$T/db2.log"
}

@test "behind HAProxy: the log has the client's address, Ctrl-C arrives, a host without PostgreSQL gets nobody, and nobody comes past" {
	need haproxy
	serve db1 --proxy-in 192.0.2.1
	serve db2 --proxy-in 192.0.2.1
	balance 's/inter 10s/inter 500ms/'
	[ "$(psql_to db.example.org -c 'select 1')" = 1 ]
	wait_for 5 grep -q 'result=ok peer=192.0.2.99:' "$T/db1.log" "$T/db2.log"

	start sleeper nsenter -t "$(cat "$T/client.pid")" -m -n -- psql -X \
		"host=db.example.org port=9000 sslmode=verify-full sslrootcert=$T/client/root/ca.crt" -c 'select pg_sleep(60)'
	wait_for 10 sleeping
	kill -INT "$pid"
	wait_for 10 gone "$pid"
	grep -q 'canceling statement due to user request' "$T/sleeper.log"

	# The host that this client is sent to loses its PostgreSQL.
	local here=db1 other=db2
	! grep -q 'result=ok peer=192.0.2.99:' "$T/db2.log" || here=db2 other=db1
	stop "$here-database"
	wait_for 10 grep -qF "Server pgssl/$here is DOWN" "$T/haproxy.log"
	[ "$(psql_to db.example.org -c 'select 2')" = 2 ]
	wait_for 5 grep -q 'result=ok peer=192.0.2.99:' "$T/$other.log"
	database "$here"
	wait_for 10 grep -qF "Server pgssl/$here is UP" "$T/haproxy.log"

	run psql_to db1.example.org -c 'select 3'
	[ "$status" -ne 0 ]
	wait_for 5 grep -q 'result=refused peer=192.0.2.99:.*the connection does not come from an address of --proxy-in' "$T/db1.log"
}

sleeping() {
	[ "$(psql -XAt "host=$PGSOCKET port=$PGPORT_REAL" \
		-c "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'")" = 1 ]
}

# -- what other tools issue --------------------------------------------------------------------------------

# shown: the serial of the certificate that db1 shows to the next connection.
shown() {
	on client 'echo Q | openssl s_client -starttls postgres -connect db1:9000 2> /dev/null | openssl x509 -noout -serial'
}

# a_certificate NAME: a key and a chain as other CAs give them, in the files NAME.key and NAME.crt on db1.
a_certificate() {
	local files=$T/db1/root/$1
	[ -s "$T/other.crt" ] || authority other
	issue other "$1" db.example.org subjectAltName=DNS:db.example.org,DNS:db1.example.org
	openssl ec -in "$T/other/$1.key" -out "$files.key" 2> /dev/null
	cat "$T/$1.crt" "$T/other.crt" > "$files.crt"
	serial=$(openssl x509 -in "$T/$1.crt" -noout -serial)
}

new_one_is_shown() {
	[ "$(shown)" = "$serial" ]
}

@test "step's and Vault's files, by the page's lines: the listener shows the new certificate, and the owner and mode stay" {
	need jq
	on db1 'cp -p /usr/local/etc/inetls/pgssl.pem /root/before.pem'
	serve db1
	[ "$(psql_to db1.example.org -c 'select 1')" = 1 ]
	mkdir -p "$T/fakes"
	cat > "$T/fakes/step" <<-'END'
	#!/bin/sh
	[ "$1 $2 $3 $4 $5" = 'ca certificate db.example.org srv.crt srv.key' ] && cp step.crt srv.crt && cp step.key srv.key
	END
	cat > "$T/fakes/vault" <<-'END'
	#!/bin/sh
	[ "$*" = 'write -format=json pki/issue/db common_name=db.example.org' ] && cat vault.json
	END
	chmod 755 "$T/fakes/step" "$T/fakes/vault"

	a_certificate step
	FAKES=$T/fakes on db1 "umask 077; $(lines_with 'step ca certificate')"
	wait_for 5 new_one_is_shown

	a_certificate vault
	/usr/bin/python3 - "$T/vault.crt" "$T/other.crt" "$T/db1/root/vault.key" > "$T/db1/root/vault.json" <<-'END'
	import json, sys
	leaf, ca, key = (open(name).read().strip() for name in sys.argv[1:])
	print(json.dumps({"data": {"certificate": leaf, "issuing_ca": ca, "ca_chain": [ca], "private_key": key}}))
	END
	local line
	while read -r line; do
		FAKES=$T/fakes on db1 "umask 077; $line"
	done < <(lines_with 'vault write' && lines_with 'jq -r')
	wait_for 5 new_one_is_shown
	[ "$(on db1 'stat -c "%a %U" /usr/local/etc/inetls/pgssl.pem')" = '600 root' ]

	# A key of another certificate leaves all as it was.
	a_certificate stranger
	run on db1 'inetls-deploy stranger.key vault.crt'
	[ "$status" -ne 0 ]
	[[ $output == *"the key does not belong to the certificate"* ]]
	run ! new_one_is_shown
	serial=$(openssl x509 -in "$T/vault.crt" -noout -serial)
	new_one_is_shown
	[ "$(on db1 'ls /usr/local/etc/inetls')" = pgssl.pem ]

	on db1 'chown nobody /usr/local/etc/inetls/pgssl.pem && inetls-deploy stranger.key stranger.crt'
	[ "$(on db1 'stat -c "%a %U" /usr/local/etc/inetls/pgssl.pem')" = '600 nobody' ]
	run on db1 'inetls-deploy'
	[ "$status" -eq 64 ]
	on db1 'mv before.pem /usr/local/etc/inetls/pgssl.pem'
}

# issued_by LINE: what that line of the page, typed on db1, has brought to the next connection.
issued_by() {
	FAKES=$T/fakes on db1 "$1" || return 1
	serial=$(on db1 'openssl x509 -in /usr/local/etc/inetls/pgssl.pem -noout -serial')
	on db1 'openssl x509 -in /usr/local/etc/inetls/pgssl.pem -noout -issuer' | grep -qE 'CN ?= ?other$' &&
		wait_for 5 new_one_is_shown
}

@test "certbot and lego, by the page's lines: their hook brings the certificate to the next connection, certbot's renewal too" {
	need certbot
	need lego
	local before
	on db1 'cp -p /usr/local/etc/inetls/pgssl.pem /root/before.pem'
	[ -s "$T/other.crt" ] || authority other
	start acme nsenter -t "$(cat "$T/db1.pid")" -m -n -- "$ROOT/tests/lib/acme.py" 4000 "$T/other.crt" "$T/other/key.pem"
	wait_for 5 on db1 'ss -Hltn sport = 4000 | grep -q .'
	mkdir -p "$T/fakes" "$T/db1/root/.config/letsencrypt"
	printf '%s\n' 'server = http://127.0.0.1:4000/' 'agree-tos = true' 'non-interactive = true' 'email = dba@example.org' \
		'config-dir = /root/certbot' 'work-dir = /root/certbot.work' 'logs-dir = /root/certbot.log' \
		> "$T/db1/root/.config/letsencrypt/cli.ini"
	printf '#!/bin/sh\nexec %s --server http://127.0.0.1:4000/ --accept-tos "$@"\n' "$(command -v lego)" > "$T/fakes/lego"
	chmod 755 "$T/fakes/lego"
	serve db1
	[ "$(psql_to db1.example.org -c 'select 1')" = 1 ]

	issued_by "$(lines_with 'certbot certonly')"
	before=$serial
	issued_by 'certbot renew --force-renewal --no-random-sleep-on-renew'
	[ "$serial" != "$before" ]
	before=$serial
	issued_by "$(lines_with 'lego --email')"
	[ "$serial" != "$before" ]
	on db1 'mv before.pem /usr/local/etc/inetls/pgssl.pem'
}

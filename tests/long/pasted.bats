# Runs what README.md, CONTRIBUTING.md and the pages give a reader to copy, as tests/project/pasted.txt says for each
# line.
#
# The tests run in the namespaces of tests/activate/activation.bats: private network and mounts, a copy of /etc, an
# empty /run and /root, and the installed programs over /usr/local.  db.example.org is this machine.

# What sh gets in single quotes is for it to expand.
# shellcheck disable=SC2016

load ../lib/lib
load ../lib/activation

PLACES=$ROOT/tests/project/pasted.txt

# sh_inside TEXT: as if typed by root in a directory of his own.
sh_inside() {
	inside env -i PATH="$prefix/bin:$prefix/sbin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin" HOME=/root \
		LC_ALL=C.UTF-8 PGUSER=alice PGDATABASE=app PGPASSWORD=secret timeout 30 bash -c "cd /root/afternoon && $1"
}

prepare() {
	make_world openbsd-inetd
	inside mount -t tmpfs root /root
	inside mount -t tmpfs log /var/log
	inside mount -t tmpfs state /var/lib
	inside mkdir /root/afternoon
	inside mount --bind "$prefix" /usr/local
	inside sh -c 'echo "127.0.0.2 db.example.org" >> /etc/hosts; mkdir -p /var/run/postgresql
		ln -s "$1/.s.PGSQL.5432" /var/run/postgresql/; mkdir -p /run/inetls' sh "$PGSOCKET"
	inside psql -Xq -h 127.0.0.1 -c "create role alice login password 'secret'" -c 'create database app owner alice'
	# What earlier steps of the documents have left: a certificate for this name, one for IMAP, another's request.
	sh_inside 'cd /usr/local/etc/inetls && rm pgssl.pem pgssl.crt && for name in imap git redis; do
		inetls-certgen --batch $name.pem db.example.org; done && cd /root/afternoon &&
		inetls-certgen csr theirs.pem their.example.org' < /dev/null
	start imap nsenter -t "$world" -m -n -r -w -- socat TCP-LISTEN:143,fork,reuseaddr SYSTEM:true
	start pop3 nsenter -t "$world" -m -n -r -w -- socat TCP-LISTEN:1110,fork,reuseaddr SYSTEM:true
	start smtp nsenter -t "$world" -m -n -r -w -- socat TCP-LISTEN:10587,fork,reuseaddr SYSTEM:true
	start redis nsenter -t "$world" -m -n -r -w -- socat TCP-LISTEN:6379,fork,reuseaddr SYSTEM:true
	start demanding nsenter -t "$world" -m -n -r -w -- "$prefix/sbin/inetls-wrap" -f -d 127.0.0.2:5432 -n pgsql \
		-p "$prefix/etc/inetls/imap.pem" -r 127.0.0.1:5432
}

# Before these there is a file or a file is away, as the documents' own sentences say.
before() {
	case $1 in
	'inetls-certgen csr ./pgssl.pem'*) sh_inside 'rm -f pgssl.pem' ;;
	'cat answer.pem'*) sh_inside 'cp db.crt answer.pem' ;;
	'inetls-certgen ./pgssl.pem'*) sh_inside 'rm -f pgssl.*' ;;
	'mkdir -p ~/.postgresql'*)
		# Up to here the certificate was one of a CA.
		sh_inside 'cd /usr/local/etc/inetls && inetls-certgen --batch --force pgssl.pem db.example.org &&
			cp pgssl.crt /root/afternoon && cp pgssl.crt /root/afternoon/db.crt' < /dev/null ;;
	'imaps stream'*) sh_inside 'cp /root/ca/ca.crt /usr/local/etc/inetls' ;;
	*) ;;
	esac
}

answers_at() {
	[ "$(sh_inside "psql -XAt 'host=db.example.org hostaddr=127.0.0.1 port=$1 sslmode=$2 sslrootcert=pgssl.crt' -c 'select 1'" 2> "$T/asked.log")" = 1 ]
}

serve() {
	stop served || return 1
	inside sh -c 'test ! -e /run/inetls.pgssl.pid || kill $(cat /run/inetls.pgssl.pid)'
	wait_for 10 inside sh -c '! test -e /run/inetls.pgssl.pid' || return 1
	start served sh_inside "${1/inetls-wrap -c/inetls-wrap -f -c}"
	wait_for 6 answers_at "$2" "$3" || { cat "$T/served.log" "$T/asked.log"; return 1; }
}

check() {
	local command=${1#*server_args*= }
	case $command in
	inetls-wrap*) sh_inside "$command" ;;
	*' inetls-wrap '*)
		command=${command#* inetls-wrap }
		sh_inside "inetls-wrap --check $command" ;;
	*) sh_inside "inetls-wrap --check $command" ;;
	esac
}

postgres() {
	case $1 in
	host*)
		echo "$1" >> "$PG_DIR/data/pg_hba.conf"
		[ "$(inside psql -XAt -h 127.0.0.1 -c "select count(*) from pg_hba_file_rules where error is not null")" = 0 ] ;;
	*) inside psql -Xq -h 127.0.0.1 -c "alter system set $1" ;;
	esac
}

# typed TEXT ANSWER...: on a terminal, where it asks.
typed() {
	local answer
	for answer in "${@:2}"; do
		sleep 0.5
		printf '%s\n' "$answer"
	done | inside env HOME=/root PATH="/usr/local/bin:$PATH" timeout 30 script -qec "cd /root/afternoon && $1" /dev/null
}

place() {
	before "$2"
	case $1 in
	run) sh_inside "$2" <<< 'select current_user' ;;
	password) typed "$2" '' '' '' '' '' 'correct horse' 'correct horse' '' && inside test -s /root/afternoon/bob.p12 ;;
	yes) typed "$2" y && inside test -s /root/afternoon/theirs.crt ;;
	revoke) sh_inside "${2/SERIAL/$(sh_inside "grep bob /root/ca/index" | grep -oiE '\b[0-9a-f]{40}\b' | head -n 1)}" ;;
	serve) serve "$2" 9000 verify-full ;;
	client)
		start client sh_inside "${2/inetls-wrap -c/inetls-wrap -f -c}"
		local at=${2#*-d }
		wait_for 10 inside sh -c "ss -Hltn sport = ${at%% *} | grep -q ." ;;
	check) check "$2" ;;
	cron) sh_inside "${2#* root }" ;;
	postgres) postgres "$2" ;;
	unit)
		printf '[Service]\nExecStart=/bin/true\n%s\n' "$2" > "$here/pasted.service"
		[ -z "$(systemd-analyze verify "$here/pasted.service" 2>&1)" ] ;;
	xinetd)
		make_inside fragments
		[[ "$(sed 's/#.*//' "$here/fragments/xinetd/pgssl" | tr -s ' \t\n' ' ')" == *"${2#service pgssl}"* ]] ||
			[ "$(grep -cvF -f <(tr -s ' \t\n' '\n' < "$here/fragments/xinetd/pgssl") <<< "${2// /$'\n'}")" -eq 0 ] ;;
	by | not:) ;;
	*) echo "tests/project/pasted.txt: $1 is no way to paste"; return 1 ;;
	esac
}

@test "each line is pasted, and does what it says" {
	prepare
	local how text failed=0 seen=0
	while IFS=$'\t' read -r how text <&4; do
		[[ $how != '#'* && -n $text ]] || continue
		seen=$((seen + 1))
		place "${how%% *}" "$text" > "$T/place.log" 2>&1 4<&- || {
			echo "FAILED $how: $text"
			tail -n 20 "$T/place.log"
			failed=1
		}
	done 4< "$PLACES"
	[ "$seen" -gt 70 ]
	[ "$failed" -eq 0 ]
}

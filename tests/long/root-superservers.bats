# In a fresh Debian root with a super-server installed as a package: from make to psql on another machine, a renewed
# certificate, and back, after which /etc is as before, byte for byte.

# $root is what new_root sets, $status and $output are what bats gives.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/root

# What runs in the root, in a network of its own: life SUPERSERVER TARGET [SETTING...].  It says what it sees.
write_life() {
	cat > "$root/root/life" <<-'END'
	#!/bin/bash
	set -eu
	superserver=$1 target=$2
	shift 2
	# That other machine, which shares the files with this one and nothing else.
	unshare -n sleep 600 &
	other=$!
	there() {
		nsenter -t "$other" -n "$@"
	}
	until [ "$(readlink "/proc/$other/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
		sleep 0.1
	done
	ip link add here type veth peer name there netns "$other"
	ip addr add 192.0.2.1/24 dev here
	there ip addr add 192.0.2.2/24 dev there
	for name in lo here; do ip link set "$name" up; done
	for name in lo there; do there ip link set "$name" up; done
	echo '192.0.2.1 db.example.org' >> /etc/hosts

	cd ~/inetls
	. tests/lib/pg.sh
	trap 'pg_stop; kill "$other"; service "$superserver" stop > /dev/null 2>&1' EXIT
	PG_PORT=5432 pg_start
	echo "PostgreSQL: ssl is $(psql -XAt -h 127.0.0.1 -p 5432 -c 'show ssl')"
	service "$superserver" start > /dev/null

	picture() {
		find / -xdev \( -path /root -o -path /tmp -o -path /run -o -path /proc \) -prune -o \
			-printf '%p %y %m %U %G %l\n' | sort
		find / -xdev \( -path /root -o -path /tmp -o -path /run -o -path /proc \) -prune -o -type f -print0 |
			sort -z | xargs -0 sha256sum
	}
	ask() {
		there timeout 30 psql -XAt -v ON_ERROR_STOP=1 -c "select 'port ' || inet_server_port()" \
			"host=db.example.org port=9000 sslmode=verify-full sslrootcert=/root/pgssl.crt" 2>&1 || :
	}
	serial() {
		there timeout 10 openssl s_client -starttls postgres -connect 192.0.2.1:9000 < /dev/null 2> /dev/null |
			openssl x509 -noout -serial
	}
	pem=$(make -s --eval 'where: ; @echo $(pem)' where "$@")
	picture > ~/before
	echo "before: $(ask)"
	make "$@" > ~/make.log 2>&1
	make install "$@" < /dev/null
	tests/lib/on-terminal db.example.org Example '' '' '' '' y -- make cert "$@"
	make services "$target" "$@"
	service "$superserver" status > /dev/null 2>&1 || service "$superserver" start
	cp "${pem%.pem}.crt" ~
	sleep 1
	echo "through TLS: $(ask)"
	make services "$target" "$@"
	echo "the second time: $(ask)"
	first=$(serial)
	inetls-certgen renew "$pem"
	[ "$(serial)" != "$first" ] && echo "renewed: another certificate"
	cp "${pem%.pem}.crt" ~
	echo "renewed: $(ask)"
	make renewal "$@"
	picture > ~/active
	make uninstall-renewal "uninstall-$target" uninstall-services uninstall "$@"
	picture > ~/after
	echo "after: $(ask)"
	# What was built is below /root.  Directories that make install has made below /usr/local stay, and the PEM's.  The
	# system user that came and went is in the copies of the former /etc/passwd and its like.
	diff ~/before ~/active | sed -n 's|^> \(/etc/[^ ]*\) [fl] .*|added: \1|p'
	diff ~/before ~/after | sed -n 's/^[<>] /&different: /p' | grep -vE "different: (/usr/local/[^ ]*|${pem%/*}) d 755 0 0 \$|  /etc/g?(passwd|shadow|group)-\$" || :
	END
}

# life SUPERSERVER TARGET PEM ADDED [SETTING...]
life() {
	local superserver=$1 target=$2 pem=$3 added=$4 sum
	shift 4
	new_root
	LIMIT=900 run enter_root sh -euc 'apt-get -q update && apt-get -q install -y --no-install-recommends "$@" iproute2 python3
		cd && git clone -q /inetls.git inetls && cd inetls && tests/deps demo
		rm /usr/sbin/policy-rc.d' sh "$superserver" "$packages"
	[ "$status" -eq 0 ] || { echo "$output" | tail -n 20; return 1; }
	write_life
	LIMIT=300 run enter_root -n bash /root/life "$superserver" "$target" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	sum='[0-9a-f]{64}'
	diff - <(grep -E '^(PostgreSQL:|before:|through|the second|renewed:|after:|added:|[<>] different:)' <<< "$output" |
		sed -E "s/$sum/SUM/; s/: psql: .*: Connection refused$/: refused/") <<-END
	PostgreSQL: ssl is off
	before: refused
	through TLS: port 5432
	the second time: port 5432
	renewed: another certificate
	renewed: port 5432
	after: refused
	$added
	> different: ${pem%.pem}.crt f 644 0 0 
	> different: $pem f 600 0 0 
	> different: SUM  ${pem%.pem}.crt
	> different: SUM  $pem
	END
	grep -qF "$pem, with the key and certificate, was kept" <<< "$output"
}

@test "xinetd: psql from another machine, the check by cron, and /etc is what it was" {
	packages=cron
	life xinetd xinetd /usr/local/etc/inetls/pgssl.pem "added: /etc/cron.d/pgssl-check
added: /etc/xinetd.d/pgssl"
}

@test "openbsd-inetd: psql from another machine, the check by cron where systemd does not run, and /etc is what it was but for a PEM in it" {
	packages=systemd
	life openbsd-inetd inetd /etc/inetls/pgssl.pem "added: /etc/cron.d/pgssl-check
added: /etc/inetls/pgssl.crt
added: /etc/inetls/pgssl.pem" sysconfdir=/etc
}

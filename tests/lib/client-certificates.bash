# What tests/wrap/client-certificates.bats and tests/long/client-certificates.bats share, loaded after lib.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC1083,SC2034,SC2046,SC2154

setup() {
	lib_before
	need socat
}

setup_file() {
	local level
	lib_begin
	have socat || return 0
	make_pem "$T/pgssl.pem" localhost
	authority good
	authority evil
	issue good right dba subjectAltName=DNS:dba.clients.example,email:dba@example.org extendedKeyUsage=clientAuth
	issue good same-name dba extendedKeyUsage=clientAuth
	issue good wrong-name stranger subjectAltName=DNS:stranger.example extendedKeyUsage=clientAuth
	issue good expired dba extendedKeyUsage=clientAuth -- -startdate 20200101000000Z -enddate 20210203000000Z
	issue good revoked dba extendedKeyUsage=clientAuth
	issue good mid-old mid basicConstraints=critical,CA:TRUE -- -startdate 20200101000000Z -enddate 20210405000000Z
	below mid-old below-old
	issue good mid-revoked gone basicConstraints=critical,CA:TRUE
	below mid-revoked below-revoked
	revoke good mid-revoked
	issue good for-servers dba extendedKeyUsage=serverAuth
	issue evil wrong-ca dba extendedKeyUsage=clientAuth
	revoke good revoked
	tls_server backend socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" \
		"SYSTEM:echo hello; echo it >> $T/disturbed; sleep 0.2"
	BACKEND=$port
	export BACKEND
	for level in 0 1 2 3; do
		level_server "level$level" "$level" --crl "$T/good.crl" --peer-name dba $([ "$level" -ne 3 ] || pins right wrong-name)
		echo "$port" > "$T/level.$level"
	done
}

# below CA NAME: makes a certificate signed by that CA, with the CA in its chain.
below() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$2.key" -out "$T/$2.csr" \
		-subj /CN=dba 2> "$T/$2.log"
	openssl x509 -req -in "$T/$2.csr" -CA "$T/$1.crt" -CAkey "$T/good/$1.key" -days 9 -out "$T/$2.crt" \
		-extfile <(echo extendedKeyUsage=clientAuth) 2>> "$T/$2.log"
	(umask 077 && cat "$T/$2.key" "$T/$2.crt" "$T/$1.crt" > "$T/$2.pem")
}

# level_server NAME LEVEL OPTION...: starts a server that asks for certificates; sets $port.
level_server() {
	tls_server "$1" "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$BACKEND" -v "$2" \
		-A "$T/good.crt" -f "${@:3}"
}

# pins NAME...: prints the options that pin these certificates.
pins() {
	local name
	for name; do
		echo "--pin $(pin_of "$T/$name.pem")"
	done
}

# shows PEM|- TLS PORT LOG: runs a client that shows this certificate; sets $got to its result, $line to the log line.
shows() {
	local before sessions
	sessions=$(grep -c 'result=' "$4") || :
	before=$(cat "$T/disturbed" 2> /dev/null | wc -l)
	got=$(timeout 20 "$ROOT/tests/lib/mutual.py" "$3" "$2" "$([ "$1" = - ] && echo - || echo "$T/$1.pem")")
	wait_for 10 more_sessions "$4" "$sessions"
	line=$(grep 'result=' "$4" | tail -n 1)
	[ "$got" = served ] || [ "$(cat "$T/disturbed" 2> /dev/null | wc -l)" -eq "$before" ] ||
		{ echo "the service heard of $1"; return 1; }
}

more_sessions() {
	[ "$(grep -c 'result=' "$1")" -gt "$2" ]
}

# cells LEVEL TLS: reads a table from stdin: certificate, what the client gets, what the log says.
cells() {
	local certificate wanted words bad=0
	while IFS='|' read -r certificate wanted words; do
		shows "$certificate" "$2" "$(cat "$T/level.$1")" "$T/level$1.log"
		if [ "$got" != "$wanted" ] || ! grep -qF -e "$words" <<< "$line"; then
			echo "-v $1, TLS $2, $certificate: $got and not $wanted, or the line has not: $words"
			echo "   $line"
			bad=1
		fi
	done
	[ "$bad" -eq 0 ]
}

# These are the same from -v 1 on.
refusals() {
	cat <<-'END'
	wrong-ca|alert:unknown_ca|reason="peer's certificate was not issued by a CA of -A or -a"
	expired|alert:certificate_expired|reason="peer's certificate (CN=dba) expired on 2021-02-03"
	below-old|alert:certificate_expired|reason="the peer's CA certificate (CN=mid) expired on 2021-04-05"
	revoked|alert:certificate_revoked|reason="peer's certificate (CN=dba) is revoked (--crl)"
	below-revoked|alert:certificate_revoked|reason="the peer's CA certificate (CN=gone) is revoked (--crl)"
	wrong-name|alert:access_denied|reason="peer's certificate is for stranger.example, which no --peer-name allows"
	for-servers|alert:unsupported_certificate|reason="peer's certificate is not a client's"
	END
}

none_refused_13='-|alert:certificate_required|reason="peer shows no certificate, and one is required (-v)"'
none_refused_12='-|alert:handshake_failure|reason="peer shows no certificate, and one is required (-v)"'

everybody() {
	cat <<-'END'
	-|served|client=-
	wrong-ca|served|result=ok
	expired|served|result=ok
	revoked|served|result=ok
	wrong-name|served|result=ok
	right|served|result=ok
	END
}

# named NAME WANTED: checks what the right certificate gets with this --peer-name.
named() {
	level_server own 2 --peer-name "$1"
	shows right 1.3 "$port" "$T/own.log"
	echo "--peer-name $1: $got"
	[ "$got" = "$2" ]
	stop own
}

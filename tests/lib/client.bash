# For the files about client mode; loaded after lib and session.
#
#	client_session --local 'send:10 fin recv-all' --server 'handshake recv-tls bye hold' -- -D info
#	says exit=0 server.received=10
#	logged result=ok out=10
#
# The wrapper gets -c, -r, -o and $TRUST (default: -A $T/pgssl.crt) before the options of the test.  The heads of
# client.py and peer.py list the words of a script, and the results of a session.

# client_session [client.py option ...] -- [wrapper option ...]: sets $report, and prints it.
client_session() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	new_log session > /dev/null
	# shellcheck disable=SC2086
	report=$(timeout -k 5 120 "$ROOT/tests/lib/client.py" --pem "${PEM:-$T/pgssl.pem}" "${options[@]}" -- \
		"$WRAP" -c -o "$T/session.log" -r "${SERVER:-localhost:{server\}}" ${TRUST--A "$T/pgssl.crt"} "$@")
	echo "---- ${options[*]} -- $*"
	echo "$report"
}

# tls_server NAME COMMAND...: starts another project's server; {port} in its arguments is a free port.  Sets $port
# once it listens.  If the port was taken meanwhile, it tries another, but not for ever.
tls_server() {
	local name=$1 try
	shift
	for try in 1 2 3; do
		port=$(free_port)
		start "$name" "${@//\{port\}/$port}"
		if wait_for 10 server_up; then
			return 0
		fi
		echo "$name did not listen on $port (try $try)"
		cat "$T/$name.log"
	done
	return 1
}

server_up() {
	listening "$port" || gone "$pid" || return 1
	alive "$pid"
}

# s_server NAME PEM [ARG...]: starts openssl s_server, which answers each line with the line reversed.
s_server() {
	tls_server "$1" openssl s_server -accept 127.0.0.1:{port} -cert "$2" -key "$2" -quiet -rev "${@:3}"
}

# once COMMAND...: sends "line" through a client on pipes, which must end by itself; sets $output to the answer and
# $status to the exit code.
once() {
	: > "$T/once"
	# Keep the input open until the answer is here: s_server does not answer after the end of input.
	run timeout 30 sh -c '(echo line; i=0; while [ ! -s "$0" ] && [ $i -lt 100 ]; do i=$((i + 1)); sleep 0.05; done) |
		"$@" > "$0"; status=$?; cat "$0"; exit $status' "$T/once" "$@"
}

# pin_of PEM: prints the pin of its certificate, computed by openssl.
pin_of() {
	echo "sha256//$(openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
		openssl dgst -sha256 -binary | base64)"
}

# -- certificates by openssl, with any dates -------------------------------------------------------------

# authority NAME: makes a CA in $T/NAME, with $T/NAME.crt.
authority() {
	local dir=$T/$1
	mkdir "$dir"
	: > "$dir/index.txt"
	echo 1000 > "$dir/serial"
	echo 1000 > "$dir/crlnumber"
	cat > "$dir/ca.cnf" <<-END
	[ca]
	default_ca = it
	[it]
	database = $dir/index.txt
	serial = $dir/serial
	crlnumber = $dir/crlnumber
	new_certs_dir = $dir
	certificate = $T/$1.crt
	private_key = $dir/key.pem
	default_md = sha256
	default_crl_days = 30
	policy = any
	unique_subject = no
	[any]
	commonName = supplied
	END
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key.pem" -out "$T/$1.crt" \
		-days 30 -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign \
		2> "$dir/log"
}

# issue CA NAME.pem CN EXTENSION... [-- ca-option ...]: makes a key and a certificate of that CA in $T/NAME.pem, and
# the certificate alone in $T/NAME.crt.
issue() {
	local ca=$1 file=${2%.pem} subject=$3 extensions
	shift 3
	extensions=$T/$ca/$file.ext
	: > "$extensions"
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		echo "$1" >> "$extensions"
		shift
	done
	[ $# -eq 0 ] || shift
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$ca/$file.key" \
		-out "$T/$ca/$file.csr" -subj "/CN=$subject" 2>> "$T/$ca/log"
	[ "$#" -gt 0 ] || set -- -days 10
	openssl ca -batch -config "$T/$ca/ca.cnf" -in "$T/$ca/$file.csr" -out "$T/$file.crt" -notext \
		-extfile "$extensions" "$@" 2>> "$T/$ca/log" || { cat "$T/$ca/log"; return 1; }
	(umask 077 && cat "$T/$ca/$file.key" "$T/$file.crt" > "$T/$file.pem")
}

# revoke CA NAME: revokes the certificate, and writes the CA's list to $T/CA.crl.
revoke() {
	openssl ca -batch -config "$T/$1/ca.cnf" -revoke "$T/$2.crt" 2>> "$T/$1/log"
	openssl ca -batch -config "$T/$1/ca.cnf" -gencrl -out "$T/$1.crl" 2>> "$T/$1/log"
}

# Keys in a token (PKCS #11), all of it: RSA 2048, P-256 and P-384, in TLS 1.2 and 1.3, by clients of OpenSSL and GnuTLS, in
# each way of starting; what is in the memory of the processes; and client mode.

load ../lib/lib
load ../lib/session
load ../lib/token

setup_file() {
	lib_begin
	token_begin
	token_pems
	SERVICE=$(free_port)
	export SERVICE
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout "$T/plain.key" -out "$T/plain.crt" 2> /dev/null
	start echo socat "TCP-LISTEN:$SERVICE,bind=127.0.0.1,reuseaddr,fork" EXEC:cat
	wait_for 10 listening "$SERVICE"
}

setup() {
	lib_before
	need softhsm2-util
	need pkcs11-tool
	need gnutls-cli
}

# serve WAY KEY [OPTION...]: starts the wrapper in that way; sets port, pid and log.
serve() {
	local way=$1 key=$2
	shift 2
	log=$(new_log wrap)
	port=$(free_port)
	case $way in
	-d)
		start server "$WRAP" -f -d "127.0.0.1:$port" -N token -p "$T/$key.pem" -r "127.0.0.1:$SERVICE" -o "$log" "$@"
		;;
	nowait | wait)
		echo "127.0.0.1:$port stream tcp $way.6000 $(id -un) $WRAP inetls-wrap -N token -p $T/$key.pem -r 127.0.0.1:$SERVICE -o $log $*" \
			> "$T/inetd.conf"
		start server "$(superserver_path openbsd-inetd)" -i "$T/inetd.conf"
		;;
	esac
	wait_for 20 listening "$port"
}

# by_openssl KEY OPTION...: one request and its answer, with the certificate verified.
by_openssl() {
	local key=$1
	shift
	{ echo hello; sleep 1; } | timeout 30 openssl s_client -connect "127.0.0.1:$port" -CAfile "$T/$key.crt" \
		-verify_return_error -servername localhost -quiet -no_ign_eof "$@" 2> "$T/client.log" | grep -qx hello || {
		cat "$T/client.log" "$log"
		return 1
	}
}

by_gnutls() {
	local key=$1 priority=$2
	{ echo hello; sleep 1; } | timeout 30 gnutls-cli --x509cafile "$T/$key.crt" --priority "$priority" -p "$port" localhost \
		> "$T/client.log" 2>&1 || :
	grep -qx hello "$T/client.log" || {
		cat "$T/client.log" "$log"
		return 1
	}
}

# matrix KEY: each version, each kind of signature and both libraries.
matrix() {
	local key=$1 signature
	case $key in
	rsa)
		for signature in rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512; do
			by_openssl rsa -tls1_3 -sigalgs "$signature"
			by_openssl rsa -tls1_2 -sigalgs "$signature"
		done
		for signature in RSA+SHA256 RSA+SHA384 RSA+SHA512; do
			by_openssl rsa -tls1_2 -sigalgs "$signature"
		done
		by_gnutls rsa 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-RSA-SHA256'
		by_gnutls rsa 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256'
		;;
	*)
		by_openssl "$key" -tls1_2
		by_openssl "$key" -tls1_3
		;;
	esac
	by_gnutls "$key" 'NORMAL:-VERS-ALL:+VERS-TLS1.2'
	by_gnutls "$key" 'NORMAL:-VERS-ALL:+VERS-TLS1.3'
}

@test "one-shot under openbsd-inetd: each key, version, signature and library" {
	need openbsd-inetd
	local key
	for key in rsa p256 p384; do
		serve nowait "$key"
		matrix "$key"
		[ "$(grep -c result=ok "$log")" -eq "$(grep -c result= "$log")" ]
		stop server
	done
}

@test "wait under openbsd-inetd: each key, version, signature and library" {
	need openbsd-inetd
	local key
	for key in rsa p256 p384; do
		serve wait "$key" --idle-exit 500ms
		matrix "$key"
		[ "$(grep -c result=ok "$log")" -eq "$(grep -c result= "$log")" ]
		wait_for 20 eval '! pgrep -f "[-]o $log"'
		stop server
	done
}

# crowd N: that many clients begin their handshake at once, verify the certificate and get their line back; prints how many.
crowd() {
	/usr/bin/python3 - "$port" "$1" "$T/$key.crt" <<-'END'
		import socket, ssl, sys, threading
		port, n = int(sys.argv[1]), int(sys.argv[2])
		context = ssl.create_default_context(cafile=sys.argv[3])
		done, together = [], threading.Barrier(n)
		def client():
		    with socket.create_connection(("127.0.0.1", port), 60) as plain:
		        together.wait()
		        with context.wrap_socket(plain, server_hostname="localhost") as tls:
		            tls.sendall(b"hello\n")
		            if tls.recv(6) == b"hello\n":
		                done.append(1)
		threads = [threading.Thread(target=client) for _ in range(n)]
		for thread in threads:
		    thread.start()
		for thread in threads:
		    thread.join(90)
		print(len(done))
	END
}

@test "-d: each key, version, signature and library, then 50 clients at once" {
	local key
	for key in rsa p256 p384; do
		serve -d "$key"
		matrix "$key"
		run crowd 50
		echo "$key: $output"
		[ "$output" = 50 ]
		stop server
	done
}

@test "-d: the token taken away while clients come, and back: each refused one has a line, and then all are served" {
	serve -d p256
	by_openssl p256 -tls1_3
	mkdir "$T/away"
	mv "$T"/tokens/* "$T/away"
	local i
	for i in 1 2 3 4 5; do
		echo | timeout 15 openssl s_client -connect "127.0.0.1:$port" > /dev/null 2>&1 || :
	done
	wait_for 10 eval '[ "$(grep -c "result=config.*pkcs11:token=lab;object=p256" "$log")" -eq 5 ]'
	mv "$T"/away/* "$T/tokens"
	wait_for 15 grep -q 'serves again' "$log"
	for i in 1 2 3; do
		by_openssl p256 -tls1_3
	done
	stop server
}

@test "-d: a token that does not answer: each client is refused within the handshake's deadline, and served afterwards" {
	local began=$SECONDS
	serve -d p256
	by_openssl p256 -tls1_3
	hold_token 60
	echo | timeout 20 openssl s_client -connect "127.0.0.1:$port" > "$T/client.log" 2>&1 || :
	fails grep -q '^Peer signature type' "$T/client.log"
	grep 'result=' "$log" | grep 'pkcs11:token=lab;object=p256: the token has not answered for 8 seconds'
	stop holder
	wait_for 30 by_openssl p256 -tls1_3
	[ $((SECONDS - began)) -lt 60 ]
	stop server
}

@test "client mode: the server sees the certificate, and the token signs, in TLS 1.2 and 1.3" {
	local key version server
	for key in rsa p256 p384; do
		for version in tls1_2 tls1_3; do
			server=$(free_port)
			start server openssl s_server -accept "127.0.0.1:$server" -cert "$T/plain.crt" -key "$T/plain.key" -Verify 1 \
				-CAfile "$T/$key.crt" -verify_return_error "-$version" -rev
			wait_for 10 listening "$server"
			log=$(new_log client)
			{ echo hello; sleep 1; } | timeout 30 "$WRAP" -c -v 0 -p "$T/$key.pem" -r "127.0.0.1:$server" -o "$log" |
				grep -qx olleh || {
				cat "$log" "$T/server.log"
				return 1
			}
			stop server
		done
	done
}

# key_in PEM PID: how many pieces of the key are in the memory of the process.
key_in() {
	local seen
	seen=$("$ROOT/tests/lib/inside.py" "$1" "$2")
	echo "$seen" >&2
	echo "${seen##*key=}"
}

@test "no piece of the key in a session's memory; what a keyholder's has, with SoftHSM" {
	need_root "only root may read the memory of others"
	local session keyholder pieces pid
	# Made here and imported, so that its bytes are known.
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$T/known.key" 2> /dev/null
	chmod 644 "$T/known.key"
	as_user softhsm2-util --import "$T/known.key" --token lab --label known --id 77 --pin "$PIN"
	token_pem known
	serve -d known --idle-children 1
	start held /usr/bin/python3 -c '
import socket, ssl, sys, time
with ssl.create_default_context(cafile=sys.argv[2]).wrap_socket(
        socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="localhost") as tls:
    tls.sendall(b"hello\n")
    print(tls.recv(6).decode().strip(), flush=True)
    time.sleep(120)' "$port" "$T/known.crt"
	wait_for 15 grep -qx hello "$T/held.log"
	keyholder=$(for pid in $(pgrep -f "[-]o $log"); do
		if grep -q softhsm "/proc/$pid/maps"; then
			echo "$pid"
		fi
	done)
	[ "$(wc -w <<< "$keyholder")" -eq 1 ]
	for session in $(pgrep -f "[-]o $log"); do
		[ "$session" != "$keyholder" ] || continue
		[ "$(key_in "$T/known.key" "$session")" -eq 0 ]
		fails grep -q softhsm "/proc/$session/maps"
	done
	pieces=$(key_in "$T/known.key" "$keyholder")
	echo "the keyholder with SoftHSM: $pieces pieces"
	echo "# pieces of the key in the keyholder's memory, with SoftHSM: $pieces" >&3
	# The PIN is in no session either.
	for session in $(pgrep -f "[-]o $log"); do
		[ "$session" = "$keyholder" ] || fails pin_in "$session"
	done
	stop held
	stop server
}

# pin_in PID: whether the PIN is in its memory, beside the environment that this test gave it.
pin_in() {
	/usr/bin/python3 - "$1" "$PIN" <<-'END'
		import sys
		pid, pin = sys.argv[1], sys.argv[2].encode()
		found = 0
		with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
		    for line in maps:
		        if line.split()[1][0] != "r" or "[stack]" in line or "[v" in line:
		            continue
		        low, high = (int(x, 16) for x in line.split()[0].split("-"))
		        try:
		            memory.seek(low)
		            found += memory.read(high - low).count(pin)
		        except OSError:
		            pass
		sys.exit(found == 0)
	END
}

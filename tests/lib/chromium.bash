# Chromium in a home of its own, loaded after lib.

# chromium_trusts CRT: makes a new home whose NSS store has that CA.
chromium_trusts() {
	mkdir -p "$T/home/.pki/nssdb"
	certutil -d "sql:$T/home/.pki/nssdb" -N --empty-password
	certutil -d "sql:$T/home/.pki/nssdb" -A -n "certgen's CA" -t C,, -i "$1"
}

# chromium_shows PORT NAME: prints the page that it loads from there.
chromium_shows() {
	HOME=$T/home timeout 90 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--user-data-dir="$T/profile" --disable-background-networking --host-resolver-rules="MAP * 127.0.0.1" \
		--dump-dom "https://$2:$1/" 2> "$T/chromium.log"
}

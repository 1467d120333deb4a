# What inetls-certgen makes, met by Java (keytool, pgjdbc) and by Chromium.

# $status and $output are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib
load ../ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
	(
		cd "$T" || exit
		certgen server --quiet --ca ca server.pem db.example.org localhost 127.0.0.1
		certgen --quiet self.pem db.example.org localhost
		secret pw "a password"
		certgen client --quiet --ca ca --p12 alice.p12 --p12-password-file pw alice
		certgen client --quiet --ca ca --p12 old.p12 --legacy --p12-password-file pw alice
		certgen client --quiet --ca ca --pk8 bob
		certgen client --quiet --ca ca --p12 gone.p12 --p12-password-file pw mallory
		certgen revoke --quiet --ca ca "$(issued ca | tail -n 1)"
		certgen server --quiet --ca ca elsewhere.pem db.example.org
		make_ca other
		flipped server.crt flipped.crt
		flipped self.crt flipped-self.crt
		(umask 077 && sed '/BEGIN CERT/,$d' server.pem | cat - flipped.crt > flipped.pem)
	)
}

@test "keytool: opens both kinds of PKCS#12 under the name user, and no other password does" {
	need keytool
	local file
	for file in alice old; do
		run keytool -list -v -keystore "$T/$file.p12" -storepass "a password"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *"Alias name: user"*"PrivateKeyEntry"*"chain length: 2"* ]]
		run ! keytool -list -keystore "$T/$file.p12" -storepass "another"
	done
	run keytool -printcert -file "$T/ca/ca.crt"
	[ "$status" -eq 0 ]
	[[ $output == *NameConstraints* ]]
}

@test "pgjdbc verify-full: the p12 of both kinds and the pk8 are let in; others, and other servers, are refused" {
	need java
	need postgresql
	local jar=/usr/share/java/postgresql.jar
	[ -e "$jar" ] || need postgresql.jar "libpostgresql-jdbc-java is not installed"
	cat > "$T/Ask.java" <<-'END'
	import java.sql.*;

	public class Ask {
	    public static void main(String[] args) throws Exception {
	        // One start of Java for all: "NAME URL" on each line, "NAME yes" or "NAME no: why" as the answer.
	        for (String line : new String(System.in.readAllBytes()).split("\n")) {
	            String[] words = line.split(" ", 2);
	            try (Connection c = DriverManager.getConnection(words[1]);
	                ResultSet r = c.createStatement().executeQuery("select 41 + 1")) {
	                r.next();
	                System.out.println(words[0] + " yes " + r.getInt(1));
	            } catch (SQLException e) {
	                System.out.println(words[0] + " no: " + e.getMessage());
	            }
	        }
	    }
	}
	END
	pg_start
	local ports=() pem
	for pem in server flipped self elsewhere; do
		port=$(free_port)
		ports+=("$port")
		start "wrap-$pem" "$WRAP" -d "127.0.0.1:$port" -f -n pgsql -p "$T/$pem.pem" -A "$T/ca/ca.crt" -v 2 \
			--crl "$T/ca/crl.pem" -r "127.0.0.1:$PGPORT_REAL"
		wait_for 10 listening "$port"
	done
	url() {
		echo "$1 jdbc:postgresql://$2/postgres?user=postgres&password=$(cat "$PG_PASSWORD_FILE")&sslmode=verify-full&connectTimeout=20&$3"
	}
	local root=sslrootcert=$T/ca/ca.crt p12="sslkey=$T/alice.p12&sslpassword=a%20password"
	{
		url p12 "localhost:${ports[0]}" "$root&$p12"
		url legacy "localhost:${ports[0]}" "$root&sslkey=$T/old.p12&sslpassword=a%20password"
		url pk8 "localhost:${ports[0]}" "$root&sslkey=$T/bob.pk8&sslcert=$T/bob.crt"
		url self "localhost:${ports[2]}" "sslrootcert=$T/self.crt&$p12"
		url bad-none "localhost:${ports[0]}" "$root&sslcert=/none&sslkey=/none"
		url bad-revoked "localhost:${ports[0]}" "$root&sslkey=$T/gone.p12&sslpassword=a%20password"
		url bad-name "localhost:${ports[3]}" "$root&$p12"
		url bad-flipped "localhost:${ports[1]}" "$root&$p12"
		url bad-root "localhost:${ports[0]}" "sslrootcert=$T/other/ca.crt&$p12"
		url bad-self "localhost:${ports[2]}" "sslrootcert=$T/flipped-self.crt&$p12"
	} > "$T/urls"
	run timeout 120 java -cp "$jar" "$T/Ask.java" < "$T/urls"
	echo "$output"
	[ "$(grep -c ' yes 42' <<< "$output")" -eq 4 ]
	[ "$(grep -c '^bad-.* no: ' <<< "$output")" -eq 6 ]
}

# chromium_shows PORT NAME: the page that it loads from there, by the CA in $HOME's NSS store.
chromium_shows() {
	HOME=$T/home timeout 90 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--user-data-dir="$T/profile" --disable-background-networking --host-resolver-rules="MAP * 127.0.0.1" \
		--dump-dom "https://$2:$1/" 2> "$T/chromium.log"
}

@test "Chromium with the CA in its NSS store: shows the page, and neither another name's nor a flipped one's" {
	need chromium
	need certutil
	mkdir -p "$T/home/.pki/nssdb"
	certutil -d "sql:$T/home/.pki/nssdb" -N --empty-password
	certutil -d "sql:$T/home/.pki/nssdb" -A -n "certgen's CA" -t C,, -i "$T/ca/ca.crt"
	# NSS's own verdict first.
	certutil -d "sql:$T/home/.pki/nssdb" -A -n server -t ,, -i "$T/server.crt"
	certutil -d "sql:$T/home/.pki/nssdb" -V -n server -u V
	local pem ports=()
	for pem in server flipped; do
		port=$(free_port)
		ports+=("$port")
		start "page-$pem" openssl s_server -quiet -www -accept "127.0.0.1:$port" -cert "$T/$pem.pem" -key "$T/$pem.pem"
		wait_for 10 listening "$port"
	done
	run chromium_shows "${ports[0]}" db.example.org
	echo "$output" | head -n 20
	[[ $output == *"s_server"* ]]
	run chromium_shows "${ports[0]}" other.example.org
	[[ $output != *"s_server"* ]]
	run chromium_shows "${ports[1]}" db.example.org
	[[ $output != *"s_server"* ]]
}

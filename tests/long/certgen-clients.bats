# Java (keytool, pgjdbc) and Chromium use what inetls-certgen made.

# $status and $output are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca
load ../lib/certgen-servers
load ../lib/chromium

setup_file() {
	lib_begin
	have faketime || return 0
	good_and_bad_servers
	(
		cd "$T" || exit
		secret pw "a password"
		certgen client --quiet --ca ca --p12 alice.p12 --p12-password-file pw alice
		certgen client --quiet --ca ca --p12 old.p12 --legacy --p12-password-file pw alice
		certgen client --quiet --ca ca --pk8 bob
		certgen client --quiet --ca ca --p12 gone.p12 --p12-password-file pw mallory
		certgen revoke --quiet --ca ca "$(issued ca | tail -n 1)"
	)
}

setup() {
	lib_before
	need faketime
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

# keytool_knows NAME: it has not to ask anybody whether to trust that certificate, for the CA in its store signed it.
keytool_knows() {
	keytool -importcert -keystore "$T/store" -storepass "a password" -alias "$1" -file "$T/$1.crt" < /dev/null
}

@test "keytool: knows what the CA signed, and neither a byte flipped nor another CA's" {
	need keytool
	keytool -importcert -noprompt -keystore "$T/store" -storepass "a password" -alias ca -file "$T/ca/ca.crt"
	keytool_knows server
	keytool_knows bob
	run keytool_knows flipped
	[[ $output == *"Trust this certificate? [no]"*"not added"* ]]
	run keytool_knows self
	[[ $output == *"Trust this certificate? [no]"*"not added"* ]]
	run keytool -list -keystore "$T/store" -storepass "a password"
	[[ $output == *"contains 3 entries"* ]]
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
	for pem in server flipped self elsewhere right expired early outside; do
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
		url right "localhost:${ports[4]}" "$root&$p12"
		url bad-expired "localhost:${ports[5]}" "$root&$p12"
		url bad-early "localhost:${ports[6]}" "$root&$p12"
		# Java does not hold a trust anchor to its own constraint, as the manual says.
		url outside "localhost:${ports[7]}" "$root&$p12"
	} > "$T/urls"
	run timeout 120 java -cp "$jar" "$T/Ask.java" < "$T/urls"
	echo "$output"
	[ "$(grep -c ' yes 42' <<< "$output")" -eq 6 ]
	[ "$(grep -c '^bad-.* no: ' <<< "$output")" -eq 8 ]
}

@test "Chromium with the CA in its NSS store: shows the page, and none of another name or with a fault" {
	need chromium
	need certutil
	chromium_trusts "$T/ca/ca.crt"
	# NSS's own verdict first.
	certutil -d "sql:$T/home/.pki/nssdb" -A -n server -t ,, -i "$T/server.crt"
	certutil -d "sql:$T/home/.pki/nssdb" -V -n server -u V
	local pem
	page() {
		port=$(free_port)
		start "page-$1" openssl s_server -quiet -www -accept "127.0.0.1:$port" -cert "$T/$1.pem" -key "$T/$1.pem"
		wait_for 10 listening "$port"
		run chromium_shows "$port" "$2"
		echo "$1 $2: $(head -n 5 <<< "$output")"
	}
	for pem in server right; do
		page "$pem" db.example.org
		[[ $output == *"s_server"* ]]
	done
	page server other.example.org
	[[ $output != *"s_server"* ]]
	for pem in flipped expired early outside; do
		page "$pem" db.example.org
		[[ $output != *"s_server"* ]]
	done
}

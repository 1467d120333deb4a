# make services, inetd and xinetd, and the targets that undo them: what they write, and what they do not touch.  All
# paths are below $T.  In activation.bats running super-servers use what is written.

# Values that are meant to arrive as they are written; $pid is set by start.
# shellcheck disable=SC2016,SC2088,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/activate

# -- what is refused ----------------------------------------------------------

@test "bad-services: the same name with another port is refused, and nothing is changed" {
	printf 'pgssl\t9001/tcp\n' >> "$etc/services"
	keep
	run ! run_make services
	[[ $output == *"pgssl is port 9001 there, not 9000"* ]]
	run ! run_make inetd
	run ! run_make xinetd
	unchanged
	run_make services PORT=9001
	unchanged
}

@test "bad-services: the same name as another service's alias is refused" {
	printf 'database\t9001/tcp\tpgssl\n' >> "$etc/services"
	keep
	run ! run_make services
	unchanged
}

@test "bad-settings: what a fragment cannot hold is refused, and nothing is written" {
	local setting
	for setting in PORT=0 PORT=65536 PORT=9000x PORT= PORT=-1 PORT=09000 'PORT=9000 9001' \
		SERVICE= SERVICE=a.b SERVICE=a/b SERVICE=123 SERVICE=sixteen-letters-x 'SERVICE=a b' SERVICE=-a \
		'BACKEND=localhost:5432 -o /x' BACKEND= 'BACKEND=a%b' 'BACKEND=$(HOME)x y' 'SERVICE_USER=ro ot' \
		SERVICE_USER= ACCEPT= ACCEPT=maybe sbindir=usr/sbin 'sbindir=/a b' "sbindir=/a'b" 'sbindir=/a\b' 'PEM=/a b.pem' 'PEM=/a&b'; do
		run run_make xinetd systemd "$setting"
		[ "$status" -ne 0 ] || { echo "taken: $setting"; false; }
	done
	unchanged
}

@test "bad-settings: a PROTOCOL that -n does not have is refused with the list, and one without BACKEND with what to give" {
	local target said
	run "$BUILD/inetls-wrap" -n foo -r 1
	said=${output#*the protocols are }
	for target in services inetd xinetd systemd renewal fragments; do
		run run_make "$target" PROTOCOL=foo BACKEND=localhost:143
		[ "$status" -ne 0 ]
		[[ $output == *"PROTOCOL=foo: the protocols are ${said%%;*}; none, if clients begin with TLS at once"* ]]
		run run_make "$target" PROTOCOL=imap
		[ "$status" -ne 0 ]
		[[ $output == *"PROTOCOL=imap: give BACKEND= too, the [host:]port or Unix socket of the service"* ]]
		run ! run_make "$target" PROTOCOL= BACKEND=localhost:143
	done
	unchanged
}

@test "bad-settings: a variable that make does not have is refused where something would be changed, and named" {
	local slip
	for slip in BACKEN=localhost:5433 port=9432 NAME=db.example.org pem=/x; do
		for target in inetd xinetd systemd cert uninstall-inetd install; do
			run run_make services "$target" "$slip"
			[ "$status" -ne 0 ]
			[[ $output == *"$slip: make has no such variable; make help lists them"* ]]
		done
	done
	unchanged
	[ ! -e "$here/usr" ]
	run_make install DESTDIR="$here/dest" STRIP=strip > /dev/null
	run_make help PORTS=1 > /dev/null
	run run_make cert prefix="$here/usr" NAMES=db.example.org YES=1 CI=1 LINK=shared
	[ "$status" -eq 0 ]
}

@test "bad-activation: with DESTDIR every target that changes this machine is refused" {
	local target
	for target in services inetd xinetd systemd uninstall-services uninstall-inetd uninstall-xinetd \
		uninstall-systemd cert; do
		run run_make "$target" DESTDIR="$here/package"
		[ "$status" -ne 0 ] || { echo "done: $target"; false; }
		[[ $output == *DESTDIR* ]]
	done
	[ ! -e "$here/pgssl.pem" ]
	unchanged
}

@test "bad-inetd: another line for the service or for the port is left as it is, and shown" {
	local other
	for other in pgssl 9000 127.0.0.1:pgssl; do
		printf '%s stream tcp nowait root /bin/cat cat\n' "$other" > "$etc/inetd.conf"
		run ! run_make inetd
		[[ $output == *"$other stream tcp nowait root /bin/cat cat"* ]]
		[ "$(cat "$etc/inetd.conf")" = "$other stream tcp nowait root /bin/cat cat" ]
	done
	run_make inetd FORCE=1
	[ "$(wc -l < "$etc/inetd.conf")" -eq 1 ]
	grep -q inetls-wrap "$etc/inetd.conf"
}

# line_of WORDS: for inetd.conf, with a command of so many.
line_of() {
	printf 'pgssl\tstream\ttcp\tnowait.6000\troot\t/usr/local/sbin/inetls-wrap\tinetls-wrap%s' "$(printf ' -v%.0s' $(seq 2 "$1"))"
}

@test "bad-inetd: a command of more than the 20 words that openbsd-inetd passes on is refused, one that is there is warned of" {
	local activate=(env INETD_CONF="$etc/inetd.conf" SERVICES_FILE="$etc/services" XINETD_D="$etc/xinetd.d" UNITDIR="$etc/units"
		CRON_D="$etc" RC_LOCAL=/none TRANSPARENT= SERVICE=pgssl PORT=9000 ACCEPT=yes SERVICE_USER=root INETD_PIDFILE="$here/inetd.pid"
		XINETD_PIDFILE="$here/xinetd.pid" RELOAD_XINETD=: SYSTEMCTL=: SYSTEMD_RUN=/ CERTGEN=false SETTINGS= SETTINGS_FILE="$here/settings" FORCE= PEM="$here/pgssl.pem"
		PROGRAM="$here/inetls-wrap" FRAGMENTS="$here/fragments" "$ROOT/activate/activate" add inetd)
	run_make services fragments
	keep
	line_of 21 > "$here/fragments/inetd/pgssl.conf"
	run "${activate[@]}"
	[ "$status" -eq 1 ]
	[[ $output == *"nothing is written: the command of pgssl has 21 words, and openbsd-inetd silently drops those after the 20th"*"script of two lines"* ]]
	unchanged
	line_of 20 > "$here/fragments/inetd/pgssl.conf"
	run "${activate[@]}"
	[ "$status" -eq 0 ]
	[[ $output != *20th* ]]
	[ "$(tail -n 1 "$etc/inetd.conf")" = "$(line_of 20)" ]

	printf '%s\n' "$(line_of 22)" > "$etc/inetd.conf"
	run "${activate[@]}"
	[ "$status" -eq 1 ]
	[[ $output == *"warning: $etc/inetd.conf: the command of pgssl has 22 words"*"left as it is"* ]]
}

@test "inetd: the shipped line, with everything that make can put into it, is one that openbsd-inetd passes on whole" {
	run_make services inetd TRANSPARENT=try SOURCE=127.0.0.77 LOG=/var/log/inetls/pgssl.log
	[ "$(tail -n 1 "$etc/inetd.conf" | cut -f 7 | wc -w)" -eq 16 ]
}

@test "bad-inetd: a name that the list of services does not have is not written" {
	printf '#pgssl\t9000/tcp\n' >> "$etc/services"
	keep
	run ! run_make inetd
	[[ $output == *"does not name pgssl"* ]]
	unchanged
}

@test "bad-xinetd: a file that somebody wrote or changed stays, and so does it at uninstall" {
	echo "service pgssl { }" > "$etc/xinetd.d/pgssl"
	run ! run_make xinetd
	[[ $output == *"left as it is"* ]]
	run ! run_make uninstall-xinetd
	[ "$(cat "$etc/xinetd.d/pgssl")" = "service pgssl { }" ]
	run_make xinetd FORCE=1
	grep -q inetls-wrap "$etc/xinetd.d/pgssl"
}

@test "activation: who takes an entry away is not told to start the super-server" {
	run run_make services xinetd
	[[ $output == *"xinetd does not run here"*"To start it: service xinetd start (on Debian from the package xinetd); "* ]]
	run run_make uninstall-xinetd
	[[ $output == *"xinetd does not run here"* && $output != *"To start it"* ]]
}

@test "bad-pidfile: a process that has the number of an ended xinetd is not told anything" {
	start bystander sleep 60
	echo "$pid" > "$here/xinetd.pid"
	echo "$pid" > "$here/inetd.pid"
	recorder "$here/reload"
	run_make xinetd
	run_make inetd
	sleep 0.2
	alive "$pid"
	[ "$(cat "$here/told")" = "reload " ]
}

@test "bad-activation: with DRY_RUN=1 the programs and the certificate are refused too, and nothing is made" {
	local target
	for target in install cert uninstall; do
		run run_make "$target" DRY_RUN=1
		[ "$status" -ne 0 ]
		[[ $output == *"make -n"* ]]
	done
	[ ! -e "$here/usr" ]
	[ ! -e "$here/pgssl.pem" ]
	unchanged
}

@test "bad-activation: a second super-server for the same service is warned of, whichever comes second" {
	run_make services inetd
	run run_make xinetd
	[ "$status" -eq 0 ]
	[[ $output == *"warning: $etc/inetd.conf has a line for pgssl as well"*"make uninstall-inetd"* ]]
	run run_make systemd
	[[ $output == *"warning: $etc/inetd.conf has"*"warning: $etc/xinetd.d/pgssl is there as well"* ]]
	run run_make inetd
	[[ $output == *"xinetd -inetd_compat reads $etc/inetd.conf too"*"make uninstall-xinetd"* ]]
	[[ $output == *"warning: $etc/units/pgssl.socket is there as well"*"make uninstall-systemd"* ]]
	run_make uninstall-xinetd uninstall-systemd
	run run_make inetd
	[[ $output != *"as well"* ]]
}

@test "bad-activation: uninstall-xinetd warns that xinetd will end the open sessions, before it does" {
	run_make xinetd
	# A stand-in by name: it is told, and must live.
	cp "$(command -v perl)" "$here/xinetd"
	start xinetd "$here/xinetd" -e '$SIG{HUP} = sub { open my $f, ">", shift @ARGV }; sleep 1 for 1 .. 60' "$here/hup"
	echo "$pid" > "$here/xinetd.pid"
	run_make uninstall-xinetd > "$here/said" 2>&1
	[[ $(head -n 1 "$here/said") == "warning: xinetd ends the open sessions of pgssl"* ]]
	wait_for 5 test -e "$here/hup"
	run run_make uninstall-xinetd
	[[ $output != *"ends the open sessions"* ]]
}

# -- what is left alone -------------------------------------------------------

@test "services: a line that was commented out stays so" {
	printf '#%s\n' "$line" >> "$etc/services"
	keep
	run run_make services
	[ "$status" -eq 0 ]
	[[ $output == *"commented out"* ]]
	unchanged
}

@test "inetd: a line that was commented out stays so, by hand or by update-inetd" {
	local off
	run_make services
	for off in '#' '# ' '#<off># '; do
		printf '%spgssl\tstream\ttcp\tnowait\troot\t/x\tx\n' "$off" > "$etc/inetd.conf"
		keep
		run run_make inetd
		[ "$status" -eq 0 ]
		[[ $output == *"commented out"* ]]
		unchanged
	done
}

@test "xinetd: a service that was switched off stays so" {
	run_make xinetd
	sed -i 's/\(disable.*=\) no/\1 yes/' "$etc/xinetd.d/pgssl"
	keep
	run run_make xinetd
	[ "$status" -eq 0 ]
	[[ $output == *"switched off"* ]]
	unchanged
}

@test "services: the port under another name is warned of, and the line is added" {
	printf 'cslistener\t9000/tcp\n' >> "$etc/services"
	run run_make services
	[ "$status" -eq 0 ]
	[[ $output == *"warning: "*"port 9000 is called cslistener"* ]]
	grep -qxF "$line" "$etc/services"
}

@test "services: the name for UDP and a name that only begins alike are other services" {
	printf 'pgssl\t9001/udp\npgssl-two\t9000/udp\n' >> "$etc/services"
	run run_make services
	[ "$status" -eq 0 ]
	[[ $output != *warning* ]]
	grep -qxF "$line" "$etc/services"
}

# -- what is written, and taken away ------------------------------------------

@test "activation: each target adds its entry, a second run changes no byte, uninstall gives back every byte" {
	local target
	chmod 640 "$etc/inetd.conf"
	[ "$(id -u)" -ne 0 ] || chown nobody "$etc/inetd.conf"
	keep
	run_make services inetd xinetd systemd
	tail -n 1 "$etc/services" | grep -qxF "$line"
	[ "$(grep -c inetls-wrap "$etc/inetd.conf")" -eq 1 ]
	grep -qP '^pgssl\tstream\ttcp\tnowait\.6000\troot\t'"$here"'/usr/sbin/inetls-wrap\tinetls-wrap ' "$etc/inetd.conf"
	[ "$(stat -c %a "$etc/inetd.conf")" = 640 ]
	[ -f "$etc/xinetd.d/pgssl" ]
	[ -f "$etc/units/pgssl.socket" ]
	[ -f "$etc/units/pgssl@.service" ]
	run ! grep -r "@[a-z]*@" "$etc"

	picture > "$here/added"
	run_make services inetd xinetd systemd
	picture | diff "$here/added" -

	run_make uninstall-inetd uninstall-xinetd uninstall-systemd uninstall-services
	unchanged
	run_make uninstall-inetd uninstall-xinetd uninstall-systemd uninstall-services
	unchanged
}

@test "activation: files without a last newline, and empty ones, come back byte for byte" {
	printf 'ssh 22/tcp' > "$etc/services"
	: > "$etc/inetd.conf"
	keep
	run_make services inetd
	[ "$(grep -c . "$etc/services")" -eq 2 ]
	run_make uninstall-services uninstall-inetd
	unchanged
}

@test "activation: a symbolic link stays one" {
	mv "$etc/services" "$here/elsewhere"
	ln -s "$here/elsewhere" "$etc/services"
	run_make services
	[ -L "$etc/services" ]
	grep -qxF "$line" "$here/elsewhere"
}

@test "activation: the administrator's own line for the service is enough, and stays at uninstall" {
	printf 'pgssl 9000/tcp\n' >> "$etc/services"
	keep
	run_make services uninstall-services
	unchanged
}

@test "activation: with other settings all entries say so" {
	run_make services inetd xinetd systemd SERVICE=pg-two PORT=5433 SERVICE_USER=nobody \
		BACKEND=/run/postgresql/.s.PGSQL.5432
	grep -qxF 'pg-two		5433/tcp	# PostgreSQL TLS wrapper' "$etc/services"
	grep -q '^pg-two.*nobody.*-r /run/postgresql/.s.PGSQL.5432$' "$etc/inetd.conf"
	grep -q 'port.*= 5433$' "$etc/xinetd.d/pg-two"
	grep -qx 'ListenStream=5433' "$etc/units/pg-two.socket"
	grep -qx 'User=nobody' "$etc/units/pg-two@.service"
}

@test "activation: PROTOCOL says -n in each entry, none leaves it out, and nothing then speaks of PostgreSQL" {
	local protocol option others commands
	mkdir "$etc/cron.d"
	keep
	for protocol in smtp pop3 imap nntp none; do
		option="-N mail -n $protocol"
		[ "$protocol" != none ] || option="-N mail"
		others=(fragments services inetd xinetd systemd renewal SERVICE=mail)
		run run_make "${others[@]}" PROTOCOL="$protocol" BACKEND=localhost:143 TICKETS=
		[ "$status" -eq 0 ]
		grep -qxF 'mail		9000/tcp	# TLS wrapper' "$etc/services"
		for entry in "$etc"/{inetd.conf,xinetd.d/mail,units/mail@.service,cron.d/mail-check}; do
			grep -qE -e "$option (-p|--max)" "$entry" || { echo "$protocol: $entry"; false; }
		done
		# Every other way to start it.
		commands=$(grep -rhE -e 'inetls-wrap.* -[rd] |^ARGS=|server_args' "$here/fragments")
		[ "$(wc -l <<< "$commands")" -ge 9 ]
		if [ "$protocol" = none ]; then
			run ! grep -e ' -n ' <<< "$commands"
		else
			run ! grep -v -e "-n $protocol" <<< "$commands"
		fi
		run ! grep -rniE --exclude=settings 'postgres|pgsql|psql|pg_hba|543[0-9]|database' "$etc" "$here/fragments"
		# It holds for later targets.
		run run_make inetd SERVICE=mail
		[[ $output == *"as before"*"PROTOCOL=$protocol"* ]]
		run_make uninstall-renewal uninstall-systemd uninstall-xinetd uninstall-inetd uninstall-services SERVICE=mail > /dev/null
		unchanged
	done
}

@test "activation: the line of /etc/services is taken away whichever PROTOCOL it was made with" {
	run_make services PROTOCOL=none BACKEND=localhost:80 > /dev/null
	run_make uninstall-services > /dev/null
	unchanged
	run_make services inetd > /dev/null 2>&1
	run_make inetd PROTOCOL=none BACKEND=localhost:80 FORCE=1 > /dev/null 2>&1
	run_make uninstall-inetd uninstall-services > /dev/null
	unchanged
}

@test "activation: root's service has a file for tickets, another user's has none unless TICKETS names one" {
	local tickets
	run_make inetd xinetd systemd > /dev/null
	for tickets in "$etc/inetd.conf" "$etc/xinetd.d/pgssl"; do
		grep -q -e '-n pgsql --tickets /run/inetls/pgssl.tickets -p' "$tickets"
	done
	# A dynamic user has a directory of its own for it.
	grep -q -e '-n pgsql --tickets ${RUNTIME_DIRECTORY}/tickets -p' "$etc/units/pgssl@.service"
	grep -qx 'RuntimeDirectory=inetls-pgssl' "$etc/units/pgssl@.service"
	run_make inetd xinetd systemd SERVICE_USER=nobody FORCE=1 > /dev/null
	run ! grep -rE -e '--tickets|ReadWritePaths|RuntimeDirectory' "$etc"
	run_make inetd systemd SERVICE_USER=nobody TICKETS=/run/pg/tickets FORCE=1 > /dev/null
	grep -q -e '--tickets /run/pg/tickets ' "$etc/inetd.conf"
	grep -qx 'ReadWritePaths=-/run/pg' "$etc/units/pgssl@.service"
	run ! run_make inetd TICKETS=tickets
	run ! run_make inetd TICKETS=/tickets
}

@test "activation: LOG names the file of the log in every entry, and a unit may write there" {
	run_make inetd xinetd systemd LOG=/var/log/inetls/pgssl.log > /dev/null
	local entry units=$here/fragments/systemd
	for entry in "$etc/inetd.conf" "$etc/xinetd.d/pgssl" "$etc/units/pgssl@.service" "$here/fragments/init/pgssl" \
		"$units/pgssl.service" "$units/pgssl-listen.service"; do
		grep -q -e ' -o /var/log/inetls/pgssl.log ' "$entry" || { echo "$entry"; false; }
	done
	# A user that no account has writes only where systemd gives it a directory of its own.
	grep -qx 'LogsDirectory=inetls' "$etc/units/pgssl@.service"
	grep -qx 'ReadWritePaths=-/var/log/inetls' "$units/pgssl-listen.service"
	run_make inetd systemd SERVICE_USER=nobody LOG=/srv/log/pgssl.log FORCE=1 > /dev/null
	grep -q -e ' -o /srv/log/pgssl.log ' "$etc/inetd.conf"
	grep -q -e ' -o /srv/log/pgssl.log ' "$etc/units/pgssl@.service"
	grep -qx 'ReadWritePaths=-/srv/log' "$etc/units/pgssl@.service"
	run run_make systemd SERVICE_USER=root LOG=/srv/log/pgssl.log FORCE=1
	[[ $output == *"/var/log/DIRECTORY/FILE"* ]]
	run ! grep -e ' -o ' "$etc/units/pgssl@.service"
	run_make inetd xinetd systemd SERVICE_USER=root LOG= FORCE=1 > /dev/null
	run ! grep -rE -e ' -o /|LogsDirectory|ReadWritePaths=-/(srv|var)' "$etc"
	run ! run_make inetd LOG=pgssl.log
	run ! run_make inetd LOG=/pgssl.log
	run ! run_make inetd LOG='/var/log/a b/x'
}

@test "activation: SOURCE gives wrapped clients an address of their own, and is refused where there is none" {
	run_make inetd xinetd systemd > /dev/null
	local entries
	run ! grep -rF -e '-n pgsql -I' "$etc"
	run_make fragments inetd xinetd systemd SOURCE=127.0.0.77 FORCE=1 > /dev/null
	grep -q -e '-n pgsql -I 127.0.0.77 --tickets' "$etc/inetd.conf"
	grep -q -e '-n pgsql -I 127.0.0.77 --tickets' "$etc/xinetd.d/pgssl"
	grep -q -e '-n pgsql -I 127.0.0.77 --tickets' "$etc/units/pgssl@.service"
	# Every other way to start it, and the daily look, say the same.
	entries=$(grep -rhE -e '-n pgsql .*-r localhost:5432' "$here/fragments")
	[ "$(wc -l <<< "$entries")" -ge 8 ]
	run ! grep -vF -e '-n pgsql -I 127.0.0.77 ' <<< "$entries"
	run run_make inetd SOURCE=localhost
	[ "$status" -ne 0 ]
	[[ $output == *"SOURCE=localhost: give an address of this machine"* ]]
	run run_make inetd SOURCE=127.0.0.77 BACKEND=/run/postgresql/.s.PGSQL.5432
	[ "$status" -ne 0 ]
	[[ $output == *"PostgreSQL sees no address behind the Unix socket"* ]]
}

@test "activation: TRANSPARENT says -T in each entry, gives the units the capability, and is refused where it cannot be" {
	local entries words options
	run_make inetd xinetd systemd > /dev/null 2>&1
	run ! grep -rE -e '(-n pgsql|pgsql) -T|CAP_NET_ADMIN|capset' "$etc"
	run_make fragments inetd xinetd systemd TRANSPARENT=yes FORCE=1 > /dev/null 2>&1
	entries=$(grep -rhE -e '-n pgsql .*-r localhost:5432' "$here/fragments")
	[ "$(wc -l <<< "$entries")" -ge 8 ]
	run ! grep -vF -e '-n pgsql -T ' <<< "$entries"
	grep -q -e '-n pgsql -T --tickets' "$etc/inetd.conf"
	grep -q -e '-n pgsql -T --tickets' "$etc/xinetd.d/pgssl"
	for words in CapabilityBoundingSet=CAP_NET_ADMIN AmbientCapabilities=CAP_NET_ADMIN PrivateUsers=no SystemCallFilter=capset; do
		grep -qx "$words" "$etc/units/pgssl@.service"
	done
	run ! grep -x PrivateUsers=yes "$etc/units/pgssl@.service"
	# It holds for later targets.
	run_make xinetd > /dev/null 2>&1
	grep -q -e '-n pgsql -T --tickets' "$etc/xinetd.d/pgssl"
	run_make inetd TRANSPARENT=try SOURCE=127.0.0.77 FORCE=1 > /dev/null 2>&1
	grep -q -e '-n pgsql --transparent=try -I 127.0.0.77 --tickets' "$etc/inetd.conf"
	while IFS='|' read -r options words; do
		# shellcheck disable=SC2086
		run run_make inetd FORCE=1 $options
		[ "$status" -ne 0 ]
		[[ $output == *"$words"* ]] || { echo "$options: $output"; false; }
	done <<-'END'
		TRANSPARENT=yes SOURCE=127.0.0.77|these exclude each other
		TRANSPARENT=try SOURCE=|give SOURCE=127.0.0.77
		TRANSPARENT=on SOURCE=|yes or try
		TRANSPARENT=yes SOURCE= BACKEND=/run/postgresql/.s.PGSQL.5432|must be reached by localhost
		TRANSPARENT=yes SOURCE= BACKEND=db:5432|must be reached by localhost
		TRANSPARENT=yes SOURCE= SERVICE_USER=nobody|under inetd and xinetd this needs root
	END
	run_make systemd TRANSPARENT=yes SOURCE= SERVICE_USER=nobody FORCE=1 > /dev/null 2>&1
	grep -qx User=nobody "$etc/units/pgssl@.service"
	grep -qx AmbientCapabilities=CAP_NET_ADMIN "$etc/units/pgssl@.service"
}

@test "activation: a line that was made with other settings is shown by uninstall-inetd, with what takes it away, and stays" {
	run_make services inetd SOURCE=127.0.0.77 > /dev/null 2>&1
	keep
	run run_make uninstall-inetd SOURCE=127.0.0.78
	[ "$status" -ne 0 ]
	[[ $output == *"-I 127.0.0.77"*"is there: give make the settings that it was made with"* ]]
	unchanged
	run run_make uninstall-inetd SOURCE=127.0.0.77
	[[ $output != *"is there"* ]]
	run ! grep pgssl "$etc/inetd.conf"
	run run_make uninstall-inetd
	[[ $output != *"is there"* ]]
}

@test "activation: what was chosen holds for later targets, until the last entry is taken away" {
	mkdir "$etc/cron.d"
	keep
	: > "$here/pgssl.pem"
	run_make services inetd PORT=9432 SOURCE=127.0.0.77 BACKEND=localhost:5433 > /dev/null 2>&1
	[ "$(stat -c %a "$etc/inetls-pgssl.settings")" = 644 ]
	run_make renewal CA="$here/ca" > /dev/null
	grep -q -e "-I 127.0.0.77 .* -r localhost:5433 " "$etc/cron.d/pgssl-check"
	run run_make inetd
	[[ $output == *"has the line for pgssl already"* ]]
	# What is given counts, and is what holds from then on.
	run_make xinetd BACKEND=localhost:5434 SOURCE= > /dev/null 2>&1
	grep -q 'port.*= 9432$' "$etc/xinetd.d/pgssl"
	run_make uninstall-xinetd
	run_make uninstall-inetd BACKEND=localhost:5433 SOURCE=127.0.0.77
	run_make uninstall-renewal
	run_make uninstall-services
	rm "$here/pgssl.pem"
	unchanged
}

@test "activation: what a refused entry was to have is not remembered, so uninstall takes the old one away" {
	local target
	install -m 600 /dev/null "$here/pgssl.pem"
	keep
	for target in inetd xinetd systemd; do
		run_make services "$target" BACKEND=localhost:5433 > /dev/null 2>&1
		run run_make "$target" SOURCE=127.0.0.77
		[ "$status" -ne 0 ]
		run ! grep SOURCE "$etc/inetls-pgssl.settings"
		run_make "uninstall-$target" uninstall-services > /dev/null
		unchanged
	done
	rm "$here/pgssl.pem"
}

@test "activation: daily jobs that an entry's new settings leave behind are named, with what mends them" {
	local made old
	mkdir "$etc/cron.d"
	recorder "$here/systemctl"
	install -m 600 /dev/null "$here/pgssl.pem"
	keep
	for made in cron.d/pgssl-check units/pgssl-check.service; do
		[ "$made" = cron.d/pgssl-check ] || mkdir "$here/booted"
		run_make services inetd > /dev/null 2>&1
		run_make renewal > /dev/null 2>&1
		old=$(cat "$etc/$made")
		run run_make inetd
		[[ $output != *"$etc/$made"* ]]
		run run_make inetd SOURCE=127.0.0.77 FORCE=1
		[[ $output == *"warning: $etc/$made was made with other settings, and still checks with these: make renewal FORCE=1"* ]]
		[ "$(cat "$etc/$made")" = "$old" ]
		run_make renewal FORCE=1 > /dev/null
		grep -q -e '-I 127.0.0.77' "$etc/$made"
		run run_make inetd
		[[ $output != *"$etc/$made"* ]]
		run_make uninstall-inetd uninstall-renewal uninstall-services > /dev/null
		unchanged
	done
}

@test "activation: a setting that is only remembered is said, so that a wrong one is found" {
	run_make services inetd BACKEND=localhost:5433 > /dev/null 2>&1
	run run_make inetd
	[[ $output == *"as before ($etc/inetls-pgssl.settings; to change one, give it again): BACKEND=localhost:5433"* ]]
	run run_make inetd BACKEND=localhost:5433
	[[ $output != *"as before"* ]]
	run_make inetd SOURCE=127.0.0.77 FORCE=1 > /dev/null 2>&1
	run run_make inetd TRANSPARENT=yes
	[[ $output == *"SOURCE= or TRANSPARENT= if make remembers it"* ]]
}

@test "activation: what was chosen for one service is nothing to another, and a dry run remembers nothing" {
	keep
	run_make services inetd PORT=9432 DRY_RUN=1 > /dev/null
	unchanged
	run_make services inetd PORT=9432 > /dev/null 2>&1
	run_make services inetd SERVICE=other > /dev/null 2>&1
	grep -qP '^other\t\t9000/tcp' "$etc/services"
	run_make uninstall-inetd uninstall-services SERVICE=other
	run_make uninstall-inetd uninstall-services
	unchanged
}

@test "activation: a start script that is content though no inetd runs is not believed" {
	need_root
	need_namespaces
	mkdir "$here/path"
	recorder "$here/path/service"
	# No process of the machine that tests is seen in there, whose inetd would count.
	run env PATH="$here/path:$PATH" unshare -mpf --mount-proc "${make[@]}" inetd
	echo "$output"
	[[ $output == *"inetd does not run here"*"service openbsd-inetd start"* ]]
	[[ $output != *"told openbsd-inetd"* ]]
	[ "$(cat "$here/told")" = "service openbsd-inetd reload" ]
}

@test "activation: what --check finds as another user than the line's is not shown" {
	local port
	make_pem "$here/pgssl.pem" localhost
	port=$(free_port)
	run_make install CERT=no > /dev/null
	run run_make services inetd BACKEND="127.0.0.1:$port" TICKETS=
	[[ $output == *"--check says"* ]]
	need_root 'only root can become another user'
	cp -r "$ROOT/activate" "$here/activation"
	chmod 755 "$here"
	chown -R 65534 "$etc"
	run_make fragments BACKEND="127.0.0.1:$port" TICKETS= > /dev/null
	run as_nobody env PEM="$here/pgssl.pem" PROGRAM="$here/usr/sbin/inetls-wrap" FRAGMENTS="$here/fragments" SERVICE=pgssl \
		PORT=9000 SERVICE_USER=root SERVICES_FILE="$etc/services" INETD_CONF="$etc/inetd.conf" XINETD_D="$etc/xinetd.d" \
		CRON_D="$etc/cron.d" UNITDIR="$etc/units" INETD_PIDFILE="$here/none" FORCE= TRANSPARENT= DRY_RUN=1 ACCEPT=yes sh "$here/activation/activate" add inetd
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *"--check says"* ]]
}

@test "activation: a super-server that is not there is one sentence and no failure" {
	rm -r "$etc/inetd.conf" "$etc/xinetd.d" "$etc/units"
	run run_make inetd xinetd systemd
	[ "$status" -eq 0 ]
	[[ $output == *"inetd.conf is not there"* ]]
	[[ $output == *"xinetd.d is not there"* ]]
	[[ $output == *"units is not there"* ]]
	[ "$(ls "$etc")" = services ]
	run run_make uninstall-inetd uninstall-xinetd uninstall-systemd
	[ "$status" -eq 0 ]
}

@test "activation: without a list of services xinetd and systemd serve all the same, and inetd is not told" {
	rm "$etc/services"
	run run_make xinetd systemd
	[ "$status" -eq 0 ]
	[ -f "$etc/xinetd.d/pgssl" ]
	keep
	run ! run_make inetd
	unchanged
}

@test "activation: a super-server that does not run, and no killall, is one sentence and no failure" {
	local output_of
	for output_of in inetd xinetd systemd; do
		run run_make "$output_of"
		[ "$status" -eq 0 ]
		[[ $output == *"does not run here"* || $output == *"There is no"* ]]
	done
}

@test "activation: xinetd is told by the command, systemd by systemctl, again at each run" {
	recorder "$here/reload"
	recorder "$here/systemctl"
	run_make xinetd systemd
	run_make xinetd systemd
	run_make uninstall-xinetd uninstall-systemd
	run_make uninstall-xinetd uninstall-systemd
	diff - "$here/told" <<-END
	reload 
	systemctl daemon-reload
	systemctl enable --now pgssl.socket
	systemctl restart pgssl.socket
	reload 
	systemctl daemon-reload
	systemctl enable --now pgssl.socket
	reload 
	systemctl disable --now pgssl.socket
	systemctl daemon-reload
	END
}

@test "activation: without killall and pid file, service tells xinetd and inetd" {
	mkdir "$here/path"
	recorder "$here/path/service"
	PATH=$here/path:$PATH run_make xinetd inetd
	diff - "$here/told" <<-END
	service xinetd reload
	service openbsd-inetd reload
	END
}

@test "activation: without program and certificate both are named, with the targets that make them" {
	run run_make xinetd
	[ "$status" -eq 0 ]
	[[ $output == *"inetls-wrap is not there yet: make install"* ]]
	[[ $output == *"pgssl.pem is not there yet: make cert"* ]]
}

@test "a second service: what make says to type makes its PEM, and not that of the first" {
	local pem=$etc/inetls/pgtwo.pem
	run "${make[@]}" sysconfdir="$etc" services inetd SERVICE=pgtwo PORT=9001 BACKEND=localhost:5433
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"$pem is not there yet: make cert SERVICE=pgtwo"* ]]
	mkdir -p "$etc/inetls"
	echo "a key" > "$pem"
	run "${make[@]}" sysconfdir="$etc" SERVICE=pgtwo install cert
	echo "$output"
	[[ $output == *"$pem exists and was kept; make cert FORCE=1 SERVICE=pgtwo makes a new one"* ]]
	run "${make[@]}" sysconfdir="$etc" SERVICE=pgtwo NAMES=localhost cert
	echo "$output"
	[[ $output == *"make cert FORCE=1 NAMES=\"localhost\" SERVICE=pgtwo"* ]]
}

@test "DRY_RUN=1: shows the difference that each target would make, changes nothing and tells nobody" {
	local target setting
	recorder "$here/reload"
	recorder "$here/systemctl"
	mkdir "$here/booted"
	for target in services inetd xinetd systemd renewal; do
		for setting in DRY_RUN=1 DRY_RUN=no; do
			run run_make "$target" "$setting"
			[ "$status" -eq 0 ]
			[[ $output == *"+++ $etc/"*"(would be)"* ]]
			run ! grep -E '^[^ +-].*(: added|: written|told )' <<< "$output"
			unchanged
		done
	done
	[[ $(DRY_RUN=1 run_make inetd) == *$'\n+pgssl\tstream\ttcp\tnowait'*"would tell inetd"* ]]
	unchanged

	run_make services inetd xinetd systemd renewal
	picture > "$here/added"
	rm "$here/told"
	for target in services inetd xinetd systemd renewal; do
		run run_make "$target" DRY_RUN=1
		[ "$status" -eq 0 ]
		[[ $output != *"would be"* ]]
		run run_make "uninstall-$target" DRY_RUN=1
		[ "$status" -eq 0 ]
		[[ $output == *"--- $etc/"* ]]
		run ! grep -E '^[^ +-].*(: removed|told )' <<< "$output"
		picture | diff "$here/added" -
	done
	[ ! -e "$here/told" ]
}

@test "DRY_RUN=1: what would be refused is refused, and needs no right to write" {
	need_root
	printf 'pgssl\t9001/tcp\n' >> "$etc/services"
	run ! run_make services DRY_RUN=1
	[[ $output == *"pgssl is port 9001 there"* ]]
	sed -i '$d' "$etc/services"
	run_make fragments
	chmod 755 "$here"
	# make itself may be in a directory that is closed to others; the script under it and its settings are not.
	mkdir -m 755 "$T/open"
	cp -r "$ROOT/activate" "$here/fragments" "$T/open"
	run as_nobody env DRY_RUN=1 SERVICE=pgssl PORT=9000 FORCE= SERVICES_FILE="$etc/services" INETD_CONF="$etc/inetd.conf" \
		XINETD_D="$etc/xinetd.d" UNITDIR="$etc/units" CRON_D="$etc/cron.d" PROGRAM=/bin/true PEM=/dev/null \
		INETD_PIDFILE=/dev/null XINETD_PIDFILE=/dev/null RC_LOCAL=/none TRANSPARENT= RELOAD_XINETD=false SYSTEMCTL=false SYSTEMD_RUN=/ CERTGEN=false SETTINGS= SETTINGS_FILE="$T/open/settings" \
		FRAGMENTS="$T/open/fragments" sh "$T/open/activate/activate" add services
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"+$line"* ]]
}

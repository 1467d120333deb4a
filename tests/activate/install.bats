# make install, cert, services, inetd, xinetd, systemd and renewal, and the targets that undo them: what they write,
# and what they do not touch.  All paths are below $T.  In activation.bats running super-servers use what is written.

# Values that are meant to arrive as they are written; $pid is set by start.
# shellcheck disable=SC2016,SC2088,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib

setup_file() {
	lib_begin
	# No settings of the caller's make decide a test, nor its job server.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	etc=$here/etc
	mkdir -p "$etc/xinetd.d" "$etc/units"
	printf 'ssh\t\t22/tcp\t\t\t\t# SSH\nssh 22/udp\n\n# Local services\n' > "$etc/services"
	printf '#discard\tstream\ttcp\tnowait\troot\tinternal\n' > "$etc/inetd.conf"
	keep
	# With the programs as they were built (-o), without asking a compiler how it would build them, and with no
	# way to a super-server of this machine.
	make=(make -s -C "$ROOT" -o all -o "$BUILD/inetls-certgen" CC=true PKG_CONFIG=true LINK=shared BUILD="$BUILD"
		FRAGMENT_DIR="$here/fragments" ETC="$etc" UNITDIR="$etc/units" INETD_PIDFILE="$here/inetd.pid"
		XINETD_PIDFILE="$here/xinetd.pid" RELOAD_XINETD="$here/reload" SYSTEMCTL="$here/systemctl" SYSTEMD_RUN="$here/booted"
		SYSTEM_USER=no prefix="$here/usr")
}

# run_make TARGET...: on the copies.  on_terminal ANSWER... -- TARGET...: the same on a terminal.
run_make() {
	"${make[@]}" PEM="${PEM-$here/pgssl.pem}" "$@"
}

on_terminal() {
	local answers=()
	while [ "$1" != -- ]; do
		answers+=("$1")
		shift
	done
	shift
	"$ROOT/tests/lib/on-terminal" "${answers[@]}" -- "${make[@]}" "$@"
}

# keep: remembers every byte, mode and owner of the copies; unchanged: they are as they were.
keep() {
	picture > "$here/kept"
}

unchanged() {
	picture | diff "$here/kept" -
}

picture() {
	(cd "$etc" && find . -exec stat -c '%n %F %a %u %g' {} + | sort && find . -type f -exec md5sum {} + | sort)
}

# recorder FILE: a stand-in for a program, which writes down what it was told.
recorder() {
	printf '#!/bin/sh\necho "${0##*/} $*" >> "%s/told"\n' "$here" > "$1"
	chmod 755 "$1"
}

line='pgssl		9000/tcp	# PostgreSQL TLS wrapper'

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

@test "bad-systemd: one unit that somebody changed keeps both from being written" {
	echo "# mine" > "$etc/units/pgssl.socket"
	keep
	run ! run_make systemd
	unchanged
}

@test "bad-systemd: a PEM that others can read is refused, since systemd would hand it on without looking" {
	touch "$here/pgssl.pem"
	chmod 644 "$here/pgssl.pem"
	run run_make systemd
	[ "$status" -ne 0 ]
	[[ $output == *"gives other users access to the private key; fix: chmod 600 $here/pgssl.pem"* ]]
	unchanged
	chmod 600 "$here/pgssl.pem"
	run_make systemd
}

@test "bad-cert: an existing PEM survives make cert and make install" {
	need python3
	echo "an old key" > "$here/pgssl.pem"
	run ! run_make cert
	run ! on_terminal -- cert PEM="$here/pgssl.pem"
	[ "$(cat "$here/pgssl.pem")" = "an old key" ]
	run on_terminal -- install PEM="$here/pgssl.pem"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(cat "$here/pgssl.pem")" = "an old key" ]
}

@test "bad-cert: a PEM that is kept and lacks a name that was asked for is warned of" {
	run_make cert NAMES=db.example.org > /dev/null
	run run_make install cert NAMES="db.example.org other.example.org"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"was kept"*"warning: its certificate is not for other.example.org, so"* ]]
	[[ $output != *"not for db.example.org"* ]]
	run run_make cert NAMES="db.example.org other.example.org" CA="$here/ca"
	[ "$status" -ne 0 ]
	[[ $output == *"make cert FORCE=1 CA=$here/ca NAMES=\"db.example.org other.example.org\""* ]]
}

@test "bad-install: who may not write there is told so, and how to go on" {
	need_root
	mkdir -p "$here/usr/sbin"
	chmod 755 "$here" "$T"
	mkdir "$here/build" "$here/tree"
	cp "$BUILD"/inetls-* "$here/build"
	chown -R nobody "$here/build"
	chown nobody "$here"
	# Of another user's home this one can read nothing.
	(cd "$ROOT" && tar -c --exclude='./build*' --exclude=./.git .) | tar -x -C "$here/tree"
	chmod -R go+rX "$here/tree"
	for target in install uninstall; do
		run setpriv --reuid nobody --regid nogroup --clear-groups "${make[@]/#"$ROOT"/"$here/tree"}" BUILD="$here/build" "$target"
		echo "$output"
		[ "$status" -ne 0 ]
		[[ $output == *"$here/usr/sbin: cannot be written to by this user: run make $target as root, or with prefix=DIRECTORY"* ]]
	done
}

@test "activation: who takes an entry away is not told to start the super-server" {
	run run_make services xinetd
	[[ $output == *"xinetd does not run here"*"To start it: service xinetd start (on Debian from the package xinetd); "* ]]
	run run_make uninstall-xinetd
	[[ $output == *"xinetd does not run here"* && $output != *"To start it"* ]]
}

@test "bad-cert: a PEM that cannot be written leaves nothing" {
	[ "$(id -u)" -ne 0 ] || PEM=/proc/none/pgssl.pem run ! run_make cert
	: > "$here/file"
	PEM=$here/file/pgssl.pem run ! run_make cert
	[ ! -s "$here/file" ]
}

@test "bad-install: with DESTDIR, with CERT=no and without a terminal no certificate is made" {
	need python3
	run_make install DESTDIR="$here/package" < /dev/null
	on_terminal -- install DESTDIR="$here/package"
	on_terminal -- install CERT=no
	run run_make install < /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"make cert"* ]]
	[ -z "$(find "$here" -name '*.pem' -o -name '*.crt')" ]
	[ -x "$here/package$here/usr/sbin/inetls-wrap" ]
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

@test "install: says what it did in few lines, and repeats no command" {
	run make --no-print-directory "${make[@]:2}" install DESTDIR="$here/dest"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 6 ]
	[ -z "$(grep -E '^(install|sed|mkdir|rm) ' <<< "$output")" ]
	[[ $output == *"/sbin/inetls-wrap"* ]]
	run make --no-print-directory "${make[@]:2}" uninstall DESTDIR="$here/dest"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$(grep -E '^(install|sed|mkdir|rm) ' <<< "$output")" ]
	[ -z "$(find "$here/dest" -type f)" ]
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

# in_network COMMAND...: in a network of its own, whose rules nobody else sees.
in_network() {
	if [ ! -e "$T/pids/test/network" ]; then
		need_root
		need_namespaces
		need ip
		start network unshare -n sh -c 'ip link set lo up && echo ready && exec sleep 600'
		wait_for 5 grep -q ready "$T/network.log"
	fi
	# Never the machine's own network: its rules would be changed.
	[ "$(readlink "/proc/$(cat "$T/pids/test/network")/ns/net")" != "$(readlink /proc/self/ns/net)" ] || return 1
	nsenter -n -t "$(cat "$T/pids/test/network")" "$@"
}

ways() {
	in_network sh -c 'ip rule; ip -6 rule; for kind in -4 -6; do ip $kind route show table 123 2> /dev/null || :; done' | sed 's/ *$//'
}

run_make_there() {
	in_network "${make[@]}" PEM="$here/pgssl.pem" "$@"
}

@test "transparent: the rules and routes, and a line in the boot script; a second run changes nothing, uninstall leaves no trace" {
	printf '#!/bin/sh -e\ntrue\nexit 0\n' > "$etc/rc.local"
	chmod 755 "$etc/rc.local"
	keep
	ways > "$here/before"
	run run_make_there transparent DRY_RUN=1
	[[ $output == *"would type: ip -4 rule add from 127.0.0.1/8 iif lo table 123"*"+++ $etc/rc.local (would be)"* ]]
	unchanged
	ways | diff "$here/before" -

	run_make_there transparent
	ways > "$here/after"
	grep -qx '[0-9]*:.from 127.0.0.1/8 iif lo lookup 123' "$here/after"
	grep -qx '[0-9]*:.from ::1 iif lo lookup 123' "$here/after"
	grep -q '^local default dev lo scope host' "$here/after"
	grep -q '^local default dev lo metric 1024' "$here/after"
	[ "$(sed -n 3p "$etc/rc.local" | cut -c 1-14)" = '{ ip rule add ' ]
	[ "$(sed -n 4p "$etc/rc.local")" = 'exit 0' ]
	picture > "$here/active"
	run_make_there transparent
	ways | diff "$here/after" -
	picture | diff "$here/active" -

	run_make_there uninstall-transparent
	ways | diff "$here/before" -
	unchanged

	# What the boot script does, in a network that has just come up; with what was typed by hand nothing is done twice.
	run_make_there transparent
	stop network
	in_network true
	in_network sh -e "$etc/rc.local"
	ways | diff "$here/after" -
	run_make_there transparent
	ways | diff "$here/after" -
	run_make_there uninstall-transparent
	unchanged
}

@test "transparent: without a boot script the line for it is shown" {
	keep
	run run_make_there transparent
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"rc.local is not there"*"{ ip rule add from 127.0.0.1/8 iif lo table 123 && "* ]]
	unchanged
	run_make_there uninstall-transparent
}

@test "transparent: where systemd runs, a unit that does the same" {
	in_network true
	mkdir "$here/booted"
	keep
	ways > "$here/before"
	# What systemd does with it.
	cat > "$here/systemctl" <<-END
	#!/bin/sh
	echo "\$*" >> "$here/told"
	unit=$etc/units/inetls-transparent.service
	case "\$*" in
	"restart inetls-transparent.service") words=Start\\\\\(Pre\\\\\)* ;;
	"disable --now inetls-transparent.service") words=Stop ;;
	*) exit 0 ;;
	esac
	sed -n "s/^Exec\$words=-*//p" \$unit | while read -r command; do \$command 2> /dev/null; done
	END
	chmod 755 "$here/systemctl"
	run run_make_there transparent DRY_RUN=1
	[[ $output == *"+++ $etc/units/inetls-transparent.service (would be)"*"would tell systemd"* ]]
	ways | diff "$here/before" -
	unchanged
	run_make_there transparent
	ways > "$here/after"
	[ "$(grep -c 'lo lookup 123' "$here/after")" -eq 2 ]
	[ "$(grep -c '^local default dev lo' "$here/after")" -eq 2 ]
	grep -qx 'enable inetls-transparent.service' "$here/told"
	run_make_there transparent
	ways | diff "$here/after" -
	run_make_there uninstall-transparent
	ways | diff "$here/before" -
	unchanged
}

@test "transparent: where IPv6 is switched off, IPv4 alone" {
	in_network sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
	run run_make_there transparent
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"typed: ip -4 route add"*"IPv6 is switched off here"* ]]
	run_make_there uninstall-transparent
}

@test "bad-transparent: a table that somebody else uses is left alone, and an entry that still says -T is warned of" {
	in_network ip route add 192.0.2.0/24 dev lo table 123
	ways > "$here/before"
	run run_make_there transparent
	[ "$status" -ne 0 ]
	[[ $output == *"192.0.2.0/24 dev lo"*"another program uses it"* ]]
	ways | diff "$here/before" -
	in_network ip route del 192.0.2.0/24 dev lo table 123
	run_make_there transparent > /dev/null
	run_make inetd TRANSPARENT=yes > /dev/null 2>&1 || run_make services inetd TRANSPARENT=yes > /dev/null 2>&1
	run run_make_there uninstall-transparent
	[[ $output == *"warning: $etc/inetd.conf still says -T"* ]]
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

@test "activation: ACCEPT=no stops the process that waits before its socket, and watches root's PEM alone" {
	recorder "$here/systemctl"
	run_make systemd ACCEPT=no
	[ "$(units)" = "pgssl-pem.path pgssl-pem.service pgssl.service pgssl.socket" ]
	run_make systemd ACCEPT=no
	run_make uninstall-systemd ACCEPT=no
	unchanged
	run_make systemd ACCEPT=no SERVICE_USER=nobody
	[ "$(units)" = "pgssl.service pgssl.socket" ]
	run_make uninstall-systemd ACCEPT=no SERVICE_USER=nobody
	unchanged
	diff - <(head -n 11 "$here/told") <<-END
	systemctl daemon-reload
	systemctl enable --now pgssl.socket pgssl-pem.path
	systemctl stop pgssl.socket pgssl.service
	systemctl start pgssl.socket
	systemctl daemon-reload
	systemctl enable --now pgssl.socket pgssl-pem.path
	systemctl stop pgssl-pem.path
	systemctl stop pgssl-pem.service
	systemctl disable --now pgssl.socket pgssl-pem.path
	systemctl stop pgssl.service
	systemctl daemon-reload
	END
}

@test "bad-activation: ACCEPT=no is refused for inetd and xinetd, which have no such setting; one that make remembers is passed over" {
	local target
	for target in inetd xinetd; do
		run run_make services "$target" ACCEPT=no
		[ "$status" -ne 0 ]
		[[ $output == *"ACCEPT=no: only make systemd has this"*"wait"* ]]
		unchanged
	done
	run_make systemd ACCEPT=no > /dev/null
	run_make inetd ACCEPT=yes > /dev/null
	run_make uninstall-inetd ACCEPT=no > /dev/null
	run_make systemd ACCEPT=no > /dev/null
	run_make inetd > /dev/null
	grep -q ^pgssl "$etc/inetd.conf"
}

@test "activation: from ACCEPT=yes to no and back, and to another user, leaves no unit of the other way" {
	run_make systemd
	[ "$(units)" = "pgssl.socket pgssl@.service" ]
	run_make systemd ACCEPT=no FORCE=1
	[ "$(units)" = "pgssl-pem.path pgssl-pem.service pgssl.service pgssl.socket" ]
	run_make systemd ACCEPT=no SERVICE_USER=nobody FORCE=1
	[ "$(units)" = "pgssl.service pgssl.socket" ]
	run_make systemd ACCEPT=yes SERVICE_USER=root FORCE=1
	[ "$(units)" = "pgssl.socket pgssl@.service" ]
}

units() {
	(cd "$etc/units" && echo pgssl*)
}

# variants COMMAND...: runs it with ACCEPT, BACKEND and SERVICE_USER for each kind of unit that there is.
variants() {
	local accept backend user
	for accept in yes no; do
		for backend in localhost:5432 /var/run/postgresql/.s.PGSQL.5432 /tmp/.s.PGSQL.5432; do
			for user in root daemon; do
				"$@" "$accept" "$backend" "$user" || { echo "ACCEPT=$accept BACKEND=$backend SERVICE_USER=$user"; return 1; }
			done
		done
	done
}

# The instance, since a template alone is not looked into; the manual pages may not be installed.
verified() {
	local service=pgssl@1.service
	[ "$1" = yes ] || service=pgssl.service
	run_make fragments ACCEPT="$1" BACKEND="$2" SERVICE_USER="$3" TRANSPARENT="${TRANSPARENT:-}"
	rm -rf "$here/verify"
	cp -r "$here/fragments/systemd" "$here/verify"
	run systemd-analyze verify --man=no --recursive-errors=no "$here/verify/pgssl.socket" "$here/verify/$service" \
		"$here/verify/pgssl-pem.path" "$here"/verify/*.timer \
		"$here"/verify/pgssl-{renew,check,listen,pem}.service "$here/verify/pgssl-client@localhost.service" \
		"$here/verify/inetls-transparent.service"
	echo "$output"
	[ "$status" -eq 0 ] && ! grep -i pgssl <<< "$output" && ! grep -r '@[a-z_]*@' "$here/verify"
}

# In tenths, as --threshold counts.  The service by TCP needs a network.
little_exposed() {
	local unit=pgssl@.service most=2
	[ "$1" = yes ] || unit=pgssl.service
	[ "$2" != localhost:5432 ] || most=$((most + 7))
	run_make fragments ACCEPT="$1" BACKEND="$2" SERVICE_USER="$3"
	run systemd-analyze security --offline=true --threshold="$most" --no-pager "$here/fragments/systemd/$unit"
	echo "$output" | tail -n 1
	[ "$status" -eq 0 ]
	run systemd-analyze security --offline=true --threshold="$((most - 1))" --no-pager "$here/fragments/systemd/$unit"
	[ "$status" -ne 0 ]
}

@test "fragments: systemd knows every word of the units, in every variant" {
	need systemd-analyze
	run_make install CERT=no
	variants verified
	TRANSPARENT=yes
	for accept in yes no; do
		for user in root daemon; do
			verified "$accept" localhost:5432 "$user"
		done
	done
}

@test "fragments: systemd-analyze finds an exposure of 0.2 by the Unix socket and 0.9 by TCP" {
	need systemd-analyze
	variants little_exposed
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

# commands_of: the command line of each fragment that serves, one a line.
commands_of() {
	grep -v '^#' "$here/fragments/inetd/pgssl.conf" | cut -f 7 | sed "s|^inetls-wrap|$here/usr/sbin/inetls-wrap|"
	echo "$here/usr/sbin/inetls-wrap $(sed -n 's/^\tserver_args[^=]*= //p' "$here/fragments/xinetd/pgssl")"
	sed -n 's/^ExecStart=-\{0,1\}//p' "$here/fragments/systemd/pgssl@.service" "$here/fragments/systemd/pgssl-listen.service"
}

@test "fragments: the command of each says ok to --check, and names what is wrong" {
	local port command
	make_pem "$here/pgssl.pem" localhost
	port=$(free_port)
	postgresql_that_says 3
	wait_for 5 listening "$port"
	run_make install fragments CERT=no BACKEND="localhost:$port" TICKETS="$here/tickets" > /dev/null
	[ "$(commands_of | wc -l)" -eq 4 ]
	while read -r command; do
		run env CREDENTIALS_DIRECTORY="$here" RUNTIME_DIRECTORY="$here" sh -c "$command --check"
		[ "$status" -eq 0 ] || { echo "$command: $output"; false; }
		[[ $output == *"ok      backend 127.0.0.1:$port"* ]]
	done < <(commands_of)
	chmod 644 "$here/pgssl.pem"
	while read -r command; do
		run env CREDENTIALS_DIRECTORY="$here" RUNTIME_DIRECTORY="$here" sh -c "$command --check"
		[ "$status" -eq 77 ]
		[[ $output == *"error   "*pgssl.pem* ]]
	done < <(commands_of)
}

@test "activation says first what --check finds wrong, makes the entry all the same, and is silent when all is well" {
	local port target
	make_pem "$here/pgssl.pem" localhost
	port=$(free_port)
	run_make install CERT=no > /dev/null
	for target in inetd xinetd systemd; do
		run run_make services "$target" BACKEND="127.0.0.1:$port" TICKETS=
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *"--check says of this service:"*"error   connect 127.0.0.1:$port: Connection refused"*$'\n'"$etc/"* ]]
	done
	postgresql_that_says 3
	wait_for 5 listening "$port"
	run run_make inetd BACKEND="127.0.0.1:$port" TICKETS=
	[[ $output != *"error "* ]]
}

# postgresql_that_says CODE: something on $port that answers a StartupMessage as PostgreSQL does: 0 is come in, 3 a password.
postgresql_that_says() {
	# shellcheck disable=SC2059
	printf "R\\0\\0\\0\\10\\0\\0\\0\\$1" > "$here/answer"
	start listener socat "TCP4-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "SYSTEM:head -c 41 > /dev/null; cat $here/answer"
}

# daily KIND: what cron, or systemd's service, runs once a day; without what this machine says of its own syslog.
daily() {
	case $1 in
	cron) sh -c "$(grep -v '^#' "$here/fragments/cron/pgssl-check" | cut -f 3)" ;;
	systemd) eval "$(sed -n 's/^ExecStart=//p' "$here/fragments/systemd/pgssl-check.service")" ;;
	esac > "$here/daily" 2>&1
	local status=$?
	grep -v '^warning log' "$here/daily"
	return "$status"
}

@test "the daily look is silent when all is in order, and says what is not" {
	local port kind set
	make_pem "$here/pgssl.pem" localhost
	port=$(free_port)
	set=(BACKEND="localhost:$port" TICKETS="$here/tickets")
	run_make install fragments CERT=no "${set[@]}" > /dev/null
	for kind in cron systemd; do
		[[ $(daily "$kind") == *"error   connect 127.0.0.1:$port: Connection refused"* ]]
	done
	postgresql_that_says 3
	wait_for 5 listening "$port"
	for kind in cron systemd; do
		[ -z "$(daily "$kind")" ]
	done
	stop listener
	postgresql_that_says 0
	wait_for 5 listening "$port"
	for kind in cron systemd; do
		[[ $(daily "$kind") == 'warning trust: PostgreSQL lets everybody'* ]]
	done
	chmod 644 "$here/pgssl.pem"
	for kind in cron systemd; do
		[[ $(daily "$kind") == "error   "*"pgssl.pem"* ]]
	done
	run ! daily systemd
}

# -- the programs and the certificate -----------------------------------------

@test "install: puts programs and pages under DESTDIR, and uninstall takes exactly these away" {
	run_make install DESTDIR="$here/package"
	[ -x "$here/package$here/usr/sbin/inetls-wrap" ]
	[ -x "$here/package$here/usr/bin/inetls-certgen" ]
	local page
	for page in "$ROOT"/man/*.[1-8]; do
		[ ! -e "$page" ] || [ -f "$here/package$here/usr/share/man/man${page##*.}/${page##*/}" ]
	done
	[ -f "$here/package$here/usr/lib/sysusers.d/inetls.conf" ]
	[ -f "$here/package$here/usr/lib/tmpfiles.d/inetls.conf" ]
	: > "$here/package$here/usr/sbin/other"
	run_make uninstall DESTDIR="$here/package"
	[ "$(find "$here/package" -type f)" = "$here/package$here/usr/sbin/other" ]
}

@test "uninstall: removes the directories that install made and nobody uses, and no other" {
	prefix="$here/place/usr"
	make+=(prefix="$prefix")
	mkdir -p "$prefix/lib/tmpfiles.d" "$prefix/share"
	keep_tree=$(cd "$here" && find place | sort)
	run_make install CERT=no
	run_make install CERT=no
	[ -f "$prefix/lib/sysusers.d/inetls.conf" ]
	run_make uninstall
	diff <(echo "$keep_tree") <(cd "$here" && find place | sort)
	# What somebody else has put there since keeps its directory, and what was there before is not ours.
	run_make install CERT=no
	: > "$prefix/share/man/man8/other.8"
	run_make uninstall
	diff <(printf '%s\n' "$keep_tree" 'place/usr/share/man' 'place/usr/share/man/man8' 'place/usr/share/man/man8/other.8' | sort) \
		<(cd "$here" && find place | sort)
	run_make install CERT=no
	rm "$prefix/share/man/man8/other.8"
	run_make uninstall
	[ -d "$prefix/share/man/man8" ]
	[ ! -e "$prefix/share/man/man1" ]
	run_make uninstall
}

@test "install: the directories of GNU make's conventions are followed" {
	run_make install CERT=no bindir="$here/b" sbindir="$here/s" mandir="$here/m" completionsdir="$here/c" \
		sysusersdir="$here/u" tmpfilesdir="$here/t" datarootdir="$here/d"
	[ -x "$here/b/inetls-certgen" ]
	[ -x "$here/s/inetls-wrap" ]
	[ -f "$here/c/inetls-certgen" ]
	[ -f "$here/c/inetls-wrap" ]
	[ ! -e "$here/usr" ]
}

@test "install: the pages have the paths of this installation, and PREFIX is another word for prefix" {
	make -s -C "$ROOT" -o all CC=true PKG_CONFIG=true LINK=shared BUILD="$BUILD" PREFIX=/usr sysconfdir=/etc \
		DESTDIR="$here/package" install
	[ -x "$here/package/usr/sbin/inetls-wrap" ]
	grep -q '^pgssl stream tcp nowait.6000 root /usr/sbin/inetls-wrap .* -p /etc/inetls/pgssl.pem ' \
		"$here/package/usr/share/man/man8/inetls-wrap.8"
	grep -q ' /usr/bin/inetls-certgen renew ' "$here/package/usr/share/man/man1/inetls-certgen.1"
	run ! grep -r /usr/local "$here/package/usr/share"
	(export PREFIX=/opt/nonsense && make -s -C "$ROOT" -o all CC=true PKG_CONFIG=true LINK=shared BUILD="$BUILD" \
		DESTDIR="$here/local" install)
	cmp "$ROOT/man/inetls-wrap.8" "$here/local/usr/local/share/man/man8/inetls-wrap.8"
}

@test "install: of a static build says that an update of GnuTLS takes another one, a shared one does not" {
	run run_make install CERT=no LINK=static
	[ "$status" -eq 0 ]
	[[ $output == *"after an update of these libraries run make install again"* ]]
	run run_make install CERT=no LINK=shared
	[ "$status" -eq 0 ]
	[[ $output != *update* ]]
}

@test "uninstall: names the super-server that would still start the program" {
	run_make install xinetd CERT=no
	run run_make uninstall
	[[ $output == *"make uninstall-xinetd"* ]]
	run_make uninstall-xinetd
	touch "$etc/units/inetls-transparent.service"
	run run_make uninstall
	[[ $output == *"make uninstall-transparent"* ]]
	rm "$etc/units/inetls-transparent.service"
	run_make install services inetd CERT=no SOURCE=127.0.0.77
	run run_make uninstall
	[[ $output == *"$etc/inetd.conf still serves pgssl with it: make uninstall-inetd"* ]]
	printf 'pgssl stream tcp nowait root /bin/cat cat\n' > "$etc/inetd.conf"
	run run_make uninstall
	[[ $output != *"still serves"* ]]
}

# whole_pem FILE: key and certificate belong together, nobody else can read it, the certificate is beside it.
whole_pem() {
	[ "$(stat -c %a "$1")" = 600 ]
	[ "$(openssl pkey -in "$1" -pubout)" = "$(openssl x509 -in "$1" -noout -pubkey)" ]
	[ "$(openssl x509 -in "$1" -noout -fingerprint)" = \
		"$(openssl x509 -in "${1%.pem}.crt" -noout -fingerprint)" ]
}

@test "cert: without a terminal it asks nothing and makes a whole PEM" {
	run_make cert < /dev/null
	whole_pem "$here/pgssl.pem"
}

@test "cert: make install cert makes one PEM, and keeps it the next time" {
	run_make install cert < /dev/null
	whole_pem "$here/pgssl.pem"
	cp "$here/pgssl.pem" "$here/before"
	run run_make -j 4 install cert
	[ "$status" -eq 0 ]
	[ "$output" = "$here/pgssl.pem exists and was kept; make cert FORCE=1 makes a new one" ]
	cmp "$here/pgssl.pem" "$here/before"
}

@test "cert: the psql line to try has the port that was chosen" {
	run run_make cert PORT=9432 NAMES=db.example.org < /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *'psql "host=db.example.org port=9432 sslmode=verify-full'* ]]
	run ! run_make cert PORT=9432 NAMES=db.example.org
	run ! run_make cert PORT=9432x NAMES=db.example.org FORCE=1
	[ "$status" -eq 64 ] || [ "$status" -eq 2 ]
}

@test "cert: its directory is made for others to enter, whatever the umask" {
	(umask 077 && PEM=$here/etc2/inetls/pgssl.pem run_make cert NAMES="db.example.test 192.0.2.7" < /dev/null)
	whole_pem "$here/etc2/inetls/pgssl.pem"
	[ "$(stat -c %a "$here/etc2/inetls")" = 755 ]
	openssl x509 -in "$here/etc2/inetls/pgssl.crt" -noout -ext subjectAltName | grep -q 'DNS:db.example.test'
}

@test "cert: PEM=~/pgssl.pem is in the home, and FORCE=1 replaces it" {
	HOME=$here PEM='~/pgssl.pem' run_make cert < /dev/null
	whole_pem "$here/pgssl.pem"
	cp "$here/pgssl.pem" "$here/before"
	run ! run_make cert
	cmp "$here/pgssl.pem" "$here/before"
	run_make cert FORCE=1 < /dev/null
	whole_pem "$here/pgssl.pem"
	run ! cmp -s "$here/pgssl.pem" "$here/before"
}

@test "cert: the user whom the super-server shall start owns the PEM" {
	need_root
	run_make cert SERVICE_USER=nobody < /dev/null
	[ "$(stat -c %U "$here/pgssl.pem")" = nobody ]
}

@test "cert: CA=DIR makes the CA where there is none, and it signs; FORCE=1 once more, by the same one" {
	run_make cert CA="$here/ca" NAMES="db.example.org *.apps.example.org 10.0.0.1" < /dev/null
	[ "$(stat -c %a "$here/ca")" = 700 ]
	openssl verify -x509_strict -verify_hostname db.example.org -CAfile "$here/ca/ca.crt" "$here/pgssl.crt"
	[[ $(openssl x509 -in "$here/ca/ca.crt" -noout -text) == *"DNS:example.org"*"DNS:apps.example.org"* ]]
	run ! run_make cert CA="$here/ca" NAMES=db.example.org
	run_make cert CA="$here/ca" NAMES=db.example.org FORCE=1 < /dev/null
	openssl verify -x509_strict -CAfile "$here/ca/ca.crt" "$here/pgssl.crt"
	[ "$(grep -c ^issued "$here/ca/index")" -eq 2 ]
	run ! run_make cert CA="$here/ca" NAMES=db.example.com FORCE=1
}

@test "renewal: a timer where systemd is, else a file for cron; uninstall-renewal takes exactly these away" {
	mkdir "$etc/cron.d"
	keep
	: > "$here/pgssl.pem"
	run run_make renewal CA="$here/ca"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $(grep -v '^#' "$etc/cron.d/pgssl-renew") == *"root	$here/usr/bin/inetls-certgen renew --quiet --before 30 --ca $here/ca $here/pgssl.pem" ]]
	run_make uninstall-renewal CA="$here/ca"
	unchanged
	printf '#!/bin/sh\necho "$@" >> "%s/told"\n' "$here" > "$here/systemctl"
	chmod 755 "$here/systemctl"
	# systemctl alone, as in a container, starts no timer.
	run_make renewal
	[ -e "$etc/cron.d/pgssl-check" ]
	[ ! -e "$etc/units/pgssl-check.timer" ]
	[ ! -e "$here/told" ]
	run_make uninstall-renewal
	unchanged
	mkdir "$here/booted"
	run_make renewal CA="$here/ca"
	[ -f "$etc/units/pgssl-renew.timer" ]
	[ ! -e "$etc/cron.d/pgssl-renew" ]
	grep -qx "ExecStart=$here/usr/bin/inetls-certgen renew --before 30 --ca $here/ca $here/pgssl.pem" "$etc/units/pgssl-renew.service"
	grep -qx 'enable --now pgssl-renew.timer pgssl-check.timer' "$here/told"
	run_make uninstall-renewal CA="$here/ca"
	grep -qx 'disable --now pgssl-renew.timer' "$here/told"
	grep -qx 'disable --now pgssl-check.timer' "$here/told"
	unchanged
}

@test "bad-renewal: a CA that is not there, or did not issue the certificate, is refused, and not found when it expires" {
	mkdir "$etc/cron.d"
	run_make install CERT=no > /dev/null
	run_make cert CA="$here/ca" NAMES=db.example.org > /dev/null
	keep
	run run_make renewal CA="$here/none"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"$here/none"*"this CA cannot renew $here/pgssl.pem, see above: nothing is written"* ]]
	unchanged
	run_make renewal CA="$here/ca"
	[ -e "$etc/cron.d/pgssl-renew" ]
}

@test "renewal: without a CA the certificate is watched and not renewed, since its clients would be cut off" {
	mkdir "$etc/cron.d"
	keep
	: > "$here/pgssl.pem"
	run run_make renewal
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"$here/pgssl.pem is checked, but not renewed automatically"*"make renewal CA=DIR"* ]]
	[ -e "$etc/cron.d/pgssl-check" ]
	[ ! -e "$etc/cron.d/pgssl-renew" ]
	run_make uninstall-renewal
	unchanged
	printf '#!/bin/sh\necho "$@" >> "%s/told"\n' "$here" > "$here/systemctl"
	chmod 755 "$here/systemctl"
	mkdir "$here/booted"
	run_make renewal
	[ -f "$etc/units/pgssl-check.timer" ]
	[ ! -e "$etc/units/pgssl-renew.timer" ]
	grep -qx 'enable --now pgssl-check.timer' "$here/told"
	run_make uninstall-renewal
	unchanged
}

# completed WORD...: what bash offers for the last of these words.
completed() {
	# shellcheck disable=SC2016 # for the other shell
	PATH=$BUILD:$PATH bash -c '. "$0" && COMP_WORDS=("$@") && COMP_CWORD=$(($# - 1)) &&
		"_${1//-/_}" "$1" && printf "%s\n" "${COMPREPLY[@]}"' "$ROOT/contrib/completion/$1" "$@"
}

@test "completion: bash offers subcommands, and the options that each of them takes" {
	[[ $(completed inetls-certgen re) == *renew*revoke* ]]
	[ "$(completed inetls-certgen client --p12)" = $'--p12\n--p12-password-file' ]
	[ "$(completed inetls-certgen x.pem --key rsa:3)" = rsa:3072 ]
	[ "$(completed inetls-wrap --handshake)" = --handshake-timeout ]
	[ "$(completed inetls-wrap -n pg)" = pgsql ]
	[ "$(completed inetls-wrap --tr)" = $'--transparent\n--transparent=try' ]
	[ "$(completed inetls-wrap --protocol pg)" = pgsql ]
	[ "$(completed inetls-wrap -p "$ROOT/READ")" = "$ROOT/README.md" ]
	[ "$(completed inetls-wrap -c --known-hosts "$ROOT/READ")" = "$ROOT/README.md" ]
	[ "$(completed inetls-wrap --idle-exit 5)" = $'500ms\n5m' ]
	[ "$(completed inetls-wrap --proxy-out '')" = $'v1\nv2' ]
	[ -z "$(completed inetls-wrap --max-connections '')" ]
	local command option
	for command in ca server client csr sign renew revoke crl show check; do
		for option in $(completed inetls-certgen "$command" --); do
			run "$BUILD/inetls-certgen" "$command" "$option" < /dev/null
			[[ $output != *"is no option here"* ]] || { echo "$command $option: $output"; false; }
		done
	done
}

@test "install: on a terminal without a PEM it asks, and the certificate says what was typed" {
	need python3
	run on_terminal db.example.test "Example Ltd" London "Greater London" GB 90 y -- install
	echo "$output"
	[ "$status" -eq 0 ]
	local question
	for question in 'omain name.*\[' 'rgani[sz]ation.*\[' 'ocality.*\[' 'tate.*\[' 'ountry.*\[' 'days.*\[825\]'; do
		grep -q "$question" <<< "$output"
	done
	whole_pem "$here/usr/etc/inetls/pgssl.pem"
	openssl x509 -in "$here/usr/etc/inetls/pgssl.pem" -noout -subject -nameopt RFC2253 -ext subjectAltName \
		-dates > "$here/said"
	cat "$here/said"
	local typed
	for typed in CN=db.example.test 'O=Example Ltd' L=London 'ST=Greater London' C=GB DNS:db.example.test; do
		grep -qF "$typed" "$here/said"
	done
	openssl x509 -in "$here/usr/etc/inetls/pgssl.pem" -noout -checkend $((88 * 86400))
	run ! openssl x509 -in "$here/usr/etc/inetls/pgssl.pem" -noout -checkend $((91 * 86400))
}

@test "install: an end of file at a question writes no PEM, and the programs are there" {
	need python3
	run on_terminal db.example.test -- install
	[ "$status" -eq 0 ]
	[[ $output == *"make cert"* ]]
	[ -x "$here/usr/sbin/inetls-wrap" ]
	[ -z "$(find "$here/usr" -name '*.pem' -o -name '*.crt')" ]
}

@test "help: lists every target that a user may call" {
	run run_make help
	[ "$status" -eq 0 ]
	local target
	for target in all install uninstall cert services inetd xinetd systemd renewal uninstall-renewal uninstall-services uninstall-inetd \
		uninstall-xinetd uninstall-systemd transparent uninstall-transparent demo check clean help; do
		grep -qw -- "$target" <<< "$output" || { echo "not listed: $target"; false; }
	done
}

# -- a machine that has git and make alone ------------------------------------

# bare_machine: all commands but compiler and pkg-config, and an apt-get that brings these, and keeps what it is told.
bare_machine() {
	local file
	mkdir -p "$here/bare" "$here/hidden"
	for file in /usr/bin/* /bin/* /usr/sbin/*; do
		case ${file##*/} in
		cc | gcc | c89 | c99 | pkg-config | pkgconf | apt-get) ;;
		*) [ -e "$here/bare/${file##*/}" ] || ln -s "$file" "$here/bare/${file##*/}" ;;
		esac
	done
	cat > "$here/bare/apt-get" <<-END
	#!/bin/sh
	echo "\$*" >> "$here/told"
	case "\$*" in
	*" install "*)
		ln -sf "$(command -v cc)" "$here/bare/cc"
		ln -sf "$(command -v gcc)" "$here/bare/gcc"
		ln -sf "$(command -v pkg-config)" "$here/bare/pkg-config"
		;;
	esac
	END
	chmod +x "$here/bare/apt-get"
	# What tests/deps adds to PATH has no compiler either.
	bare=(env -i HOME="$here" YES=1 PATH="$here/bare")
}

@test "make install cert on a machine without a compiler: as root the packages come first, and no more of them than a build needs" {
	need_root
	bare_machine
	run "${bare[@]}" make -s -C "$ROOT" BUILD="$here/build" prefix="$here/usr" SYSTEM_USER=no NAMES=localhost -n install
	[ ! -e "$here/told" ]
	run "${bare[@]}" make -s -j2 -C "$ROOT" BUILD="$here/build" prefix="$here/usr" SYSTEM_USER=no NAMES=localhost install cert
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'These packages are missing and will be installed'*gcc*pkg-config* ]]
	[ -x "$here/usr/sbin/inetls-wrap" ]
	"$here/usr/bin/inetls-certgen" check "$here/usr/etc/inetls/pgssl.pem"
	grep ' install ' "$here/told"
	run ! grep -wE 'postgresql|bats|openssl|libwrap0|download' "$here/told"
}

@test "make LINK=shared on a machine without headers asks for nothing that a static build alone needs" {
	need_root
	need_namespaces
	bare_machine
	run unshare -m --propagation private sh -c 'mount -t tmpfs none /usr/include && "$@"' sh \
		"${bare[@]}" make -s -C "$ROOT" BUILD="$here/build" LINK=shared all
	echo "$output"
	[[ $output == *nettle-dev* ]]
	[[ $output != *libunistring-dev* ]]
}

@test "make install on a machine without a compiler: who is not root is given the one line" {
	need_root
	bare_machine
	mkdir "$T/tree"
	tar -C "$ROOT" --exclude='./build*' --exclude=./.git -cf - . | tar -C "$T/tree" -xf -
	chown -R nobody "$here" "$T/tree"
	run "${bare[@]}" setpriv --reuid nobody --regid nogroup --clear-groups \
		make -s -C "$T/tree" BUILD="$here/build" prefix="$here/usr" install
	echo "$output"
	[ "$status" -ne 0 ]
	grep -qE '^sudo apt-get install -y --no-install-recommends .*gcc.*pkg-config' <<< "$output"
	run ! grep -E 'postgresql|cc: ' <<< "$output"
	[ ! -e "$here/told" ]
}

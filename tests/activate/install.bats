# make install, cert and renewal, and the targets that undo them: what they write, and what they do not touch.  All
# paths are below $T.

# Values that are meant to arrive as they are written; $pid is set by start.
# shellcheck disable=SC2016,SC2088,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/activate

# -- what is refused ----------------------------------------------------------

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

# -- what is written, and taken away ------------------------------------------

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
	[ "$output" = "$here/pgssl.pem exists and was kept; make cert FORCE=1 PEM=$here/pgssl.pem makes a new one" ]
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

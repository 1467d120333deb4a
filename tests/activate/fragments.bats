# What make writes for systemd, and the fragments that can be pasted: their words, and what --check says of them.

# Values that are meant to arrive as they are written; $pid is set by start.
# shellcheck disable=SC2016,SC2088,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/activate

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
	run_make fragments ACCEPT="$1" BACKEND="$2" SERVICE_USER="$3" TRANSPARENT="${TRANSPARENT:-}" \
		PROTOCOL="${PROTOCOL:-pgsql}"
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
	TRANSPARENT=
	PROTOCOL=none
	verified yes localhost:143 root
}

@test "fragments: systemd-analyze finds an exposure of 0.2 by the Unix socket and 0.9 by TCP" {
	need systemd-analyze
	variants little_exposed
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

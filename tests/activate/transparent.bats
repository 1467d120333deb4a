# make transparent, and the target that undoes it: rules, routes, and what sets them when the machine starts.  Each test
# has a network of its own.

# Values that are meant to arrive as they are written; $pid is set by start.
# shellcheck disable=SC2016,SC2088,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/activate

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

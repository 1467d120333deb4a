# shellcheck shell=sh disable=SC2154
# What -T needs of the kernel: two rules and two routes, by which what this machine sends from a loopback address stays
# here.  They are put in place now and at each boot: by a unit where systemd runs, else by a line in the boot script.

way_unit=inetls-transparent.service
way_table=123
# For IPv4 and IPv6: the selector of the rule, and the route.
way_rule_4="from 127.0.0.1/8 iif lo table $way_table"
way_route_4="local 0.0.0.0/0 dev lo table $way_table"
way_rule_6="from ::1/128 iif lo table $way_table"
way_route_6="local ::/0 dev lo table $way_table"
boot_line="{ ip rule add $way_rule_4 && ip route add $way_route_4; ip -6 rule add $way_rule_6 && ip -6 route add $way_route_6; } || :	# -T of inetls-wrap(8)"

# has_rule 4|6, has_route 4|6.
has_rule() {
	ip "-$1" -N rule show 2>/dev/null | grep -qE "from (127\.0\.0\.[01]/8|::1(/128)?) iif lo lookup $way_table( |\$)"
}

routes_of() {
	ip "-$1" route show table "$way_table" 2>/dev/null || :
}

has_route() {
	routes_of "$1" | grep -qE '^local (default|0\.0\.0\.0/0|::/0) dev lo( |$)'
}

# knows_kind 4|6: whether this machine has IPv4, or IPv6.
knows_kind() {
	ip "-$1" addr show dev lo 2>/dev/null | grep -q inet
}

# run_ip ARG...: runs ip and shows the command; in a dry run it only shows it.
run_ip() {
	# shellcheck disable=SC2048,SC2086
	set -- $*
	would "type: ip $*" && return
	ip "$@" || refuse "ip $*: failed, see above; this needs root, and in a container CAP_NET_ADMIN"
	say "typed: ip $*"
}

refuse_without_ip() {
	command -v ip >/dev/null || refuse "there is no command ip (on Debian: apt-get install iproute2): nothing is changed"
}

# Another program may use this routing table.
refuse_other_routes() {
	for kind in 4 6; do
		others=$(routes_of $kind | grep -vE '^local (default|0\.0\.0\.0/0|::/0) dev lo( |$)' || :)
		[ -z "$others" ] || refuse "$others
is in the routing table $way_table: another program uses it, and nothing is changed.  Choose another number: type the lines of" \
			"\"The address of the client\" in inetls-wrap(8) with it, and add them to a script that runs at boot"
	done
}

make_way() {
	for kind in 4 6; do
		if ! knows_kind $kind; then
			say "IPv$kind is switched off here: nothing to do for it"
			continue
		fi
		eval "rule=\$way_rule_$kind route=\$way_route_$kind"
		has_rule $kind || run_ip "-$kind" rule add "$rule"
		has_route $kind || run_ip "-$kind" route add "$route"
	done
}

unmake_way() {
	for kind in 4 6; do
		eval "rule=\$way_rule_$kind route=\$way_route_$kind"
		! has_rule $kind || run_ip "-$kind" rule del "$rule"
		! has_route $kind || run_ip "-$kind" route del "$route"
	done
}

# Inserts the line before the first exit of the script, or else at its end.
insert_boot_line() {
	LINE=$1 awk -v whole="$(ends_in_newline && echo 1)" '
		!done && /^[ \t]*exit([ \t]|$)/ { printf "%s%s", between, ENVIRON["LINE"]; between = "\n"; done = 1 }
		{ printf "%s%s", between, $0; between = "\n" }
		END { if (!done) printf "%s%s", between, ENVIRON["LINE"]; printf "%s", whole ? "\n" : "" }'
}

keep_way_at_boot() {
	if [ ! -f "$RC_LOCAL" ]; then
		say "$RC_LOCAL is not there.  To have the same after each boot, add this line to a script that runs then:"
		say "$boot_line"
	elif has_line "$RC_LOCAL" "$boot_line"; then
		say "$RC_LOCAL has the line already"
	else
		rewrite "$RC_LOCAL" insert_boot_line "$boot_line"
		did "$RC_LOCAL: added the line"
		[ -x "$RC_LOCAL" ] || warn "warning: $RC_LOCAL is not executable, so nothing runs it: chmod +x $RC_LOCAL"
	fi
}

add_transparent() {
	refuse_without_ip
	refuse_other_routes
	if ! has_systemd; then
		make_way
		keep_way_at_boot
		return
	fi
	place "$FRAGMENTS/systemd/$way_unit" "$UNITDIR/$way_unit"
	if would "tell systemd to start $way_unit, now and after each boot"; then
		return
	elif "$SYSTEMCTL" daemon-reload && "$SYSTEMCTL" enable "$way_unit" && "$SYSTEMCTL" restart "$way_unit"; then
		say "told systemd: $way_unit runs, now and after each boot"
	else
		refuse "systemd did not start $way_unit: systemctl status $way_unit says why"
	fi
}

# From now on sessions with -T would end after --connect-timeout.
warn_of_transparent_entries() {
	for file in "$INETD_CONF" "$xinetd_file" "$UNITDIR/$SERVICE@.service" "$UNITDIR/$SERVICE.service"; do
		if [ -f "$file" ] && grep -F -e "${PROGRAM##*/}" "$file" | grep -qE -e ' (-T|--transparent)[ =]'; then
			warn "warning: $file still says -T: its clients are no longer served.  make inetd, xinetd or systemd with" \
				"TRANSPARENT= FORCE=1 changes that"
		fi
	done
}

remove_transparent() {
	refuse_without_ip
	warn_of_transparent_entries
	may_take_away "$FRAGMENTS/systemd/$way_unit" "$UNITDIR/$way_unit"
	if [ -e "$UNITDIR/$way_unit" ] && has_systemd && ! would "tell systemd to stop $way_unit"; then
		"$SYSTEMCTL" disable --now "$way_unit" 2>/dev/null || :
		say "told systemd: $way_unit is gone"
	fi
	take_away "$FRAGMENTS/systemd/$way_unit" "$UNITDIR/$way_unit"
	[ -z "$changed" ] || tell_systemd_to_forget
	unmake_way
	if [ -f "$RC_LOCAL" ] && has_line "$RC_LOCAL" "$boot_line"; then
		rewrite "$RC_LOCAL" drop_line "$boot_line"
		did "$RC_LOCAL: took away the line"
	fi
}

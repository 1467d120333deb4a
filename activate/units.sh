# shellcheck shell=sh
# Puts the socket unit and its service into systemd's directory.

socket_file=$UNITDIR/$SERVICE.socket

# wanted_units: the units for these settings.  The socket comes last: without its service it would accept and fail.
wanted_units() {
	if [ "$ACCEPT" = yes ]; then
		echo "pgssl@.service"
	else
		echo pgssl.service
		# The unit has a copy of root's PEM; another user's PEM is read by the wrapper, which notices the change.
		[ "$SERVICE_USER" != root ] || echo pgssl-pem.service pgssl-pem.path
	fi
	echo pgssl.socket
}

# other_units: the units that other settings would have put there.
other_units() {
	for unit in pgssl@.service pgssl.service pgssl-pem.service pgssl-pem.path; do
		wanted_units | tr ' ' '\n' | grep -qxF "$unit" || echo "$unit"
	done
}

# unit_file UNIT: the path where it is installed.  Its name there begins with the service's name.
unit_file() {
	echo "$UNITDIR/$SERVICE${1#pgssl}"
}

# systemd gives the session a private copy of root's PEM, so the wrapper cannot see that the mode is wrong.
refuse_open_pem() {
	[ "$SERVICE_USER" != root ] || [ -z "$(find -H "$PEM" -prune -perm /037 2>/dev/null)" ] ||
		refuse "$PEM: its mode gives other users access to the private key; fix: chmod 600 $PEM"
}

add_systemd() {
	if [ ! -d "$UNITDIR" ]; then
		say "$UNITDIR is not there, so this machine has no systemd: nothing is written"
		exit
	fi
	refuse_open_pem
	say_what_check_finds
	# First look whether all may be replaced, so that all are written or none.
	for unit in $(wanted_units); do
		may_replace "$FRAGMENTS/systemd/$unit" "$(unit_file "$unit")"
	done
	leave_other_units
	for unit in $(wanted_units); do
		place "$FRAGMENTS/systemd/$unit" "$(unit_file "$unit")"
	done
	if [ -n "$LOG" ] && ! grep -q -e " -o " "$FRAGMENTS/systemd/$(wanted_units | head -n 1)"; then
		warn "these units log to the journal: their user has no account, and can write LOG= only as" \
			"/var/log/DIRECTORY/FILE; or give SERVICE_USER=name, who can write $LOG"
	fi
	warn_of_others systemd
	tell_systemd_to_start
	look_at_result
}

# leave_other_units: removes those that were not changed; with FORCE all.
leave_other_units() {
	for unit in $(other_units); do
		file=$(unit_file "$unit")
		if [ -e "$file" ] && { [ -n "$FORCE" ] || cmp -s "$FRAGMENTS/systemd/$unit" "$file"; }; then
			tell_systemd_to_stop
			take_away "$FRAGMENTS/systemd/$unit" "$file"
		fi
	done
}

remove_systemd() {
	for unit in $(wanted_units); do
		may_take_away "$FRAGMENTS/systemd/$unit" "$(unit_file "$unit")"
	done
	# Before the units are removed, or systemctl would not know what to stop.
	[ ! -e "$socket_file" ] || tell_systemd_to_stop
	for unit in $(wanted_units); do
		take_away "$FRAGMENTS/systemd/$unit" "$(unit_file "$unit")"
	done
	# systemd keeps it from one session to the next: the key of their tickets.
	if [ -n "$changed" ] && [ -z "$DRY_RUN" ] && has_systemd; then
		run=${SYSTEMD_RUN%/systemd/system}
		rm -rf "$run/private/inetls-$SERVICE" "$run/inetls-$SERVICE"
	fi
	[ -z "$changed" ] || tell_systemd_to_forget
}

# shellcheck shell=sh
# The daily renewal of the certificate: a timer where systemd is, else a file for cron.

timer_file=$UNITDIR/$SERVICE-renew.timer
renew_file=$UNITDIR/$SERVICE-renew.service
cron_file=$CRON_D/$SERVICE-renew

has_systemd() {
	[ -d "$UNITDIR" ] && command -v "$SYSTEMCTL" >/dev/null
}

add_renewal() {
	if has_systemd; then
		place "$FRAGMENTS/systemd/pgssl-renew.service" "$renew_file"
		place "$FRAGMENTS/systemd/pgssl-renew.timer" "$timer_file"
		if would "tell systemd to start $SERVICE-renew.timer"; then
			:
		elif "$SYSTEMCTL" daemon-reload 2>/dev/null && "$SYSTEMCTL" enable --now "$SERVICE-renew.timer"; then
			say "told systemd: $SERVICE-renew.timer looks once a day"
		else
			say "systemd does not run here, or not for this user.  Where it does:" \
				"systemctl daemon-reload && systemctl enable --now $SERVICE-renew.timer"
		fi
	elif [ -d "$CRON_D" ]; then
		place "$FRAGMENTS/cron/pgssl-renew" "$cron_file"
	else
		say "neither systemd nor $CRON_D is here: nothing is written.  What to run once a day:" \
			"$(grep -v '^#' "$FRAGMENTS/cron/pgssl-renew" | cut -f 3)"
		return
	fi
	[ -e "$PEM" ] || warn "warning: $PEM is not there yet: make cert"
}

remove_renewal() {
	may_take_away "$FRAGMENTS/systemd/pgssl-renew.timer" "$timer_file"
	if [ -e "$timer_file" ] && would "tell systemd to stop $SERVICE-renew.timer"; then
		:
	elif [ -e "$timer_file" ] && has_systemd && "$SYSTEMCTL" disable --now "$SERVICE-renew.timer" 2>/dev/null; then
		say "told systemd: $SERVICE-renew.timer is gone"
	fi
	take_away "$FRAGMENTS/systemd/pgssl-renew.timer" "$timer_file"
	take_away "$FRAGMENTS/systemd/pgssl-renew.service" "$renew_file"
	take_away "$FRAGMENTS/cron/pgssl-renew" "$cron_file"
	[ -z "$changed" ] || tell_systemd_to_forget
}

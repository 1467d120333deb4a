# shellcheck shell=sh
# What is done daily: the certificate's renewal, and a look whether all is in order.  Timers where systemd is, else
# files for cron.

has_systemd() {
	[ -d "$UNITDIR" ] && command -v "$SYSTEMCTL" >/dev/null
}

add_renewal() {
	if has_systemd; then
		for unit in renew.service renew.timer check.service check.timer; do
			place "$FRAGMENTS/systemd/pgssl-$unit" "$UNITDIR/$SERVICE-$unit"
		done
		set -- "$SERVICE-renew.timer" "$SERVICE-check.timer"
		if would "tell systemd to start $*"; then
			:
		elif "$SYSTEMCTL" daemon-reload 2>/dev/null && "$SYSTEMCTL" enable --now "$@"; then
			say "told systemd: $1 and $2 look once a day"
		else
			say "systemd does not run here, or not for this user.  Where it does:" \
				"systemctl daemon-reload && systemctl enable --now $*"
		fi
	elif [ -d "$CRON_D" ]; then
		for file in renew check; do
			place "$FRAGMENTS/cron/pgssl-$file" "$CRON_D/$SERVICE-$file"
		done
	else
		say "neither systemd nor $CRON_D is here: nothing is written.  What to run once a day:"
		grep -hv '^#' "$FRAGMENTS/cron/pgssl-renew" "$FRAGMENTS/cron/pgssl-check" | cut -f 3
		return
	fi
	[ -e "$PEM" ] || warn "warning: $PEM is not there yet: make cert"
}

# stop_timer NAME: while its unit is still there.
stop_timer() {
	may_take_away "$FRAGMENTS/systemd/pgssl-$1.timer" "$UNITDIR/$SERVICE-$1.timer"
	if [ ! -e "$UNITDIR/$SERVICE-$1.timer" ] || would "tell systemd to stop $SERVICE-$1.timer"; then
		:
	elif has_systemd && "$SYSTEMCTL" disable --now "$SERVICE-$1.timer" 2>/dev/null; then
		say "told systemd: $SERVICE-$1.timer is gone"
	fi
}

remove_renewal() {
	for job in renew check; do
		stop_timer "$job"
		take_away "$FRAGMENTS/systemd/pgssl-$job.timer" "$UNITDIR/$SERVICE-$job.timer"
		take_away "$FRAGMENTS/systemd/pgssl-$job.service" "$UNITDIR/$SERVICE-$job.service"
		take_away "$FRAGMENTS/cron/pgssl-$job" "$CRON_D/$SERVICE-$job"
	done
	[ -z "$changed" ] || tell_systemd_to_forget
}

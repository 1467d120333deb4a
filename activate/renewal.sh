# shellcheck shell=sh
# The daily jobs: a check and, with CA=, the renewal of the certificate.  Timers if systemd runs, else files for cron.
#
# A self-signed certificate is not renewed automatically: clients have the old one as their root, and need the new one first.

has_systemd() {
	[ -d "$SYSTEMD_RUN" ] && [ -d "$UNITDIR" ] && command -v "$SYSTEMCTL" >/dev/null
}

# refuse_wrong_ca: the job is silent until the certificate is due, so what it would then fail of is said now.
refuse_wrong_ca() {
	[ -n "$CA" ] && [ -x "$CERTGEN" ] && [ -r "$PEM" ] && [ -z "$DRY_RUN" ] || return 0
	"$CERTGEN" renew --quiet --before 1 --ca "$CA" "$PEM" </dev/null ||
		refuse "CA=$CA: this CA cannot renew $PEM, see above: nothing is written"
}

add_renewal() {
	refuse_wrong_ca
	jobs=check
	[ -z "$CA" ] || jobs='renew check'
	if has_systemd; then
		set --
		for job in $jobs; do
			place "$FRAGMENTS/systemd/pgssl-$job.service" "$UNITDIR/$SERVICE-$job.service"
			place "$FRAGMENTS/systemd/pgssl-$job.timer" "$UNITDIR/$SERVICE-$job.timer"
			set -- "$@" "$SERVICE-$job.timer"
		done
		if would "tell systemd to start $*"; then
			:
		elif "$SYSTEMCTL" daemon-reload 2>/dev/null && "$SYSTEMCTL" enable --now "$@"; then
			say "systemd runs once a day: $*"
		else
			say "systemd does not run here, or not for this user.  Where it does:" \
				"systemctl daemon-reload && systemctl enable --now $*"
		fi
	elif [ -d "$CRON_D" ]; then
		for job in $jobs; do
			place "$FRAGMENTS/cron/pgssl-$job" "$CRON_D/$SERVICE-$job"
		done
	else
		say "neither systemd nor $CRON_D is here: nothing is written.  What to run once a day:"
		for job in $jobs; do
			grep -v '^#' "$FRAGMENTS/cron/pgssl-$job" | cut -f 3
		done
	fi
	[ -n "$CA" ] || say "$PEM is checked, but not renewed automatically: clients have this self-signed certificate as their" \
		"root, and need the new one before the server has it.  With a CA: make renewal CA=DIR.  Without one, when the check warns:" \
		"renew a copy, give the clients both .crt in one file, then put the copy in place: renew in inetls-certgen(1)"
	[ -e "$PEM" ] || warn "warning: $PEM is not there yet: make cert${WHICH_PEM-}"
}

# warn_of_stale_jobs: the daily jobs have the command and the PEM of the entry, as they were when `make renewal` ran.
warn_of_stale_jobs() {
	for job in check renew; do
		for pair in "systemd/pgssl-$job.service $UNITDIR/$SERVICE-$job.service" "cron/pgssl-$job $CRON_D/$SERVICE-$job"; do
			[ ! -e "${pair#* }" ] || cmp -s "$FRAGMENTS/${pair%% *}" "${pair#* }" ||
				warn "warning: ${pair#* } was made with other settings, and still ${job}s with these: make renewal FORCE=1"
		done
	done
}

# stop_timer NAME: stops the timer, before its unit is removed.
stop_timer() {
	may_take_away "$FRAGMENTS/systemd/pgssl-$1.timer" "$UNITDIR/$SERVICE-$1.timer"
	if [ ! -e "$UNITDIR/$SERVICE-$1.timer" ] || would "tell systemd to stop $SERVICE-$1.timer"; then
		:
	elif has_systemd && "$SYSTEMCTL" disable --now "$SERVICE-$1.timer" 2>/dev/null; then
		say "told systemd to stop $SERVICE-$1.timer"
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

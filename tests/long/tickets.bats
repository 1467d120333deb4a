# Many resumptions, each in a one-shot process of its own.

load ../lib/lib
load ../lib/tickets

@test "1,000 one-shots, each a process of its own: every one is resumed" {
	make_pem "$T/pgssl.pem" localhost
	run "$ROOT/tests/lib/resume.py" --limit 900 --then 1000 -- "$WRAP" -o "$T/many.log" -p "$T/pgssl.pem" -r '{backend}' \
		--tickets "$T/tickets"
	echo "$output"
	[ "$output" = 'first=1 tickets=1 then=1000 resumed=1000 failed=0 codes=-' ]
	[ "$(grep -c 'resumed=yes' "$T/many.log")" -eq 1000 ]
}

@test "20 rounds of a master that ages under 20 processes at once: never torn, never a failure" {
	make_pem "$T/pgssl.pem" localhost
	local round
	for round in $(seq 20); do
		[ ! -e "$T/aging" ] || touch -d '2 days ago' "$T/aging"
		run "$ROOT/tests/lib/resume.py" --first 20 --then 20 --watch "$T/aging" -- "$WRAP" -o "$T/aging.log" \
			-p "$T/pgssl.pem" -r '{backend}' --tickets "$T/aging"
		echo "$round: $output"
		[[ $output == *'first=20 tickets=20 then=20 '*' failed=0 codes=-'*'torn=0' ]]
	done
}

@test "a file of yesterday is replaced by one of ten at once, and is whole at every moment" {
	local old new try
	mkdir "$T/aged"
	sessions -- --tickets "$T/aged/tickets"
	for try in 1 2 3; do
		old=$(key "$T/aged/tickets")
		touch -d '2 days ago' "$T/aged/tickets"
		sessions --first 10 --then 10 --watch "$T/aged/tickets" -- --tickets "$T/aged/tickets"
		says first=10 then=10 failed=0 torn=0 codes=-
		[[ $said != *'watched=0 '* ]]
		warned 0 tickets
		is_whole "$T/aged/tickets"
		alone "$T/aged" tickets
		new=$(key "$T/aged/tickets")
		[ "$new" != "$old" ]
		# A file that is not a day old stays.
		sessions -- --tickets "$T/aged/tickets"
		says tickets=1 then=1 resumed=1
		[ "$(key "$T/aged/tickets")" = "$new" ]
	done
}

@test "200 one-shots, each a process of its own: every one is resumed" {
	sessions --then 200 -- --tickets "$T/many"
	says first=1 then=200 resumed=200 failed=0 codes=-
	[ "$(grep -c 'resumed=yes' "$T/sessions.log")" -eq 200 ]
}

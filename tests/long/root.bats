# In an unpacked Debian with git and make and nothing else: a fresh clone, make demo, make check.

# $root is what new_root sets, $status and $output are what bats gives.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib
load ../root

# The steps are one user's, one after the other in one root.
@test "a fresh clone in a Debian with git and make alone: another user is told what to install, make demo and make check are green" {
	new_root
	run enter_root sh -euc 'cd /tmp && git clone -q /inetls.git nobody && chown -R nobody nobody && cd nobody &&
		HOME=/tmp/nobody setpriv --reuid nobody --regid nogroup --clear-groups make check'
	echo "$output"
	[ "$status" -ne 0 ]
	grep -qE '^sudo apt-get install -y --no-install-recommends gcc ' <<< "$output"
	[ -z "$(find "$root/usr/bin" -name gcc)" ]

	LIMIT=600 run enter_root sh -euc 'cd && git clone -q /inetls.git inetls && cd inetls && make demo
		[ -z "$(ls -A /run /tmp /dev/shm | grep -i inetls)" ] && git status --short'
	echo "$output"
	[ "$status" -eq 0 ]
	grep -qE '^SSL connection \(protocol: TLSv1.3|^ *SSL Protocol *\| *TLSv1.3' <<< "$output" # a table since psql 18
	[[ $output == *$'\n-- done; everything is taken down again' ]]

	# A peer that is missing counts as a failure; beside other tests a file may take longer than alone.
	LIMIT=3000 run enter_root sh -euc 'cd ~/inetls && REQUIRE=all TEST_TIMEOUT=1500 make check && git status --short'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} =~ ^([0-9]+)' passed, 0 failed'$ ]]
	[ "${BASH_REMATCH[1]}" -gt 600 ]
}

# What a connection and a round trip cost, counted, and what a held session keeps: doc/speed.md says it, with one figure
# for each Debian.

load ../lib/lib

# count: fills build/bench with what bench/compare counts of our one-shot.  Before all others where that is allowed: of a
# connection that takes a quarter of a second, the timer's signal makes valgrind 3.19 refuse a ppoll.
count() {
	local first=()
	! chrt -r 1 true 2> /dev/null || first=(chrt -r 1)
	BUILD=$BUILD timeout 1200 "${first[@]}" "$ROOT/bench/compare" --only costs --programs 'inetls one-shot'
}

# seen FILE NAME COLUMN: prints a number of a table of bench/compare.
seen() {
	awk -F '\t' -v name="$2" -v column="$3" '$1 == name { print $column }' "$BUILD/bench/$1.tsv"
}

# written NAME COLUMN: prints a number of the table "What is held" in doc/speed.md, in the row of this Debian.
written() {
	awk -F ' *[|] *' -v name="$1" -v debian="$(cut -d. -f1 /etc/debian_version)" -v column="$2" \
		'/^#/ { held = /What is held/ } held && $2 == name && $3 == debian { gsub(/,/, "", $column); print $column }' \
		"$ROOT/doc/speed.md"
}

# within_five_percent NAME: instructions, system calls and processes of a connection, or of a round trip.
within_five_percent() {
	local file=costs name=$1 pair is was
	[ "$1" != "round trip" ] || file=costs-trip name="inetls one-shot"
	for pair in "2 4" "3 5" "5 6"; do
		is=$(seen "$file" "$name" "${pair% *}")
		was=$(written "$1" "${pair#* }")
		echo "$1: counted $is, written $was"
		awk -v is="$is" -v was="$was" 'BEGIN { exit !(is != "" && was != "" && is >= was * 0.95 && is <= was * 1.05) }'
	done
}

@test "one connection, one that resumes and a round trip cost what doc/speed.md says, within 5 %" {
	need valgrind
	need_strace
	need gcc
	[ "$(uname -m)" = x86_64 ] || skip "build: the figures are of x86-64"
	"$WRAP" -V | grep -q static || skip "build: the figures are of a static build"
	count
	within_five_percent "inetls one-shot"
	within_five_percent "inetls one-shot, resumed"
	within_five_percent "round trip"
}

# no_more_memory NAME: kB of memory of a held session, all its processes, no more than written.
no_more_memory() {
	local is was
	is=$(seen memory "$1" 3)
	was=$(written "$1, held" 4)
	echo "$1: counted $is kB, written $was"
	awk -v is="$is" -v was="$was" 'BEGIN { exit !(is != "" && was != "" && is <= was * 1.05) }'
}

@test "a session that is held takes no more memory than doc/speed.md says, within 5 %" {
	need openbsd-inetd
	need gcc
	[ "$(uname -m)" = x86_64 ] || skip "build: the figures are of x86-64"
	"$WRAP" -V | grep -q static || skip "build: the figures are of a static build"
	ulimit -n "$(ulimit -Hn)"
	[ "$(ulimit -n)" -ge 4096 ] || skip "kernel: no more than $(ulimit -n) descriptors"
	BUILD=$BUILD timeout 600 "$ROOT/bench/compare" --only memory --programs inetls
	no_more_memory "inetls one-shot"
	no_more_memory "inetls wait"
}

# tests/project/pasted.txt has an entry for each line that the documents give a reader to copy, and says how to run
# it; tests/long/pasted.bats runs them.  A line without an entry fails, and so does an entry without a line.

load ../lib/lib

PLACES=$ROOT/tests/project/pasted.txt

pasted() {
	/usr/bin/python3 -B "$ROOT/tests/lib/pasted.py" "$@"
}

@test "every line to copy has its place, no place is left over, and ten at most are not pasted" {
	run pasted unplaced "$PLACES"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^not: .*	' "$PLACES")" -le 10 ]
	[ "$(pasted list | wc -l)" -gt 70 ]
}

@test "a test that a place names is there" {
	local how text seen=0
	while IFS=$'\t' read -r how text; do
		if [[ $how == 'by '* && -n $text ]]; then
			[ -s "$ROOT/tests/${how#by }" ]
			seen=$((seen + 1))
		fi
	done < <(grep -v '^#' "$PLACES")
	[ "$seen" -gt 10 ]
}

@test "bad: a line without a place, and a place without a line, are found" {
	sed '/nft add rule/s/nft add/nft insert/' "$PLACES" > "$T/places"
	run pasted unplaced "$T/places"
	[ "$status" -eq 1 ]
	[[ $output == *'no test pastes: run	nft add rule'* ]]
	[[ $output == *'in no document: nft insert rule'* ]]
}

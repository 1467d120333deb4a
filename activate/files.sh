# shellcheck shell=sh disable=SC2034
# Changing files under /etc: one line in a list that others own, or one file in a directory that others own.
#
# Every change is a new file that takes the old one's place by rename(2), with the old one's mode and owner, so
# that a super-server reads the whole old file or the whole new one.  What is there already is never written
# again, and what somebody else wrote or changed is never taken away.

# With DRY_RUN set nothing is written: what would be different is shown instead.
: "${DRY_RUN:=}"

say() {
	printf '%s\n' "$*"
}

# did WHAT...: says what was done.  In a dry run nothing was, and the difference has been shown.
did() {
	[ -n "$DRY_RUN" ] || say "$@"
}

# would WHAT...: in a dry run, says it and is true.
would() {
	[ -n "$DRY_RUN" ] || return 1
	say "would $*"
}

# show_change NAME OLD NEW: the difference as it would be in the file NAME.
show_change() {
	diff -u -L "$1" -L "$1 (would be)" "$2" "$3" || :
}

warn() {
	printf '%s\n' "$*" >&2
}

# Called with what is wrong and how to mend it: nothing has been changed.
refuse() {
	warn "$@"
	exit 1
}

tmp=
trap 'rm -f "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Sets tmp to a new file beside $1.  Its name has a dot in it: xinetd passes over such names in its directory.
new_beside() {
	if [ -n "$DRY_RUN" ]; then
		tmp=$(mktemp)
		return
	fi
	tmp=$(mktemp "$(dirname "$1")/.$(basename "$1").XXXXXX") ||
		refuse "$1: its directory cannot be written to; this needs root"
}

# has_line FILE LINE: whether the whole line is there.
has_line() {
	grep -qxF -e "$2" "$1"
}

# rewrite FILE FUNCTION ARG...: the function gets the old text as its input and prints the new one.
rewrite() {
	# A symbolic link stays one; what it points to is replaced.
	file=$(readlink -f "$1")
	shift
	new_beside "$file"
	cp -p "$file" "$tmp"
	"$@" <"$file" >"$tmp" || refuse "$file: could not be written anew; it is as it was"
	put_in_place "$file"
}

# The file that new_beside made takes the place of $1, or in a dry run is shown and goes.
put_in_place() {
	if [ -n "$DRY_RUN" ]; then
		if [ -e "$1" ]; then show_change "$1" "$1" "$tmp"; else show_change "$1" /dev/null "$tmp"; fi
		rm -f "$tmp"
	else
		mv -f "$tmp" "$1" || refuse "$1: could not be replaced; it is as it was"
	fi
	tmp=
}

# A last line without its newline stays so: whoever takes the line away again gives back every byte.  awk and
# not sed, which would add one; the line comes in the environment, where awk reads no backslashes in it.
append_line() {
	LINE=$1 awk -v whole="$(ends_in_newline && echo 1)" '
		{ printf "%s%s", between, $0; between = "\n" }
		END { printf "%s%s%s", between, ENVIRON["LINE"], whole ? "\n" : "" }'
}

drop_line() {
	LINE=$1 awk -v whole="$(ends_in_newline && echo 1)" '
		$0 == ENVIRON["LINE"] { next }
		{ printf "%s%s", between, $0; between = "\n" }
		END { printf "%s", between != "" && whole ? "\n" : "" }'
}

ends_in_newline() {
	[ -z "$(tail -c 1 "$file")" ]
}

# Whether place or take_away did anything, for those who read this file in.
changed=

# place FROM TO: puts a file where there is none.  One that says something else is somebody's work.
place() {
	if [ -e "$2" ] && cmp -s "$1" "$2"; then
		say "$2 is there already"
		return
	fi
	may_replace "$1" "$2"
	new_beside "$2"
	cat "$1" >"$tmp"
	chmod 644 "$tmp"
	put_in_place "$2"
	changed=yes
	did "$2: written"
}

may_replace() {
	if [ -e "$2" ] && ! cmp -s "$1" "$2" && [ -z "$FORCE" ]; then
		diff -u "$2" "$1" >&2 || :
		refuse "$2 is there and says something else: left as it is (FORCE=1 replaces it)"
	fi
}

# may_take_away FROM TO: only what place put there goes.
may_take_away() {
	if [ -e "$2" ] && ! cmp -s "$1" "$2" && [ -z "$FORCE" ]; then
		diff -u "$1" "$2" >&2 || :
		refuse "$2 is not what was put there: left as it is (FORCE=1 takes it away)"
	fi
}

take_away() {
	may_take_away "$1" "$2"
	if [ -e "$2" ] && [ -n "$DRY_RUN" ]; then
		show_change "$2" "$2" /dev/null
		changed=yes
	elif [ -e "$2" ]; then
		rm -f "$2" || refuse "$2: could not be taken away; this needs root"
		changed=yes
		say "$2: taken away"
	else
		say "$2 is not there"
	fi
}

# shellcheck shell=sh disable=SC2034
# Changes files under /etc: a line in a list of the system, or a file in a directory of the system.
#
# Every change is a new file that replaces the old one by rename(2), with the same mode and owner, so a super-server
# reads the whole old file or the whole new one.  A file that is right already is not written again, and what somebody
# else wrote or changed is never removed.

# With DRY_RUN set nothing is written; the differences are shown instead.
: "${DRY_RUN:=}"

say() {
	printf '%s\n' "$*"
}

# did WHAT...: says what was done.  Silent in a dry run, which has shown the difference.
did() {
	[ -n "$DRY_RUN" ] || say "$@"
}

# would WHAT...: in a dry run, says what would be done, and succeeds; else fails.
would() {
	[ -n "$DRY_RUN" ] || return 1
	say "would $*"
}

# show_change NAME OLD NEW: prints the difference between OLD and NEW, as one in the file NAME.
show_change() {
	diff -u -L "$1" -L "$1 (would be)" "$2" "$3" || :
}

warn() {
	printf '%s\n' "$*" >&2
}

# Called with what is wrong and how to fix it, before anything was changed.
refuse() {
	warn "$@"
	exit 1
}

tmp=
trap 'rm -f "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Sets tmp to a new file beside $1.  Its name contains a dot: xinetd ignores such files in its directory.
new_beside() {
	if [ -n "$DRY_RUN" ]; then
		tmp=$(mktemp)
		return
	fi
	tmp=$(mktemp "$(dirname "$1")/.$(basename "$1").XXXXXX") ||
		refuse "$1: its directory cannot be written to; this needs root"
}

# has_line FILE LINE: whether the file has exactly that line.
has_line() {
	grep -qxF -e "$2" "$1"
}

# rewrite FILE FUNCTION ARG...: the function gets the old text as its input and prints the new one.
rewrite() {
	# A symbolic link is kept; the file that it points to is replaced.
	file=$(readlink -f "$1")
	shift
	new_beside "$file"
	cp -p "$file" "$tmp"
	"$@" <"$file" >"$tmp" || refuse "$file: could not be written; it was not changed"
	put_in_place "$file"
}

# Replaces $1 by the file that new_beside made; in a dry run, shows the difference and deletes that file.
put_in_place() {
	if [ -n "$DRY_RUN" ]; then
		if [ -e "$1" ]; then show_change "$1" "$1" "$tmp"; else show_change "$1" /dev/null "$tmp"; fi
		rm -f "$tmp"
	else
		mv -f "$tmp" "$1" || refuse "$1: could not be replaced; it was not changed"
	fi
	tmp=
}

# A last line without a newline stays so: adding a line and removing it restores every byte.  awk, because sed would
# add a newline; the line is passed in the environment, because awk interprets backslashes in -v.
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

# Whether place or take_away changed anything, for the scripts that read this file.
changed=

# place FROM TO: copies a file to TO, unless somebody else's file is there.
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
		refuse "$2 exists and is different: left as it is (FORCE=1 replaces it)"
	fi
}

# may_take_away FROM TO: refuses to remove a file that is not as place wrote it.
may_take_away() {
	if [ -e "$2" ] && ! cmp -s "$1" "$2" && [ -z "$FORCE" ]; then
		diff -u "$1" "$2" >&2 || :
		refuse "$2 was changed since it was put there: left as it is (FORCE=1 removes it)"
	fi
}

take_away() {
	may_take_away "$1" "$2"
	if [ -e "$2" ] && [ -n "$DRY_RUN" ]; then
		show_change "$2" "$2" /dev/null
		changed=yes
	elif [ -e "$2" ]; then
		rm -f "$2" || refuse "$2: could not be removed; this needs root"
		changed=yes
		say "$2: removed"
	else
		say "$2 is not there"
	fi
}

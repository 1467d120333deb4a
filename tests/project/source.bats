# The source itself: both compilers without a warning, the limits on the length of files and functions, the rooms, and
# pages that mandoc accepts.

load ../lib/lib

# compiled_by COMPILER...: everything, the unit tests as well, in a directory of its own; tests/long links it, too.
compiled_by() {
	need "$1"
	mkdir -p "$T/$1/gen"
	# What writes the filters is a program that runs, and the filters are there.
	cp "$BUILD/mkfilter" "$T/$1/" && cp "$BUILD/gen/filter.h" "$T/$1/gen/"
	run timeout 300 make -C "$ROOT" -j2 CC="$*" CFLAGS='-O2 -Werror' LINK=static BUILD="$T/$1" \
		SANITIZE='' COVERAGE='' objects
	[ "$status" -eq 0 ] || {
		grep -E -A4 'error|warning|\*\*\*' <<< "$output" | tail -n 60
		return 1
	}
	[ "$(grep -c -e ' -c -o ' <<< "$output")" -gt 80 ]
}

# function_lengths FILE...: prints "LENGTH FILE:LINE" for each function, the shortest first.
function_lengths() {
	(
		cd "$ROOT" || exit
		awk '
			/^\{/ { start = FNR }
			/^\}/ && start {
				print FNR - start - 1, FILENAME ":" start
				start = 0
			}' "$@" | sort -n
	)
}

@test "gcc compiles the whole tree with -Werror" {
	compiled_by gcc
}

@test "clang compiles the whole tree with -Werror" {
	# All that it has to say it says before it generates a line.
	compiled_by clang -fsyntax-only -Wno-unused-command-line-argument
}

@test "flags of a distribution that name _FORTIFY_SOURCE compile without a warning, and are used; without them it is 3" {
	local flags object=wrap/base/deadline.o
	for flags in CPPFLAGS=-D_FORTIFY_SOURCE=2 "CFLAGS=-O2 -Wp,-D_FORTIFY_SOURCE=2"; do
		run env -u MAKEFLAGS make -C "$ROOT" BUILD="$T/build" SANITIZE='' COVERAGE='' "$flags" -B "$T/build/$object"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output != *"warning"* && $output != *"_FORTIFY_SOURCE=3"* ]]
	done
	run env -u MAKEFLAGS make -C "$ROOT" BUILD="$T/build" SANITIZE='' COVERAGE='' -B "$T/build/$object"
	[[ $output == *" -D_FORTIFY_SOURCE=3 "* ]]
}

@test "wrap/main.c is a table of contents: at most 60 lines" {
	[ "$(wc -l < "$ROOT/wrap/main.c")" -le 60 ]
}

@test "no function is longer than 50 lines, and half of them are shorter than 15" {
	function_lengths wrap/*.c wrap/*/*.c wrap/*/*/*.c certgen/*.c certgen/*/*.c common/*.c common/*/*.c > "$T/lengths"
	# The measure itself is tried first: there must be functions.
	[ "$(wc -l < "$T/lengths")" -gt 500 ]
	tail -n 1 "$T/lengths"
	[ "$(tail -n 1 "$T/lengths" | cut -d ' ' -f 1)" -le 50 ]
	sed -n "$(($(wc -l < "$T/lengths") / 2))p" "$T/lengths"
	[ "$(sed -n "$(($(wc -l < "$T/lengths") / 2))p" "$T/lengths" | cut -d ' ' -f 1)" -lt 15 ]
}

# files_over LINES: prints every file of wrap/ that is longer.
files_over() {
	(cd "$ROOT" && awk -v most="$1" 'FNR == most + 1 { print FILENAME }' wrap/*.[ch] wrap/*/*.[ch] wrap/*/*/*.[ch])
}

@test "no file of wrap/ is over 350 lines" {
	[ -n "$(files_over 0)" ]
	run files_over 350
	echo "$output"
	[ -z "$output" ]
}

@test "an #if for an operating system is nowhere" {
	run grep -nE '^#[[:space:]]*(if|ifdef|elif).*(__linux__|__FreeBSD__|__OpenBSD__|__NetBSD__|__APPLE__|_WIN32)' \
		"$ROOT"/wrap/*.[ch] "$ROOT"/wrap/*/*.[ch] "$ROOT"/certgen/*.[ch] "$ROOT"/certgen/*/*.[ch] "$ROOT"/common/*.[ch] "$ROOT"/common/*/*.[ch]
	echo "$output"
	[ -z "$output" ]
}

@test "a room includes and calls only what stands below it in doc/architecture.md, and files never in a circle" {
	local tree fault
	"$ROOT/tests/lib/rooms.py"
	# What it would find, in a copy each: an include that goes up, a circle, a header of GnuTLS, one of Linux, a new room, a
	# call that goes up, a circle of calls.
	for fault in 'base/log.h:#include "tls/tls.h"' 'key/der.h:#include "key/signer.h"' \
		'service/backend.c:#include <gnutls/gnutls.h>' 'service/backend.c:#include <sys/prctl.h>' 'cellar/wine.c:' \
		'base/socket.c:static int up(void) { return tls_init(0); }' 'key/der.c:static void *c = keyholder_serve_one;'; do
		tree=$T/tree
		rm -rf "$tree"
		mkdir "$tree"
		cp -r "$ROOT/wrap" "$ROOT/certgen" "$ROOT/doc" "$tree"
		mkdir -p "$tree/wrap/cellar"
		echo "${fault#*:}" >> "$tree/wrap/${fault%%:*}"
		run "$ROOT/tests/lib/rooms.py" "$tree"
		echo "$fault: $output"
		[ "$status" -eq 1 ]
	done
}

@test "a protocol is named in its room alone: the rest of the wrapper knows it by protocol.h" {
	run grep -rli pgsql "$ROOT/wrap"
	echo "$output"
	[ -n "$output" ]
	run grep -v /wrap/protocol/ <<< "$output"
	[ -z "$output" ]
}

@test "mandoc has nothing to say about the manual pages" {
	need mandoc
	local page
	for page in inetls-wrap.8 inetls-certgen.1 inetls.7; do
		echo "$page"
		[ -s "$ROOT/man/$page" ]
		mandoc -T lint -W warning "$ROOT/man/$page"
	done
}

@test "man shows each page in 80 columns, no text is squeezed into a column that is too narrow" {
	need nroff
	local page
	for page in "$ROOT"/man/*.[178]; do
		run nroff -mdoc -rLL=80n "$page"
		echo "$page: $(grep -c "can't break line" <<< "$output") lines"
		[[ $output != *"can't break line"* ]]
	done
}

# skips FILE...: prints what a setup_file says that could skip.
skips() {
	awk '/^setup_file\(\)/ { inside = 1 }
		/^}/ { inside = 0 }
		inside && /^[[:space:]]*(need|skip)/ { print FILENAME ":" FNR ": " $0 }' "$@"
}

@test "no setup_file skips: bats before 1.9 would call what is missing a failure" {
	printf 'setup_file() {\n\tneed psql\n}\n' > "$T/bad.bats"
	[ -n "$(skips "$T/bad.bats")" ]
	run skips "$ROOT"/tests/*/*.bats
	echo "$output"
	[ -z "$output" ]
}

@test "the filters can be made for another architecture than this machine's" {
	local arch=aarch64 mark=0xc00000b7
	[ "$(uname -m)" != aarch64 ] || { arch=x86_64 mark=0xc000003e; }
	"$BUILD/mkfilter" "$arch" > "$T/filter.h"
	[ "$(grep -c '^static const struct sock_filter ' "$T/filter.h")" -eq "$(grep -c '^static const struct sock_filter ' "$BUILD/gen/filter.h")" ]
	grep -q "$mark" "$T/filter.h"
	[ "$(grep -c "$mark" "$BUILD/gen/filter.h")" -eq 0 ]
	run "$BUILD/mkfilter" vax
	[ "$status" -eq 1 ]
	[ "$output" = 'mkfilter: vax: libseccomp knows no such architecture' ]
}

@test "bad: a full disk while a filter is written fails there, and not in the compiler" {
	run sh -c '"$0" > /dev/full' "$BUILD/mkfilter"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == 'mkfilter: '*'No space left on device' ]]
}

@test "the program that makes the filters takes this machine's libseccomp, whatever is built for" {
	printf '#!/bin/sh\necho vax-linux-gnu\n' > "$T/vax-cc"
	printf '#!/bin/sh\necho -I/of/vax\n' > "$T/vax-pkg-config"
	chmod 755 "$T/vax-cc" "$T/vax-pkg-config"
	run env -u MAKEFLAGS make -n -C "$ROOT" BUILD="$T/vax" CC="$T/vax-cc" PKG_CONFIG="$T/vax-pkg-config" "$T/vax/mkfilter"
	echo "$output"
	[[ $output == *"/mkfilter.c "* ]]
	[[ $output != *" -I/of/vax"* ]]
}

@test "an archive that goes into a static build has everything built again when it changes, whatever its date" {
	[[ $("$WRAP" -V) == *'(static)'* ]] || skip "build: a shared one has none inside"
	local name archive object=$T/build/common/failure.o
	mkdir "$T/lib"
	one() {
		make -s -C "$ROOT" BUILD="$T/build" CC="cc -B$T/lib/" SANITIZE='' COVERAGE='' "$object"
		stat -c %i,%Z "$object"
	}
	for name in gnutls hogweed nettle gmp tasn1 idn2 unistring c; do
		cp -p "$(cc -print-file-name="lib$name.a")" "$T/lib"
	done
	one > "$T/first"
	one > "$T/again"
	cmp "$T/first" "$T/again"
	for name in gnutls hogweed nettle gmp tasn1 idn2 unistring c; do
		archive=$T/lib/lib$name.a
		cp -p "$archive" "$T/date"
		printf x | dd of="$archive" bs=1 seek=1000 conv=notrunc status=none
		touch -r "$T/date" "$archive"
		sleep 1.1
		one > "$T/again"
		! cmp -s "$T/first" "$T/again" || { echo "lib$name.a is not looked at"; return 1; }
		cp "$T/again" "$T/first"
	done
}

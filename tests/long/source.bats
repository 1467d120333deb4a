# gcc and clang compile and link the whole tree.

load ../lib/lib

# compile_with COMPILER [OPTION...]: everything, the unit tests as well, in a directory of its own.
compile_with() {
	need "$1"
	rm -rf "${T:?}/$1"
	run timeout 300 make -C "$ROOT" -j2 CC="$1" CFLAGS="${*:2} -g -Werror" LDFLAGS="${*:2}" BUILD="$T/$1" \
		SANITIZE='' COVERAGE='' all unit
	[ "$status" -eq 0 ] || {
		grep -E -A4 'error|warning|\*\*\*' <<< "$output" | tail -n 60
		return 1
	}
	[ -x "$T/$1/inetls-wrap" ]
	[ -x "$T/$1/inetls-certgen" ]
}

@test "gcc compiles and links the whole tree with -Werror" {
	compile_with gcc -O2
}

@test "clang compiles and links the whole tree with -Werror" {
	compile_with clang -O2
}

@test "gcc has no warning either with what distributions give it: -O3, -Os, optimisation when it links" {
	compile_with gcc -O3
	compile_with gcc -Os
	compile_with gcc -O2 -flto=auto
}

# Alpine's C library.  Nothing is linked: GnuTLS and its like are glibc's here, and only their headers are taken.
@test "the source keeps to what musl has" {
	local musl dir file
	musl=$(echo /usr/include/*-linux-musl)
	dir=/usr/include/$(gcc -print-multiarch)
	[ -e "$musl/stdio.h" ] || { [ "${REQUIRE:-}" != all ] && skip "musl-dev is not installed"; }
	mkdir "$T/musl"
	ln -s /usr/include/{linux,asm-generic,gnutls,nettle,cmocka.h,seccomp.h} "$dir"/{asm,gmp.h,seccomp-syscalls.h} "$T/musl/"
	[ ! -e /usr/include/seccomp-syscalls.h ] || ln -sf /usr/include/seccomp-syscalls.h "$T/musl/"
	cd "$ROOT"
	for file in wrap/*.c wrap/*/*.c wrap/*/*/*.c certgen/*.c certgen/*/*.c common/[!lopx]*.c common/parse.c tests/unit/*/*.c; do
		gcc -nostdinc -isystem "$musl" -isystem "$(gcc -print-file-name=include)" -isystem "$T/musl" -std=c11 -D_GNU_SOURCE \
			-Wall -Wextra -Werror -DINETLS_VERSION='""' -DINETLS_LINK='"shared"' -DINETLS_RELEASED='""' \
			-Iwrap -Icertgen -Icommon -I"$BUILD/gen" -fsyntax-only "$file"
	done
}

@test "make lint has nothing to say" {
	local tool
	# Each version of these tools formats otherwise and warns of more.
	[ "$(cut -d. -f1 /etc/debian_version)" = 12 ] || skip "version: the source is kept to the tools of Debian 12"
	for tool in clang-format clang-tidy cppcheck shellcheck mandoc codespell; do
		need "$tool"
	done
	[ -s "$BUILD/gen/filter.h" ]
	BUILD=$BUILD "$ROOT/tests/lint"
}

@test "bad: a fault in a copy of the tree is found by each tool of lint, and by no silence" {
	local copy=$T/tree
	mkdir -p "$copy/build/gen"
	(cd "$ROOT" && cp -a .clang-format .clang-tidy wrap certgen common man tests contrib activate "$copy/")
	cp "$BUILD/gen/filter.h" "$copy/build/gen/"
	printf 'int  bad( int *p );\nint bad(int *p) { int a[2] = { 0 }; a[2] = 1; if (p == 0) return *p; return a[0]; }\n' > "$copy/common/bad.c"
	rm -f "$copy"/wrap/[a-s]*.c "$copy"/certgen/[!t]*.c
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nset -eu\nrm -rf $1 \164eh\n[ $a == b ]\n' > "$copy/activate/bad"
	printf '.Dd today\n.Sh NAME\n.Bd\n' > "$copy/man/bad.1"
	local tool
	for tool in clang_format cppcheck shellcheck mandoc codespell clang_tidy; do
		need "${tool/_/-}"
		run env BUILD=build LINT="$tool" "$copy/tests/lint"
		echo "$tool: $output"
		[ "$status" -ne 0 ]
		[[ $output == *bad* ]]
	done
	# Of the tests alone as well.
	mv "$copy/activate/bad" "$copy/tests/bad"
	run env BUILD=build LINT=shellcheck "$copy/tests/lint"
	[ "$status" -ne 0 ]
}

# The whole tree, compiled and linked by both compilers.

load ../lib

# compile_with COMPILER: everything, the unit tests as well, in a directory of its own.
compile_with() {
	need "$1"
	run timeout 300 make -C "$ROOT" -j2 CC="$1" CFLAGS='-O2 -g -Werror' BUILD="$T/$1" all unit
	[ "$status" -eq 0 ] || {
		grep -E -A4 'error|warning|\*\*\*' <<< "$output" | tail -n 60
		return 1
	}
	[ -x "$T/$1/inetls-wrap" ]
	[ -x "$T/$1/inetls-certgen" ]
}

@test "gcc compiles and links the whole tree with -Werror" {
	compile_with gcc
}

@test "clang compiles and links the whole tree with -Werror" {
	compile_with clang
}

# How a static program starts: as glibc has it, but for the questions to the processor (common/static/start.c).

load lib

# start_is_ours: whether this build is linked static, with the glibc that our start was written for.
start_is_ours() {
	local sum
	sum=$(ar p "$(gcc -print-file-name=libc.a)" libc-start.o | sha256sum)
	grep -qF '(static)' <("$WRAP" -V) && grep -qF "${sum%% *}" "$ROOT/GNUmakefile"
}

# questions PROGRAM: how many instructions it has that ask the processor.
questions() {
	objdump -d --no-show-raw-insn "$1" | grep -c '[[:blank:]]cpuid' || true
}

@test "a static program starts and ends as it does by glibc's own start" {
	start_is_ours || return 0
	local flags=(-std=gnu11 -D_GNU_SOURCE -O2 -fPIE -fstack-protector-strong -static-pie '-Wl,-z,relro' '-Wl,-z,now') of
	gcc "${flags[@]}" -o "$T/theirs" "$ROOT/tests/startup.c"
	gcc "${flags[@]}" '-Wl,--wrap=memcpy' -o "$T/ours" "$ROOT/tests/startup.c" "$BUILD"/common/static/{start,copy}.o
	for of in theirs ours; do
		run bash -c 'cd "$1" && STARTUP=there exec -a name "./$2" last' sh "$T" "$of"
		echo "$output"
		[ "$status" -eq 3 ]
		echo "$output" > "$T/$of.txt"
	done
	cmp "$T/theirs.txt" "$T/ours.txt"
	[ "$(cat "$T/ours.txt")" = "constructor 1: 2 last 1
2 name (null)
environment there
page $(getconf PAGESIZE), errno 0, thread 7
canary 1, pointers 1
relocated, 1 segment to protect
strings 1
numbers 3.000, clock 0
atexit 2
destructor 3" ]
}

@test "a static program asks the processor nothing at its start, where glibc's own does" {
	start_is_ours || return 0
	gcc -O1 -fPIE -static-pie -o "$T/theirs" -xc - <<< 'int main(void) { return 0; }'
	gcc -O1 -fPIE -static-pie -o "$T/ours" -xc - -xnone "$BUILD/common/static/start.o" <<< 'int main(void) { return 0; }'
	[ "$(questions "$T/theirs")" -gt 20 ]
	[ "$(questions "$T/ours")" -eq 0 ]
	# And it is the programs' own.
	! nm "$BUILD/inetls-wrap" | grep -q ' [Tt] intel_check_word'
}

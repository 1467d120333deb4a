# inetls-certgen is stopped at each of its questions, by the end of the input and by Ctrl-C.

# $status and $output are bats's.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup_file() {
	lib_begin
	make_ca "$T/ca"
	(cd "$T" && certgen server --quiet --ca ca server.pem db.example.org localhost 127.0.0.1)
}

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

@test "bad-prompt: the end of the input and Ctrl-C at each question write nothing, and the terminal is put right" {
	need python3
	local n command end pids=() before
	before=$(sha256sum < "$T/ca/index")
	stopped() {
		local command=$1 n=$2 end=$3 answers=()
		case $command in
		ca) answers=("example.org" Org City State GB 100 "pass phrase" "pass phrase" y) ;;
		server) answers=("db.example.org" Org City State GB 30 y) ;;
		client) answers=(Org City State GB 30 y) ;;
		esac
		[ "$n" -lt "${#answers[@]}" ] || return 0
		local dir=$command.$n.$end keys=()
		mkdir "$dir"
		[ "$end" = eof ] || keys=($'\003')
		local words=(--ca "$T/ca" "$dir/x.pem" db.example.org)
		[ "$command" != ca ] || words=("$dir/ca")
		[ "$command" != client ] || words=(--ca "$T/ca" --libpq "$dir/lp" alice)
		local status=0
		typed "${answers[@]:0:n}" "${keys[@]}" -- "$command" "${words[@]}" > "$dir.said" 2>&1 || status=$?
		[ "$status" -ne 0 ] && [ -z "$(ls -A "$dir")" ] || { echo "$dir: $status"; cat "$dir.said"; return 1; }
		[ "$end" != eof ] || [ "$status" -eq 65 ]
	}
	for command in ca server client; do
		for n in 0 1 2 3 4 5 6 7 8; do
			for end in eof int; do
				stopped "$command" "$n" "$end" 3>&- &
				pids+=($!)
			done
		done
		for n in "${pids[@]}"; do
			wait "$n"
		done
		pids=()
	done
	[ "$(sha256sum < "$T/ca/index")" = "$before" ]
}

# make dist: the archive is the same, bit for bit, whoever makes it and when.

bats_require_minimum_version 1.5.0
load ../lib/lib

setup_file() {
	lib_begin
	# What this run was given is not for the trees that are built here.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES SOURCE_DATE_EPOCH SANITIZE LINK COVERAGE
}

# gpg leaves an agent for each directory of keys.
teardown() {
	local keys
	for keys in "$T/signer" "$T/reader"; do
		[ ! -d "$keys" ] || GNUPGHOME=$keys gpgconf --kill all
	done
	lib_after
}

# archive_of DIRECTORY NAME: made there, as $T/NAME.
archive_of() {
	(cd "$1" && sh tests/dist/archive inetls-test "$T/$2")
}

@test "dist: another umask, time zone, time of the files and settings of git make no difference, nor does an archive of the archive" {
	archive_of "$ROOT" one.tar.gz
	(umask 077 && export TZ=Asia/Tokyo && archive_of "$ROOT" two.tar.gz)
	cmp "$T/one.tar.gz" "$T/two.tar.gz"
	tar -xzf "$T/one.tar.gz" -C "$T"
	mkdir "$T/inetls-test/build" "$T/inetls-test/build-address"
	touch "$T/inetls-test/build/object" "$T/inetls-test/README.md"
	archive_of "$T/inetls-test" three.tar.gz
	cmp "$T/one.tar.gz" "$T/three.tar.gz"
	# Whose git turns the ends of lines has the same file.
	echo '* text eol=crlf' > "$T/attributes"
	(export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=core.autocrlf GIT_CONFIG_VALUE_0=true \
		GIT_CONFIG_KEY_1=core.attributesFile GIT_CONFIG_VALUE_1="$T/attributes" && archive_of "$ROOT" git.tar.gz)
	cmp "$T/one.tar.gz" "$T/git.tar.gz"
	(export SOURCE_DATE_EPOCH=1000000000 && archive_of "$ROOT" four.tar.gz)
	run ! cmp -s "$T/one.tar.gz" "$T/four.tar.gz"
}

@test "dist: an archive of a tree that may only be read, built elsewhere or under another name, is the same" {
	archive_of "$ROOT" first.tar.gz
	mkdir "$T/given" "$T/tmp"
	tar -xzf "$T/first.tar.gz" -C "$T/given"
	chmod -R a-w "$T/given"
	chmod 777 "$T/tmp"
	(cd "$T/given/inetls-test" && as_nobody env TMPDIR="$T/tmp" sh tests/dist/archive inetls-test "$T/tmp/elsewhere.tar.gz")
	cmp "$T/first.tar.gz" "$T/tmp/elsewhere.tar.gz"
	chmod -R u+w "$T/given"
	mkdir "$T/given/inetls-test/out"
	touch "$T/given/inetls-test/out/object"
	(cd "$T/given/inetls-test" && sh tests/dist/archive inetls-test out/second.tar.gz)
	cmp "$T/first.tar.gz" "$T/given/inetls-test/out/second.tar.gz"
	[ "$(ls "$T/tmp")" = elsewhere.tar.gz ]
}

@test "dist: below a directory with a blank in its name it is built and archived, and the tests say that they cannot run" {
	archive_of "$ROOT" plain.tar.gz
	mkdir "$T/a directory"
	tar -xzf "$T/plain.tar.gz" -C "$T/a directory"
	cd "$T/a directory/inetls-test"
	env -u BUILD make -s build/common/parse.o
	[ -s build/common/parse.o ]
	sh tests/dist/archive inetls-test build/again.tar.gz
	cmp "$T/plain.tar.gz" build/again.tar.gz
	run env -u BUILD make -s check
	[ "$status" -ne 0 ]
	[[ $output == *"a path with a blank in it"*"move this tree"* ]]
	run make -s BUILD="$PWD/build" all
	[ "$status" -ne 0 ]
	[[ $output == *"make cannot handle a path with a blank in it; name another directory"* ]]
}

@test "dist: has every file that git has, root's and no newer than the commit, and can be built from" {
	archive_of "$ROOT" list.tar.gz
	if [ -e "$ROOT/.git" ]; then
		diff <(git -C "$ROOT" ls-tree -r --name-only HEAD | sort) \
			<(tar -tzf "$T/list.tar.gz" | grep -v '/$' | sed 's|^inetls-test/||' | sort)
	fi
	run ! grep -vE '^[d-]rw[x-]r-[x-]r-[x-] 0/0 ' <(tar --numeric-owner -tvzf "$T/list.tar.gz")
	mkdir "$T/unpacked"
	tar -xzf "$T/list.tar.gz" -C "$T/unpacked"
	[ "$(env -u BUILD make -s -n -C "$T/unpacked/inetls-test" CC=cc all | grep -c '^cc ')" -gt 50 ]
}

@test "dist: make dist writes the sum beside the archive, as sha256sum -c wants it" {
	make -s -C "$ROOT" BUILD="$T/sum" dist
	cd "$T/sum"
	[ "$(ls)" = "$(printf '%s\n' inetls-*.tar.gz inetls-*.tar.gz.sha256)" ]
	sha256sum -c inetls-*.tar.gz.sha256
	echo >> inetls-*.tar.gz
	run ! sha256sum -c --quiet inetls-*.tar.gz.sha256
}

# block N: the Nth sh block of doc/release.md, for version 9.9 of a clone in $T/main.
block() {
	awk -v n="$1" '/^ *```sh$/ { at++; next } /^ *```$/ { if (at == n) exit } at == n' "$ROOT/doc/release.md" |
		sed "s|URL|$T/main|; s|1\\.0|9.9|g"
}

@test "dist: a release is tagged, signed and checked by the lines of doc/release.md, with a key that was made for this" {
	need gpg
	[ -e "$ROOT/.git" ] || skip "kernel: no repository, only its files"
	unset BUILD # the page's lines build in the clone
	export GNUPGHOME=$T/signer
	mkdir -m 700 "$T/signer" "$T/reader"
	gpg -q --batch --passphrase '' --quick-gen-key 'Releases <releases@example.org>' ed25519 sign 1d
	export GIT_CONFIG_GLOBAL=$T/gitconfig
	git config --global safe.directory '*'
	git config --global user.name Releases
	git config --global user.email releases@example.org
	git clone -q "$ROOT" "$T/main"
	cd "$T/main"
	sed -i 's/^VERSION = .*/VERSION = 9.9/' GNUmakefile
	git commit -qam "Release 9.9"
	eval "$(block 2)"
	cd "$T"
	eval "$(block 3)"
	mkdir "$T/published"
	cp "$T"/inetls-9.9/build/*.tar.gz* "$T/inetls-releases.asc" "$T/published"
	cd "$T/published"
	export GNUPGHOME=$T/reader
	run bash -ec "$(block 4)"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"inetls-9.9.tar.gz: OK"*'Good signature from "Releases <releases@example.org>"'* ]]
}

# The programs on arm64: linked statically here, against Debian's archives for arm64; then QEMU boots a machine with
# Debian's kernel and OpenSSL, in which they serve real peers, confined as usual.  Two to five minutes on two
# processors.
#
#	SUITE=trixie	which Debian it is (default: 13)
#
# The test has its own apt to fetch packages: nothing is installed, and no architecture is added to this machine.

# bats and lib.bash set output and status.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/debian

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	have aarch64-linux-gnu-gcc && have qemu-system-aarch64 && have cpio || return 0
	mkdir -p "$T/apt/lists/partial" "$T/apt/archives/partial" "$T/target" "$T/kernel"
	(fetch_packages) > "$T/apt.log" 2>&1 || { echo "$suite's packages for arm64 cannot be had" > "$T/lacking"; return 0; }
	unpack_packages
	write_tools
	build > "$T/make.log" 2>&1 || { tail -n 40 "$T/make.log"; return 1; }
	pack
	boot
}

setup() {
	lib_before
	need aarch64-linux-gnu-gcc
	need qemu-system-aarch64
	need cpio
	[ -e "$T/lacking" ] || return 0
	cat "$T/apt.log"
	[ "${REQUIRE:-}" != all ] || return 1
	skip "$(cat "$T/lacking")"
}

suite=${SUITE:-trixie}
libraries=usr/lib/aarch64-linux-gnu

fetch_packages() {
	local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg
	mirror=$(debian_sources | awk -v codename="$(debian_here)" '$3 == codename { print $2; exit }')
	echo "deb [signed-by=$keys] ${mirror:-http://deb.debian.org/debian} $suite main" > "$T/apt/sources.list"
	: > "$T/apt/status"
	{
		apt-config dump | grep -E '^Acquire::(http|https|Check-)' || :
		cat <<-END
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		APT::Sandbox::User "root";
		APT::Install-Recommends "false";
		Acquire::Languages "none";
		Dir::State "$T/apt";
		Dir::State::status "$T/apt/status";
		Dir::Cache "$T/apt";
		Dir::Etc::sourcelist "$T/apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::parts "/dev/null";
		Dir::Etc::main "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		END
	} > "$T/apt/apt.conf"
	export APT_CONFIG=$T/apt/apt.conf
	timeout 120 apt-get -q update --error-on=any || return
	timeout 300 apt-get -q -y --download-only install libc6-dev libgnutls28-dev libunistring-dev nettle-dev libseccomp-dev \
		busybox-static openssl openbsd-inetd || return
	# The meta package's only dependency, without what would install it.
	cd "$T/apt/archives" || return
	timeout 300 apt-get -q download "$(apt-cache depends linux-image-arm64 | sed -n 's/^ *Depends: //p')"
}

unpack_packages() {
	local file
	# Where Debian's base-files have them; packages of 12 still name the old places.
	mkdir -p "$T/target/usr/lib" "$T/target/usr/bin" "$T/target/usr/sbin"
	ln -s usr/lib usr/bin usr/sbin "$T/target"
	for file in "$T"/apt/archives/*.deb; do
		case ${file##*/} in
		linux-image-*) dpkg-deb --fsys-tarfile "$file" | tar -x -C "$T/kernel" --wildcards './boot/vmlinuz-*' ;;
		*perl*) ;;
		*) dpkg-deb --fsys-tarfile "$file" | tar -x -C "$T/target" --keep-directory-symlink ;;
		esac
		rm "$file"
	done
}

# The compiler has a C library of its own beside it; the target's is taken.
write_tools() {
	local target=$T/target
	printf '#!/bin/sh\nexec aarch64-linux-gnu-gcc %s "$@"\n' \
		"--sysroot=$target -B$target/$libraries/ -isystem $target/usr/include -isystem $target/usr/include/aarch64-linux-gnu" \
		> "$T/bin/arm64-gcc"
	printf '#!/bin/sh\nPKG_CONFIG_SYSROOT_DIR=%s PKG_CONFIG_LIBDIR=%s exec pkg-config "$@"\n' \
		"$target" "$target/$libraries/pkgconfig:$target/usr/share/pkgconfig" > "$T/bin/arm64-pkg-config"
	chmod 755 "$T/bin"/arm64-*
}

make_for_arm64() {
	timeout 600 make -s -C "$ROOT" -j2 CC="$T/bin/arm64-gcc" PKG_CONFIG="$T/bin/arm64-pkg-config" CFLAGS='-O2 -g -Werror' \
		SANITIZE='' COVERAGE='' "$@"
}

build() {
	make_for_arm64 BUILD="$T/build" all &&
		make_for_arm64 BUILD="$T/build-hook" CPPFLAGS=-DINETLS_HOOK "$T/build-hook/inetls-wrap" &&
		make_for_arm64 BUILD="$T/native" CC_FOR_BUILD="$T/bin/arm64-gcc" "$T/native/mkfilter"
}

# pack: what the machine has instead of a disk.
pack() {
	local machine=$T/machine
	mkdir -p "$machine/bin" "$machine/sbin" "$machine/etc" "$machine/usr/bin" "$machine/$libraries"
	ln -s usr/lib "$machine/lib"
	cp "$T/target/usr/bin/busybox" "$machine/bin"
	cp "$T/target/usr/bin/openssl" "$T/target/usr/sbin/inetd" "$machine/usr/bin"
	cp -P "$T"/target/usr/lib/ld-linux-aarch64.so.* "$machine/usr/lib"
	cp -P "$T/target/$libraries"/*.so.* "$machine/$libraries"
	cp "$T"/build/inetls-{wrap,certgen} "$T/native/mkfilter" "$machine/sbin"
	cp "$T/build-hook/inetls-wrap" "$machine/sbin/inetls-hooked"
	install -m 755 "$ROOT/tests/lib/arm64-init" "$machine/init"
	printf '%s\n' root:x:0:0::/:/bin/sh inetls:x:900:900::/:/bin/false > "$machine/etc/passwd"
	printf '%s\n' root:x:0: inetls:x:900: > "$machine/etc/group"
	echo 127.0.0.1 localhost > "$machine/etc/hosts"
	echo echo 7/tcp > "$machine/etc/services"
	(cd "$machine" && find . | cpio -o -H newc --quiet -R 0:0) > "$T/initrd"
}

boot() {
	timeout 600 qemu-system-aarch64 -M virt -cpu "${CPU:-cortex-a72}" -smp 2 -m 1024 -nic none -display none -monitor none \
		-serial stdio -no-reboot -kernel "$T"/kernel/boot/vmlinuz-* -initrd "$T/initrd" \
		-append 'console=ttyAMA0 quiet loglevel=1 audit=1' < /dev/null 2>&1 | tr -d '\r' > "$T/machine.log" || :
}

# said PATTERN: what the machine has said of that, compared with what comes in; of equal lines the first.
said() {
	diff - <(grep -E "$1" "$T/machine.log" | uniq)
}

@test "a build for arm64 is static, without a warning, and notes where the target has its libraries" {
	sed 's/^/# /' "$T/machine.log" >&3
	readelf -h "$T/build/inetls-wrap" | grep -q 'Machine: *AArch64'
	[ -z "$(readelf -d "$T/build/inetls-wrap" "$T/build/inetls-certgen" | grep NEEDED)" ]
	[ ! -s "$T/make.log" ]
	grep -F "\"/$libraries/libgnutls.so." "$T/build/gen/linked.h"
	[ "$(grep -c "\"$T" "$T/build/gen/linked.h")" -eq 0 ]
}

@test "on arm64 both programs run, and --check finds all walls" {
	said '^(kernel|certgen|mkfilter|check)' <<-END
	kernel: aarch64
	certgen: exit 0
	certgen: pgssl.crt: OK
	mkfilter: the same here as for aarch64
	check: ok      user: a session becomes inetls (uid 900, gid 900)
	check: ok      sandbox: seccomp, Landlock (ABI $(abi))
	END
	grep -qE '^inetls-wrap .* \(static\)$' "$T/machine.log"
	grep -qE '^end: after [0-9]+ s$' "$T/machine.log"
}

# abi: of the machine's kernel.
abi() {
	sed -n 's/^check: ok  *sandbox: seccomp, Landlock (ABI \([0-9]*\))$/\1/p' "$T/machine.log"
}

@test "on arm64 a listener, a one-shot, a program and a client talk with OpenSSL, and the kernel kills none" {
	local walls='another user no new privileges 1 seccomp 2' talks='tls=1.3 cipher=AES-128-GCM group=X25519'
	# The listener and what starts a program hear nothing of a peer, and have no filter.
	said '^(-|one-shot|not all|left|killed too early)' <<-END
	-d: $walls
	-d: root no new privileges 0 seccomp 0
	-d: answered hello
	-d: result=ok $talks
	-d: exit 0
	one-shot: $walls
	one-shot: answered hello
	one-shot: result=ok $talks
	one-shot, TLS 1.2: $walls
	one-shot, TLS 1.2: answered hello
	one-shot, TLS 1.2: result=ok ${talks/1.3/1.2}
	-l: another user no new privileges 0 seccomp 0
	-l: $walls
	-l: answered hello
	-l: result=ok $talks
	-c: $walls
	-c: answered olleh
	-c: result=ok $talks
	-c --known-hosts: $walls
	-c --known-hosts: answered olleh
	-c --known-hosts: result=ok $talks
	-c --known-hosts, again: $walls
	-c --known-hosts, again: answered olleh
	-c --known-hosts, again: result=ok $talks
	END
	# The session, its keyholder, and who wait for the next.
	[ "$(grep -c "^-d: $walls" "$T/machine.log")" -ge 3 ]
}

@test "on arm64 what a peer would try that has taken a session over is refused as elsewhere" {
	local connect='hook connect: exit 0, answered hello, hook connect: Permission denied;result=ok;'
	# Landlock knows ports since its ABI 4, which the kernel of Debian 12 does not have.
	[ "$(abi)" -ge 4 ] || connect=$(grep '^hook connect: ' "$T/machine.log")
	said '^(hook|killed by)' <<-END
	hook none: exit 0, answered hello, result=ok;
	hook open: exit 0, answered hello, hook open: Operation not permitted;result=ok;
	hook create: exit 0, answered hello, hook create: Operation not permitted;result=ok;
	hook socket: exit 0, answered hello, hook socket: Operation not permitted;result=ok;
	hook setrlimit: exit 0, answered hello, hook setrlimit: Operation not permitted;result=ok;
	$connect
	$(printf 'hook %s: exit 159, answered nothing, no line\n' execve fork mmap mprotect connect-peer bind fastopen ptrace \
		kill kill-keyholder setuid chroot tiocsti)
	hook compute: exit 0, answered nothing, result=handshake "a library was still computing for the handshake after --handshake-timeout (5000 ms)";
	killed by the kernel: 13
	END
}

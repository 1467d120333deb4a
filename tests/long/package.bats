# The Debian package: it builds, lintian finds nothing, and its own test passes where it is installed.

# $status and $output are what bats gives.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
}

# build_package: once for all tests, of the last commit.
build_package() {
	need dpkg-buildpackage
	need dh
	[ ! -e "$T/source.tar.gz" ] || return 0
	(cd "$ROOT" && sh tests/dist/archive inetls "$T/source.tar.gz")
	mkdir "$T/package"
	tar -xzf "$T/source.tar.gz" -C "$T/package"
	# What bats and this test have set is not for the package's makefile.  A build daemon has 1024 descriptors.
	(cd "$T/package/inetls" && ulimit -Sn 1024 && env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C.UTF-8 \
		timeout 900 dpkg-buildpackage -us -uc) > "$T/build.log" 2>&1
}

@test "package: builds without a warning of the compiler, linked shared, and lintian has nothing to say" {
	need lintian
	build_package
	run ! grep -E ': warning: ' "$T/build.log"
	# The lintian of Debian 12 does not know today's policy; both take "iif" of ip-rule(8) for a typing error; and where there
	# is no systemd, /etc/rc.local does the work of inetls-transparent.service.
	run lintian --no-cfg --allow-root -I --pedantic --fail-on error,warning,info,pedantic \
		--suppress-tags newer-standards-version,typo-in-manual-page,spelling-error-in-binary,package-supports-alternative-init-but-no-init.d-script "$T"/package/*.changes
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	dpkg-deb -x "$T"/package/inetls_*.deb "$T/tree"
	[[ $("$T/tree/usr/sbin/inetls-wrap" -V) == *"(shared)" ]]
	[ -f "$T/tree/usr/lib/sysusers.d/inetls.conf" ]
	[ -f "$T/tree/usr/lib/systemd/system/pgssl.socket" ]
	# Nothing that only the makefile could do is left in what the package ships.
	run ! grep -rnE '@[a-z_]+@|/usr/local|`make |build/fragments' "$T/tree/usr/lib/systemd" \
		"$T/tree/usr/share/doc/inetls/examples"
	run ! zgrep /usr/local "$T"/tree/usr/share/man/man*/*
}

@test "package: its version and the makefile's are one" {
	[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$ROOT/debian/changelog")" = "$(sed -n 's/^VERSION = //p' "$ROOT/GNUmakefile")" ]
}

# Runs in private mounts, on a root that lies over this machine's and whose changes are in memory.
write_machine() {
	cat > "$T/machine" <<-'END'
	#!/bin/bash
	set -eu
	world=$T/world
	root=$world/root
	mkdir "$world"
	mount -t tmpfs -o size=1g,mode=755 world "$world"
	mkdir "$world/upper" "$world/work" "$root"
	mount -t overlay -o "lowerdir=/,upperdir=$world/upper,workdir=$world/work" overlay "$root" || exit 77
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/run"
	mount --bind /dev "$root/dev"
	# A cluster of this machine would be started here, too.
	rm -rf "$root"/etc/postgresql/* "$root"/var/lib/postgresql/*
	mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
	mkdir -p "$root/run/postgresql" "$root/package"
	chown postgres "$root/run/postgresql"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
	printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	cp "$T"/package/inetls_*.deb "$ROOT/debian/tests/inetd-postgresql" "$ROOT/debian/tests/token" \
		"$root/package"
	export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
	chroot "$root" sh -c 'apt-get -q install -y --no-install-recommends openbsd-inetd update-inetd ||
		{ apt-get -q update && apt-get -q install -y --no-install-recommends openbsd-inetd update-inetd; }' || exit 78
	exec unshare -n chroot "$root" sh -c '
		set -e
		enabled() { find /etc/systemd/system -name "pgssl*" -o -name "inetls*"; }
		ip link set lo up
		pg_createcluster "$(ls /usr/lib/postgresql | tail -n 1)" main -p 5432
		cp -p /etc/inetd.conf /package/before
		dpkg -i /package/inetls_*.deb
		/package/inetd-postgresql || echo "the test failed"
		/package/token || echo "the test of a key in a token failed"
		pg_ctlcluster "$(ls /usr/lib/postgresql | tail -n 1)" main stop -m fast || :
		systemctl enable pgssl.socket pgssl-renew.timer pgssl-check.timer inetls-transparent.service
		dpkg -i /package/inetls_*.deb
		echo "enabled after an upgrade: $(enabled | wc -l)"
		dpkg -r inetls
		grep "^#<off># 9000" /etc/inetd.conf
		dpkg -P inetls
		echo "units left: $(enabled)"
		cmp /package/before /etc/inetd.conf && echo "inetd.conf: as it was"
		[ ! -e /run/inetd.pid ] || kill "$(cat /run/inetd.pid)"'
	END
	chmod 755 "$T/machine"
}

@test "package: installed beside openbsd-inetd and PostgreSQL, its test passes, and purged it leaves inetd.conf as it was" {
	need_root
	need_namespaces
	need postgresql
	need psql
	need softhsm2-util
	need pkcs11-tool
	build_package
	write_machine
	export ROOT
	run timeout -k 5 300 unshare -mp --fork --kill-child --propagation private "$T/machine"
	echo "$output"
	[ "$status" -ne 77 ] || skip "kernel: no overlay of this machine's root"
	[ "$status" -ne 78 ] || skip "network: the package openbsd-inetd cannot be had"
	[ "$status" -eq 0 ]
	[[ $output == *"psql through inetd and TLS to PostgreSQL "*": 42"* ]]
	[[ $output != *"the test failed"* ]]
	[[ $output == *"one connection with the key in a token: hello"* ]]
	[[ $output == *"enabled after an upgrade: 4"* ]]
	[[ $output == *$'units left: \n'* ]]
	[[ $output == *"inetd.conf: as it was"* ]]
}

@test "package: a removal stops each unit that can be enabled" {
	build_package
	dpkg-deb -e "$T"/package/inetls_*.deb "$T/control"
	run grep -ho 'deb-systemd-invoke stop .*' "$T/control/prerm"
	echo "$output"
	[ "$status" -eq 0 ]
	for unit in $(cd "$T/package/inetls/debian/inetls/usr/lib/systemd/system" && grep -l '^\[Install\]' -- * | grep -v @); do
		[[ $output == *" $unit "* ]]
	done
}

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
	mkdir "$T/a package"
	ln -s "a package" "$T/package"
	tar -xzf "$T/source.tar.gz" -C "$T/package"
	local locale=(LC_ALL=C.UTF-8)
	if have tr_TR; then
		mkdir "$T/locales"
		localedef -i tr_TR -f UTF-8 "$T/locales/tr_TR.UTF-8"
		locale=(LOCPATH="$T/locales" LC_ALL=tr_TR.UTF-8)
	fi
	# What bats and this test have set is not for the package's makefile.  A build daemon has 1024 descriptors.
	(cd "$T/package/inetls" && ulimit -Sn 1024 && env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ \
		"${locale[@]}" timeout 900 dpkg-buildpackage -us -uc) > "$T/build.log" 2>&1
}

@test "package: builds without a warning of the compiler, linked shared, and lintian has nothing to say" {
	need lintian
	build_package
	run ! grep -E ': warning: ' "$T/build.log"
	# The lintian of Debian 12 does not know today's policy; and where there is no systemd, /etc/rc.local does the work of
	# inetls-transparent.service, which that of Debian 13 does not ask.
	local tags=newer-standards-version one=package-supports-alternative-init-but-no-init.d-script
	! lintian-explain-tags "$one" > /dev/null 2>&1 || tags+=,$one
	run lintian --no-cfg --allow-root -I --pedantic --fail-on error,warning,info,pedantic --suppress-tags "$tags" \
		"$T"/package/*.changes
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
	# What the administrator adds is below /usr/local, what the package has is not; and what its pages name is in it.
	run ! zgrep -E '/usr/local/(etc|s?bin/inetls-(wrap|certgen))|contrib/' "$T"/tree/usr/share/doc/inetls/*.gz \
		"$T"/tree/usr/share/doc/inetls/*.md "$T"/tree/usr/share/doc/inetls/examples/*/*
	[ -f "$T/tree/usr/share/doc/inetls/examples/acme/deploy" ]
}

@test "package: all that is compiled has the flags of Debian's hardening" {
	need blhc
	build_package
	run blhc --all "$T/build.log"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "package: its version and the makefile's are one" {
	[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$ROOT/debian/changelog")" = "$(sed -n 's/^VERSION = //p' "$ROOT/GNUmakefile")" ]
}

@test "package: a distribution makes its own of the archive, as doc/packaging.md says" {
	need dpkg-source
	mkdir "$T/distribution"
	cd "$T/distribution"
	(cd "$ROOT" && sh tests/dist/archive inetls-1.0 "$T/distribution/inetls_1.0.orig.tar.gz")
	tar -xzf inetls_1.0.orig.tar.gz
	echo '3.0 (quilt)' > inetls-1.0/debian/source/format
	sed -i '1s/(.*)/(1.0-1)/' inetls-1.0/debian/changelog
	run dpkg-source -b inetls-1.0
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *warning* ]]
	[ -f inetls_1.0-1.debian.tar.xz ]
	dpkg-source --no-check -x inetls_1.0-1.dsc unpacked
	cmp inetls-1.0/debian/rules unpacked/debian/rules
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
		rm /etc/inetls/pgssl.*
		inetls-certgen --batch --days 10 /etc/inetls/pgssl.pem localhost
		cp -p /etc/inetls/pgssl.pem /package/self-signed
		for unit in /usr/lib/systemd/system/*-renew.service; do sh -c "$(sed -n "s/^ExecStart=//p" "$unit")" || :; done
		cmp /package/self-signed /etc/inetls/pgssl.pem && echo "self-signed: not renewed"
		rm /etc/inetls/pgssl.*
		grep ^9000 /etc/inetd.conf | sed s/^9000/9432/ > /package/other
		cat /package/other >> /etc/inetd.conf
		mkdir -p /var/lib/inetls /var/lib/private/inetls-client
		ln -s private/inetls-client /var/lib/inetls-client
		touch /var/lib/inetls/known_hosts /var/lib/inetls-client/known_hosts
		systemctl enable pgssl.socket pgssl-renew.timer pgssl-check.timer inetls-transparent.service \
			pgssl-client@db.example.org.service
		dpkg -i /package/inetls_*.deb
		echo "enabled after an upgrade: $(enabled | wc -l)"
		dpkg -r inetls
		grep "^#<off># 9000" /etc/inetd.conf
		grep "^#<off># 9432" /etc/inetd.conf && sed -i "/^#<off># 9432/d" /etc/inetd.conf || echo "another port: still on"
		dpkg -P inetls
		echo "units left: $(enabled)"
		echo "state left: $(find /var/lib -name "inetls*" ! -path "*/dpkg/*" ! -path "*/apt/*")"
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
	[[ $output == *"enabled after an upgrade: 5"* ]]
	[[ $output == *"self-signed: not renewed"* ]]
	[[ $output != *"another port: still on"* ]]
	[[ $output == *$'units left: \n'* ]]
	[[ $output == *$'state left: \n'* ]]
	[[ $output == *"inetd.conf: as it was"* ]]
}

@test "package: a removal stops each unit that can be enabled" {
	build_package
	dpkg-deb -e "$T"/package/inetls_*.deb "$T/control"
	run sed -n '/deb-systemd-invoke stop/,/|| :/p' "$T/control/prerm"
	echo "$output"
	[ "$status" -eq 0 ]
	for unit in $(cd "$T/package/inetls/debian/inetls/usr/lib/systemd/system" && grep -l '^\[Install\]' -- * ); do
		[[ $output == *[\ \']"${unit/@/@\*}"[\ \']* ]]
	done
}

# The Debian package, built for arm64 as a build daemon does it: with what debian/control says and nothing else.

# $status and $output are what bats gives.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/root

@test "package: built for arm64 in a Debian that has only its build dependencies" {
	need_root
	need_namespaces
	need debootstrap
	new_root
	LIMIT=400 run enter_root sh -euc '
		export DEBIAN_FRONTEND=noninteractive
		dpkg --add-architecture arm64
		git clone -q /inetls.git /tmp/inetls
		cd /tmp/inetls
		{ apt-get -q update && apt-get -q install -y --no-install-recommends build-essential crossbuild-essential-arm64 &&
			apt-get -q build-dep -y --no-install-recommends -a arm64 -P cross ./; } > /tmp/apt.log 2>&1 ||
			{ tail -n 5 /tmp/apt.log; ! grep -q "^E: Failed to fetch" /tmp/apt.log || exit 77; exit 1; }
		dpkg-buildpackage -us -uc -b -aarm64 -Pcross > /tmp/build.log 2>&1 || { tail -n 20 /tmp/build.log; exit 1; }
		dpkg-deb -f /tmp/inetls_*_arm64.deb Architecture Depends
		dpkg-deb -x /tmp/inetls_*_arm64.deb /tmp/tree
		aarch64-linux-gnu-readelf -h /tmp/tree/usr/sbin/inetls-wrap | grep Machine'
	echo "$output"
	[ "$status" -ne 77 ] || skip "network: $output"
	[ "$status" -eq 0 ]
	[[ $output == *"Architecture: arm64"*"libgnutls"*"Machine:"*AArch64* ]]
}

# A Debian of its own for a test, unpacked by debootstrap below $T with git and make and nothing else; loaded after lib.
#
#	new_root			in $root, with this repository's last commit as /inetls.git
#	enter_root [-n] COMMAND...	as root of it, with mounts, processes and with -n also a network of its own
#
# The mirror is that which this machine's own apt has, and nothing on this machine is changed.

# Here for what loads this, with ROOT from lib; sh expands what stands in single quotes.
# shellcheck disable=SC2016,SC2034,SC2153

setup_file() {
	# It is large, and a /tmp in memory forbids device files.
	export TMPDIR=${TMPDIR:-/var/tmp}
	lib_begin
}

# sources: Debian's own, of those that apt has here, as sources.list has them.
sources() {
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		sort -u
}

# new_root: every root of a file is a copy of the first.
new_root() {
	need_root
	need_namespaces
	need debootstrap
	git -c safe.directory='*' -C "$ROOT" rev-parse -q --verify HEAD > /dev/null || skip "kernel: no repository, only its files"
	[ -d "$T/base" ] || unpack_base
	root=$T/$BATS_TEST_NUMBER
	cp -a "$T/base" "$root"
}

unpack_base() {
	local codename mirror
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	mirror=$(sources | awk -v codename="$codename" '$3 == codename { print $2; exit }')
	[ -n "$mirror" ] || skip "network: apt has no Debian mirror here, or no lists of it: apt-get update"
	if ! debootstrap --variant=minbase --include=git,make "$codename" "$T/base.new" "$mirror" > "$T/debootstrap.said" 2>&1; then
		! grep -q '^E: .*\(getting\|download\|[Rr]etriev\)' "$T/debootstrap.said" || skip "network: the Debian mirror cannot be reached"
		tail -n 30 "$T/debootstrap.said"
		return 1
	fi
	sources > "$T/base.new/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::(http|https|Check-)' > "$T/base.new/etc/apt/apt.conf.d/90mirror" || :
	# No service of a package may take a port while this machine's network is still there.
	printf '#!/bin/sh\nexit 101\n' > "$T/base.new/usr/sbin/policy-rc.d"
	chmod 755 "$T/base.new/usr/sbin/policy-rc.d"
	git -c safe.directory='*' clone -q --bare --no-hardlinks "$ROOT" "$T/base.new/inetls.git"
	mv "$T/base.new" "$T/base"
}

# enter_root: its limit in seconds is $LIMIT.
enter_root() {
	local network=()
	if [ "$1" = -n ]; then
		network=(-n)
		shift
	fi
	timeout -k 5 "${LIMIT:-300}" unshare -mpu "${network[@]}" --fork --kill-child --propagation private sh -euc '
		root=$1
		shift
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount -t tmpfs -o mode=755 run "$root/run"
		mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
		mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
		exec chroot "$root" env -i HOME=/root TERM=dumb \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$root" "$@" < /dev/null
}

# A separate Debian for a test, unpacked by debootstrap, with git and make and nothing else.
#
#	debian_unpack DIR [SUITE]		into DIR, with this repository's last commit as /inetls.git
#	debian_enter [-n] DIR COMMAND...	as root of it, with mounts, processes and with -n also a network of its own
#
# It uses the mirror of this machine's apt, and changes nothing on this machine.  ROOT is the repository.

# sh expands what stands in single quotes.
# shellcheck disable=SC2016

# debian_sources: prints those of apt's sources that are Debian's, as lines of sources.list.
debian_sources() {
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		sort -u
}

debian_here() {
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

# debian_unpack: returns 77 if the mirror cannot be reached, and says so.
debian_unpack() {
	local dir=$1 here suite mirror script=
	here=$(debian_here)
	suite=${2:-$here}
	mirror=$(debian_sources | awk -v codename="$here" '$3 == codename { print $2; exit }')
	[ -n "$mirror" ] || { echo "apt has no Debian mirror here, or no lists of it: apt-get update"; return 77; }
	# Unpack a suite that is newer than this debootstrap in the same way as sid.
	[ -e "/usr/share/debootstrap/scripts/$suite" ] || script=/usr/share/debootstrap/scripts/sid
	rm -rf --one-file-system "$dir.new"
	if ! debootstrap --variant=minbase --include=git,make "$suite" "$dir.new" "$mirror" ${script:+"$script"} \
		> "$dir.said" 2>&1; then
		tail -n 30 "$dir.said"
		! grep -q '^E: .*\(getting\|download\|[Rr]etriev\)' "$dir.said" ||
			{ echo "the Debian mirror cannot be reached"; return 77; }
		return 1
	fi
	rm -f "$dir.said"
	debian_sources | sed "s/ $here/ $suite/" > "$dir.new/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::(http|https|Check-)' > "$dir.new/etc/apt/apt.conf.d/90mirror" || :
	# A package's service must not start here, since it would take a port of this machine.
	printf '#!/bin/sh\nexit 101\n' > "$dir.new/usr/sbin/policy-rc.d"
	chmod 755 "$dir.new/usr/sbin/policy-rc.d"
	debian_commit "$dir.new"
	mv "$dir.new" "$dir"
}

# debian_commit DIR: copies today's last commit into an existing root.
debian_commit() {
	rm -rf "$1/inetls.git"
	git -c safe.directory='*' clone -q --bare --no-hardlinks "$ROOT" "$1/inetls.git"
}

# debian_enter: its limit in seconds is $LIMIT.  The root is made a mount point, because no namespace can be made inside
# a root that is not one.  Process 1 of a chroot does not notice that it is in one: without $container, procps would set
# this machine's sysctls.
debian_enter() {
	local network=()
	if [ "$1" = -n ]; then
		network=(-n)
		shift
	fi
	timeout --foreground -k 5 "${LIMIT:-300}" unshare -mpu "${network[@]}" --fork --kill-child --propagation private sh -euc '
		root=$1
		shift
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount -t tmpfs -o mode=755 run "$root/run"
		mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
		mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
		exec chroot "$root" env -i HOME=/root TERM=dumb container=chroot \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$@" < /dev/null
}

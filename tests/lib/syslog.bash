# A /dev of a test's own, whose log is a daemon of ours (tests/lib/syslog.py); loaded after lib.

# make_private_dev: sets $in_private_dev, which runs a command with a /dev of its own, whose log is our daemon's.
make_private_dev() {
	local device
	need_root
	need_namespaces
	mkdir -p "$T/dev"
	for device in null zero urandom random; do
		[ -e "$T/dev/$device" ] || cp -a "/dev/$device" "$T/dev/$device"
	done
	rm -f "$T/dev/log"
	start syslog "$ROOT/tests/lib/syslog.py" "$T/dev/log"
	syslog=$pid
	wait_for 10 test -S "$T/dev/log"
	in_private_dev=(unshare -m --propagation private
		sh -c 'dev=$1 && shift && mount --bind "$dev" /dev && exec "$@"' sh "$T/dev")
}

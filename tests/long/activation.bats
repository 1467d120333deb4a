# The slow tests of tests/activate/activation.bats.

# $pid is set by start; what sh gets in single quotes is for it to expand.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/activation

@test "xinetd: the same with an unprivileged user, told by the command instead of the pid file" {
	need_no_sanitizer "it takes more addresses than the entry's rlimit_as allows"
	make_world xinetd
	start_xinetd
	chown nobody "$prefix/etc/inetls/pgssl.pem"
	life xinetd SERVICE_USER=nobody XINETD_PIDFILE=/run/none RELOAD_XINETD="kill -HUP $pid"
}

@test "openbsd-inetd: the same with an unprivileged user, and a last line that has no newline" {
	make_world openbsd-inetd
	start_inetd openbsd-inetd -i /etc/inetd.conf
	printf '# the end' >> "$etc/inetd.conf"
	chown nobody "$prefix/etc/inetls/pgssl.pem"
	life inetd SERVICE_USER=nobody
}

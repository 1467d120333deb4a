# A locale whose alphabet is another one makes no difference: in Turkish [a-z] has no i, q, w and x for some programs.

# $output is what bats gives.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib

setup_file() {
	lib_begin
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	have tr_TR || return 0
	mkdir "$T/locales"
	localedef -i tr_TR -f UTF-8 "$T/locales/tr_TR.UTF-8"
}

setup() {
	lib_before
	need tr_TR "there is no Turkish locale: the package locales"
	cd "$ROOT" || return
}

turkish() {
	LOCPATH=$T/locales LC_ALL=tr_TR.UTF-8 "$@"
}

@test "language: the same objects are linked in the same order, so that the programs are the same, bit for bit" {
	for target in inetls-wrap inetls-certgen libwrap.a libcertgen.a; do
		cmp <(make -n BUILD="$T/none" LINK=shared "$T/none/$target") \
			<(turkish make -n BUILD="$T/none" LINK=shared "$T/none/$target")
	done
}

@test "language: make help lists the same, and the same variables are known" {
	diff <(LC_ALL=C make help) <(turkish make help)
	run turkish make -s DRY_RUN=1 ETC="$T/etc" XINETD_D="$T/xinetd.d" INETD_CONF="$T/inetd.conf" BUILD="$T/fragments" services
	[[ $output != *"no such variable"* ]]
}

@test "language: the shell completes the same options" {
	complete_options() {
		# shellcheck disable=SC2016 # the inner shell expands it
		env PATH="$BUILD:$PATH" "$@" bash -c '. contrib/completion/inetls-wrap
			COMP_WORDS=(inetls-wrap --) COMP_CWORD=1
			_inetls_wrap inetls-wrap
			printf "%s\n" "${COMPREPLY[@]}"'
	}
	diff <(complete_options LC_ALL=C) <(complete_options LOCPATH="$T/locales" LC_ALL=tr_TR.UTF-8)
	[ "$(complete_options LC_ALL=C | wc -l)" -gt 20 ]
}

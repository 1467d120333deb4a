# root runs our programs in a directory of another user, who may replace any name by a link at any moment: root's
# files are not given to that user, written to or read.

# shellcheck disable=SC2154

load ../lib/lib

setup() {
	lib_before
	need_root "only root has something to give away"
	need python3
	mkdir "$T/theirs"
	chown nobody "$T/theirs"
	echo root > "$T/victim"
	chmod 600 "$T/victim"
}

teardown() {
	local status=0
	# The attacker ends first: it makes files as long as it lives.
	lib_after || status=1
	rm -rf "$T/theirs"
	return "$status"
}

# attack: as the directory's owner, whatever regular file appears there becomes a link to root's file; for ten seconds.
attack() {
	cat > "$T/attack.py" <<-'END'
		import os, sys, time
		os.chdir(sys.argv[1])
		print("ready", flush=True)
		end = time.monotonic() + 10
		while time.monotonic() < end:
		    for name in os.listdir("."):
		        try:
		            if not os.path.islink(name):
		                os.symlink(sys.argv[2], ".link")
		                os.rename(".link", name)
		        except OSError:
		            pass
	END
	start attack setpriv --reuid nobody --regid nogroup --clear-groups /usr/bin/python3 "$T/attack.py" "$T/theirs" "$T/victim"
	sleep 0.5
}

victim_is_unharmed() {
	[ "$(stat -c '%U %a' "$T/victim")" = 'root 600' ]
	[ "$(cat "$T/victim")" = root ]
}

@test "bad: make cert for another user, in that user's directory, gives no file of root's away" {
	attack
	for _ in 1 2 3 4 5 6; do
		(cd "$ROOT" && PEM=$T/theirs/pgssl.pem OWNER=nobody NAMES=localhost CA='' FORCE=1 CERTGEN=$CERTGEN \
			sh activate/certificate make) > "$T/certgen.log" 2>&1 || :
		rm -f "$T/theirs/pgssl.pem" "$T/theirs/pgssl.crt"
		victim_is_unharmed
	done
}

@test "bad: the hook of certbot and lego writes no file of root's in the PEM's directory of another user" {
	make_pem "$T/pgssl.pem" localhost
	attack
	for _ in 1 2 3 4 5 6; do
		PEM=$T/theirs/pgssl.pem PATH=$T/bin:$PATH sh "$ROOT/contrib/acme/deploy" "$T/pgssl.pem" "$T/pgssl.crt" > "$T/deploy.log" 2>&1 || :
		rm -f "$T/theirs/"*
		victim_is_unharmed
	done
}

@test "bad: the hook refuses a directory that everybody may write in" {
	make_pem "$T/pgssl.pem" localhost
	chmod 777 "$T/theirs"
	PEM=$T/theirs/pgssl.pem PATH=$T/bin:$PATH run sh "$ROOT/contrib/acme/deploy" "$T/pgssl.pem" "$T/pgssl.crt"
	[ "$status" -eq 77 ]
	[[ $output == *'others can write there; fix: chmod go-w '* ]]
	[ ! -e "$T/theirs/pgssl.pem" ]
}

@test "the hook and make cert serve a directory of another user, whose the PEM is then" {
	make_pem "$T/pgssl.pem" localhost
	PEM=$T/theirs/a.pem PATH=$T/bin:$PATH sh "$ROOT/contrib/acme/deploy" "$T/pgssl.pem" "$T/pgssl.crt"
	(cd "$ROOT" && PEM=$T/theirs/b.pem OWNER=nobody NAMES=localhost CA='' FORCE='' CERTGEN=$CERTGEN sh activate/certificate make)
	for pem in a b; do
		[ "$(stat -c '%U %a' "$T/theirs/$pem.pem")" = 'nobody 600' ]
		"$CERTGEN" check "$T/theirs/$pem.pem"
	done
}

@test "bad: --owner of nobody known, or by somebody who is not root, is a wrong command line" {
	run "$CERTGEN" --owner no-such-user "$T/theirs/x.pem" localhost
	[ "$status" -eq 64 ]
	[[ $output == *'--owner: there is no user no-such-user'* ]]
	run as_nobody "$CERTGEN" --owner root "$T/theirs/x.pem" localhost
	[ "$status" -eq 64 ]
	[[ $output == *'--owner: only root can give a file away'* ]]
	[ ! -e "$T/theirs/x.pem" ]
}

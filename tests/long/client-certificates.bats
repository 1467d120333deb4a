# The slow tests of tests/wrap/client-certificates.bats.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client
load ../lib/client-certificates

@test "-v 3, TLS 1.2: as -v 2, and another key of the same CA and name is refused" {
	{
		echo "$none_refused_12"
		refusals
		echo "same-name|alert:bad_certificate|peer's key is not pinned: its pin is $(pin_of "$T/same-name.pem")"
		echo 'right|served|client="CN=dba" client_sha256='
	} | cells 3 1.2
}

@test "-v 1, TLS 1.2: a client without one is served, each wrong one is refused" {
	{ echo '-|served|client=-'; refusals; echo 'right|served|client="CN=dba" client_sha256='; } | cells 1 1.2
}

@test "-v 0, TLS 1.2: everybody is served" {
	everybody | cells 0 1.2
}

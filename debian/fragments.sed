# In a package, what the fragments say about make does not apply.
s|(`make systemd SERVICE_USER=\.\.\.`)|(User=, and DynamicUser=no)|
s|The line that `make inetd` adds to /etc/inetd.conf (this text stays here)|The line for /etc/inetd.conf|
s|  `make [a-z]*\( ACCEPT=no\)*` put this file here.*||
/^# `make [a-z]*` put this file/d
s|  `make transparent`$||
/^# put this file here and `make uninstall-transparent`/d
/^# `make uninstall-renewal` removes it/d
/^# unless it was changed/d
/^#	cp build/d
s|build/fragments/init/pgssl|/usr/share/doc/inetls/examples/init|
s|`make systemd` does the same with|pgssl.socket does the same with|

# Where the package has what `make install` puts below /usr/local.
s|/usr/local/etc/inetls|/etc/inetls|g
s|/usr/local/\(s*bin/inetls-\(wrap\|certgen\)\)|/usr/\1|g
s|`contrib/acme/deploy` in the sources|`/usr/share/doc/inetls/examples/acme/deploy`|
s|`contrib/acme/deploy`|`/usr/share/doc/inetls/examples/acme/deploy`|
s|PEM=FILE names another one than `make cert` would\.|PEM=FILE names another one than /etc/inetls/pgssl.pem.|
/A hook may have no \/usr\/local in its PATH/d
/^PATH=$PATH:\/usr\/local\/bin$/d

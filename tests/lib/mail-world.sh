#!/bin/sh
# A machine with Exim, Dovecot and INN in namespaces of its own: mail-world.sh DIR TREE PEM
# Run by `unshare -unm`.  TREE is what tests/deps has unpacked; DIR/etc becomes /etc.  The configuration is made here, and
# `touch DIR/ready` says that it is; who enters the namespaces starts the servers.
#
#	127.0.0.1	the servers without TLS
#	127.0.0.4	the same, and here they demand STARTTLS
#	alice:secret	a mailbox; real.example is the domain
#	port 1143	IMAP that expects the PROXY header
set -eu

dir=$1 tree=$2 pem=$3 id=60000
mount --make-rprivate /
ip link set lo up
mount -t overlay overlay -o "lowerdir=$tree/usr:/usr" /usr
cp -a /etc "$dir/etc"
rm -rf "$dir/etc/news"
cp -a "$tree/etc/news" "$dir/etc"
mount --bind "$dir/etc" /etc
hostname news.real.example
printf '%s\n' '127.0.0.1 localhost real.example news.real.example' '127.0.0.2 mail.example.org' > /etc/hosts
for user in Debian-exim dovecot dovenull news; do
	id=$((id + 1))
	grep -q "^$user:" /etc/passwd || echo "$user:x:$id:$id::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
	grep -q "^$user:" /etc/group || echo "$user:x:$id:" >> /etc/group
done
for place in /run /var/log /var/lib /var/spool; do
	mount -t tmpfs -o mode=755 tmpfs "$place"
done
mkdir -p /run/inetls /var/spool/mail/alice /var/spool/exim /var/log/exim
chown Debian-exim:Debian-exim /var/spool/exim /var/log/exim
chown -R news:news /var/spool/mail

# -- Exim: no user is local but alice, and whoever comes from 127.0.0.1 may send to anybody ----------------------
mkdir -p /etc/exim4
cat > /etc/exim4/exim4.conf <<END
primary_hostname = real.example
domainlist local_domains = real.example
hostlist relay_from_hosts = 127.0.0.1
daemon_smtp_ports = 25
local_interfaces = 127.0.0.1 : 127.0.0.4
spool_directory = /var/spool/exim
log_file_path = /var/log/exim/%s.log
keep_environment =
never_users =
tls_advertise_hosts = \${if eq{\$received_ip_address}{127.0.0.4}{*}}
tls_certificate = $pem
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
begin acl
mail:
	deny	message = STARTTLS first
		condition = \${if eq{\$received_ip_address}{127.0.0.4}}
		!encrypted = *
	accept
rcpt:
	accept	hosts = +relay_from_hosts
	accept	domains = +local_domains
	deny	message = relay not permitted
begin routers
alice:
	driver = accept
	domains = +local_domains
	transport = maildir
begin transports
maildir:
	driver = appendfile
	directory = /var/spool/mail/alice
	maildir_format
	user = news
	group = news
END
install -m 640 -g Debian-exim "$pem" /etc/exim4/exim.pem
sed -i 's,^tls_certificate.*,tls_certificate = /etc/exim4/exim.pem,' /etc/exim4/exim4.conf

# -- Dovecot: two instances, since its rules for plain text go by address ---------------------------------------
echo 'alice:{PLAIN}secret' > /etc/dovecot-users
chmod 644 /etc/dovecot-users
dovecot_common() {
	cat <<-END
	protocols = imap pop3
	listen = $1
	base_dir = /run/dovecot-$1
	log_path = $dir/dovecot-$1.log
	auth_mechanisms = plain login
	first_valid_uid = 1
	haproxy_trusted_networks = 127.0.0.1
	service imap-login {
	  inet_listener imaps {
	    port = 0
	  }
	  inet_listener imap-proxied {
	    port = 1143
	    haproxy = yes
	  }
	}
	service pop3-login {
	  inet_listener pop3s {
	    port = 0
	  }
	}
	END
}
dovecot_2_3() {
	dovecot_common "$1"
	cat <<-END
	ssl = $2
	disable_plaintext_auth = yes
	ssl_cert = <$pem
	ssl_key = <$pem
	mail_location = maildir:/var/spool/mail/%u
	passdb {
	  driver = passwd-file
	  args = /etc/dovecot-users
	}
	userdb {
	  driver = static
	  args = uid=news gid=news home=/var/spool/mail/%u
	}
	END
}
dovecot_2_4() {
	printf 'dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n'
	dovecot_common "$1"
	cat <<-END
	ssl = $2
	auth_allow_cleartext = no
	ssl_server_cert_file = $pem
	ssl_server_key_file = $pem
	mail_driver = maildir
	mail_path = /var/spool/mail/%{user}
	passdb passwd-file {
	  passwd_file_path = /etc/dovecot-users
	}
	userdb static {
	  fields {
	    uid = news
	    gid = news
	    home = /var/spool/mail/%{user}
	  }
	}
	END
}
case $(dovecot --version) in
2.3*) form=dovecot_2_3 ;;
*) form=dovecot_2_4 ;;
esac
"$form" 127.0.0.1 no > /etc/dovecot-plain.conf
"$form" 127.0.0.4 required > /etc/dovecot-tls.conf

# -- INN: innd with its readers, and nnrpd alone, which has STARTTLS ---------------------------------------------
cp -a "$tree/var/lib/news" /var/lib
mkdir -p /run/news /var/log/news/OLD /var/spool/news
for part in articles overview incoming/tmp incoming/bad outgoing archive innfeed; do
	mkdir -p "/var/spool/news/$part"
done
sed -i 's/^pathhost:.*/pathhost: real.example/; s/^nnrpdloadlimit:.*/nnrpdloadlimit: 0/; s/^doinnwatch:.*/doinnwatch: false/' \
	/etc/news/inn.conf
install -m 640 -g news "$pem" /etc/news/news.pem
printf 'bindaddress: 127.0.0.1\ntlscertfile: /etc/news/news.pem\ntlskeyfile: /etc/news/news.pem\n' >> /etc/news/inn.conf
cp /usr/lib/news/examples/active /usr/lib/news/examples/newsgroups /var/lib/news
echo 'misc.test 0000000000 0000000001 y' >> /var/lib/news/active
: > /var/lib/news/active.times
touch /var/spool/news/tradspool.map
chown -R news:news /var/lib/news /var/spool/news /run/news /var/log/news
setpriv --reuid news --regid news --clear-groups sh -ec 'cd /var/lib/news; PATH=/usr/lib/news/bin:$PATH
	makehistory; makedbz -i -o -s 1000'

touch "$dir/ready"
exec sleep 900

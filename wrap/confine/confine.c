/*
 * The door.  The order matters: chroot needs root and a path, the groups must go while we may still
 * change them, then the user; the filter is last, since it forbids all of this.
 */

#include "confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "nameservice.h"

#define DEFAULT_USER "inetls"
/*
 * Users of keyholders: one for each process, from the range that nobody hands out (systemd's
 * "Users, Groups, UIDs and GIDs on systemd Systems": above its containers' ranges).
 */
#define KEYHOLDER_UID 1879048192u
#define KEYHOLDER_UIDS (1u << 24)
#define KEYHOLDER_UID_SMALL 65533u /* in a container that maps no more than 65536 */
/* ppoll fails where more descriptors are polled than may be open */
#define POLLED_MAX 8

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "filter.h"
#include "confine/filter_marks.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
no_new_privileges(struct failure *why)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return failure_set(why, EX_OSERR, "prctl: %s", strerror(errno));
	return 0;
}

/* A sanitizer makes system calls of its own, at any time. */
#ifdef INETLS_NO_FILTER
#define FILTERED false
#else
#define FILTERED true
#endif

static int
load_filter(struct sock_filter *program, size_t n, struct failure *why)
{
	struct sock_fprog filter = { .len = (unsigned short)n, .filter = program };

	if (!FILTERED || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0)
		return 0;
	return failure_set(
	    why, EX_OSERR, "seccomp: %s; a kernel without it needs --no-sandbox", strerror(errno));
}

static int
filter_session(const struct sandbox_door *d, struct failure *why)
{
	struct sock_filter program[COUNT(record_filter) + COUNT(waiting_filter)];
	const struct sock_filter *kind = session_filter;
	size_t n = COUNT(session_filter);

	if (d->keeps_record) {
		kind = record_filter;
		n = COUNT(record_filter);
	} else if (d->accepts) {
		kind = waiting_filter;
		n = COUNT(waiting_filter);
	}
	memcpy(program, kind, n * sizeof(program[0]));
	for (size_t i = 0; i < n; i++) {
		uint32_t place = program[i].k - FILTER_BACKEND_MARK;

		/* A place that is not used gets a number that no descriptor has. */
		if (program[i].k >= FILTER_BACKEND_MARK && place < FILTER_BACKENDS)
			program[i].k = (int)place < d->n ? (uint32_t)d->connectable[place] :
							   UINT32_MAX;
	}
	return load_filter(program, n, why);
}

static int
filter_keyholder(struct failure *why)
{
	struct sock_filter program[COUNT(keyholder_filter)];

	memcpy(program, keyholder_filter, sizeof(keyholder_filter));
	return load_filter(program, COUNT(program), why);
}

/*
 * Landlock (Documentation/userspace-api/landlock.rst), by its numbers, since the headers may be
 * older than the kernel.  Each version of its ABI adds to what can be forbidden.
 */
#define LANDLOCK_CREATE 444
#define LANDLOCK_ADD 445
#define LANDLOCK_RESTRICT 446
#define LANDLOCK_ASK_VERSION 1u
#define LANDLOCK_NET_PORT 2
#define LANDLOCK_NET_BIND 1u
#define LANDLOCK_NET_CONNECT 2u
#define LANDLOCK_SCOPE_ALL 3u /* abstract Unix sockets, signals */

struct landlock_ruleset {
	uint64_t fs, net, scoped;
};

struct landlock_port {
	uint64_t allowed, port;
};

static long
landlock_version(void)
{
	return syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_ASK_VERSION);
}

/* Every way of touching a file that this version knows. */
static uint64_t
landlock_fs(long version)
{
	return version >= 5 ? 0xffff : version >= 3 ? 0x7fff : version == 2 ? 0x3fff : 0x1fff;
}

static int
allow_ports(int rules, const struct sandbox_door *d)
{
	for (int i = 0; i < d->n; i++) {
		struct landlock_port port = { LANDLOCK_NET_CONNECT, d->ports[i] };
		bool again = i > 0 && d->ports[i] == d->ports[i - 1];

		if (port.port != 0 && !again &&
		    syscall(LANDLOCK_ADD, rules, LANDLOCK_NET_PORT, &port, 0) == -1)
			return -1;
	}
	return 0;
}

static int
lock_land(const struct sandbox_door *d, struct failure *why)
{
	long version = landlock_version();
	struct landlock_ruleset all = { landlock_fs(version),
		LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT, LANDLOCK_SCOPE_ALL };
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	int rules, r;

	if (version < 1)
		return 0; /* not in this kernel, or switched off: the other walls stand */
	if ((rules = (int)syscall(LANDLOCK_CREATE, &all, size, 0)) == -1)
		return failure_set(why, EX_OSERR, "landlock: %s", strerror(errno));
	r = version >= 4 ? allow_ports(rules, d) : 0;
	if (r == 0)
		r = (int)syscall(LANDLOCK_RESTRICT, rules, 0);
	if (r == -1)
		failure_set(why, EX_OSERR, "landlock: %s", strerror(errno));
	(void)close(rules);
	return r;
}

void
sandbox_keep_orphans(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

const char *
sandbox_features(void)
{
	static char text[64];
	long version = landlock_version();

	(void)snprintf(text, sizeof(text),
	    version < 1 ? "%s, no Landlock" : "%s, Landlock (ABI %ld)",
	    FILTERED ? "seccomp" : "no seccomp in a sanitizer build", version);
	return text;
}

#else /* other systems: users, chroot and limits alone */

static int
no_new_privileges(struct failure *why)
{
	(void)why;
	return 0;
}

static int
filter_session(const struct sandbox_door *d, struct failure *why)
{
	(void)d, (void)why;
	return 0;
}

static int
filter_keyholder(struct failure *why)
{
	(void)why;
	return 0;
}

static int
lock_land(const struct sandbox_door *d, struct failure *why)
{
	(void)d, (void)why;
	return 0;
}

void
sandbox_keep_orphans(void)
{
}

const char *
sandbox_features(void)
{
	return "users, chroot and limits";
}
#endif

static int
find_user(struct sandbox *s, const char *user, struct failure *why)
{
	const char *wanted = user != NULL ? user : DEFAULT_USER, *found = wanted;
	int r = nameservice_user(wanted, &s->uid, &s->gid);

	if (r == -1 && user == NULL)
		r = nameservice_user(found = "nobody", &s->uid, &s->gid);
	if (r == -1)
		return failure_set(why, EX_CONFIG,
		    "-s %s: there is no such user; make it (useradd -r -s "
		    "/usr/sbin/nologin %s) or name another",
		    wanted, wanted);
	(void)snprintf(s->user, sizeof(s->user), "%s", found);
	return 0;
}

static int
find_group(struct sandbox *s, const char *group, struct failure *why)
{
	struct group *gr;

	nameservice_use_built_in();
	gr = getgrnam(group);
	if (gr == NULL)
		return failure_set(why, EX_CONFIG, "-g %s: there is no such group", group);
	s->gid = gr->gr_gid;
	return 0;
}

int
sandbox_prepare(struct sandbox *s, const char *user, const char *group, struct failure *why)
{
	bool root = geteuid() == 0;

	*s = (struct sandbox){
		.change_user = root, .empty_root = -1, .uid = geteuid(), .gid = getegid()
	};
	if ((root || user != NULL) && find_user(s, user, why) == -1)
		return -1;
	if (group != NULL && find_group(s, group, why) == -1)
		return -1;
	if (root && (s->uid == 0 || s->gid == 0))
		return failure_set(why, EX_USAGE,
		    "user %s, group %lu: root is refused, it would undo the "
		    "protection; name an unprivileged user and group with -s and -g",
		    s->user, (unsigned long)s->gid);
	if (!root && (s->uid != geteuid() || s->gid != getegid()))
		return failure_set(why, EX_NOPERM,
		    "-s or -g: uid %lu cannot become another user; start it as root, or "
		    "leave -s and -g out",
		    (unsigned long)geteuid());
	return 0;
}

/* A directory without a name: made, entered and removed, so that nothing can ever appear in it. */
static int
enter_empty(struct failure *why)
{
	/* In memory first: on a disk it would be two entries in a journal. */
	static const char *const places[] = { "/dev/shm", "/run", "/var/run", "/tmp" };
	char dir[64];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(dir, sizeof(dir), "%s/inetls.XXXXXX", places[i]);
		if (mkdtemp(dir) == NULL)
			continue;
		if (chdir(dir) == 0 && rmdir(dir) == 0)
			return 0;
		failure_set(why, EX_OSERR, "enter %s: %s", dir, strerror(errno));
		(void)rmdir(dir);
		return -1;
	}
	/* All of them read-only: a place that is empty by convention. */
	if (chdir("/var/empty") == 0)
		return 0;
	return failure_set(why, EX_OSERR,
	    "no empty directory to chroot into: /dev/shm, /run and /tmp cannot be written (%s) "
	    "and there is no /var/empty",
	    strerror(errno));
}

void
sandbox_keep_root(struct sandbox *s)
{
	struct failure why;
	int here = open(".", O_PATH | O_CLOEXEC);

	if (s->change_user && here != -1 && enter_empty(&why) == 0) {
		s->empty_root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		(void)!fchdir(here);
	}
	if (here != -1)
		(void)close(here);
}

static int
change_root(const struct sandbox *s, const char *root, struct failure *why)
{
	if (root[0] == '\0') {
		if ((s->empty_root == -1 || fchdir(s->empty_root) == -1) && enter_empty(why) == -1)
			return -1;
	} else if (chdir(root) == -1)
		return failure_set(why, errno == ENOENT ? EX_UNAVAILABLE : EX_OSERR,
		    "chdir %s: %s; it must hold the service's socket", root, strerror(errno));
	if (chroot(".") == -1 || chdir("/") == -1)
		return failure_set(why, EX_OSERR,
		    "chroot: %s; root lacks CAP_SYS_CHROOT here: give it, or start us as another "
		    "user",
		    strerror(errno));
	if (s->empty_root != -1)
		(void)close(s->empty_root);
	return 0;
}

static int
become(uid_t uid, gid_t gid, struct failure *why)
{
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return failure_set(why, EX_OSERR,
		    "become uid %lu: %s; root lacks CAP_SETUID or CAP_SETGID here: give them, or "
		    "start us as another user",
		    (unsigned long)uid, strerror(errno));
	/* A kernel that let us back would make all of this a show. */
	if (setuid(0) != -1 || geteuid() != uid || getegid() != gid)
		return failure_set(
		    why, EX_SOFTWARE, "become uid %lu: root could be had back", (unsigned long)uid);
	return 0;
}

int
sandbox_become(const struct sandbox *s, struct failure *why)
{
	return s->change_user ? become(s->uid, s->gid, why) : 0;
}

static const struct rlimit none = { 0, 0 };

static int
limit_files(int highest_fd)
{
	rlim_t n = highest_fd + 1 < POLLED_MAX ? POLLED_MAX : (rlim_t)highest_fd + 1;
	struct rlimit files = { n, n };

	return setrlimit(RLIMIT_NOFILE, &files);
}

static int
limit(const struct sandbox_door *d, struct failure *why)
{
	bool writes_file = d->writes_file || d->keeps_record;

	if (setrlimit(RLIMIT_CORE, &none) == -1 || limit_files(d->highest_fd) == -1 ||
	    setrlimit(RLIMIT_NPROC, &none) == -1 ||
	    (!writes_file && setrlimit(RLIMIT_FSIZE, &none) == -1))
		return failure_set(why, EX_OSERR, "setrlimit: %s", strerror(errno));
	return 0;
}

int
sandbox_close_door(const struct sandbox *s, const struct sandbox_door *d, struct failure *why)
{
	if (s->change_user &&
	    (change_root(s, d->root, why) == -1 || become(s->uid, s->gid, why) == -1))
		return -1;
	if (s->off)
		return 0;
	if (no_new_privileges(why) == -1 || lock_land(d, why) == -1)
		return -1;
	return limit(d, why) == -1 || filter_session(d, why) == -1 ? -1 : 0;
}

/* Another user than the session's, or the session could send it signals. */
static int
become_keyholder(const struct sandbox *s, struct failure *why)
{
	uid_t uid = KEYHOLDER_UID + (uid_t)getpid() % KEYHOLDER_UIDS;

	if (become(uid, uid, why) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	uid = s->uid == KEYHOLDER_UID_SMALL ? KEYHOLDER_UID_SMALL - 1 : KEYHOLDER_UID_SMALL;
	return become(uid, uid, why);
}

int
sandbox_cage_keyholder(const struct sandbox *s, struct failure *why)
{
	if (s->change_user && (change_root(s, "", why) == -1 || become_keyholder(s, why) == -1))
		return -1;
	if (s->off)
		return 0;
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return failure_set(why, EX_OSERR, "setrlimit: %s", strerror(errno));
	return no_new_privileges(why) == -1 || filter_keyholder(why) == -1 ? -1 : 0;
}

/*
 * Confining a process.  The order matters.  chroot needs root and a path.  Groups can only be
 * dropped while we are still root, so they go before the user.  The filter is last, because it
 * forbids all the other steps.
 */

#include "confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "confine/confine_linux.h"
#include "nameservice.h"

#define DEFAULT_USER "inetls"
/*
 * User IDs for keyholders: one for each process, from a range that is never assigned (systemd's
 * "Users, Groups, UIDs and GIDs on systemd Systems": above the range of its containers).
 */
#define KEYHOLDER_UID 1879048192u
#define KEYHOLDER_UIDS (1u << 24)
#define KEYHOLDER_UID_SMALL 65533u /* in a container that maps only 65536 IDs */
/* ppoll fails if it is given more descriptors than may be open. */
#define POLLED_MAX 8

static int
find_user(struct confine *s, const char *user, struct failure *why)
{
	const char *wanted = user != NULL ? user : DEFAULT_USER;

	s->user = nameservice_user(wanted, user == NULL ? "nobody" : NULL, &s->uid, &s->gid);
	if (s->user == NULL)
		return failure_set(why, EX_CONFIG,
		    "-s %s: there is no such user; make it (useradd -r -s "
		    "/usr/sbin/nologin %s) or name another",
		    wanted, wanted);
	return 0;
}

static int
find_group(struct confine *s, const char *group, struct failure *why)
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
confine_prepare(struct confine *s, const char *user, const char *group, struct failure *why)
{
	uid_t own = geteuid();
	bool root = own == 0;

	*s = (struct confine){
		.change_user = root, .empty_root = -1, .uid = own, .gid = root ? 0 : getegid()
	};
	if ((root || user != NULL) && find_user(s, user, why) == -1)
		return -1;
	if (group != NULL && find_group(s, group, why) == -1)
		return -1;
	if (root && (s->uid == 0 || s->gid == 0))
		return failure_set(why, EX_USAGE,
		    "user %s, group %lu: root is refused, because it would undo the "
		    "protection; name an unprivileged user and group with -s and -g",
		    s->user, (unsigned long)s->gid);
	if (!root && (s->uid != own || s->gid != getegid()))
		return failure_set(why, EX_NOPERM,
		    "-s or -g: uid %lu cannot become another user; start it as root, or "
		    "leave -s and -g out",
		    (unsigned long)own);
	return 0;
}

/* Makes a directory, enters and removes it: without a name, nothing can ever appear in it. */
static int
enter_empty(struct failure *why)
{
	/* File systems in memory come first: on a disk this would write to the journal. */
	static const char *const places[] = { "/dev/shm", "/run", "/var/run", "/tmp" };
	struct timespec now;
	char dir[64];

	/* mkdtemp may ask for random bytes; if this name is taken, the next place serves. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(dir, sizeof(dir), "%s/inetls.%lld.%09ld", places[i],
		    (long long)now.tv_sec, now.tv_nsec);
		if (mkdir(dir, 0700) == -1)
			continue;
		if (chdir(dir) == 0 && rmdir(dir) == 0)
			return 0;
		failure_set(why, EX_OSERR, "enter %s: %s", dir, strerror(errno));
		(void)rmdir(dir);
		return -1;
	}
	/* All of these are read-only, so use a directory that is empty by convention. */
	if (chdir("/var/empty") == 0)
		return 0;
	return failure_set(why, EX_OSERR,
	    "no empty directory to chroot into: /dev/shm, /run and /tmp cannot be written (%s) "
	    "and there is no /var/empty",
	    strerror(errno));
}

void
confine_keep_root(struct confine *s)
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
change_root(const struct confine *s, const char *root, struct failure *why)
{
	if (root[0] == '\0') {
		if ((s->empty_root == -1 || fchdir(s->empty_root) == -1) && enter_empty(why) == -1)
			return -1;
	} else if (chdir(root) == -1)
		return failure_set(why, errno == ENOENT ? EX_UNAVAILABLE : EX_OSERR,
		    "chdir %s: %s; it must hold the service's socket", root, strerror(errno));
	/* The working directory is then the new root itself, so there is no way up from it. */
	if (chroot(".") == -1)
		return failure_set(why, EX_OSERR,
		    "chroot: %s; root lacks CAP_SYS_CHROOT here: give it, or start us as another "
		    "user",
		    strerror(errno));
	if (s->empty_root != -1)
		(void)close(s->empty_root);
	return 0;
}

/*
 * With a name it keeps that user's groups, else none.  Only a capability could lead back to root;
 * confine_linux_capabilities() gives them up.
 */
static int
become_named(const char *name, uid_t uid, gid_t gid, struct failure *why)
{
	if ((name != NULL ? initgroups(name, gid) : setgroups(0, NULL)) == -1 ||
	    setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		return failure_set(why, EX_OSERR,
		    "become uid %lu: %s; root lacks CAP_SETUID or CAP_SETGID here: give them, or "
		    "start us as another user",
		    (unsigned long)uid, strerror(errno));
	return 0;
}

static int
become(uid_t uid, gid_t gid, struct failure *why)
{
	return become_named(NULL, uid, gid, why);
}

int
confine_become(const struct confine *s, struct failure *why)
{
	if (!s->change_user)
		return 0;
	return become(s->uid, s->gid, why) == -1 ? -1 : confine_linux_capabilities(why);
}

static int
limit_files(int highest_fd, struct failure *why)
{
	rlim_t n = highest_fd + 1 < POLLED_MAX ? POLLED_MAX : (rlim_t)highest_fd + 1;
	struct rlimit files = { n, n }, now;

	if (setrlimit(RLIMIT_NOFILE, &files) == 0)
		return 0;
	if (errno == EPERM && getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_max < n)
		return failure_set(why, EX_OSERR,
		    "setrlimit: at least %lu open files are needed, and the hard limit is %lu: raise it "
		    "(ulimit -Hn, LimitNOFILE=)",
		    (unsigned long)n, (unsigned long)now.rlim_max);
	return failure_set(why, EX_OSERR, "setrlimit: %s", strerror(errno));
}

static int
limit(const struct confine_kept *d, struct failure *why)
{
	static const struct rlimit none = { 0, 0 };
	bool writes_file = d->writes_file || d->keeps_record;

	if (limit_files(d->highest_fd, why) == -1)
		return -1;
	if (setrlimit(RLIMIT_NPROC, &none) == -1 ||
	    (!writes_file && setrlimit(RLIMIT_FSIZE, &none) == -1))
		return failure_set(why, EX_OSERR, "setrlimit: %s", strerror(errno));
	return 0;
}

int
confine_session(const struct confine *s, const struct confine_kept *d, struct failure *why)
{
	if (s->capable)
		confine_linux_bound(); /* takes a capability that goes with root */
	if (s->change_user &&
	    (change_root(s, d->root, why) == -1 || become(s->uid, s->gid, why) == -1))
		return -1;
	if (confine_linux_capabilities(why) == -1)
		return -1;
	if (s->off)
		return 0;
	if (confine_linux_privileges(why) == -1 || confine_linux_files(d, why) == -1)
		return -1;
	return limit(d, why) == -1 || confine_linux_filter(d, why) == -1 ? -1 : 0;
}

/* The session's user may send signals to its own processes, so the keyholder gets another user. */
static int
become_keyholder(const struct confine *s, struct failure *why)
{
	uid_t uid = KEYHOLDER_UID + (uid_t)getpid() % KEYHOLDER_UIDS;

	if (become(uid, uid, why) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	uid = s->uid == KEYHOLDER_UID_SMALL ? KEYHOLDER_UID_SMALL - 1 : KEYHOLDER_UID_SMALL;
	return become(uid, uid, why);
}

/* The rest, once a keyholder is another user; with a token it may read files. */
static int
lock_keyholder(const struct confine *s, bool has_token, struct failure *why)
{
	if (confine_linux_capabilities(why) == -1)
		return -1;
	if (s->off)
		return 0;
	if (confine_linux_privileges(why) == -1)
		return -1;
	if (!has_token)
		return confine_linux_filter_keyholder(why);
	return confine_linux_files_token(why) == -1 ? -1 : confine_linux_filter_token(why);
}

int
confine_keyholder(const struct confine *s, struct failure *why)
{
	if (s->capable)
		confine_linux_bound();
	if (s->change_user && (change_root(s, "", why) == -1 || become_keyholder(s, why) == -1))
		return -1;
	return lock_keyholder(s, false, why);
}

int
confine_keyholder_token(const struct confine *s, struct failure *why)
{
	if (s->capable)
		confine_linux_bound();
	if (s->change_user && become_named(s->user, s->uid, s->gid, why) == -1)
		return -1;
	return lock_keyholder(s, true, why);
}

void
confine_keep_orphans(void)
{
	confine_linux_keep_orphans();
}

const char *
confine_features(void)
{
	return confine_linux_features();
}

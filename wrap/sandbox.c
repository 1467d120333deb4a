/*
 * The door.  The order matters: chroot needs root and a path, the groups must go while we may still change
 * them, then the user; only then is there nothing left to lose.
 */

#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nameservice.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define DEFAULT_USER "inetls"

#ifdef __linux__
static int
give_up_for_good(struct failure *why)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return failure_set(why, EX_OSERR, "prctl: %s", strerror(errno));
	return 0;
}
#else
static int
give_up_for_good(struct failure *why)
{
	(void)why;
	return 0;
}
#endif

static int
find_user(struct sandbox *s, const char *user, struct failure *why)
{
	struct passwd *pw = getpwnam(user != NULL ? user : DEFAULT_USER);

	if (pw == NULL && user == NULL)
		pw = getpwnam("nobody");
	if (pw == NULL)
		return failure_set(why, EX_CONFIG, "-s %s: there is no such user; make it (useradd -r -s "
		    "/usr/sbin/nologin %s) or name another", user != NULL ? user : DEFAULT_USER,
		    user != NULL ? user : DEFAULT_USER);
	s->uid = pw->pw_uid;
	s->gid = pw->pw_gid;
	(void)snprintf(s->user, sizeof(s->user), "%s", pw->pw_name);
	return 0;
}

static int
find_group(struct sandbox *s, const char *group, struct failure *why)
{
	struct group *gr = getgrnam(group);

	if (gr == NULL)
		return failure_set(why, EX_CONFIG, "-g %s: there is no such group", group);
	s->gid = gr->gr_gid;
	return 0;
}

int
sandbox_prepare(struct sandbox *s, const char *user, const char *group, struct failure *why)
{
	bool root = geteuid() == 0;

	nameservice_use_built_in();
	*s = (struct sandbox){ .change_user = root, .uid = geteuid(), .gid = getegid() };
	if ((root || user != NULL) && find_user(s, user, why) == -1)
		return -1;
	if (group != NULL && find_group(s, group, why) == -1)
		return -1;
	if (root && (s->uid == 0 || s->gid == 0))
		return failure_set(why, EX_USAGE, "user %s, group %lu: root is refused, it would undo the "
		    "protection; name an unprivileged user and group with -s and -g", s->user, (unsigned long)s->gid);
	if (!root && (s->uid != geteuid() || s->gid != getegid()))
		return failure_set(why, EX_NOPERM, "-s or -g: uid %lu cannot become another user; start it as root, or "
		    "leave -s and -g out", (unsigned long)geteuid());
	return 0;
}

/* A directory without a name: made, entered and removed, so that nothing can ever appear in it. */
static int
enter_empty(struct failure *why)
{
	static const char *const places[] = { "/run", "/var/run", "/tmp" };
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
	return failure_set(why, EX_OSERR, "no empty directory to chroot into: /run and /tmp cannot be written (%s) "
	    "and there is no /var/empty", strerror(errno));
}

static int
change_root(const char *root, struct failure *why)
{
	if (root[0] == '\0') {
		if (enter_empty(why) == -1)
			return -1;
	} else if (chdir(root) == -1)
		return failure_set(why, errno == ENOENT ? EX_UNAVAILABLE : EX_OSERR,
		    "chdir %s: %s; it must hold the service's socket", root, strerror(errno));
	if (chroot(".") == -1 || chdir("/") == -1)
		return failure_set(why, EX_OSERR, "chroot: %s", strerror(errno));
	return 0;
}

static int
change_user(const struct sandbox *s, struct failure *why)
{
	if (setgroups(0, NULL) == -1 || setresgid(s->gid, s->gid, s->gid) == -1 ||
	    setresuid(s->uid, s->uid, s->uid) == -1)
		return failure_set(why, EX_OSERR, "become %s: %s", s->user, strerror(errno));
	/* A kernel that let us back would make all of this a show. */
	if (setuid(0) != -1 || geteuid() != s->uid || getegid() != s->gid)
		return failure_set(why, EX_SOFTWARE, "become %s: root could be had back", s->user);
	return 0;
}

int
sandbox_enter(const struct sandbox *s, const char *root, struct failure *why)
{
	struct rlimit none = { 0, 0 };

	if (s->change_user && (change_root(root, why) == -1 || change_user(s, why) == -1))
		return -1;
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return failure_set(why, EX_OSERR, "setrlimit: %s", strerror(errno));
	return give_up_for_good(why);
}

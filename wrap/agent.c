/* A keyholder for one-shots. */

#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "daemon.h"
#include "deadline.h"
#include "file.h"
#include "keyprocess.h"
#include "keyring.h"
#include "listener.h"
#include "log.h"
#include "parse.h"
#include "sandbox.h"

#define CALLERS_AT_ONCE 64 /* between two looks at signals */

struct agent {
	const struct options *o;
	struct sandbox user;
	struct keyring keys;
	int fd;         /* listens */
	bool inherited; /* fd 0 was the socket */
	bool bound;
	struct stat made; /* the socket's file, where we have made it */
	int64_t moved;    /* the last caller */
	struct daemon daemon;
};

/* ---- the socket ---- */

/* 0 where nobody serves that path, though a socket may be there; or -1 and *why. */
static int
check_unserved(const char *path, const struct address *where, struct failure *why)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = connect(fd, (const struct sockaddr *)&where->sa, where->len);
	int error = r == 0 ? EADDRINUSE : errno;

	(void)close(fd);
	if (error == ENOENT || error == ECONNREFUSED)
		return 0;
	return failure_set(why, EX_CANTCREAT, "--keyholder %s: cannot listen: %s%s", path,
	    strerror(error),
	    error == EADDRINUSE || error == EAGAIN ? "; another process serves it" :
		error == EPROTOTYPE                ? "; another service's socket is there" :
						     "");
}

/* In the place of a socket that nobody serves any more, and of nothing else. */
static int
bind_to(struct agent *a, const struct address *where, struct failure *why)
{
	const char *path = a->o->keyholder;
	mode_t mask;
	int r;

	if (check_unserved(path, where, why) == -1)
		return -1;
	if (lstat(path, &a->made) == 0 && S_ISSOCK(a->made.st_mode))
		(void)unlink(path);
	mask = umask(0177);
	r = bind(a->fd, (const struct sockaddr *)&where->sa, where->len);
	(void)umask(mask);
	if (r == -1 || listen(a->fd, SOMAXCONN) == -1 || lstat(path, &a->made) == -1)
		return failure_set(why, EX_CANTCREAT, "--keyholder %s: cannot listen: %s%s", path,
		    strerror(errno),
		    errno == EADDRINUSE ? "; what is there is no socket: remove it" : "");
	a->bound = true;
	return 0;
}

static int
open_socket(struct agent *a, struct failure *why)
{
	struct address where;
	int lock, r;

	if (a->o->keyholder == NULL)
		return failure_set(why, EX_USAGE,
		    "--hold-key: where? add --keyholder PATH, a Unix socket for sessions of this user");
	(void)address_unix(a->o->keyholder, &where);
	if ((a->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) == -1)
		return failure_set(why, EX_OSERR, "socket: %s", strerror(errno));
	/* Two that start at once must not take each other's socket for one that nobody serves. */
	lock = file_lock_beside(a->o->keyholder);
	r = bind_to(a, &where, why);
	if (lock != -1)
		(void)close(lock);
	return r;
}

static void
remove_socket(const struct agent *a)
{
	struct stat now;

	if (a->bound && lstat(a->o->keyholder, &now) == 0 && file_is_same(&a->made, &now))
		(void)unlink(a->o->keyholder);
}

/* ---- callers ---- */

/* The mode of the socket keeps others out, but for root, and where a super-server has made it. */
static int
check_caller(int fd, struct failure *why)
{
	uid_t uid;

	if (sandbox_peer_uid(fd, &uid) == -1)
		return failure_set(why, EX_OSERR, "SO_PEERCRED: %s", strerror(errno));
	if (uid != geteuid())
		return failure_set(why, EX_NOPERM,
		    "uid %lu may not use the key of uid %lu: start session and --hold-key as one user",
		    (unsigned long)uid, (unsigned long)geteuid());
	return 0;
}

static void
serve_caller(struct agent *a, int fd)
{
	struct failure why;

	(void)keyring_renew(&a->keys, false);
	if (check_caller(fd, &why) == 0 && keyring_give(&a->keys, &fd, 1, &why) == 0)
		return;
	log_line(LEVEL_WARNING, "%s", why.text);
	(void)keyprocess_refuse(fd, &why);
}

/* Whoever waits when there are no descriptors left is still there later. */
static void
serve_callers(struct agent *a)
{
	int fd;

	for (int i = 0; i < CALLERS_AT_ONCE; i++) {
		if ((fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC)) == -1) {
			if (errno != EAGAIN)
				(void)deadline_wait(NULL, 0, deadline_after(DEADLINE_PAUSE_MS));
			return;
		}
		serve_caller(a, fd);
		(void)close(fd);
		a->moved = deadline_now();
	}
}

/* ---- loop ---- */

static void
reap(struct agent *a)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		(void)keyring_reaped(&a->keys, pid);
}

static void
reload(struct agent *a)
{
	struct failure why;

	if (log_reopen(&why) == -1)
		log_line(LEVEL_ERR, "%s", why.text);
	(void)keyring_renew(&a->keys, true);
}

static int64_t
end(const struct agent *a)
{
	bool leaves = a->inherited && a->o->idle_exit_ms != PARSE_OFF;

	return leaves ? a->moved + a->o->idle_exit_ms : DEADLINE_NEVER;
}

static void
serve(struct agent *a)
{
	a->moved = deadline_now();
	while (!daemon_must_stop() && deadline_now() < end(a)) {
		if (deadline_wait_fd(a->fd, POLLIN, end(a)) > 0)
			serve_callers(a);
		reap(a);
		if (daemon_must_reload())
			reload(a);
	}
}

/* Who has connected is served, and nobody else finds us. */
static void
stop(struct agent *a)
{
	int64_t deadline = deadline_after(a->o->close_ms);

	remove_socket(a);
	daemon_remove_pid(&a->daemon);
	if (!a->inherited)
		serve_callers(a);
	(void)close(a->fd);
	keyring_leave(&a->keys);
	while (keyring_serves(&a->keys) && deadline_wait(NULL, 0, deadline) != DEADLINE_OVER)
		reap(a);
}

static int
prepare(struct agent *a, struct failure *why)
{
	daemon_take_signals();
	if (sandbox_prepare(&a->user, a->o->user, a->o->group, why) == -1)
		return -1;
	a->user.off = a->o->no_sandbox;
	return keyring_open(&a->keys, a->o->pem, SIGNABLE_BOTH, &a->user, why);
}

static int
start(struct agent *a, struct failure *why)
{
	if (a->inherited) {
		a->fd = STDIN_FILENO;
		if (fcntl(a->fd, F_SETFL, O_NONBLOCK) == -1)
			return failure_set(why, EX_OSERR, "fd 0: %s", strerror(errno));
		return prepare(a, why);
	}
	if (daemon_init(&a->daemon, a->o, why) == -1 || open_socket(a, why) == -1 ||
	    daemon_detach(&a->daemon, why) == -1 || prepare(a, why) == -1 ||
	    daemon_write_pid(&a->daemon, why) == -1)
		return -1;
	log_line(LEVEL_NOTICE, "holding the key of %s on %s", a->o->pem, a->o->keyholder);
	return daemon_settle(&a->daemon, why);
}

int
agent_run(const struct options *o)
{
	struct agent a = { .o = o,
		.fd = -1,
		.inherited = listener_is_inherited(),
		.keys = { .current = { .control = -1 } },
		.daemon = { .o = o, .ready = -1 } };
	struct failure why;

	if (start(&a, &why) == -1) {
		remove_socket(&a);
		return daemon_fail(&a.daemon, &why);
	}
	serve(&a);
	stop(&a);
	return EX_OK;
}

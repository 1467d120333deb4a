/*
 * The listener.  It reads nothing from the network but accepts, and stays as it was started, since each of
 * its children must be able to read a renewed PEM before it closes the door behind itself.
 */

#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deadline.h"
#include "keyholder.h"
#include "pidfile.h"
#include "port.h"
#include "sandbox.h"
#include "session.h"

#define KEYHOLDERS_MAX 16  /* generations at once: sessions keep theirs for one handshake */
#define PEM_LOOK_MS 1000   /* how often a renewed PEM is looked for, while connections arrive */
#define ACCEPT_PAUSE_MS 100 /* when descriptors or processes have run out: time for a session to end */

struct listener {
	const struct options *o;
	struct port port;
	int sessions; /* running children */
	struct sandbox user;
	struct keyholder_service keys;      /* of the PEM as it was when pem was looked at */
	pid_t keyholders[KEYHOLDERS_MAX];   /* this generation's and older ones that still serve; 0 is free */
	struct stat pem;
	int64_t pem_seen;                   /* when */
	int ready;    /* the pipe to the process that was typed, or -1 */
	char pid_file[PIDFILE_MAX];
};

static volatile sig_atomic_t got_stop, got_reload;

static void
on_signal(int signal)
{
	if (signal == SIGHUP)
		got_reload = 1;
	else if (signal != SIGCHLD)
		got_stop = 1;
}

/*
 * Goes to the background.  The process that was typed stays until this one has said by the pipe that it
 * serves, so that a failure to start is its exit code.
 */
static int
detach(struct listener *l, struct failure *why)
{
	unsigned char code = EX_SOFTWARE;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		return failure_set(why, EX_OSERR, "go to the background: %s", strerror(errno));
	if (pid > 0) {
		(void)close(ends[1]);
		if (read(ends[0], &code, 1) != 1)
			code = EX_SOFTWARE;
		_exit(code);
	}
	(void)close(ends[0]);
	(void)setsid();
	l->ready = ends[1];
	return 0;
}

static void
say_ready(struct listener *l, int code)
{
	unsigned char byte = (unsigned char)code;

	if (l->ready == -1)
		return;
	if (write(l->ready, &byte, 1) == 1)
		(void)close(l->ready);
	l->ready = -1;
}

/* From here on the terminal is not ours any more. */
static int
leave_terminal(struct listener *l, struct failure *why)
{
	struct log_options log = l->o->log;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	log.syslog_wanted = true;
	if (null == -1 || (log.path == NULL && log_open(&log, why) == -1))
		return failure_set(why, EX_OSERR, "/dev/null or the log: %s", strerror(errno));
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	(void)close(null);
	return 0;
}

/* A client that shows no certificate has no key. */
static bool
needs_keyholder(const struct listener *l)
{
	return l->o->pem != NULL && !l->o->no_keyholder;
}

/* A keyholder for the PEM as it is now; the old one stays where the new one cannot serve. */
static int
renew_keyholder(struct listener *l, struct failure *why)
{
	struct keyholder_service fresh;
	int place = 0;

	while (place < KEYHOLDERS_MAX && l->keyholders[place] != 0)
		place++;
	if (place == KEYHOLDERS_MAX)
		return failure_set(why, EX_OSERR, "%s changes too often", l->o->pem);
	if (keyholder_service_start(&fresh, l->o->pem, &l->user, why) == -1)
		return -1;
	keyholder_service_leave(&l->keys);
	l->keys = fresh;
	l->keyholders[place] = fresh.pid;
	return 0;
}

static bool
pem_changed(struct listener *l)
{
	struct stat now;

	if (deadline_now() - l->pem_seen < PEM_LOOK_MS)
		return false;
	l->pem_seen = deadline_now();
	if (stat(l->o->pem, &now) == -1)
		return false; /* being replaced, or gone: the key that is held still serves */
	if (now.st_ino == l->pem.st_ino && now.st_dev == l->pem.st_dev && now.st_size == l->pem.st_size &&
	    now.st_mtim.tv_sec == l->pem.st_mtim.tv_sec && now.st_mtim.tv_nsec == l->pem.st_mtim.tv_nsec)
		return false;
	l->pem = now;
	return true;
}

/* A channel to the keyholder for the next session, or -1; without one it is always -1. */
static int
next_channel(struct listener *l)
{
	struct failure why;
	int channel;

	if (!needs_keyholder(l))
		return -1;
	if (pem_changed(l)) {
		if (renew_keyholder(l, &why) == -1)
			log_line(LEVEL_ERR, "%s; the key as it was goes on serving", why.text);
		else
			log_line(LEVEL_NOTICE, "%s was read anew", l->o->pem);
	}
	if ((channel = keyholder_service_channel(&l->keys, &why)) != -1)
		return channel;
	if (renew_keyholder(l, &why) == 0 && (channel = keyholder_service_channel(&l->keys, &why)) != -1)
		return channel;
	log_line(LEVEL_ERR, "%s; a connection was closed", why.text);
	return -1;
}

static int
start(struct listener *l, struct failure *why)
{
	if (pidfile_path(l->o->pid_file, l->o->service, l->pid_file, why) == -1 ||
	    sandbox_prepare(&l->user, l->o->user, l->o->group, why) == -1 || port_open(&l->port, &l->o->listen, l->o->client, why) == -1)
		return -1;
	l->user.off = l->o->no_sandbox;
	if (!l->o->foreground && detach(l, why) == -1)
		return -1;
	if (needs_keyholder(l))
		(void)pem_changed(l);
	if (needs_keyholder(l) && renew_keyholder(l, why) == -1)
		return -1;
	return pidfile_write(l->pid_file, why);
}

static void
announce(const struct listener *l)
{
	char text[ADDRESS_TEXT];

	for (int i = 0; i < l->port.n; i++) {
		address_of_self(l->port.fds[i], text);
		log_line(LEVEL_NOTICE, "listening on %s for %s", text, l->o->backend_text);
	}
	if (l->o->ineffective[0] != '\0')
		log_line(LEVEL_NOTICE, "options without effect here: -%s", l->o->ineffective);
}

/* ------------------------------------------------------------------ the fork: below runs the session */

static void
serve_child(struct listener *l, int fd, int channel)
{
	(void)signal(SIGCHLD, SIG_DFL);
	port_close(&l->port);
	keyholder_service_leave(&l->keys);
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		_exit(EX_OSERR);
	(void)close(fd);
	_exit(session_serve(l->o, channel));
}

/* -1 where descriptors or processes have run out. */
static int
accept_one(struct listener *l, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	pid_t pid = -1;
	int channel;

	if (fd == -1)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS ? -1 : 0;
	channel = next_channel(l);
	if (channel != -1 || !needs_keyholder(l)) {
		if ((pid = fork()) == 0)
			serve_child(l, fd, channel);
		if (pid == -1)
			log_line(LEVEL_ERR, "fork: %s; a connection was closed", strerror(errno));
		else
			l->sessions++;
	}
	if (channel != -1)
		(void)close(channel);
	(void)close(fd);
	return pid == -1 ? -1 : 0;
}

/* Children are sessions, but for the keyholders. */
static void
reap(struct listener *l)
{
	pid_t pid;
	int i;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (i = 0; i < KEYHOLDERS_MAX && l->keyholders[i] != pid; i++)
			continue;
		if (i < KEYHOLDERS_MAX)
			l->keyholders[i] = 0;
		else
			l->sessions--;
	}
}

static void
accept_until_stopped(struct listener *l)
{
	struct pollfd p[ADDRESS_MAX];
	struct failure why;
	int n;

	while (!got_stop) {
		for (int i = 0; i < l->port.n; i++)
			p[i] = (struct pollfd){ .fd = l->port.fds[i], .events = POLLIN };
		n = deadline_wait(p, (nfds_t)l->port.n, DEADLINE_NEVER);
		reap(l);
		if (got_reload) {
			got_reload = 0;
			if (log_reopen(&why) == -1)
				log_line(LEVEL_ERR, "%s", why.text);
		}
		for (int i = 0; n > 0 && i < l->port.n; i++)
			if (p[i].revents != 0 && accept_one(l, l->port.fds[i]) == -1)
				(void)deadline_wait(NULL, 0, deadline_after(ACCEPT_PAUSE_MS));
	}
}

static bool
any_keyholder(const struct listener *l)
{
	for (int i = 0; i < KEYHOLDERS_MAX; i++)
		if (l->keyholders[i] != 0)
			return true;
	return false;
}

/* The port is closed at once; sessions go on until they end, for --close-timeout at most. */
static void
stop(struct listener *l)
{
	int64_t deadline = deadline_after(l->o->close_ms);

	port_close(&l->port);
	pidfile_remove(l->pid_file);
	reap(l);
	log_line(LEVEL_NOTICE, "stopped listening; sessions=%d", l->sessions);
	keyholder_service_leave(&l->keys);
	while ((l->sessions > 0 || any_keyholder(l)) && deadline_wait(NULL, 0, deadline) != DEADLINE_OVER)
		reap(l);
}

int
listener_run(const struct options *o)
{
	struct listener l = { .o = o, .ready = -1, .keys = { .control = -1 } };
	static const int ours[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD };
	struct failure why;

	deadline_let_in(ours, sizeof(ours) / sizeof(ours[0]), on_signal);
	if (start(&l, &why) == -1) {
		log_line(LEVEL_ERR, "%s", why.text);
		say_ready(&l, why.code);
		return why.code;
	}
	announce(&l);
	if (!o->foreground && leave_terminal(&l, &why) == -1) {
		pidfile_remove(l.pid_file);
		say_ready(&l, why.code);
		return why.code;
	}
	say_ready(&l, EX_OK);
	accept_until_stopped(&l);
	stop(&l);
	return EX_OK;
}

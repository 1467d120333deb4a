/* What a peer that has taken over a session would try first. */

#include "hook.h"

#ifdef INETLS_HOOK

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/log.h"

/* This port is not allowed; whether anything listens there does not matter. */
static const struct sockaddr_in elsewhere = {
	.sin_family = AF_INET, .sin_port = 0x0900, .sin_addr = { 0x0100007f }
};

/* The process that was forked last, in a PID namespace where nothing else forks. */
static pid_t
keyholder(void)
{
	return getpid() + 1;
}

static long
try_open(int service)
{
	(void)service;
	return open("/etc/passwd", O_RDONLY);
}

static long
try_create(int service)
{
	(void)service;
	return open("/left-behind", O_WRONLY | O_CREAT, 0666);
}

static long
try_execve(int service)
{
	char *argv[] = { (char *)(uintptr_t) "/bin/true", NULL };

	(void)service;
	return execve(argv[0], argv, environ);
}

static long
try_socket(int service)
{
	(void)service;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long
try_connect(int service)
{
	return connect(service, (const struct sockaddr *)&elsewhere, sizeof(elsewhere));
}

static long
try_connect_peer(int service)
{
	(void)service;
	return connect(STDIN_FILENO, (const struct sockaddr *)&elsewhere, sizeof(elsewhere));
}

static long
try_fastopen(int service)
{
	return sendto(
	    service, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)&elsewhere, sizeof(elsewhere));
}

static long
try_bind(int service)
{
	return bind(service, (const struct sockaddr *)&elsewhere, sizeof(elsewhere));
}

static long
try_bind_peer(int service)
{
	(void)service;
	return bind(STDIN_FILENO, (const struct sockaddr *)&elsewhere, sizeof(elsewhere));
}

static long
try_fork(int service)
{
	pid_t pid = fork();

	(void)service;
	if (pid == 0)
		_exit(0);
	return pid;
}

static long
try_ptrace(int service)
{
	(void)service;
	return ptrace(PTRACE_SEIZE, keyholder(), NULL, NULL);
}

static long
try_kill(int service)
{
	(void)service;
	return kill(getppid(), SIGKILL);
}

static long
try_kill_keyholder(int service)
{
	(void)service;
	return kill(keyholder(), 0);
}

static long
try_mmap(int service)
{
	(void)service;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		MAP_FAILED ?
	    -1 :
	    0;
}

static long
try_mprotect(int service)
{
	static char page[8192];

	(void)service;
	return mprotect(
	    (void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC);
}

static long
try_setuid(int service)
{
	(void)service;
	return setresuid(0, 0, 0);
}

static long
try_setrlimit(int service)
{
	struct rlimit less = { 600, 600 };

	(void)service;
	return setrlimit(RLIMIT_CPU, &less);
}

static long
try_tiocsti(int service)
{
	(void)service;
	return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static long
try_chroot(int service)
{
	(void)service;
	return chroot("..");
}

static const struct {
	const char *name;
	long (*try)(int service);
} attempts[] = {
	{ "open", try_open },
	{ "create", try_create },
	{ "execve", try_execve },
	{ "socket", try_socket },
	{ "connect", try_connect },
	{ "connect-peer", try_connect_peer },
	{ "fastopen", try_fastopen },
	{ "bind", try_bind },
	{ "bind-peer", try_bind_peer },
	{ "fork", try_fork },
	{ "ptrace", try_ptrace },
	{ "kill", try_kill },
	{ "kill-keyholder", try_kill_keyholder },
	{ "mmap", try_mmap },
	{ "mprotect", try_mprotect },
	{ "setuid", try_setuid },
	{ "setrlimit", try_setrlimit },
	{ "tiocsti", try_tiocsti },
	{ "chroot", try_chroot },
};

void
hook_misbehave(int service)
{
	const char *wanted = getenv("INETLS_MISBEHAVE");

	for (size_t i = 0; wanted != NULL && i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (strcmp(wanted, attempts[i].name) == 0)
			log_line(LEVEL_NOTICE, "hook %s: %s", wanted,
			    attempts[i].try(service) == -1 ? strerror(errno) : "it succeeded");
}

void
hook_compute(void)
{
	const char *wanted = getenv("INETLS_MISBEHAVE");
	int64_t end = deadline_after(HOOK_COMPUTE_MS);

	if (wanted != NULL && strcmp(wanted, "compute") == 0)
		while (deadline_now() < end)
			continue;
}

#endif

/* clang-format off */
/*
 * Makes system calls fail: it is loaded by LD_PRELOAD into a program that is linked shared.
 * faults.py says which call, and reads what happened from a file that is mapped here at the start,
 * since a confined process can open no file:
 *
 *	FAULT_FILE	the file: struct seen
 *	FAULT		NAME:N:ERRNO	the Nth call of that function fails, once
 *			NAME:N+:ERRNO	and every later one
 *			NAME:N+:short	moves one byte at most (read, write, recv, send)
 *	FAULT_IN	session or keyholder: the process that was started, or one that it forked
 *
 * Each process counts its own calls, from 1.  Calls on *.log do not fail, since the test reads the
 * log.
 */
/* clang-format on */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Every function that can fail: its type, its arguments as declared and as passed on, its
 * descriptor.
 */
#define MOVERS(X)                                                                             \
	X(ssize_t, read, (int fd, void *data, size_t n), (fd, data, n), fd)                   \
	X(ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n), fd)            \
	X(ssize_t, recv, (int fd, void *data, size_t n, int flags), (fd, data, n, flags), fd) \
	X(ssize_t, send, (int fd, const void *data, size_t n, int flags), (fd, data, n, flags), fd)
#define OTHERS(X)                                                                                 \
	X(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n), fd)                 \
	X(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), fd)                \
	X(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags), fd)            \
	X(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags), fd)      \
	X(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n), fd)        \
	X(int, ppoll, (struct pollfd * p, nfds_t n, const struct timespec *t, const sigset_t *m), \
	    (p, n, t, m), -1)                                                                     \
	X(int, getsockopt, (int fd, int level, int name, void *v, socklen_t *n),                  \
	    (fd, level, name, v, n), fd)                                                          \
	X(int, setsockopt, (int fd, int level, int name, const void *v, socklen_t n),             \
	    (fd, level, name, v, n), fd)                                                          \
	X(int, getsockname, (int fd, struct sockaddr *sa, socklen_t *n), (fd, sa, n), fd)         \
	X(int, getpeername, (int fd, struct sockaddr *sa, socklen_t *n), (fd, sa, n), fd)         \
	X(int, shutdown, (int fd, int how), (fd, how), fd)                                        \
	X(int, close_range, (unsigned first, unsigned last, int flags), (first, last, flags), -1) \
	X(int, socket, (int family, int type, int protocol), (family, type, protocol), -1)        \
	X(int, socketpair, (int family, int type, int protocol, int ends[2]),                     \
	    (family, type, protocol, ends), -1)                                                   \
	X(pid_t, fork, (void), (), -1)                                                            \
	X(int, fstat, (int fd, struct stat *st), (fd, st), fd)                                    \
	X(int, dup2, (int from, int to), (from, to), from)                                        \
	X(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *limit), (what, limit),  \
	    -1)                                                                                   \
	X(int, setgroups, (size_t n, const gid_t *list), (n, list), -1)                           \
	X(int, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s), -1)                             \
	X(int, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s), -1)                             \
	X(int, chroot, (const char *path), (path), -1)                                            \
	X(int, chdir, (const char *path), (path), -1)                                             \
	X(int, rmdir, (const char *path), (path), -1)                                             \
	X(ssize_t, getrandom, (void *data, size_t n, unsigned flags), (data, n, flags), -1)

#define FUNCTIONS(X) MOVERS(X) OTHERS(X)

enum function {
#define NUMBER(type, name, declared, passed, fd) F_##name,
	FUNCTIONS(NUMBER) F_open,
	F_fcntl,
	F_ioctl,
	F_prctl,
	F_syscall,
	F_malloc,
	FUNCTION_COUNT
};

static const char *const names[] = {
#define NAME(type, name, declared, passed, fd) #name,
	FUNCTIONS(NAME) "open", "fcntl", "ioctl", "prctl", "syscall", "malloc"
};

/*
 * The file: how often each function was called, by the process that was started and by its
 * children.
 */
static struct seen {
	uint32_t spoilt;
	uint32_t calls[2][FUNCTION_COUNT];
} * seen;

static int wanted = -1, from, error, log_fd = -1;
static bool persists, is_short, is_child, in_child;

#define REAL(name) __typeof__(name) *real_##name = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void
become_child(void)
{
	is_child = true;
}

static void
read_wish(const char *fault)
{
	char name[32], what[16];

	persists = strchr(fault, '+') != NULL;
	if (sscanf(fault, persists ? "%31[^:]:%d+:%15s" : "%31[^:]:%d:%15s", name, &from, what) !=
	    3)
		_exit(99);
	is_short = strcmp(what, "short") == 0;
	error = atoi(what);
	for (int i = 0; i < FUNCTION_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			wanted = i;
	if (wanted == -1)
		_exit(99);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *file = getenv("FAULT_FILE"), *fault = getenv("FAULT"), *in = getenv("FAULT_IN");
	REAL(open);
	int fd;

	if (file == NULL)
		return;
	if ((fd = real_open(file, O_RDWR)) == -1 ||
	    (seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) ==
		MAP_FAILED)
		_exit(99);
	(void)close(fd);
	(void)pthread_atfork(NULL, NULL, become_child);
	in_child = in != NULL && strcmp(in, "keyholder") == 0;
	if (fault != NULL)
		read_wish(fault);
}

/* Whether this call shall fail; then errno is set. */
static bool
spoil(enum function f, int fd)
{
	uint32_t calls;

	if (seen == NULL || (fd != -1 && fd == log_fd))
		return false;
	calls = ++seen->calls[is_child][f];
	if ((int)f != wanted || is_child != in_child || calls < (uint32_t)from ||
	    (calls > (uint32_t)from && !persists))
		return false;
	seen->spoilt++;
	errno = error;
	return true;
}

#define MOVER(type, name, declared, passed, fd) \
	type name declared                      \
	{                                       \
		REAL(name);                     \
		if (spoil(F_##name, fd)) {      \
			if (!is_short)          \
				return -1;      \
			n = n > 1 ? 1 : n;      \
		}                               \
		return real_##name passed;      \
	}
#define OTHER(type, name, declared, passed, fd) \
	type name declared                      \
	{                                       \
		REAL(name);                     \
		if (spoil(F_##name, fd))        \
			return -1;              \
		return real_##name passed;      \
	}
MOVERS(MOVER)
OTHERS(OTHER)

int
open(const char *path, int flags, ...)
{
	REAL(open);
	va_list ap;
	mode_t mode;
	int fd;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	fd = spoil(F_open, -1) ? -1 : real_open(path, flags, mode);
	if (strstr(path, ".log") != NULL)
		log_fd = fd;
	return fd;
}

#define ONE_MORE(type, name, first_type)                                             \
	type name(int first, first_type second, ...)                                 \
	{                                                                            \
		REAL(name);                                                          \
		va_list ap;                                                          \
		long third;                                                          \
		va_start(ap, second);                                                \
		third = va_arg(ap, long);                                            \
		va_end(ap);                                                          \
		return spoil(F_##name, -1) ? -1 : real_##name(first, second, third); \
	}
ONE_MORE(int, fcntl, int)
ONE_MORE(int, ioctl, unsigned long)

int prctl(int option, ...);

int
prctl(int option, ...)
{
	REAL(prctl);
	unsigned long a[4];
	va_list ap;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return spoil(F_prctl, -1) ? -1 : real_prctl(option, a[0], a[1], a[2], a[3]);
}

long
syscall(long number, ...)
{
	REAL(syscall);
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return spoil(F_syscall, -1) ? -1 : real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

void *__libc_malloc(size_t n);

void *
malloc(size_t n)
{
	return spoil(F_malloc, -1) ? NULL : __libc_malloc(n);
}

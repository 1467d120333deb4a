/* What only Linux has to confine a process: no new privileges, Landlock, system call filters. */

#include "confine/confine_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/filter_marks.h"
#include "filter.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void
confine_linux_bound(void)
{
	/* Only root may; for others nothing is left that the set could bound. */
	(void)prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0);
}

static bool
has_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	/* valgrind takes the second for never written. */
	struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, own) == -1)
		return true;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if ((own[i].permitted | own[i].inheritable) != 0)
			return true;
	return false;
}

/* With the permitted ones those of the ambient set go too (capabilities(7)). */
int
confine_linux_capabilities(struct failure *why)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	/* A unit's filter may forbid capset where there is nothing to give up. */
	if (!has_capabilities() || syscall(SYS_capset, &head, none) == 0)
		return 0;
	return failure_set(why, EX_OSERR, "capset: %s", strerror(errno));
}

int
confine_linux_privileges(struct failure *why)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return failure_set(why, EX_OSERR, "prctl: %s", strerror(errno));
	return 0;
}

/* A sanitizer makes system calls of its own at any time, so no filter is loaded then. */
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

/* The filter, and its length in *n. */
#define TAKE(filter, n) (*(n) = COUNT(filter), (filter))

int
confine_linux_filter(const struct confine_kept *kept, struct failure *why)
{
	struct sock_filter program[COUNT(record_filter) + COUNT(waiting_binding_filter)];
	const struct sock_filter *kind;
	size_t n;

	if (kept->keeps_record)
		kind = TAKE(record_filter, &n);
	else if (kept->binds)
		kind = kept->accepts ? TAKE(waiting_binding_filter, &n) : TAKE(binding_filter, &n);
	else
		kind = kept->accepts ? TAKE(waiting_filter, &n) : TAKE(session_filter, &n);
	memcpy(program, kind, n * sizeof(program[0]));
	for (size_t i = 0; i < n; i++) {
		uint32_t place = program[i].k - FILTER_BACKEND_MARK;

		/* A place that is not used gets a number that no descriptor has. */
		if (program[i].k >= FILTER_BACKEND_MARK && place < FILTER_BACKENDS)
			program[i].k = (int)place < kept->n ? (uint32_t)kept->connectable[place] :
							      UINT32_MAX;
	}
	return load_filter(program, n, why);
}

int
confine_linux_filter_keyholder(struct failure *why)
{
	struct sock_filter program[COUNT(keyholder_filter)];

	memcpy(program, keyholder_filter, sizeof(keyholder_filter));
	return load_filter(program, COUNT(program), why);
}

int
confine_linux_filter_token(struct failure *why)
{
	struct sock_filter program[COUNT(token_filter)];

	memcpy(program, token_filter, sizeof(token_filter));
	return load_filter(program, COUNT(program), why);
}

/*
 * Landlock (Documentation/userspace-api/landlock.rst).  The numbers are written here, since the
 * headers may be older than the kernel.  Each version of its ABI can forbid more.
 */
#define LANDLOCK_CREATE 444
#define LANDLOCK_ADD 445
#define LANDLOCK_RESTRICT 446
#define LANDLOCK_ASK_VERSION 1u
#define LANDLOCK_PATH_BENEATH 1
#define LANDLOCK_NET_PORT 2
#define LANDLOCK_FS_READ 0xcu /* files and directories */
#define LANDLOCK_NET_BIND 1u
#define LANDLOCK_NET_CONNECT 2u
#define LANDLOCK_SCOPE_ALL 3u /* abstract Unix sockets, signals */

struct landlock_ruleset {
	uint64_t fs, net, scoped;
};

struct landlock_port {
	uint64_t allowed, port;
};

struct landlock_path {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static long
landlock_version(void)
{
	return syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_ASK_VERSION);
}

/* All kinds of file access that this version can forbid. */
static uint64_t
landlock_fs(long version)
{
	return version >= 5 ? 0xffff : version >= 3 ? 0x7fff : version == 2 ? 0x3fff : 0x1fff;
}

static int
allow_ports(int rules, const struct confine_kept *kept)
{
	for (int i = 0; i < kept->n; i++) {
		struct landlock_port port = { LANDLOCK_NET_CONNECT, kept->ports[i] };
		bool again = i > 0 && kept->ports[i] == kept->ports[i - 1];

		if (port.port != 0 && !again &&
		    syscall(LANDLOCK_ADD, rules, LANDLOCK_NET_PORT, &port, 0) == -1)
			return -1;
	}
	return 0;
}

/* A ruleset that forbids all files and these uses of the network; or -1. */
static int
begin_rules(long version, uint64_t net)
{
	struct landlock_ruleset all = { landlock_fs(version), net, LANDLOCK_SCOPE_ALL };
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;

	return (int)syscall(LANDLOCK_CREATE, &all, size, 0);
}

/* Puts them into force if r is 0. */
static int
end_rules(int rules, int r, struct failure *why)
{
	if (rules != -1 && r == 0)
		r = (int)syscall(LANDLOCK_RESTRICT, rules, 0);
	if (rules == -1 || r == -1)
		r = failure_set(why, EX_OSERR, "landlock: %s", strerror(errno));
	if (rules != -1)
		(void)close(rules);
	return r;
}

int
confine_linux_files(const struct confine_kept *kept, struct failure *why)
{
	long version = landlock_version();
	uint64_t net = LANDLOCK_NET_CONNECT | (kept->binds ? 0 : LANDLOCK_NET_BIND);
	int rules;

	if (version < 1)
		return 0; /* not in this kernel, or switched off: the other measures remain */
	rules = begin_rules(version, net);
	return end_rules(rules, rules != -1 && version >= 4 ? allow_ports(rules, kept) : 0, why);
}

int
confine_linux_files_token(struct failure *why)
{
	long version = landlock_version();
	struct landlock_path all = { LANDLOCK_FS_READ, -1 };
	int rules, r;

	if (version < 1)
		return 0;
	rules = begin_rules(version, LANDLOCK_NET_BIND);
	if (rules == -1 || (all.parent = open("/", O_PATH | O_CLOEXEC)) == -1)
		return end_rules(rules, -1, why);
	r = (int)syscall(LANDLOCK_ADD, rules, LANDLOCK_PATH_BENEATH, &all, 0);
	r = end_rules(rules, r, why);
	(void)close(all.parent);
	return r;
}

void
confine_linux_keep_orphans(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

const char *
confine_linux_features(void)
{
	static char text[64];
	long version = landlock_version();

	(void)snprintf(text, sizeof(text),
	    version < 1 ? "%s, no Landlock" : "%s, Landlock (ABI %ld)",
	    FILTERED ? "seccomp" : "no seccomp in a sanitizer build", version);
	return text;
}

/*
 * Writes the system call filters of inetls-wrap as C data: for the machine that it runs on, or for
 * the architecture that its argument names (as the first word of gcc -dumpmachine).  It runs when
 * the program is built, so that a connection needs one system call and no library to load its
 * filter.
 *
 * A system call that is not listed kills the process.  Calls that libc may make by itself get EPERM
 * instead: when syslog was restarted, libc opens a new socket, and a lost log line must not kill
 * the session.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "confine/filter/calls.h"
#include "confine/filter_marks.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
check(int r, const char *what)
{
	/* -EDOM: this architecture does not have the call, so there is nothing to allow. */
	if (r == 0 || r == -EDOM)
		return;
	fprintf(stderr, "mkfilter: %s: error %d\n", what, -r);
	exit(1);
}

static void
add_all(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(seccomp_rule_add(ctx, action, calls[i], 0), "rule");
}

/* Allows a call if one of its arguments is so. */
static void
allow_if(scmp_filter_ctx ctx, int call, struct scmp_arg_cmp argument, const char *what)
{
	check(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, argument), what);
}

/* Allows a socket's option of that name to be set. */
static void
allow_option(scmp_filter_ctx ctx, unsigned name)
{
	check(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
		  SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET, 0), SCMP_A2(SCMP_CMP_EQ, name, 0)),
	    "setsockopt");
}

static uint32_t arch; /* the filters' architecture, by libseccomp's number */

static void
find_arch(const char *name)
{
	arch = name == NULL ? seccomp_arch_native() : seccomp_arch_resolve_name(name);
	if (arch == 0) {
		fprintf(stderr, "mkfilter: %s: libseccomp knows no such architecture\n", name);
		exit(1);
	}
}

/* What any filter allows; the rest gets that action. */
static scmp_filter_ctx
begin_with(uint32_t otherwise)
{
	scmp_filter_ctx ctx = seccomp_init(otherwise);

	if (ctx == NULL) {
		fprintf(stderr, "mkfilter: seccomp_init failed\n");
		exit(1);
	}
	if (arch != seccomp_arch_native()) {
		check(seccomp_arch_add(ctx, arch), "architecture");
		check(seccomp_arch_remove(ctx, seccomp_arch_native()), "architecture");
	}
	/*
	 * A binary tree.  When a filter is loaded, the kernel runs it once for each system call
	 * that exists (seccomp_cache_prepare).  With a list this would be half of the cost of
	 * confining.
	 */
	check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize");
	add_all(ctx, SCMP_ACT_ALLOW, for_all, COUNT(for_all));
	allow_if(ctx, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), "mmap");
	return ctx;
}

static scmp_filter_ctx
begin(void)
{
	scmp_filter_ctx ctx = begin_with(SCMP_ACT_KILL_PROCESS);

	add_all(ctx, SCMP_ACT_ERRNO(EPERM), for_libc_alone, COUNT(for_libc_alone));
	return ctx;
}

/*
 * A module is foreign code, so a call that is not allowed fails there, and the module can say so.
 * No program, no process, no signal, no file but to read, no memory that can be executed.
 */
static scmp_filter_ctx
begin_token(void)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	static const unsigned writes = O_ACCMODE | O_CREAT | O_TRUNC;
	scmp_filter_ctx ctx = begin_with(SCMP_ACT_ERRNO(EPERM));

	add_all(ctx, SCMP_ACT_ALLOW, for_token, COUNT(for_token));
	for (size_t i = 0; i < COUNT(families); i++)
		allow_if(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
		    "socket");
	allow_if(ctx, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, writes, 0), "open");
	allow_if(ctx, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, writes, 0), "openat");
	allow_if(ctx, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), "mprotect");
	allow_if(
	    ctx, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD), "clone");
	/* Its flags are in memory, which no filter sees; libc then takes clone. */
	check(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
	allow_if(ctx, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0), "ioctl");
	allow_if(ctx, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0), "ioctl");
	return ctx;
}

/* Prints the program as an array. */
static void
print(scmp_filter_ctx ctx, const char *name)
{
	struct sock_filter program[512];
	FILE *f = tmpfile();
	size_t n;

	if (f == NULL) {
		perror("mkfilter: tmpfile");
		exit(1);
	}
	check(seccomp_export_bpf(ctx, fileno(f)), "export");
	rewind(f);
	n = fread(program, sizeof(program[0]), COUNT(program), f);
	if (fgetc(f) != EOF) {
		fprintf(
		    stderr, "mkfilter: %s has more than %zu instructions\n", name, COUNT(program));
		exit(1);
	}
	(void)fclose(f);
	printf("static const struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < n; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", program[i].code, program[i].jt,
		    program[i].jf, program[i].k);
	printf("};\n");
	seccomp_release(ctx);
}

/* Refuses to read or change limits, as for the calls in for_libc_alone. */
static void
refuse_limits(scmp_filter_ctx ctx)
{
	check(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 0), "prlimit64");
}

static scmp_filter_ctx
begin_session(void)
{
	scmp_filter_ctx ctx = begin();

	add_all(ctx, SCMP_ACT_ALLOW, for_session, COUNT(for_session));
	/*
	 * Only the backend's sockets may be connected; their numbers are filled in when the filter
	 * is loaded.
	 */
	for (uint32_t i = 0; i < FILTER_BACKENDS; i++)
		allow_if(ctx, SCMP_SYS(connect), SCMP_A0(SCMP_CMP_EQ, FILTER_BACKEND_MARK + i, 0),
		    "connect");
	/*
	 * No address is allowed here: with MSG_FASTOPEN it could connect without Landlock seeing
	 * it.  send, which syslog uses, has no address.
	 */
	allow_if(ctx, SCMP_SYS(sendto), SCMP_A4(SCMP_CMP_EQ, 0, 0), "sendto");
	allow_if(ctx, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, SIOCOUTQ, 0), "ioctl");
	allow_option(ctx, SO_LINGER);
	allow_option(ctx, SO_RCVLOWAT);
	return ctx;
}

/* -T: the backend's sockets may be bound to the peer's address, which is known only then. */
static void
allow_bind(scmp_filter_ctx ctx)
{
	for (uint32_t i = 0; i < FILTER_BACKENDS; i++)
		allow_if(
		    ctx, SCMP_SYS(bind), SCMP_A0(SCMP_CMP_EQ, FILTER_BACKEND_MARK + i, 0), "bind");
	allow_option(ctx, SO_REUSEADDR);
}

/* The filter of a session that still waits for its connection, or has it; with -T it binds. */
static void
print_session(bool waits, bool binds, const char *name)
{
	scmp_filter_ctx ctx = begin_session();

	refuse_limits(ctx);
	if (waits)
		add_all(ctx, SCMP_ACT_ALLOW, for_waiting, COUNT(for_waiting));
	if (binds)
		allow_bind(ctx);
	print(ctx, name);
}

int
main(int argc, char **argv)
{
	scmp_filter_ctx ctx;

	find_arch(argc > 1 ? argv[1] : NULL);
	/* Otherwise libseccomp asks the kernel what it can do, and qemu-user does not answer. */
	check(seccomp_api_set(3), "API level");
	printf("/* Made by mkfilter.  Do not edit. */\n");
	print_session(false, false, "session_filter");
	print_session(true, false, "waiting_filter");
	print_session(false, true, "binding_filter");
	print_session(true, true, "waiting_binding_filter");
	ctx = begin_session();
	refuse_limits(ctx);
	add_all(ctx, SCMP_ACT_ALLOW, for_record, COUNT(for_record));
	print(ctx, "record_filter");
	ctx = begin();
	refuse_limits(ctx);
	add_all(ctx, SCMP_ACT_ALLOW, for_keyholder, COUNT(for_keyholder));
	print(ctx, "keyholder_filter");
	print(begin_token(), "token_filter");
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	perror("mkfilter: standard output");
	return 1;
}

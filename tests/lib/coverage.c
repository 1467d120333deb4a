/*
 * Only for the programs of make coverage.  How often each line ran is added to a file that is
 * mapped into memory before main() begins, since a confined session ends by _exit and can open no
 * file.  A child begins with the counts of its parent.  So a line before a fork is counted as often
 * as the lines of both branches after it together; clang itself would count only one branch.
 */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* From compiler-rt, InstrProfiling.h.  Here a profile is just bytes. */
uint64_t __llvm_profile_get_size_for_buffer(void);
int __llvm_profile_write_buffer(char *buffer);
int __llvm_profile_check_compatibility(const char *buffer, uint64_t size);
int __llvm_profile_merge_from_buffer(const char *buffer, uint64_t size);
void __llvm_profile_reset_counters(void);
const char *__llvm_profile_begin_names(void);
const char *__llvm_profile_end_names(void);

/* Defined here so that compiler-rt writes no file of its own. */
extern int __llvm_profile_runtime;
int __llvm_profile_runtime;

#define LOCK_SIZE 4096 /* before the profile, which tests/coverage cuts out */
#define TRIES 1000000  /* who held the lock may have been killed */

static atomic_int *lock;
static char *profile;
static uint64_t size;

static void
lock_profile(void)
{
	int expected = 0;

	for (int tries = 0; tries < TRIES; tries++, expected = 0)
		if (atomic_compare_exchange_weak(lock, &expected, 1))
			return;
}

/* Makes no system call, since the filter might kill the process for it. */
__attribute__((destructor)) static void
add_to_profile(void)
{
	if (profile == NULL)
		return;
	lock_profile();
	(void)__llvm_profile_merge_from_buffer(profile, size);
	(void)__llvm_profile_write_buffer(profile);
	__llvm_profile_reset_counters();
	atomic_store(lock, 0);
}

/* The linker calls these for _exit, execv and raise, by which certgen may end. */
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);
int __real_execv(const char *path, char *const argv[]);
int __wrap_execv(const char *path, char *const argv[]);
int __real_raise(int number);
int __wrap_raise(int number);

void
__wrap__exit(int code)
{
	add_to_profile();
	__real__exit(code);
}

int
__wrap_execv(const char *path, char *const argv[])
{
	add_to_profile();
	return __real_execv(path, argv);
}

int
__wrap_raise(int number)
{
	add_to_profile();
	return __real_raise(number);
}

/* One file for each program: its names, hashed (FNV-1a). */
static int
open_file(void)
{
	uint64_t hash = 14695981039346656037u;
	char path[256];
	int fd;

	for (const char *p = __llvm_profile_begin_names(); p < __llvm_profile_end_names(); p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	(void)snprintf(path, sizeof(path), "%s/%016llx", COVERAGE, (unsigned long long)hash);
	if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) != -1)
		(void)fchmod(fd, 0666);
	return fd;
}

__attribute__((constructor)) static void
open_profile(void)
{
	int fd = open_file();
	struct stat st;
	char *at;

	/* A test's mount namespace may not have that directory. */
	if (fd == -1)
		return;
	size = __llvm_profile_get_size_for_buffer();
	if (flock(fd, LOCK_EX) == -1 || fstat(fd, &st) == -1 ||
	    ftruncate(fd, LOCK_SIZE + (off_t)size) == -1 ||
	    (at = mmap(NULL, LOCK_SIZE + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) ==
		MAP_FAILED) {
		/* A test that makes system calls fail means those of the program. */
		(void)close(fd);
		return;
	}
	if (st.st_size == 0)
		(void)__llvm_profile_write_buffer(at + LOCK_SIZE);
	if (__llvm_profile_check_compatibility(at + LOCK_SIZE, size) != 0)
		abort();
	lock = (atomic_int *)(void *)at;
	profile = at + LOCK_SIZE;
	/* The mapping would keep it as long as this process lives. */
	(void)flock(fd, LOCK_UN);
	(void)close(fd);
}

/*
 * What a program finds when its main() begins, and whether its end is a whole one: for
 * startup.bats, which links it static with common/static/start.c and without.  The same is printed
 * by both.
 */

#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#define MOST (3 << 20) /* beyond what glibc copies past the caches */

static __thread int of_thread = 7;
static int order;
static const char *const relocated[] = { "relocated" };

__attribute__((constructor)) static void
begin(int argc, char **argv, char **env)
{
	printf("constructor %d: %d %s %d\n", ++order, argc, argv[argc - 1], env == environ);
}

__attribute__((destructor)) static void
end(void)
{
	printf("destructor %d\n", ++order);
}

static void
at_exit(void)
{
	printf("atexit %d\n", ++order);
}

static void
show_guards(void)
{
	const uintptr_t *random = (const uintptr_t *)getauxval(AT_RANDOM);
	uintptr_t canary, pointers;

	__asm__("movq %%fs:0x28, %0" : "=r"(canary));
	__asm__("movq %%fs:0x30, %0" : "=r"(pointers));
	printf("canary %d, pointers %d\n", canary == (random[0] & ~(uintptr_t)0xff) && canary != 0,
	    pointers == random[1] && pointers != 0);
}

/* Whether where constants were relocated can still be written. */
static int
count(struct dl_phdr_info *info, size_t size, void *n)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		*(int *)n += info->dlpi_phdr[i].p_type == PT_GNU_RELRO;
	return 0;
}

static sigjmp_buf back;

static void
jump(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void
show_relocations(void)
{
	int n = 0;

	(void)dl_iterate_phdr(count, &n);
	(void)signal(SIGSEGV, jump);
	if (sigsetjmp(back, 1) == 0) {
		*(const char *volatile *)(uintptr_t)&relocated[0] = "written";
		puts("its constants can be written");
	}
	printf("%s, %d segment to protect\n", relocated[0], n);
}

/* Of every length up to 600, and some around powers of two: copied, moved, set, compared. */
static int
strings_hold(void)
{
	unsigned char *a = malloc(MOST + 64), *b = malloc(MOST + 64);
	size_t n = 0;

	while (a != NULL && b != NULL && n < MOST) {
		for (size_t i = 0; i < n + 32; i++)
			a[i] = (unsigned char)(i * 31 % 251 + 1);
		memset(b, 0xee, n + 64);
		memcpy(b + n % 16, a, n);
		if (memcmp(b + n % 16, a, n) != 0 || b[n % 16 + n] != 0xee)
			return 0;
		memmove(a + 7, a, n);
		if (memcmp(b + n % 16, a + 7, n) != 0)
			return 0;
		memmove(a, a + 7, n);
		if (memcmp(b + n % 16, a, n) != 0)
			return 0;
		a[n] = 0;
		if (strlen((char *)a) != n || memchr(a, 0, n + 1) != a + n ||
		    strchr((char *)a, 0) != (char *)a + n)
			return 0;
		n += n < 600 ? 1 : n / 2 + 1;
	}
	free(a);
	free(b);
	return n >= MOST;
}

int
main(int argc, char **argv)
{
	struct timespec now;
	char number[16];

	printf("%d %s %s\n", argc, argv[0], argv[argc]);
	printf("environment %s\n", getenv("STARTUP"));
	printf("page %lu, errno %d, thread %d\n", getauxval(AT_PAGESZ), errno, of_thread);
	show_guards();
	show_relocations();
	printf("strings %d\n", strings_hold());
	(void)snprintf(number, sizeof(number), "%.3f", strtod("1.5", NULL) * 2);
	printf("numbers %s, clock %d\n", number, clock_gettime(CLOCK_MONOTONIC, &now));
	(void)atexit(at_exit);
	return 3;
}

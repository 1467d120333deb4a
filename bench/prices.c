/*
 * What this machine charges for what a connection is made of, in nanoseconds: prints a line
 * "NAME NS" for each price, the median of several tries.
 */

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES 15
#define PAGE 4096
#define PAGES 500
#define CALLS 5000
#define WAKES 500
#define PROCESSES 20
#define QUESTIONS 200
#define LOOPS 200000 /* of ten instructions */

static const char *self;

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
instructions(void)
{
	volatile uint64_t sink;
	uint64_t a = 1, b = 2, c = 3, d = 4;

	/* Five additions and five exclusive ors, in four chains: about as parallel as a cipher. */
	for (int i = 0; i < LOOPS; i++) {
		a += b ^ (uint64_t)i;
		b ^= a + c;
		c += d ^ a;
		d ^= c + b;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	}
	sink = a + b + c + d;
	(void)sink;
}

static void
system_calls(void)
{
	for (int i = 0; i < CALLS; i++)
		(void)syscall(SYS_getppid);
}

static void
page_faults(void)
{
	volatile char *p = mmap(
	    NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	(void)madvise((void *)(uintptr_t)p, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES; i++)
		p[i * PAGE] = 1;
	(void)munmap((void *)(uintptr_t)p, PAGES * PAGE);
}

static void
make_processes(int with_exec)
{
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid == 0 && with_exec)
			(void)execl(self, self, "end", (char *)NULL);
		if (pid == 0)
			_exit(0);
		if (pid == -1 || waitpid(pid, NULL, 0) == -1)
			err(1, "fork");
	}
}

static void
forks(void)
{
	make_processes(0);
}

static void
forks_and_execs(void)
{
	make_processes(1);
}

/* There and back through a socket pair: two wake-ups. */
static void
wake_ups(void)
{
	int ends[2];
	char byte = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)close(ends[0]);
		while (read(ends[1], &byte, 1) == 1)
			if (write(ends[1], &byte, 1) != 1)
				break;
		_exit(0);
	}
	(void)close(ends[1]);
	for (int i = 0; i < WAKES; i++)
		if (write(ends[0], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
			err(1, "socket pair");
	(void)close(ends[0]);
	(void)waitpid(pid, NULL, 0);
}

#ifdef __x86_64__
static void
cpuid_questions(void)
{
	unsigned a, b, c, d;

	for (int i = 0; i < QUESTIONS; i++)
		__cpuid_count(0, 0, a, b, c, d);
}
#endif

static int
smaller(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of the tries, for one of `many`. */
static double
price(void (*work)(void), double many)
{
	double took[TRIES];

	for (int i = 0; i < TRIES; i++) {
		double start = now();

		work();
		took[i] = (now() - start) / many;
	}
	qsort(took, TRIES, sizeof(took[0]), smaller);
	return took[TRIES / 2];
}

int
main(int argc, char **argv)
{
	double forked;

	if (argc > 1 && strcmp(argv[1], "end") == 0)
		_exit(0);
	self = argv[0];
	forked = price(forks, PROCESSES);
	printf("million_instructions %.0f\n", price(instructions, LOOPS * 10.0) * 1e6);
	printf("system_call %.0f\n", price(system_calls, CALLS));
	printf("page_fault %.0f\n", price(page_faults, PAGES));
	printf("fork %.0f\n", forked);
	printf("exec %.0f\n", price(forks_and_execs, PROCESSES) - forked);
	printf("wake_up %.0f\n", price(wake_ups, WAKES * 2.0));
#ifdef __x86_64__
	printf("cpuid %.0f\n", price(cpuid_questions, QUESTIONS));
#endif
	return 0;
}

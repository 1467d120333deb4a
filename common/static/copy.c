/*
 * What TLS moves comes in pieces of 16 kB, which a processor of the last ten years copies best by
 * one instruction.  Whether it does is asked of it once there is such a piece, and not at the start
 * (start.c), where glibc has chosen a way that all have.  With the linker's --wrap everything that
 * is linked static copies by this.
 */

#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>

#define LARGE 8192             /* less is not worth the question */
#define FAST_STRINGS (1u << 9) /* of EBX: enhanced REP MOVSB (Intel SDM, CPUID, leaf 7) */

void *__real_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);

static bool
has_fast_strings(void)
{
	static signed char known; /* 0: not asked yet */
	unsigned a, b, c, d;

	if (known == 0) {
		known = -1;
		if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & FAST_STRINGS) != 0)
			known = 1;
	}
	return known > 0;
}

/* glibc copies little things before there is a canary. */
__attribute__((no_stack_protector)) void *
__wrap_memcpy(void *to, const void *from, size_t n)
{
	void *at = to;

	if (n < LARGE || !has_fast_strings())
		return __real_memcpy(to, from, n);
	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

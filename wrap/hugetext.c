/*
 * Code on huge pages.  A huge page of a file's cache cannot be had on most file systems, so each
 * segment is copied into memory that has them, and that memory is moved to where the segment was.
 */

#include "hugetext.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20) /* of x86-64, and of arm64 with pages of 4 kB */
#define COLLAPSE 25                 /* MADV_COLLAPSE, since Linux 6.1: later than some headers */

/* Memory on huge pages with that content, or NULL. */
static void *
copy(const void *from, size_t len, size_t room, int protection)
{
	char *all = mmap(
	    NULL, room + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = -(uintptr_t)all & (HUGE_PAGE - 1);
	char *made = all + before;

	if (all == MAP_FAILED)
		return NULL;
	(void)madvise(made, room, MADV_HUGEPAGE);
	memcpy(made, from, len);
	/* What is left around it, which begins and ends with a page. */
	if (before > 0)
		(void)munmap(all, before);
	if (before < HUGE_PAGE)
		(void)munmap(made + room, HUGE_PAGE - before);
	if (madvise(made, room, COLLAPSE) == 0 && mprotect(made, room, protection) == 0)
		return made;
	(void)munmap(made, room);
	return NULL;
}

static size_t
room_of(const ElfW(Phdr) * h)
{
	return (h->p_memsz + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
}

/* Code or constants, as large as to be worth it, and alone on their huge pages. */
static bool
is_fit(const struct dl_phdr_info *program, const ElfW(Phdr) * h)
{
	if (h->p_type != PT_LOAD || (h->p_flags & PF_W) != 0 || h->p_memsz < HUGE_PAGE / 2 ||
	    (program->dlpi_addr + h->p_vaddr) % HUGE_PAGE != 0)
		return false;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *other = &program->dlpi_phdr[i];

		if (other->p_type == PT_LOAD && other->p_vaddr > h->p_vaddr &&
		    other->p_vaddr < h->p_vaddr + room_of(h))
			return false;
	}
	return true;
}

/* The program itself comes first, and its loader and libraries, if any, are left alone. */
static int
move_segments(struct dl_phdr_info *program, size_t size, void *unused)
{
	(void)size, (void)unused;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &program->dlpi_phdr[i];
		void *at = (void *)(program->dlpi_addr + h->p_vaddr), *made;
		size_t room = room_of(h);

		if (!is_fit(program, h))
			continue;
		made = copy(
		    at, h->p_memsz, room, PROT_READ | ((h->p_flags & PF_X) != 0 ? PROT_EXEC : 0));
		if (made != NULL &&
		    mremap(made, room, room, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED)
			(void)munmap(made, room);
	}
	return 1;
}

void
hugetext_use(void)
{
	(void)dl_iterate_phdr(move_segments, NULL);
}

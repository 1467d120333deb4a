#ifndef INETLS_HUGETEXT_H
#define INETLS_HUGETEXT_H

/*
 * Puts this program's code and constants on huge pages
 * (Documentation/admin-guide/mm/transhuge.rst). For a process that forks often: a child then has
 * them by a few entries of its page table, where it would fault in every place that it comes to.
 * Needs segments that begin at a huge page, as a static build is linked, and a kernel that has
 * MADV_COLLAPSE; without them nothing changes.
 */
void hugetext_use(void);

#endif

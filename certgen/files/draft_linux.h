#ifndef INETLS_DRAFT_LINUX_H
#define INETLS_DRAFT_LINUX_H

/* Renames a file of the directory, unless the new name exists.  0, or -1 and errno. */
int draft_rename_new(int dir, const char *from, const char *to);

#endif

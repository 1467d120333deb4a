#ifndef INETLS_INSTEAD_H
#define INETLS_INSTEAD_H

/*
 * What to write instead of a name for -n that is none of the table: a protocol that stunnel knows,
 * one whose clients begin with TLS, or another name of PostgreSQL.  NULL if the name is none of
 * these.  Case does not matter.
 */
const char *instead_of(const char *name);

#endif

#ifndef INETLS_AUTHORITY_H
#define INETLS_AUTHORITY_H

/*
 * ca [options] DIR [DOMAIN|ADDRESS|RANGE...]: makes a new CA that may sign for these.  An exit code
 * or a COMMAND_* of usage.h.
 */
int authority_create(int argc, char *argv[]);

#endif

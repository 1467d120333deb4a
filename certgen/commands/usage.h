#ifndef INETLS_USAGE_H
#define INETLS_USAGE_H

/* The help text and the version, from main's table. */

struct command {
	const char *name; /* "" for the first, which needs none; NULL ends the table */
	int (*run)(int argc, char *argv[]);
	const char *synopsis; /* what stands behind the name */
	const char *line;     /* what it does */
};

/* A subcommand answers with an exit code, or with one of these. */
enum {
	COMMAND_HELP = -1,    /* --help was asked for */
	COMMAND_VERSION = -2, /* --version was asked for */
	COMMAND_UNKNOWN = -3, /* the first word is no file's name: list the subcommands */
};

/* Turns a subcommand's answer into an exit code, printing what was asked for. */
int usage_answer(const struct command commands[], int answer);

/*
 * For a word that is no subcommand, and no file either, or one that does not stand first: says so,
 * and which subcommand was meant.  Returns COMMAND_UNKNOWN.
 */
int usage_unknown(const char *word);

#endif

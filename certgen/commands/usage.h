#ifndef INETLS_USAGE_H
#define INETLS_USAGE_H

/* Prints the help text, from main's table, and the version. */

struct command {
	const char *name; /* "" for the first form, which has no name; NULL ends the table */
	int (*run)(int argc, char *argv[]);
	const char *synopsis; /* the text after the name */
	const char *line;     /* what it does */
};

/* A subcommand returns an exit code, or one of these. */
enum {
	COMMAND_HELP = -1,    /* --help was asked for */
	COMMAND_VERSION = -2, /* --version was asked for */
	/* the first word is neither a subcommand nor a file name: list the subcommands */
	COMMAND_UNKNOWN = -3,
};

/* Turns what a subcommand returned into an exit code, and prints what was asked for. */
int usage_answer(const struct command commands[], int answer);

/*
 * For a word that is neither a subcommand nor a file name, or a subcommand that is not the first
 * word: says so, and which subcommand was probably meant.  Returns COMMAND_UNKNOWN.
 */
int usage_unknown(const char *word);

#endif

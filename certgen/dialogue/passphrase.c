/*
 * While a passphrase is typed, the terminal's echo is off.  It must be on again however the program
 * ends, so signals are only noted, and take effect after the terminal is restored.
 */

#include "dialogue/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define TRIES 3

static volatile sig_atomic_t got_signal;

static void
note_signal(int signal)
{
	got_signal = signal;
}

/* A line that does not fit is no passphrase: cut, it would be another one. */
static void
end_line(struct passphrase *passphrase, size_t len)
{
	if (len > PASSPHRASE_MAX)
		len = 0;
	if (len > 0 && passphrase->text[len - 1] == '\r')
		len--;
	passphrase->text[len] = '\0';
}

/*
 * Reads one line byte by byte, so that nothing after it is consumed.  While it waits, the signals
 * that are blocked are those of *blocked, if that is not NULL.  0, or -1 at the end of input or at
 * a signal.
 */
static int
read_line(int fd, const sigset_t *blocked, struct passphrase *passphrase)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;
	char c;

	for (;;) {
		if ((n = ppoll(&in, 1, NULL, blocked)) == 1)
			n = read(fd, &c, 1);
		if (n == -1 && errno == EINTR && got_signal == 0)
			continue;
		if (n != 1 || c == '\n')
			break;
		/* Keep one byte more than fits: it marks a line that is too long. */
		if (len < sizeof(passphrase->text))
			passphrase->text[len++] = c;
	}
	end_line(passphrase, len);
	return n == 1 ? 0 : -1;
}

int
passphrase_read(const char *path, struct passphrase *passphrase, struct failure *why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r = -1;

	if (fd == -1 || fstat(fd, &st) == -1)
		failure_set(why, errno == ENOENT ? EX_NOINPUT : EX_NOPERM, "open %s: %s", path,
		    strerror(errno));
	else if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0 &&
	    (st.st_uid != 0 || (st.st_mode & 037) != 0))
		failure_set(why, EX_NOPERM,
		    "%s: other users can read this passphrase; fix: chmod 600 %s", path, path);
	else {
		got_signal = 0;
		(void)read_line(fd, NULL, passphrase);
		r = *passphrase->text != '\0' ?
		    0 :
		    failure_set(why, EX_DATAERR,
			"%s: its first line is empty, or longer than %d bytes", path,
			PASSPHRASE_MAX);
	}
	if (fd != -1)
		(void)close(fd);
	return r;
}

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define ENDING (sizeof(ending) / sizeof(ending[0]))

static int
read_unseen(int fd, struct passphrase *passphrase)
{
	struct sigaction note = { .sa_handler = note_signal }, saved[ENDING];
	struct termios shown, unseen;
	sigset_t blocked, before;
	bool known;
	int r;

	got_signal = 0;
	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < ENDING; i++)
		(void)sigaddset(&blocked, ending[i]);
	/* One that came just before the wait would not interrupt it, so they come only within. */
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	for (size_t i = 0; i < ENDING; i++)
		(void)sigaction(ending[i], &note, &saved[i]);
	if ((known = tcgetattr(fd, &shown) == 0)) {
		unseen = shown;
		unseen.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(fd, TCSAFLUSH, &unseen);
	}
	r = read_line(fd, &before, passphrase);
	if (known)
		(void)tcsetattr(fd, TCSAFLUSH, &shown);
	for (size_t i = 0; i < ENDING; i++)
		(void)sigaction(ending[i], &saved[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (got_signal != 0)
		(void)raise(got_signal);
	return r;
}

/*
 * For --ask without a terminal: reads through the stream, which may have buffered the line already.
 */
static int
read_stream(FILE *in, struct passphrase *passphrase)
{
	size_t len = 0;
	int c;

	while ((c = getc(in)) != EOF && c != '\n')
		if (len < sizeof(passphrase->text))
			passphrase->text[len++] = (char)c;
	end_line(passphrase, len);
	return c == EOF ? -1 : 0;
}

static int
ask(const char *question, FILE *in, FILE *out, struct passphrase *passphrase, struct failure *why)
{
	int terminal = isatty(fileno(in)), r;

	(void)fprintf(out, "%s: ", question);
	(void)fflush(out);
	r = terminal ? read_unseen(fileno(in), passphrase) : read_stream(in, passphrase);
	/* The typed newline was not echoed either. */
	if (terminal || r == -1)
		(void)fputc('\n', out);
	if (r == -1)
		return failure_set(why, EX_DATAERR, "end of input: nothing was written");
	return 0;
}

int
passphrase_ask(
    const char *question, FILE *in, FILE *out, struct passphrase *passphrase, struct failure *why)
{
	if (ask(question, in, out, passphrase, why) == -1)
		return -1;
	if (*passphrase->text == '\0')
		return failure_set(
		    why, EX_DATAERR, "no passphrase, or a line too long: nothing was written");
	return 0;
}

int
passphrase_choose(const char *question, int may_be_empty, FILE *in, FILE *out,
    struct passphrase *passphrase, struct failure *why)
{
	struct passphrase again;

	for (int tries = 0; tries < TRIES; tries++) {
		int same;

		if (ask(question, in, out, passphrase, why) == -1)
			return -1;
		if (*passphrase->text == '\0' && may_be_empty)
			return 0;
		if (ask("Once more", in, out, &again, why) == -1) {
			passphrase_wipe(passphrase);
			return -1;
		}
		same = strcmp(passphrase->text, again.text) == 0 && *again.text != '\0';
		passphrase_wipe(&again);
		if (same)
			return 0;
		(void)fputs("  They differ, or are empty\n", out);
	}
	passphrase_wipe(passphrase);
	return failure_set(why, EX_DATAERR, "refused %d times: nothing was written", TRIES);
}

void
passphrase_wipe(struct passphrase *passphrase)
{
	explicit_bzero(passphrase, sizeof(*passphrase));
}

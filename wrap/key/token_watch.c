/* A timer around each call into a token's module. */

#include "key/token_watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <sys/time.h>
#include <unistd.h>

#include "token_url.h"

/* Less than --handshake-timeout is by default, so that the session still hears it. */
#define ANSWER_S 8

/* For the handler; they change only while the timer is off.  The first byte is the exit code. */
static int told = -1;
static char message[1 + 512];
static size_t message_len;

static void
end(int signal_number)
{
	(void)signal_number;
	(void)!write(told, message, message_len);
	_exit(EX_NOINPUT);
}

static void
set_timer(int seconds)
{
	struct itimerval once = { { 0, 0 }, { seconds, 0 } };

	(void)setitimer(ITIMER_REAL, &once, NULL);
}

void
token_watch_tell(int fd)
{
	told = fd;
}

void
token_watch_begin(const char *path, const char *url)
{
	struct sigaction action = { .sa_handler = end };
	bool alone = token_url_is(path);
	sigset_t alarm;

	if (told == -1)
		return;
	message[0] = EX_NOINPUT;
	(void)snprintf(message + 1, sizeof(message) - 1,
	    "%s%s%s: the token has not answered for %d seconds", alone ? "" : path,
	    alone ? "" : ": ", url, ANSWER_S);
	message_len = 1 + strlen(message + 1);
	(void)sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	set_timer(ANSWER_S);
}

void
token_watch_end(void)
{
	if (told != -1)
		set_timer(0);
}

/* SPDX-License-Identifier: MIT
 *
 * The new program is found like the old one: argv[0] is its path or a name in
 * PATH. So an upgrade may replace the file or move a symbolic link.
 */
#include "common/daemon/successor.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

/* Time for a program to start and to check its configuration. */
#define TRIAL_MS 10000

void successor_try(struct successor *successor)
{
	char check[] = "--check-config";
	char *argv[] = { successor->argv[0], check, NULL };
	int error;

	if (successor->trial != 0)
		return;
	/* safe with threads, and unlike execvp it does not run a shell for a
	 * file that is not a program */
	error = posix_spawnp(&successor->trial, argv[0], NULL, NULL, argv,
			     environ);
	successor->give_up_ms = clock_ms() + TRIAL_MS;
	if (error == 0)
		return;
	log_error("cannot run '%s': %s", argv[0], strerror(error));
	successor->trial = -1;
}

static enum successor_verdict judge_status(const struct successor *successor,
					   int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return SUCCESSOR_FIT;
	if (WIFSIGNALED(status))
		log_error("'%s' was killed by signal %d during its trial",
			  successor->argv[0], WTERMSIG(status));
	else
		log_error("'%s' would not start", successor->argv[0]);
	return SUCCESSOR_UNFIT;
}

enum successor_verdict successor_judge(struct successor *successor)
{
	int status;

	if (successor->trial == 0)
		return SUCCESSOR_NONE;
	if (successor->trial == -1) {
		successor->trial = 0;
		return SUCCESSOR_UNFIT;
	}
	if (waitpid(successor->trial, &status, WNOHANG) == 0) {
		if (clock_ms() >= successor->give_up_ms)
			kill(successor->trial, SIGKILL);
		return SUCCESSOR_TRIED;
	}
	successor->trial = 0;
	return judge_status(successor, status);
}

void successor_abandon(struct successor *successor)
{
	if (successor->trial > 0) {
		kill(successor->trial, SIGKILL);
		waitpid(successor->trial, NULL, 0);
	}
	successor->trial = 0;
}

void successor_become(const struct successor *successor)
{
	execvp(successor->argv[0], successor->argv);
	log_error("cannot become '%s': %m", successor->argv[0]);
}

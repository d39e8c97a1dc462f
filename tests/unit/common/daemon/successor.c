/* SPDX-License-Identifier: MIT
 *
 * common/daemon/successor: the trial of a program, and its execution.
 */
#include "common/daemon/successor.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[] = "/tmp/pushlog-unit-XXXXXX";
static char program[64];
static char argument[] = "argument";
static char *argv_of_it[] = { program, argument, NULL };

/* Writes a shell script as the program. */
static void write_program(const char *lines)
{
	FILE *file;

	unlink(program);
	file = fopen(program, "we");
	assert_non_null(file);
	assert_true(fputs(lines, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(program, 0700), 0);
}

static enum successor_verdict judge(struct successor *successor)
{
	enum successor_verdict verdict;

	while ((verdict = successor_judge(successor)) == SUCCESSOR_TRIED)
		usleep(1000);
	return verdict;
}

/* For run_child. The exit status is the verdict. */
static void try_it(void)
{
	struct successor successor = { .argv = argv_of_it };
	enum successor_verdict verdict;

	if (successor_judge(&successor) != SUCCESSOR_NONE)
		_exit(99);
	successor_try(&successor);
	verdict = judge(&successor);
	if (successor_judge(&successor) != SUCCESSOR_NONE)
		_exit(99);
	_exit((int)verdict);
}

static void expect(const char *lines, enum successor_verdict verdict,
		   const char *words)
{
	char said[1024];

	write_program(lines);
	assert_int_equal(run_child(try_it, said, sizeof(said)), verdict);
	assert_non_null(strstr(said, words));
}

TEST(a_program_that_passes_the_check_is_fit)
{
	expect("#!/bin/sh\n[ $# = 1 ] && [ $1 = --check-config ]\n",
	       SUCCESSOR_FIT, "");
}

TEST(a_program_that_fails_the_check_is_unfit_and_the_reason_is_logged)
{
	expect("#!/bin/sh\necho bad value >&2\nexit 1\n", SUCCESSOR_UNFIT,
	       "bad value");
	expect("#!/bin/sh\nexit 1\n", SUCCESSOR_UNFIT, "would not start");
	expect("#!/bin/sh\nkill -KILL $$\n", SUCCESSOR_UNFIT,
	       "killed by signal 9");
	expect("", SUCCESSOR_UNFIT, "cannot run");
	expect("exit 0\n", SUCCESSOR_UNFIT, "cannot run");
}

TEST(one_trial_runs_at_a_time)
{
	struct successor successor = { .argv = argv_of_it };
	pid_t trial;

	write_program("#!/bin/sh\nexec sleep 100\n");
	successor_try(&successor);
	trial = successor.trial;
	assert_int_equal(successor_judge(&successor), SUCCESSOR_TRIED);
	successor_try(&successor);
	assert_int_equal(successor.trial, trial);
	successor_abandon(&successor);
	assert_int_equal(kill(trial, 0), -1);
	assert_int_equal(successor_judge(&successor), SUCCESSOR_NONE);
}

TEST(a_trial_that_takes_too_long_has_failed)
{
	struct successor successor = { .argv = argv_of_it };

	write_program("#!/bin/sh\nexec sleep 100\n");
	successor_try(&successor);
	successor.give_up_ms = 0;
	assert_int_equal(judge(&successor), SUCCESSOR_UNFIT);
}

static void become_it(void)
{
	const struct successor successor = { .argv = argv_of_it };

	successor_become(&successor);
}

TEST(the_successor_keeps_the_process_and_the_arguments)
{
	char said[1024];

	write_program("#!/bin/sh\necho \"$1\"\nexit 7\n");
	assert_int_equal(run_child(become_it, said, sizeof(said)), 7);
	assert_string_equal(said, "argument\n");
	unlink(program);
	assert_int_equal(run_child(become_it, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "cannot become"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_passes_the_check_is_fit),
		cmocka_unit_test(
			a_program_that_fails_the_check_is_unfit_and_the_reason_is_logged),
		cmocka_unit_test(one_trial_runs_at_a_time),
		cmocka_unit_test(a_trial_that_takes_too_long_has_failed),
		cmocka_unit_test(
			the_successor_keeps_the_process_and_the_arguments),
	};
	int status;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(program, sizeof(program), "%s/program", folder);
	status = cmocka_run_group_tests_name("successor", tests, NULL, NULL);
	unlink(program);
	rmdir(folder);
	return status;
}

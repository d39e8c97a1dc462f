/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/leader: one thread leads until it gives way.
 */
#include "messages-fcgi/leader.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct leader *leader;
static atomic_int leading, led;

static int set_up(void **state)
{
	(void)state;
	leader = leader_new();
	leading = led = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	leader_free(leader);
	return 0;
}

static void *lead_often(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		leader_become(leader);
		assert_int_equal(atomic_fetch_add(&leading, 1), 0);
		leader_become(leader); /* it leads already */
		atomic_fetch_add(&led, 1);
		assert_int_equal(atomic_fetch_sub(&leading, 1), 1);
		leader_give_way();
		leader_assert_not_leading();
	}
	return arg;
}

TEST(at_most_one_thread_leads_and_each_gets_its_turn)
{
	pthread_t threads[4];
	size_t i;

	leader_become(leader);
	for (i = 0; i < COUNT(threads); i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, lead_often, NULL), 0);
	/* nobody leads while this thread does */
	usleep(10000);
	assert_int_equal(led, 0);
	leader_give_way();
	for (i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(led, 4000);
}

TEST(a_thread_that_does_not_lead_may_give_way)
{
	leader_give_way();
	leader_assert_not_leading();
	leader_become(leader);
	leader_give_way();
	leader_give_way();
	leader_become(leader);
	leader_give_way();
}

static void wait_while_leading(void)
{
	leader_become(leader);
	leader_assert_not_leading();
}

TEST(a_leader_that_waits_ends_the_program)
{
	char said[512];

	assert_int_equal(run_child(wait_while_leading, said, sizeof(said)),
			 -SIGABRT);
	assert_non_null(strstr(said, "leader"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			at_most_one_thread_leads_and_each_gets_its_turn),
		cmocka_unit_test(a_thread_that_does_not_lead_may_give_way),
		cmocka_unit_test(a_leader_that_waits_ends_the_program),
	};

	return cmocka_run_group_tests_name("leader", tests, set_up, tear_down);
}

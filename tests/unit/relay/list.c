/* SPDX-License-Identifier: MIT
 *
 * relay/list: order, and removal of links at any time.
 */
#include "relay/list.h"

#include "tests/unit/unit.h"

struct item {
	int number;
	struct list link;
};

static int take_number(struct list *list)
{
	struct list *link = list_take(list);

	return link ? container_of(link, struct item, link)->number : -1;
}

TEST(links_are_taken_in_the_order_of_appending)
{
	struct item items[5];
	struct list list;
	int i;

	list_init(&list);
	assert_true(list_is_empty(&list));
	assert_null(list_take(&list));
	for (i = 0; i < 5; i++) {
		items[i].number = i;
		list_append(&list, &items[i].link);
	}
	assert_false(list_is_empty(&list));
	for (i = 0; i < 5; i++)
		assert_int_equal(take_number(&list), i);
	assert_true(list_is_empty(&list));
	/* a taken link is in no list */
	assert_true(list_is_empty(&items[0].link));
}

TEST(any_link_can_be_removed_even_twice)
{
	static const int order[] = { 2, 0, 2, 4, 0 };
	struct item items[5];
	struct list list;
	size_t i;

	list_init(&list);
	for (i = 0; i < 5; i++) {
		items[i].number = (int)i;
		list_append(&list, &items[i].link);
	}
	for (i = 0; i < COUNT(order); i++) {
		list_remove(&items[order[i]].link);
		assert_true(list_is_empty(&items[order[i]].link));
	}
	list_append(&list, &items[0].link);
	assert_int_equal(take_number(&list), 1);
	assert_int_equal(take_number(&list), 3);
	assert_int_equal(take_number(&list), 0);
	assert_int_equal(take_number(&list), -1);
}

TEST(a_link_moves_from_one_list_to_another)
{
	struct item items[3];
	struct list a, b;
	size_t i;

	list_init(&a);
	list_init(&b);
	for (i = 0; i < 3; i++) {
		items[i].number = (int)i;
		list_append(&a, &items[i].link);
	}
	list_remove(&items[1].link);
	list_append(&b, &items[1].link);
	assert_int_equal(take_number(&b), 1);
	assert_int_equal(take_number(&a), 0);
	assert_int_equal(take_number(&a), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_taken_in_the_order_of_appending),
		cmocka_unit_test(any_link_can_be_removed_even_twice),
		cmocka_unit_test(a_link_moves_from_one_list_to_another),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}

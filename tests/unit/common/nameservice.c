/* Users: the result must be that of the system's own look-up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pwd.h>

#include "nameservice.h"

static void
every_user_has_the_ids_that_getpwnam_gives(void **state)
{
	static const char *const names[] = { "root", "daemon", "nobody" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct passwd *pw = getpwnam(names[i]);
		uid_t uid = 1;
		gid_t gid = 1;

		assert_non_null(pw);
		assert_int_equal(nameservice_user(names[i], &uid, &gid), 0);
		assert_int_equal(uid, pw->pw_uid);
		assert_int_equal(gid, pw->pw_gid);
	}
}

static void
bad_a_part_of_a_name_or_more_than_one_is_nobody(void **state)
{
	static const char *const names[] = { "", "roo", "root:", "root:x", "oot", "rootx", "x",
		"0" };
	uid_t uid;
	gid_t gid;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(nameservice_user(names[i], &uid, &gid), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_user_has_the_ids_that_getpwnam_gives),
		cmocka_unit_test(bad_a_part_of_a_name_or_more_than_one_is_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

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
		assert_ptr_equal(nameservice_user(names[i], NULL, &uid, &gid), names[i]);
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
		assert_null(nameservice_user(names[i], NULL, &uid, &gid));
}

static void
the_other_user_counts_only_where_the_first_is_missing(void **state)
{
	const char *other = "daemon";
	const struct passwd *pw = getpwnam("nobody");
	uid_t uid, wanted = pw->pw_uid;
	gid_t gid;

	(void)state;
	/* "daemon" stands before "nobody" in the file, and "root" before it. */
	assert_string_equal(nameservice_user("nobody", other, &uid, &gid), "nobody");
	assert_int_equal(uid, wanted);
	assert_string_equal(nameservice_user("root", other, &uid, &gid), "root");
	assert_int_equal(uid, 0);
	assert_ptr_equal(nameservice_user("no-such-user", other, &uid, &gid), other);
	assert_int_equal(uid, getpwnam(other)->pw_uid);
	assert_null(nameservice_user("no-such-user", "nor-this", &uid, &gid));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_user_has_the_ids_that_getpwnam_gives),
		cmocka_unit_test(bad_a_part_of_a_name_or_more_than_one_is_nobody),
		cmocka_unit_test(the_other_user_counts_only_where_the_first_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

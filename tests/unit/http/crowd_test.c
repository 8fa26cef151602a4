/* crowd_test.c - who is let in, and who has to go for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "web/http/crowd.h"

static struct sockaddr_storage
address(const char *text)
{
    struct sockaddr_storage at = { 0 };
    struct sockaddr_in *v4 = (void *)&at;
    struct sockaddr_in6 *v6 = (void *)&at;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        at.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        at.ss_family = AF_INET6;
    else
        fail_msg("not an address: %s", text);
    return at;
}

static bool
admit(struct sp_crowd *crowd, const char *from)
{
    struct sockaddr_storage at = address(from);
    return sp_crowd_admit(crowd, (const struct sockaddr *)&at);
}

static void
enter(struct sp_crowd *crowd, struct sp_guest *guest, const char *from)
{
    struct sockaddr_storage at = address(from);
    sp_crowd_enter(crowd, guest, (const struct sockaddr *)&at, -1);
}

static void
test_full_shows_out_who_was_silent_longest(void **state)
{
    struct sp_crowd crowd = { .max = 3, .per_address = 10 };
    struct sp_guest guests[4];
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(admit(&crowd, "192.0.2.1"));
        enter(&crowd, &guests[i], "192.0.2.1");
    }
    sp_crowd_busy(&crowd, &guests[0], true);
    assert_true(admit(&crowd, "192.0.2.2"));
    assert_false(guests[0].leaving);
    assert_true(guests[1].leaving);
    assert_false(guests[2].leaving);
    enter(&crowd, &guests[3], "192.0.2.2");
    sp_crowd_leave(&crowd, &guests[1]);
    assert_int_equal(crowd.count, 3);
}

static void
test_nobody_comes_in_when_all_are_busy(void **state)
{
    struct sp_crowd crowd = { .max = 2, .per_address = 10 };
    struct sp_guest guests[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        enter(&crowd, &guests[i], "127.0.0.1");
        sp_crowd_busy(&crowd, &guests[i], true);
    }
    assert_false(admit(&crowd, "127.0.0.1"));
    sp_crowd_busy(&crowd, &guests[0], false);
    assert_true(admit(&crowd, "127.0.0.1"));
    assert_true(guests[0].leaving);
}

static void
test_one_address_shows_out_its_own(void **state)
{
    struct sp_crowd crowd = { .max = 100, .per_address = 2 };
    struct sp_guest guests[4];
    (void)state;
    enter(&crowd, &guests[0], "192.0.2.9");
    enter(&crowd, &guests[1], "2001:db8::1");
    enter(&crowd, &guests[2], "2001:db8::2:2"); /* the same /64 */
    assert_true(admit(&crowd, "2001:db8:1::1"));
    assert_false(guests[1].leaving);
    assert_true(admit(&crowd, "2001:db8::3"));
    assert_false(guests[0].leaving);
    assert_true(guests[1].leaving);
    assert_false(guests[2].leaving);
    sp_crowd_busy(&crowd, &guests[2], true);
    enter(&crowd, &guests[3], "2001:db8::3");
    sp_crowd_busy(&crowd, &guests[3], true);
    assert_false(admit(&crowd, "2001:db8::4"));
}

static void
test_loopback_and_the_unix_socket_are_not_counted_by_address(void **state)
{
    static const char *const addresses[] = { "127.0.0.1", "::1", "::ffff:127.0.0.1" };
    struct sp_crowd crowd = { .max = 100, .per_address = 1 };
    struct sp_guest guests[12];
    (void)state;
    for (int i = 0; i < 9; i++) {
        assert_true(admit(&crowd, addresses[i % 3]));
        enter(&crowd, &guests[i], addresses[i % 3]);
    }
    for (int i = 9; i < 12; i++) {
        assert_true(sp_crowd_admit(&crowd, NULL));
        sp_crowd_enter(&crowd, &guests[i], NULL, -1);
    }
    for (int i = 0; i < 12; i++)
        assert_false(guests[i].leaving);
    assert_int_equal(crowd.count, 12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_shows_out_who_was_silent_longest),
        cmocka_unit_test(test_nobody_comes_in_when_all_are_busy),
        cmocka_unit_test(test_one_address_shows_out_its_own),
        cmocka_unit_test(test_loopback_and_the_unix_socket_are_not_counted_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

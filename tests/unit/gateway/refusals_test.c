/* refusals_test.c - refusals fold, are bounded, and outlive a restart; sources count what came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "gateway/refusals.h"
#include "world.h"

struct seen {
    struct sp_refusal items[SP_REFUSALS_MAX];
    size_t count;
};

static struct seen *
look(struct sp_refusals *refusals)
{
    struct seen *seen = calloc(1, sizeof(*seen));
    assert_non_null(seen);
    seen->count = sp_refusals_list(refusals, seen->items, SP_REFUSALS_MAX);
    return seen;
}

static void
note(struct sp_refusals *refusals, const char *who, const char *address, const char *reason, int64_t now)
{
    const struct sp_refused refused = {
        .door = "http", .who = who, .address = address, .reason = reason, .status = 401, .now = now
    };
    sp_refusals_note(refusals, &refused);
}

static void
test_the_same_trouble_of_the_same_one_counts_up(void **state)
{
    (void)state;
    struct sp_refusals *refusals = sp_refusals_new();
    note(refusals, "copier", "192.0.2.1", "wrong route", 1000);
    note(refusals, "copier", "192.0.2.1", "too large", 2000);
    note(refusals, "copier", "192.0.2.1", "wrong route", 3000);
    SP_AUTO_FREE struct seen *seen = look(refusals);
    assert_int_equal(seen->count, 2);
    assert_string_equal(seen->items[0].reason, "wrong route");
    assert_int_equal(seen->items[0].count, 2);
    assert_int_equal(seen->items[0].first, 1000);
    assert_int_equal(seen->items[0].at, 3000);
    assert_int_equal(seen->items[1].count, 1);
    sp_refusals_free(&refusals);
}

static void
test_strangers_push_out_strangers_only(void **state)
{
    (void)state;
    struct sp_refusals *refusals = sp_refusals_new();
    note(refusals, "copier", "192.0.2.1", "wrong route", 1);
    for (int i = 0; i < 5000; i++) {
        char address[32];
        snprintf(address, sizeof(address), "2001:db8::%x", (unsigned)i);
        note(refusals, i % 2 == 0 ? "" : NULL, address, "no token", 1000 + i);
    }
    SP_AUTO_FREE struct seen *seen = look(refusals);
    assert_int_equal(seen->count, SP_REFUSALS_MAX / 2 + 1);
    assert_string_equal(seen->items[0].address, "2001:db8::1387");
    assert_string_equal(seen->items[seen->count - 1].who, "copier");
    sp_refusals_free(&refusals);
}

static void
test_texts_from_outside_are_cut_and_repaired(void **state)
{
    (void)state;
    struct sp_refusals *refusals = sp_refusals_new();
    char reason[2000];
    memset(reason, 'x', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    memcpy(reason, "a\xff\n\xc3\xa4", 5);
    note(refusals, "\x1b[2J", "", reason, 1);
    SP_AUTO_FREE struct seen *seen = look(refusals);
    assert_string_equal(seen->items[0].who, " [2J");
    assert_memory_equal(seen->items[0].reason, "a\xef\xbf\xbd \xc3\xa4x", 8);
    assert_int_equal(strlen(seen->items[0].reason), sizeof(seen->items[0].reason) - 1);
    sp_refusals_free(&refusals);
}

static void
test_they_outlive_a_restart(void **state)
{
    (void)state;
    struct world *w = world_open("/tmp");
    struct sp_refusals *before = sp_refusals_new(), *after = sp_refusals_new();
    struct sp_err err = { 0 };
    note(before, "copier", "192.0.2.1", "wrong route", 5);
    note(before, "", "192.0.2.2", "no token", 6);
    assert_int_equal(sp_refusals_save(before, w->batch, &err), SP_OK);
    assert_int_equal(sp_refusals_load(after, w->db, &err), SP_OK);
    note(after, "copier", "192.0.2.1", "wrong route", 7);
    SP_AUTO_FREE struct seen *seen = look(after);
    assert_int_equal(seen->count, 2);
    assert_int_equal(seen->items[0].count, 2);
    assert_int_equal(seen->items[0].first, 5);
    assert_string_equal(seen->items[1].address, "192.0.2.2");
    sp_refusals_free(&before);
    sp_refusals_free(&after);
    world_close(w);
}

static void
test_nobody_needs_to_want_to_know(void **state)
{
    (void)state;
    struct sp_refusal one;
    note(NULL, "copier", "", "x", 1);
    assert_int_equal(sp_refusals_list(NULL, &one, 1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_trouble_of_the_same_one_counts_up),
        cmocka_unit_test(test_strangers_push_out_strangers_only),
        cmocka_unit_test(test_texts_from_outside_are_cut_and_repaired),
        cmocka_unit_test(test_they_outlive_a_restart),
        cmocka_unit_test(test_nobody_needs_to_want_to_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

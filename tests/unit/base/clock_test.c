#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"

static int64_t
fake_now(void *context)
{
    return *(const int64_t *)context;
}

static void
test_time_is_written_as_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1795435200123, "2026-11-23T12:00:00.123Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" },
        { INT64_MIN, "0001-01-01T00:00:00.000Z" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        char text[SP_ISO_TIME_SIZE];
        sp_time_iso(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void
test_time_is_read_in_the_forms_of_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "2026-11-23T12:00:00.123Z", 1795435200123 },
        { "2026-11-23t12:00:00z", 1795435200000 },
        { "2026-11-23 12:00:00Z", 1795435200000 },
        { "2026-11-23T13:00:00+01:00", 1795435200000 },
        { "2026-11-23T06:30:00-05:30", 1795435200000 },
        { "2026-11-23T12:00:00.5Z", 1795435200500 },
        { "2026-11-23T12:00:00.123456789Z", 1795435200123 },
        { "2026-11-23", 1795392000000 },
        { "2000-02-29", 951782400000 },
        { "1969-12-31T23:59:59.999Z", -1 },
        { "2016-12-31T23:59:60Z", 1483228800000 },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        int64_t ms = INT64_MIN;
        if (!sp_time_parse(rows[i].text, &ms) || ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
    }
}

static void
test_time_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "now",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-11-23T",
        "2026-11-23T12:00Z",
        "2026-11-23T12:00:00",
        "2026-11-23T24:00:00Z",
        "2026-11-23T12:60:00Z",
        "2026-11-23T12:00:61Z",
        "2026-11-23T12:00:00.Z",
        "2026-11-23T12:00:00Zx",
        "2026-11-23T12:00:00+1:00",
        "2026-11-23T12:00:00+0100",
        "2026-11-23T12:00:00+24:00",
        "2026-11-23x12:00:00Z",
        " 2026-11-23",
        "0000-01-01",
        "+026-11-23",
        "2026-1-023",
    };
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        int64_t ms = 7;
        if (sp_time_parse(bad[i], &ms))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(ms, 7);
    }
}

static void
test_what_is_written_can_be_read(void **state)
{
    (void)state;
    for (int64_t ms = -5000000000000; ms < 5000000000000; ms += 86400000 * 17 + 12345677) {
        char text[SP_ISO_TIME_SIZE];
        int64_t back;
        sp_time_iso(ms, text);
        assert_true(sp_time_parse(text, &back));
        assert_int_equal(back, ms);
    }
}

static void
test_time_left_is_never_negative_and_fits_poll(void **state)
{
    (void)state;
    int64_t now = 1000;
    const struct sp_clock clock = { .wall_ms = fake_now, .mono_ms = fake_now, .context = &now };
    assert_int_equal(sp_ms_left(&clock, 1250), 250);
    assert_int_equal(sp_ms_left(&clock, 1000), 0);
    assert_int_equal(sp_ms_left(&clock, 10), 0);
    assert_int_equal(sp_ms_left(&clock, INT64_MIN), 0);
    assert_int_equal(sp_ms_left(&clock, INT64_MAX), INT_MAX);
    now = -1000;
    assert_int_equal(sp_ms_left(&clock, INT64_MAX), INT_MAX);
}

static void
test_system_clocks_go_forward(void **state)
{
    (void)state;
    int64_t mono = sp_mono_ms(&sp_clock_system);
    assert_true(mono > 0);
    assert_true(sp_mono_ms(&sp_clock_system) >= mono);
    assert_true(sp_wall_ms(&sp_clock_system) > 1577836800000); /* 2020 */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_is_written_as_rfc_3339),
        cmocka_unit_test(test_time_is_read_in_the_forms_of_rfc_3339),
        cmocka_unit_test(test_time_that_is_none_is_refused),
        cmocka_unit_test(test_what_is_written_can_be_read),
        cmocka_unit_test(test_time_left_is_never_negative_and_fits_poll),
        cmocka_unit_test(test_system_clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

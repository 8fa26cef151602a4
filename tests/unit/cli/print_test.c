/* What a person reads: aligned, in local time, and without a control character of anybody else's. */
#include "gateway/cli/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/auto.h"
#include "gateway/cli/show.h"

#define STR(name) SP_AUTO(sp_str_free) struct sp_str name = { 0 }

static void
test_control_characters_do_not_reach_the_terminal(void **state)
{
    STR(out);
    (void)state;
    sp_put_clean(&out, "a\x1b[2J\r\nb\x7f\xc2\x9b"
                       "31m\xff");
    assert_string_equal(out.text, "a [2J  b  31m\xef\xbf\xbd");
}

static void
test_lines_are_indented(void **state)
{
    STR(out);
    (void)state;
    sp_put_lines(&out, "one\ntwo\n\x1bthree", 3);
    assert_string_equal(out.text, "one\n   two\n    three");
}

static void
test_columns_line_up_by_characters(void **state)
{
    static const char *const titles[] = { "NAME", "TO" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    STR(out);
    (void)state;
    sp_table_head(&table, titles, SP_LEN(titles));
    sp_table_cell(&table, "M\xc3\xbcller.pdf");
    sp_table_cell(&table, "a@contoso.com");
    sp_table_cell(&table, "x");
    sp_table_cell(&table, "");
    sp_table_put(&out, &table, 1);
    assert_string_equal(out.text, " NAME        TO\n M\xc3\xbcller.pdf  a@contoso.com\n x           -\n");
}

static void
test_sizes_and_times_are_for_people(void **state)
{
    static const struct {
        int64_t bytes;
        const char *text;
    } sizes[] = { { 0, "0 bytes" }, { 1023, "1023 bytes" }, { 1024, "1.0 KB" }, { 36700160, "35.0 MB" } };
    (void)state;
    for (size_t i = 0; i < SP_LEN(sizes); i++) {
        STR(out);
        sp_put_size(&out, sizes[i].bytes);
        assert_string_equal(out.text, sizes[i].text);
    }
    STR(time);
    sp_put_time(&time, "2026-11-23T23:30:00.000Z");
    sp_put_time(&time, "yesterday");
    assert_string_equal(time.text, "2026-11-24 00:30:00-"); /* the zone is set in main */
}

static void
test_names_in_addresses_are_escaped(void **state)
{
    STR(out);
    (void)state;
    sp_put_escaped(&out, "a-Z_0.~/?&=%\xc3\xbc #");
    assert_string_equal(out.text, "a-Z_0.~%2F%3F%26%3D%25%C3%BC%20%23");
}

static void
test_since_is_a_moment_or_how_long_ago(void **state)
{
    const int64_t now = 1795521600000; /* 2026-11-24T12:00:00Z */
    int64_t got = 0;
    (void)state;
    assert_true(sp_since_parse("2h", now, &got));
    assert_int_equal(got, now - 2LL * 3600 * 1000);
    assert_true(sp_since_parse("3d", now, &got));
    assert_int_equal(got, now - 3LL * 86400 * 1000);
    assert_true(sp_since_parse("1970-01-02T01:00:00+01:00", now, &got));
    assert_int_equal(got, 86400 * 1000);
    assert_false(sp_since_parse("lately", now, &got));
    assert_false(sp_since_parse("-2h", now, &got));
    assert_false(sp_since_parse("99999999d", now, &got));
}

static json_t *
sample_job(void)
{
    static const char text[] =
        "{\"id\":\"01JDX\",\"state\":\"deferred\",\"created\":\"2026-11-23T12:00:00.000Z\",\"finished\":null,"
        "\"next_attempt\":\"2026-11-23T12:05:00.000Z\",\"source\":\"folder\",\"source_name\":\"scans\",\"user\":"
        "\"alice\","
        "\"route\":\"accounting\",\"tenant\":\"contoso\",\"from\":\"scanner@contoso.com\",\"subject\":\"Scan "
        "\\u001b[31m\","
        "\"message_id\":\"<01JDX@scan.contoso.com>\",\"method\":\"direct\","
        "\"documents\":[{\"n\":1,\"name\":\"x.pdf\",\"type\":\"application/pdf\",\"size\":123456}],"
        "\"recipients\":[{\"address\":\"a@contoso.com\",\"state\":\"waiting\",\"method\":\"\",\"reply\":\"\"},"
        "{\"address\":\"b@contoso.com\",\"state\":\"sent\",\"method\":\"direct\",\"reply\":\"250 2.1.5 fine\"}],"
        "\"attempts\":[{\"n\":1,\"method\":\"direct\",\"host\":\"contoso.mx\",\"port\":25,\"ip\":\"192.0.2.1\",\"tls\":"
        "\"TLSv1.3\","
        "\"stage\":\"rcpt\",\"outcome\":\"failed\",\"class\":\"ip_reputation\",\"cause\":\"spamhaus\",\"code\":550,"
        "\"reply\":\"550 5.7.1 listed\",\"summary\":\"The address is listed.\",\"fix\":\"Ask\\nfor removal\","
        "\"started\":\"2026-11-23T12:00:01.000Z\",\"duration_ms\":412}],"
        "\"decision\":[{\"method\":\"direct\",\"chosen\":true,\"reason\":\"all recipients are internal\"},"
        "{\"method\":\"relay\",\"chosen\":false,\"reason\":\"not configured\"}]}";
    json_t *job = json_loads(text, 0, NULL);
    assert_non_null(job);
    return job;
}

static void
test_show_tells_the_whole_story(void **state)
{
    static const char *const told[] = {
        "Job 01JDX\n",
        "  state       deferred: waits for its next attempt, 2026-11-23 13:05:00\n",
        "  came by     folder scans, from alice\n",
        "  subject     Scan  [31m\n",
        "  x.pdf  120.6 KB  application/pdf\n",
        "  b@contoso.com  sent     direct  250 2.1.5 fine\n",
        "  1  2026-11-23 13:00:01  direct: failed at rcpt (ip_reputation, spamhaus), 412 ms\n",
        "     with   contoso.mx:25 (192.0.2.1), TLSv1.3\n",
        "     said   550 5.7.1 listed\n",
        "     means  The address is listed.\n",
        "     mend   Ask\n            for removal\n",
        "  direct  yes     all recipients are internal\n",
        "  relay   no      not configured\n",
    };
    json_t *job = sample_job();
    STR(out);
    (void)state;
    sp_show_job(&out, job, false);
    json_decref(job);
    for (size_t i = 0; i < SP_LEN(told); i++)
        if (strstr(sp_str_text(&out), told[i]) == NULL)
            fail_msg("'%s' is missing in\n%s", told[i], sp_str_text(&out));
    assert_null(strchr(sp_str_text(&out), '\x1b'));
}

static void
test_list_has_a_line_for_each_job(void **state)
{
    json_t *jobs = json_pack("[o]", sample_job());
    STR(out);
    (void)state;
    sp_show_jobs(&out, jobs);
    json_decref(jobs);
    const char *line = strchr(sp_str_text(&out), '\n');
    assert_non_null(line);
    assert_string_equal(line + 1,
                        "01JDX  2026-11-23 13:00:00  deferred  direct  scans  a@contoso.com and 1 more  Scan  [31m\n");
}

static void
test_nonsense_from_the_server_is_survived(void **state)
{
    static const char *const nonsense[] = {
        "{}", "{\"id\":7,\"documents\":{},\"recipients\":\"x\",\"attempts\":[null,[]],\"decision\":[1]}", "[]", "7"
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(nonsense); i++) {
        json_t *job = json_loads(nonsense[i], JSON_DECODE_ANY, NULL);
        STR(out);
        sp_show_job(&out, job, false);
        sp_show_jobs(&out, job);
        assert_false(out.failed);
        json_decref(job);
    }
}

static void
test_states_rest_that_need_a_person_or_nobody(void **state)
{
    (void)state;
    assert_true(sp_state_rests("sent") && sp_state_rests("held") && sp_state_rests("partial"));
    assert_true(sp_state_rests("failed") && sp_state_rests("cancelled"));
    assert_false(sp_state_rests("queued") || sp_state_rests("sending") || sp_state_rests("deferred"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(test_lines_are_indented),
        cmocka_unit_test(test_columns_line_up_by_characters),
        cmocka_unit_test(test_sizes_and_times_are_for_people),
        cmocka_unit_test(test_names_in_addresses_are_escaped),
        cmocka_unit_test(test_since_is_a_moment_or_how_long_ago),
        cmocka_unit_test(test_show_tells_the_whole_story),
        cmocka_unit_test(test_list_has_a_line_for_each_job),
        cmocka_unit_test(test_nonsense_from_the_server_is_survived),
        cmocka_unit_test(test_states_rest_that_need_a_person_or_nobody),
    };
    setenv("TZ", "CET-1", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a print job asks of us: device URIs, options as CUPS writes them, arguments, and the key a job is known by. */
#include "backend/cups/print_job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cups/device.h"
#include "backend/cups/options.h"
#include "base/arena.h"
#include "base/auto.h"

/* ---- device URIs ---- */

static void
test_device_uris_and_what_they_say(void **state)
{
    static const struct {
        const char *uri, *route, *to, *cc, *subject, *run_dir;
    } cases[] = {
        { "scanpost:", "", "", "", "", "/run/scanpost" },
        { "scanpost:/", "", "", "", "", "/run/scanpost" },
        { "scanpost:/accounting", "accounting", "", "", "", "/run/scanpost" },
        { "scanpost:///accounting", "accounting", "", "", "", "/run/scanpost" },
        { "scanpost:/a?to=x@y.de,z@y.de", "a", "x@y.de,z@y.de", "", "", "/run/scanpost" },
        { "scanpost:/?to=a%2Bb%40y.de&cc=c+d@y.de", "", "a+b@y.de", "c+d@y.de", "", "/run/scanpost" },
        { "scanpost:/a?subject=F%C3%BCr%20Sie&run-dir=/tmp/x", "a", "", "", "Für Sie", "/tmp/x" },
        { "scanpost:/a?&to=x@y.de&", "a", "x@y.de", "", "", "/run/scanpost" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(cases); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_device device;
        struct sp_err err = { 0 };
        assert_int_equal(sp_device_read(cases[i].uri, arena, &device, &err), SP_OK);
        assert_string_equal(device.route, cases[i].route);
        assert_string_equal(device.to, cases[i].to);
        assert_string_equal(device.cc, cases[i].cc);
        assert_string_equal(device.subject, cases[i].subject);
        assert_string_equal(device.run_dir, cases[i].run_dir);
    }
}

static void
test_device_uris_that_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "ipp://localhost/",
        "scanpost:/a/b",
        "scanpost:/a?recipient=x@y.de",
        "scanpost:/a?to",
        "scanpost:/a%2",
        "scanpost:/a%zz",
        "scanpost:/a%00",
        "scanpost:/%ff",
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(wrong); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_device device;
        struct sp_err err = { 0 };
        assert_int_equal(sp_device_read(wrong[i], arena, &device, &err), SP_E_INVALID);
        assert_true(err.text[0] != '\0');
    }
}

/* ---- options ---- */

static void
expect_option(char **text, const char *name, const char *value)
{
    struct sp_job_option option;
    assert_true(sp_job_option_next(text, &option));
    assert_string_equal(option.name, name);
    assert_string_equal(option.value, value);
}

static void
test_options_as_cups_writes_them(void **state)
{
    char text[] = " finishings=3 windows=1\r\\\n2 mail-body=Zeile\\ 1\\\nZeile\\ 2 mail-subject=it\\'s\\ =\\ \\\"q\\\" "
                  "landscape  "
                  "a='b c'd \"e f\"=g media={a=1 b='2 3'} empty= end\\";
    char *at = text;
    struct sp_job_option option;
    (void)state;
    expect_option(&at, "finishings", "3");
    expect_option(&at, "windows", "1\r\n2");
    expect_option(&at, "mail-body", "Zeile 1\nZeile 2");
    expect_option(&at, "mail-subject", "it's = \"q\"");
    expect_option(&at, "landscape", "");
    expect_option(&at, "a", "b cd");
    expect_option(&at, "e f", "g");
    expect_option(&at, "media", "{a=1 b='2 3'}");
    expect_option(&at, "empty", "");
    expect_option(&at, "end\\", "");
    assert_false(sp_job_option_next(&at, &option));
}

static void
test_options_that_end_in_a_quote_or_are_none(void **state)
{
    char open[] = "a='b c", none[] = " \t", equals[] = "=x";
    char *at = open;
    struct sp_job_option option;
    (void)state;
    expect_option(&at, "a", "b c");
    assert_false(sp_job_option_next(&at, &option));
    at = none;
    assert_false(sp_job_option_next(&at, &option));
    at = equals;
    expect_option(&at, "", "x");
}

/* ---- jobs ---- */

static const char *device_uri;

static const char *
cups_variable(const char *name)
{
    return strcmp(name, "DEVICE_URI") == 0 ? device_uri : strcmp(name, "PRINTER") == 0 ? "office" : NULL;
}

/* file NULL: six arguments. */
static enum sp_rc
read_job(const char *uri, const char *title, const char *options, const char *file, struct sp_print_job **ret,
         struct sp_err *err)
{
    const char *argv[] = { "scanpost:/x", "12", "alice", NULL, "3", NULL, NULL, NULL };
    char title_copy[128], options_copy[1024], file_copy[128];
    snprintf(title_copy, sizeof(title_copy), "%s", title);
    snprintf(options_copy, sizeof(options_copy), "%s", options);
    snprintf(file_copy, sizeof(file_copy), "%s", file == NULL ? "" : file);
    argv[3] = title_copy;
    argv[5] = options_copy;
    argv[6] = file == NULL ? NULL : file_copy;
    device_uri = uri;
    const struct sp_print_call call = { file == NULL ? 6 : 7, argv, cups_variable };
    return sp_print_job_read(&call, ret, err);
}

static void
test_a_job_with_all_that_can_be_said(void **state)
{
    struct sp_print_job *job = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(read_job("scanpost:/accounting?to=q@c.com&subject=Queue", "Report.odt",
                              "mail-to=a@c.com,b@c.com; mail-cc=c@c.com mail-body=Hi job-uuid=urn:uuid:1-2",
                              "/var/spool/cups/d00012-002", &job, &err),
                     SP_OK);
    assert_true(job->by_cups);
    assert_string_equal(job->queue, "office");
    assert_string_equal(job->user, "alice");
    assert_string_equal(job->title, "Report.odt");
    assert_string_equal(job->route, "accounting");
    assert_int_equal(job->n_to, 2);
    assert_string_equal(job->to[0], "a@c.com");
    assert_string_equal(job->to[1], "b@c.com");
    assert_int_equal(job->n_cc, 1);
    assert_string_equal(job->subject, "Queue");
    assert_string_equal(job->body, "Hi");
    assert_int_equal(job->number, 2);
    assert_string_equal(job->key, "cups 12 urn:uuid:1-2");
    sp_print_job_free(&job);
}

static void
test_choices_of_the_driver_count_unless_the_option_is_there(void **state)
{
    struct sp_print_job *job = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(
        read_job("scanpost:/?to=q@c.com", "t", "MailTo=Custom.a@c.com MailSubject=Queue", NULL, &job, &err), SP_OK);
    assert_string_equal(job->to[0], "a@c.com");
    assert_null(job->subject);
    assert_null(job->route);
    assert_null(job->file);
    sp_print_job_free(&job);
    assert_int_equal(read_job("scanpost:/", "t", "MailTo=Custom.a@c.com mail-to=b@c.com", NULL, &job, &err), SP_OK);
    assert_int_equal(job->n_to, 1);
    assert_string_equal(job->to[0], "b@c.com");
    sp_print_job_free(&job);
    assert_int_equal(read_job("scanpost:/", "t", "mail-to=b@c.com MailTo=Custom.a@c.com", NULL, &job, &err), SP_OK);
    assert_string_equal(job->to[0], "b@c.com");
    sp_print_job_free(&job);
}

static void
test_an_address_that_stands_alone_is_not_lost_in_silence(void **state)
{
    struct sp_print_job *job = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(read_job("scanpost:/", "t", "mail-to=a@c.com, b@c.com", NULL, &job, &err), SP_E_INVALID);
    assert_non_null(strstr(err.text, "b@c.com"));
    assert_null(job);
}

static void
test_a_queue_that_was_set_up_wrong_is_told_apart(void **state)
{
    struct sp_print_job *job = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(read_job("scanpost:/a?tu=x@c.com", "t", "", NULL, &job, &err), SP_E_DENIED);
    assert_int_equal(err.rc, SP_E_DENIED);
    assert_int_equal(read_job(NULL, "t", "", NULL, &job, &err), SP_E_DENIED);
}

static void
test_the_number_of_a_file_is_only_believed_of_this_job(void **state)
{
    static const struct {
        const char *file;
        int number;
    } cases[] = {
        { "/var/spool/cups/d00012-001", 1 },
        { "/var/spool/cups/d00012-123", 123 },
        { "d00012-002", 2 },
        { "/var/spool/cups/d00013-001", 0 },
        { "/tmp/d12", 0 },
        { "/tmp/x00012-001", 0 },
        { "/tmp/d00012-000", 0 },
        { "/tmp/d00012-", 0 },
        { "/tmp/d-1", 0 },
        { "/tmp/d00012-1x", 0 },
        { "/tmp/document-1.pdf", 0 },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(cases); i++) {
        struct sp_print_job *job = NULL;
        struct sp_err err = { 0 };
        assert_int_equal(read_job("scanpost:/", "t", "", cases[i].file, &job, &err), SP_OK);
        assert_int_equal(job->number, cases[i].number);
        sp_print_job_free(&job);
    }
}

static void
test_titles_become_names(void **state)
{
    static const char *const cases[][2] = {
        { "Report.odt", "Report.odt" },
        { "smbprn.00000007 Microsoft Word - Letter.docx", "Microsoft Word - Letter.docx" },
        { "(stdin)", "document" },
        { "", "document" },
        { "two\nlines", "two lines" },
        { "smbprn.00000007", "document" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(cases); i++) {
        struct sp_print_job *job = NULL;
        struct sp_err err = { 0 };
        assert_int_equal(read_job("scanpost:/", cases[i][0], "", NULL, &job, &err), SP_OK);
        assert_string_equal(sp_print_job_name(job, 1, 1), cases[i][1]);
        sp_print_job_free(&job);
    }
}

static void
test_documents_of_a_job_keep_their_own_names(void **state)
{
    struct sp_print_job *job = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(read_job("scanpost:/", "t",
                              "document-name-supplied=a.pdf document-name-supplied=b\\ c.pdf document-name-supplied=",
                              NULL, &job, &err),
                     SP_OK);
    assert_int_equal(job->n_names, 3);
    assert_string_equal(sp_print_job_name(job, 2, 3), "b c.pdf");
    assert_string_equal(sp_print_job_name(job, 3, 3), "t"); /* it was not named */
    assert_string_equal(sp_print_job_name(job, 0, 3), "t"); /* there is no telling which */
    assert_string_equal(sp_print_job_name(job, 2, 4), "t"); /* not all were named */
    assert_string_equal(sp_print_job_name(job, 1, 1), "t");
    sp_print_job_free(&job);
}

static void
test_a_job_that_was_completed_before_is_a_new_one(void **state)
{
    struct sp_print_job *first = NULL, *again = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(read_job("scanpost:/", "t", "job-uuid=u time-at-completed=", NULL, &first, &err), SP_OK);
    assert_int_equal(read_job("scanpost:/", "t", "job-uuid=u time-at-completed=17", NULL, &again, &err), SP_OK);
    assert_string_equal(first->key, "cups 12 u");
    assert_string_equal(again->key, "cups 12 u again 17");
    sp_print_job_free(&first);
    sp_print_job_free(&again);
}

static void
test_a_job_without_a_uuid_has_no_key(void **state)
{
    struct sp_print_job *job = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(read_job("scanpost:/", "t", "job-uuid=a\\\nb", NULL, &job, &err), SP_OK);
    assert_null(job->key);
    sp_print_job_free(&job);
    assert_int_equal(read_job("scanpost:/", "t", "", NULL, &job, &err), SP_OK);
    assert_null(job->key);
    sp_print_job_free(&job);
}

/* ---- ippeveprinter ---- */

static const char *
ippeve_variable(const char *name)
{
    static const char *const set[][2] = {
        { "DEVICE_URI", "scanpost:/accounting?queue=phones" },
        { "IPP_JOB_ID", "7" },
        { "IPP_JOB_NAME", "Bericht" },
        { "IPP_JOB_ORIGINATING_USER_NAME", "bob" },
        { "IPP_JOB_UUID", "urn:uuid:9" },
        { "IPP_MAIL_TO", "a@c.com" },
    };
    for (size_t i = 0; i < SP_LEN(set); i++)
        if (strcmp(set[i][0], name) == 0)
            return set[i][1];
    return NULL;
}

static void
test_a_job_of_ippeveprinter(void **state)
{
    const char *argv[] = { "scanpost", "/tmp/ippeveprinter.1/7-bericht.pdf", NULL };
    const struct sp_print_call call = { 2, argv, ippeve_variable };
    struct sp_print_job *job = NULL;
    struct sp_err err = { 0 };
    (void)state;
    assert_int_equal(sp_print_job_read(&call, &job, &err), SP_OK);
    assert_false(job->by_cups);
    assert_string_equal(job->queue, "phones");
    assert_string_equal(job->user, "bob");
    assert_string_equal(job->title, "Bericht");
    assert_string_equal(job->file, argv[1]);
    assert_string_equal(job->to[0], "a@c.com");
    assert_string_equal(job->key, "ipp 7 urn:uuid:9");
    assert_int_equal(job->number, 0);
    sp_print_job_free(&job);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device_uris_and_what_they_say),
        cmocka_unit_test(test_device_uris_that_are_refused),
        cmocka_unit_test(test_options_as_cups_writes_them),
        cmocka_unit_test(test_options_that_end_in_a_quote_or_are_none),
        cmocka_unit_test(test_a_job_with_all_that_can_be_said),
        cmocka_unit_test(test_choices_of_the_driver_count_unless_the_option_is_there),
        cmocka_unit_test(test_an_address_that_stands_alone_is_not_lost_in_silence),
        cmocka_unit_test(test_a_queue_that_was_set_up_wrong_is_told_apart),
        cmocka_unit_test(test_the_number_of_a_file_is_only_believed_of_this_job),
        cmocka_unit_test(test_titles_become_names),
        cmocka_unit_test(test_documents_of_a_job_keep_their_own_names),
        cmocka_unit_test(test_a_job_that_was_completed_before_is_a_new_one),
        cmocka_unit_test(test_a_job_without_a_uuid_has_no_key),
        cmocka_unit_test(test_a_job_of_ippeveprinter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

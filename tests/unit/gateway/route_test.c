/* From a request and the settings to the job's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "gateway/intake.h"
#include "gateway/naming.h"
#include "gateway/route.h"
#include "world.h"

#define ID "01KAS0000000000000000000AB"
static const int64_t noon = 1763899200000; /* 2025-11-23 12:00 UTC */

static struct sp_job *
job_with(const char *const *names, size_t count)
{
    struct sp_job *job = sp_job_new();
    assert_non_null(job);
    job->id = ID;
    job->created = noon;
    job->documents = sp_arena_array(job->arena, count, sizeof(*job->documents));
    job->n_documents = count;
    for (size_t i = 0; i < count; i++)
        job->documents[i] =
            (struct sp_job_document){ .name = names[i], .type = "application/pdf", .size = 1234567, .sha256 = "" };
    return job;
}

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    world_settings(w);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    free(*state);
    return 0;
}

static struct sp_job *
routed(const struct world *w, const struct sp_intake_request *request)
{
    static const char *const names[] = { "x.pdf" };
    struct sp_err err = { 0 };
    struct sp_job *job = job_with(names, 1);
    if (sp_route_apply(&w->settings, w->people, request, job, &err) != SP_OK)
        fail_msg("%s", err.text);
    return job;
}

static enum sp_rc
refused(const struct world *w, const struct sp_intake_request *request)
{
    static const char *const names[] = { "x.pdf" };
    struct sp_err err = { 0 };
    SP_AUTO(sp_job_free) struct sp_job *job = job_with(names, 1);
    enum sp_rc rc = sp_route_apply(&w->settings, w->people, request, job, &err);
    assert_int_not_equal(rc, SP_OK);
    assert_true(strlen(err.text) > 10);
    return rc;
}

static void
test_placeholders(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
    } table[] = {
        { "Scan from {source} {time}", "Scan from MFP-1 now" },
        { "{user}", "" },
        { "by {user}", "by" },
        { "{user} scanned", "scanned" },
        { "from {source} {user} at {time}", "from MFP-1 at now" },
        { "a{user}b", "ab" },
        { "a {user}b", "a b" },
        { "a {user} {user} b", "a b" },
        { "{user}{user}", "" },
        { "one\n{user}\ntwo", "one\n\ntwo" },
        { "one {user}\n {user} two", "one\ntwo" },
        { "{nonsense} {", "{nonsense} {" },
        { "{count} x {document}", "2 x {source}" },
        { "", "" },
    };
    struct sp_placeholders values = {
        .source = "MFP-1", .route = "r", .user = "", .document = "{source}", .time = "now", .count = 2
    };
    for (size_t i = 0; i < SP_LEN(table); i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        sp_placeholders_expand(&text, table[i].pattern, &values);
        assert_string_equal(sp_str_text(&text), table[i].text);
    }
}

static void
test_a_route_fills_the_whole_job(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = {
        .source = "folder", .source_name = "scans", .user = "alice", .route = "accounting", .folder_name = "x.pdf"
    };
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_string_equal(job->tenant, "contoso");
    assert_string_equal(job->route, "accounting");
    assert_string_equal(job->from, "scanner@contoso.com");
    assert_string_equal(job->from_name, "scans");
    assert_string_equal(job->subject, "Scan from scans 2025-11-23 12:00");
    assert_string_equal(job->message_id, "<" ID "@scan.contoso.com>");
    assert_non_null(strstr(job->boundary, ID));
    assert_int_equal(job->n_recipients, 2);
    assert_string_equal(job->recipients[0].address, "accounting@contoso.com");
    assert_false(job->recipients[0].cc);
    assert_string_equal(job->recipients[1].address, "chief@contoso.com");
    assert_true(job->recipients[1].cc);
    assert_non_null(strstr(job->body, "alice"));
    assert_non_null(strstr(job->body, "2025-11-23 12:00"));
    assert_non_null(strstr(job->body, "x.pdf (1.2 MB)"));
}

static void
test_same_input_same_words(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = { .source = "http", .source_name = "mfp", .route = "accounting" };
    SP_AUTO(sp_job_free) struct sp_job *a = routed(w, &request), *b = routed(w, &request);
    assert_string_equal(a->body, b->body);
    assert_string_equal(a->subject, b->subject);
    assert_string_equal(a->boundary, b->boundary);
}

static void
test_named_recipients_are_added_once_whatever_their_case(void **state)
{
    struct world *w = *state;
    const char *to[] = { "bob@contoso.com", "BOB@Contoso.COM", "Accounting@contoso.com", "eve@contoso.de" };
    struct sp_intake_request request = { .source = "http", .route = "accounting", .to = to, .n_to = 4 };
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_int_equal(job->n_recipients, 4);
    assert_string_equal(job->recipients[1].address, "bob@contoso.com");
    assert_string_equal(job->recipients[2].address, "eve@contoso.de");
}

static void
test_nobody_else_means_otherwise(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = { .source = "http", .route = "nobody" };
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_int_equal(job->n_recipients, 1);
    assert_string_equal(job->recipients[0].address, "it@contoso.com");
}

static void
test_forwarding_stays_with_the_tenant_of_the_scan_when_its_route_is_gone(void **state)
{
    struct world *w = *state;
    static const char *const ours[] = { "boss@contoso.com" }, *const theirs[] = { "eve@fabrikam.com" },
                             *const outside[] = { "guest@example.org" };
    struct sp_intake_request request = { .forwarded_from = "01KAS0000000000000000000AC", .tenant = "contoso" };
    request.to = ours;
    request.n_to = 1;
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_string_equal(job->tenant, "contoso");
    request.to = theirs;
    assert_int_equal(refused(w, &request), SP_E_DENIED);
    request.to = outside;
    assert_int_equal(refused(w, &request), SP_E_DENIED);
    request.any_recipient = true; /* an admin: by the tenant whose scan it is */
    SP_AUTO(sp_job_free) struct sp_job *far = routed(w, &request);
    assert_string_equal(far->tenant, "contoso");
    request.tenant = "away"; /* also gone: as for a scan */
    request.any_recipient = false;
    request.to = theirs;
    SP_AUTO(sp_job_free) struct sp_job *other = routed(w, &request);
    assert_string_equal(other->tenant, "fabrikam");
}

static void
test_without_a_route_the_recipient_tells_the_tenant(void **state)
{
    struct world *w = *state;
    const char *to[] = { "bob@fabrikam.com" };
    struct sp_intake_request request = { .source = "cli", .to = to, .n_to = 1 };
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_string_equal(job->tenant, "fabrikam");
    assert_string_equal(job->from, "scanner@fabrikam.com");
    assert_string_equal(job->subject, "Scan from cli 2025-11-23 12:00");
}

static void
test_a_route_that_allows_it_reaches_outside(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = { .source = "http", .route = "partners" };
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_string_equal(job->recipients[0].address, "partner@example.org");
}

static void
test_what_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const outside[] = { "bob@contoso.com", "eve@example.org" };
    static const char *const nonsense[] = { "bob@contoso.com\r\nBcc: eve@example.org" };
    static const char *const half[] = { "bob@" };
    static const char *const inside[] = { "bob@contoso.com" };
    static const char *const only_alice[] = { "alice@contoso.com" };
    const struct {
        struct sp_intake_request request;
        enum sp_rc rc;
    } table[] = {
        { { .source = "http" }, SP_E_INVALID },
        { { .source = "http", .route = "unheard-of" }, SP_E_INVALID },
        { { .source = "http", .to = nonsense, .n_to = 1 }, SP_E_INVALID },
        { { .source = "http", .to = half, .n_to = 1 }, SP_E_INVALID },
        { { .source = "http", .to = outside, .n_to = 2 }, SP_E_DENIED },
        { { .source = "http", .route = "accounting", .to = outside, .n_to = 2 }, SP_E_DENIED },
        { { .source = "http", .to = outside + 1, .n_to = 1 }, SP_E_DENIED },
        { { .source = "http", .to = inside, .n_to = 1, .allowed = only_alice, .n_allowed = 1 }, SP_E_DENIED },
        { { .source = "http", .to = inside, .n_to = 1, .allowed = only_alice, .n_allowed = 0 }, SP_E_DENIED },
        { { .source = "http", .route = "accounting", .subject = "a\r\nBcc: eve@example.org" }, SP_E_INVALID },
        { { .source = "http", .route = "accounting", .subject = "a\x7f" }, SP_E_INVALID },
        { { .source = "http", .route = "accounting", .subject = "\xff\xfe" }, SP_E_INVALID },
        { { .source = "http", .route = "accounting", .body = "a\x01" }, SP_E_INVALID },
    };
    for (size_t i = 0; i < SP_LEN(table); i++)
        assert_int_equal(refused(w, &table[i].request), table[i].rc);
}

static void
test_more_than_200_recipients_are_refused(void **state)
{
    struct world *w = *state;
    static char addresses[SP_RECIPIENTS_MAX + 1][32];
    const char *to[SP_RECIPIENTS_MAX + 1];
    for (int i = 0; i <= SP_RECIPIENTS_MAX; i++) {
        snprintf(addresses[i], sizeof(addresses[i]), "u%d@contoso.com", i);
        to[i] = addresses[i];
    }
    struct sp_intake_request request = { .source = "http", .to = to, .n_to = SP_RECIPIENTS_MAX };
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_int_equal(job->n_recipients, SP_RECIPIENTS_MAX);
    request.n_to++;
    assert_int_equal(refused(w, &request), SP_E_INVALID);
}

static void
test_the_givers_words_are_taken_as_they_are(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = {
        .source = "http", .route = "accounting", .subject = "{time} \xc3\xa4", .body = "two\nlines", .user = "a\nb\xff"
    };
    SP_AUTO(sp_job_free) struct sp_job *job = routed(w, &request);
    assert_string_equal(job->subject, "{time} \xc3\xa4");
    assert_string_equal(job->body, "two\nlines");
    assert_string_equal(job->user, "a b\xef\xbf\xbd");
}

static void
test_names_of_givers_become_plain_names(void **state)
{
    (void)state;
    static const struct {
        const char *given, *clean;
    } table[] = {
        { "x.pdf", "x.pdf" },
        { "../../etc/passwd", "passwd" },
        { "C:\\scans\\x.pdf", "x.pdf" },
        { "", "document" },
        { "..", "document" },
        { "/", "document" },
        { "a\nb\"'.pdf", "a b\"'.pdf" },
        { "a\xff.pdf", "a\xef\xbf\xbd.pdf" },
        { " x.pdf. ", "x.pdf" },
        { ".hidden", "hidden" },
    };
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    for (size_t i = 0; i < SP_LEN(table); i++)
        assert_string_equal(sp_name_clean(arena, table[i].given), table[i].clean);
    char lengthy[301];
    memset(lengthy, 'x', 296);
    memcpy(lengthy + 296, ".pdf", 5);
    const char *clean = sp_name_clean(arena, lengthy);
    assert_int_equal(strlen(clean), SP_DOCUMENT_NAME_MAX);
    assert_string_equal(clean + SP_DOCUMENT_NAME_MAX - 4, ".pdf");
}

static void
test_documents_get_distinct_names_with_the_right_extension(void **state)
{
    struct world *w = *state;
    static const char *const names[] = { "a.pdf", "A.PDF", "a.tif", "a (2).pdf", "" };
    static const char *const wanted[] = { "a.pdf", "A (2).PDF", "a (3).pdf", "a (2) (4).pdf", "document.pdf" };
    struct sp_intake_request request = { .source = "http", .route = "accounting" };
    SP_AUTO(sp_job_free) struct sp_job *job = job_with(names, 5);
    assert_int_equal(sp_route_apply(&w->settings, w->people, &request, job, NULL), SP_OK);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(job->documents[i].name, wanted[i]);
}

static void
test_file_names_by_pattern_hold_no_colon(void **state)
{
    struct world *w = *state;
    static const char *const names[] = { "SCN_0001.PDF", "SCN_0002.PDF" };
    w->routes[0].file_name = "{route} {user} {time}";
    struct sp_intake_request request = { .source = "http", .route = "accounting" };
    SP_AUTO(sp_job_free) struct sp_job *job = job_with(names, 2);
    assert_int_equal(sp_route_apply(&w->settings, w->people, &request, job, NULL), SP_OK);
    assert_string_equal(job->documents[0].name, "accounting 2025-11-23 12.00.PDF");
    assert_string_equal(job->documents[1].name, "accounting 2025-11-23 12.00 (2).PDF");
}

/* Last: it changes the zone of the process. */
static void
test_time_is_the_offices(void **state)
{
    (void)state;
    char time[32];
    int offset = 0;
    sp_office_time(noon, "Europe/Berlin", time, &offset);
    assert_string_equal(time, "2025-11-23 13:00");
    assert_int_equal(offset, 60);
    sp_office_time(noon - 150LL * 86400000, "Europe/Berlin", time, &offset);
    assert_string_equal(time, "2025-06-26 14:00");
    assert_int_equal(offset, 120);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_placeholders),
        WITH_WORLD(test_a_route_fills_the_whole_job),
        WITH_WORLD(test_same_input_same_words),
        WITH_WORLD(test_named_recipients_are_added_once_whatever_their_case),
        WITH_WORLD(test_nobody_else_means_otherwise),
        WITH_WORLD(test_without_a_route_the_recipient_tells_the_tenant),
        WITH_WORLD(test_forwarding_stays_with_the_tenant_of_the_scan_when_its_route_is_gone),
        WITH_WORLD(test_a_route_that_allows_it_reaches_outside),
        WITH_WORLD(test_what_is_refused),
        WITH_WORLD(test_more_than_200_recipients_are_refused),
        WITH_WORLD(test_the_givers_words_are_taken_as_they_are),
        cmocka_unit_test(test_names_of_givers_become_plain_names),
        WITH_WORLD(test_documents_get_distinct_names_with_the_right_extension),
        WITH_WORLD(test_file_names_by_pattern_hold_no_colon),
        cmocka_unit_test(test_time_is_the_offices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

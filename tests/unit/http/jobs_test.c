/* jobs_test.c - looking at jobs, trying again, cancelling, and fetching a document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "db/batch.h"
#include "db/spool.h"
#include "house.h"

static int
set_up(void **state)
{
    *state = house_open();
    return 0;
}

static int
tear_down(void **state)
{
    house_close(*state);
    return 0;
}

static json_t *
get_json(struct house *house, const char *target)
{
    struct sp_response res;
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    json_t *json = body_of(&res);
    sp_response_free(&res);
    return json;
}

static size_t
count_of(struct house *house, const char *target)
{
    json_t *json = get_json(house, target);
    size_t count = json_array_size(json_object_get(json, "jobs"));
    json_decref(json);
    return count;
}

static void
test_pages_from_the_newest_to_the_oldest(void **state)
{
    struct house *house = *state;
    char ids[5][27];
    for (int i = 0; i < 5; i++)
        house_job(house, "page", ids[i]);
    char target[128] = "/api/v1/jobs?limit=2";
    for (int i = 4; i >= 0; i -= 2) {
        json_t *page = get_json(house, target);
        const json_t *jobs = json_object_get(page, "jobs");
        assert_string_equal(json_string_value(json_object_get(json_array_get(jobs, 0), "id")), ids[i]);
        const char *next = json_string_value(json_object_get(page, "next"));
        assert_int_equal(json_array_size(jobs), i == 0 ? 1 : 2);
        assert_true((next == NULL) == (i == 0));
        if (next != NULL)
            snprintf(target, sizeof(target), "/api/v1/jobs?limit=2&cursor=%s", next);
        json_decref(page);
    }
}

static void
test_filters_narrow(void **state)
{
    struct house *house = *state;
    char bill[27];
    char letter[27];
    house_job(house, "Bill of May", bill);
    house_job(house, "Letter", letter);
    house_settle(house, bill, SP_JOB_FAILED, "spam_content");
    assert_int_equal(count_of(house, "/api/v1/jobs"), 2);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=failed"), 1);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=sent"), 0);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=&q="), 2);
    assert_int_equal(count_of(house, "/api/v1/jobs?q=bill+OF"), 1);
    assert_int_equal(count_of(house, "/api/v1/jobs?q=status:failed+bill"), 1);
    assert_int_equal(count_of(house, "/api/v1/jobs?q=-status:failed+bill"), 0);
    assert_int_equal(count_of(house, "/api/v1/jobs?q=status:trouble&source=cli&class=spam_content"), 1);
    assert_int_equal(count_of(house, "/api/v1/jobs?q=after:today+%22of+may%22&zone_offset_min=-840"), 1);
    assert_int_equal(count_of(house, "/api/v1/jobs?class=spam_content"), 1);
    assert_int_equal(count_of(house, "/api/v1/jobs?source=cli"), 2);
    assert_int_equal(count_of(house, "/api/v1/jobs?source=folder"), 0);
    assert_int_equal(count_of(house, "/api/v1/jobs?since=1h"), 2);
    assert_int_equal(count_of(house, "/api/v1/jobs?until=2020-01-01"), 0);
    assert_int_equal(count_of(house, "/api/v1/jobs?since=2020-01-01T00:00:00Z&method=direct"), 1);
}

static void
test_400_for_a_filter_that_makes_no_sense(void **state)
{
    static const char *const queries[] = {
        "state=lost", "limit=0",    "limit=1001", "limit=x",    "since=yesterday",     "cursor=abc",
        "until=-1",   "cursor=0",   "cursor=-1",  "q=stauts:x", "zone_offset_min=900", "q=status:lost",
        "q=before:x", "q=larger:x", "q=to:",      "q=%22open",
    };
    struct house *house = *state;
    for (size_t i = 0; i < SP_LEN(queries); i++) {
        char target[128];
        snprintf(target, sizeof(target), "/api/v1/jobs?%s", queries[i]);
        assert_int_equal(status_get(house, &admin, target), 400);
    }
}

static void
test_a_job_tells_its_whole_story(void **state)
{
    struct house *house = *state;
    char id[27];
    char target[128];
    house_job(house, "Story", id);
    house_settle(house, id, SP_JOB_FAILED, "ip_reputation");
    snprintf(target, sizeof(target), "/api/v1/jobs/%s", id);
    json_t *job = get_json(house, target);
    const json_t *attempt = json_array_get(json_object_get(job, "attempts"), 0);
    assert_string_equal(json_string_value(json_object_get(job, "state")), "failed");
    assert_int_equal(strlen(json_string_value(json_object_get(job, "finished"))), 24);
    assert_true(json_is_null(json_object_get(job, "next_attempt")));
    assert_string_equal(json_string_value(json_object_get(job, "trouble")), "refused");
    assert_true(json_is_array(json_object_get(job, "decision")));
    assert_string_equal(json_string_value(json_object_get(attempt, "class")), "ip_reputation");
    assert_string_equal(json_string_value(json_object_get(attempt, "outcome")), "failed");
    assert_int_equal(json_integer_value(json_object_get(attempt, "code")), 550);
    assert_int_equal(json_integer_value(json_object_get(attempt, "duration_ms")), 12);
    assert_non_null(strstr(json_string_value(json_object_get(attempt, "reply")), "no \xEF\xBF\xBD"));
    json_decref(job);
}

static void
test_404_for_what_is_no_job(void **state)
{
    struct house *house = *state;
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/x"), 404);
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV"), 404);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/jobs/x/retry", NULL), 404);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel", NULL), 404);
}

static void
test_retry_queues_again_and_wakes_the_sender(void **state)
{
    struct house *house = *state;
    struct sp_response res;
    eventfd_t woken = 0;
    char id[27];
    char target[128];
    house_job(house, "Again", id);
    house_settle(house, id, SP_JOB_FAILED, "ip_reputation");
    assert_int_equal(eventfd_read(house->w->wake, &woken), 0); /* intake's */
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/retry", id);
    assert_int_equal(house_post(house, &admin, "POST", target, NULL, &res), 202);
    assert_non_null(strstr(res.body, "\"state\":\"queued\""));
    assert_int_equal(eventfd_read(house->w->wake, &woken), 0);
    sp_response_free(&res);
    house_settle(house, id, SP_JOB_SENT, "ok");
    assert_int_equal(status_send(house, &admin, "POST", target, NULL), 409);
}

static void
test_cancel_only_what_is_not_over(void **state)
{
    struct house *house = *state;
    char id[27];
    char target[128];
    house_job(house, "Stop", id);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/cancel", id);
    assert_int_equal(status_send(house, &admin, "POST", target, NULL), 202);
    assert_int_equal(status_send(house, &admin, "POST", target, NULL), 409);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=cancelled"), 1);
}

/* One status line is composed of what the list gives. */
static void
test_a_list_says_what_is_wrong(void **state)
{
    struct house *house = *state;
    char id[27];
    house_job(house, "Line", id);
    house_settle(house, id, SP_JOB_FAILED, "ip_reputation");
    json_t *page = get_json(house, "/api/v1/jobs?q=line");
    const json_t *job = json_array_get(json_object_get(page, "jobs"), 0);
    assert_string_equal(json_string_value(json_object_get(job, "class")), "ip_reputation");
    assert_true(json_is_string(json_object_get(job, "cause")) || json_is_null(json_object_get(job, "cause")));
    assert_true(json_integer_value(json_object_get(job, "size")) > 0);
    assert_true(json_is_false(json_object_get(job, "waits_for_method")));
    assert_true(json_is_null(json_object_get(job, "waits_in")));
    assert_non_null(json_object_get(job, "summary"));
    assert_null(json_object_get(job, "attempts"));
    json_decref(page);
}

static void
test_counts(void **state)
{
    struct house *house = *state;
    char id[27];
    for (int i = 0; i < 3; i++)
        house_job(house, i == 0 ? "Bill" : "Letter", id);
    static const struct {
        const char *query;
        int count;
    } table[] = { { "", 3 }, { "?q=bill", 1 }, { "?q=-bill", 2 }, { "?state=queued", 3 }, { "?q=nothing", 0 } };
    for (size_t i = 0; i < SP_LEN(table); i++) {
        char target[128];
        snprintf(target, sizeof(target), "/api/v1/jobs/count%s", table[i].query);
        json_t *json = get_json(house, target);
        assert_int_equal(json_integer_value(json_object_get(json, "count")), table[i].count);
        assert_true(json_is_false(json_object_get(json, "more")));
        json_decref(json);
    }
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/count?q=to:"), 400);
}

static json_t *
act_on_many(struct house *house, const char *json)
{
    struct sp_response res;
    assert_int_equal(house_post(house, &admin, "POST", "/api/v1/jobs/actions", json, &res), 200);
    json_t *body = body_of(&res);
    sp_response_free(&res);
    return body;
}

static void
fill_many(struct house *house, char ids[12][27])
{
    for (int i = 0; i < 12; i++) {
        house_job(house, "Many", ids[i]);
        house_settle(house, ids[i], i % 4 == 3 ? SP_JOB_SENT : SP_JOB_FAILED, i % 4 == 0 ? "quota" : "ip_reputation");
    }
}

static void
test_actions_on_a_search(void **state)
{
    struct house *house = *state;
    char ids[12][27];
    fill_many(house, ids);
    json_t *body = act_on_many(house, "{\"action\":\"retry\",\"q\":\"class:quota\"}");
    assert_int_equal(json_integer_value(json_object_get(body, "done")), 3);
    assert_false(json_is_true(json_object_get(body, "more")));
    assert_true(json_is_null(json_object_get(body, "next")));
    json_decref(body);
    body = act_on_many(house, "{\"action\":\"retry\",\"q\":\"many -status:held\"}");
    assert_int_equal(json_array_size(json_object_get(body, "ids")), 6);
    assert_int_equal(json_array_size(json_object_get(body, "skipped")), 0);
    json_decref(body);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=queued"), 9);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=sent"), 3);
    body = act_on_many(house, "{\"action\":\"cancel\",\"q\":\"many\"}");
    assert_int_equal(json_integer_value(json_object_get(body, "done")), 9);
    json_decref(body);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=cancelled"), 9);
    body = act_on_many(house, "{\"action\":\"retry\",\"q\":\"many\"}"); /* who cancelled one meant it */
    assert_int_equal(json_integer_value(json_object_get(body, "done")), 0);
    json_decref(body);
}

static void
test_actions_on_named_jobs(void **state)
{
    struct house *house = *state;
    char ids[12][27], json[256];
    fill_many(house, ids);
    snprintf(json, sizeof(json), "{\"action\":\"retry\",\"ids\":[\"%s\",\"%s\",\"01ARZ3NDEKTSV4RRFFQ69G5FAV\"]}",
             ids[0], ids[3]);
    json_t *body = act_on_many(house, json);
    const json_t *skipped = json_object_get(body, "skipped");
    assert_int_equal(json_integer_value(json_object_get(body, "done")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(body, "ids"), 0)), ids[0]);
    assert_int_equal(json_array_size(skipped), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(skipped, 0), "id")), ids[3]);
    assert_non_null(strstr(json_string_value(json_object_get(json_array_get(skipped, 0), "reason")), "is sent"));
    json_decref(body);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=queued"), 1);
}

/* Whoever names jobs, or finds them, leaves their ids. */
static void
test_actions_leave_which_jobs_they_were_for(void **state)
{
    struct house *house = *state;
    char ids[12][27], json[256];
    fill_many(house, ids);
    snprintf(json, sizeof(json), "{\"action\":\"cancel\",\"ids\":[\"%s\",\"%s\"]}", ids[4], ids[5]);
    json_decref(act_on_many(house, "{\"action\":\"retry\",\"q\":\"class:quota\"}"));
    json_decref(act_on_many(house, json));
    struct sp_response res;
    assert_int_equal(house_get(house, &admin, "/api/v1/audit", &res), 200);
    json_t *body = body_of(&res);
    sp_response_free(&res);
    const json_t *entries = json_object_get(body, "entries");
    const json_t *cancelled = json_array_get(entries, 0), *retried = json_array_get(entries, 1);
    assert_string_equal(json_string_value(json_object_get(cancelled, "action")), "jobs_cancel");
    assert_non_null(strstr(json_string_value(json_object_get(cancelled, "detail")), ids[4]));
    assert_string_equal(json_string_value(json_object_get(retried, "object")), "class:quota");
    for (int i = 0; i < 12; i += 4)
        assert_non_null(strstr(json_string_value(json_object_get(retried, "detail")), ids[i]));
    json_decref(body);
}

static void
test_actions_that_make_no_sense(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "{\"action\":\"retry\"}",
        "{\"action\":\"shred\",\"q\":\"status:failed\"}",
        "{\"action\":\"retry\",\"q\":\"\"}",
        "{\"action\":\"retry\",\"q\":\"stauts:failed\"}",
        "{\"action\":\"retry\",\"q\":\"a\",\"ids\":[]}",
        "{\"action\":\"retry\",\"ids\":[]}",
        "{\"action\":\"retry\",\"ids\":[7]}",
        "{\"action\":\"retry\",\"ids\":[\"x\"]}",
        "{\"action\":\"retry\",\"q\":\"a\",\"cursor\":\"x\"}",
        "{\"action\":\"retry\",\"all\":true}",
        "{\"action\":\"retry\",\"q\":\"x\",\"zone_offset_min\":-9223372036854775808}",
    };
    struct house *house = *state;
    for (size_t i = 0; i < SP_LEN(bodies); i++)
        if (status_send(house, &admin, "POST", "/api/v1/jobs/actions", bodies[i]) != 400)
            fail_msg("%s", bodies[i]);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/jobs/actions", NULL), 415);
}

static enum sp_rc
run_forget(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_job_documents_deleted(db, context, err);
}

static void
test_a_document_is_downloaded_never_shown(void **state)
{
    struct house *house = *state;
    struct sample pdf = sample_pdf("Paper");
    struct sp_response res;
    char id[27];
    char target[128];
    house_job(house, "Paper", id);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/document/1", id);
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    assert_string_equal(sp_response_header(&res, "Content-Type"), "application/pdf");
    assert_non_null(strstr(sp_response_header(&res, "Content-Disposition"), "attachment; filename=\"scan.pdf\""));
    char bytes[sizeof(pdf.bytes)];
    assert_int_equal(res.fd_size, pdf.size);
    assert_int_equal(read(res.fd, bytes, sizeof(bytes)), (int)pdf.size);
    assert_memory_equal(bytes, pdf.bytes, pdf.size);
    sp_response_free(&res);
    target[strlen(target) - 1] = '2';
    assert_int_equal(status_get(house, &admin, target), 404);
    target[strlen(target) - 1] = '0';
    assert_int_equal(status_get(house, &admin, target), 404);
    target[strlen(target) - 1] = '1';
    assert_int_equal(sp_batch_run(house->w->batch, run_forget, id, NULL), SP_OK);
    assert_int_equal(status_get(house, &admin, target), 410);
}

static void
test_a_document_is_previewed_in_a_sandbox(void **state)
{
    struct house *house = *state;
    struct sp_response res;
    char id[27], target[128];
    house_job(house, "Paper", id);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/document/1?inline=1", id);
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    assert_non_null(strstr(sp_response_header(&res, "Content-Disposition"), "inline; filename=\"scan.pdf\""));
    assert_string_equal(sp_response_header(&res, "Content-Security-Policy"), "sandbox; default-src 'none'");
    sp_response_free(&res);
}

static int
forward(struct house *house, const char *id, const char *json, char ret_id[27])
{
    struct sp_response res;
    char target[128];
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/forward", id);
    int status = house_post(house, &admin, "POST", target, json, &res);
    if (status == 201) {
        json_t *job = body_of(&res);
        snprintf(ret_id, 27, "%s", json_string_value(json_object_get(job, "id")));
        json_decref(job);
    }
    sp_response_free(&res);
    return status;
}

/* The new job has the same documents and nobody but whom was named; each tells of the other. */
static void
test_forwarded_to_somebody_else(void **state)
{
    struct house *house = *state;
    char id[27], next[27], target[64];
    house_job(house, "Astray", id);
    assert_int_equal(forward(house, id, "{\"to\":[\"boss@contoso.com\",\"guest@fabrikam.example\"]}", next), 201);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s", next);
    json_t *job = get_json(house, target);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s", id);
    json_t *old = get_json(house, target);
    const json_t *recipients = json_object_get(job, "recipients");
    assert_int_equal(json_array_size(recipients), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(recipients, 0), "address")),
                        "boss@contoso.com");
    assert_string_equal(json_string_value(json_object_get(job, "forwarded_from")), id);
    assert_string_equal(json_string_value(json_object_get(job, "subject")), "Astray");
    assert_string_equal(json_string_value(json_array_get(json_object_get(old, "forwarded_to"), 0)), next);
    const json_t *a = json_array_get(json_object_get(job, "documents"), 0);
    const json_t *b = json_array_get(json_object_get(old, "documents"), 0);
    assert_true(json_equal(a, b));
    json_decref(job);
    json_decref(old);
    assert_int_equal(forward(house, id, "{\"to\":[]}", next), 400);
    assert_int_equal(forward(house, id, "{\"to\":[\"nobody\"]}", next), 400);
    assert_int_equal(forward(house, id, "{\"to\":\"boss@contoso.com\"}", next), 400);
    assert_int_equal(forward(house, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "{\"to\":[\"boss@contoso.com\"]}", next), 404);
    assert_int_equal(sp_batch_run(house->w->batch, run_forget, id, NULL), SP_OK);
    assert_int_equal(forward(house, id, "{\"to\":[\"boss@contoso.com\"]}", next), 410);
}

static char *
export_of(struct house *house, const char *target)
{
    struct sp_response res;
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    assert_string_equal(sp_response_header(&res, "Content-Type"), "text/csv; charset=utf-8");
    char *text = calloc(1, res.fd_size + 1);
    assert_int_equal(pread(res.fd, text, res.fd_size, 0), (int)res.fd_size);
    sp_response_free(&res);
    return text;
}

static void
test_an_export_holds_no_formulas(void **state)
{
    struct house *house = *state;
    char id[27];
    house_job(house, "=HYPERLINK(\"http://x\",\"y\")", id);
    house_job(house, "@SUM(1)", id);
    house_job(house, "plain", id);
    house_job(house, "a;=HYPERLINK(1);b; \"+2;c;-d", id); /* cells of their own where the semicolon parts them */
    house_job(house,
              "\xEF\xBC\x9D"
              "1+1",
              id);
    SP_AUTO_FREE char *text = export_of(house, "/api/v1/jobs/export");
    assert_non_null(strstr(text, ",\"a;'=HYPERLINK(1);b;' \"\"+2;c;'-d\","));
    assert_non_null(strstr(text, ",\"'\xEF\xBC\x9D"
                                 "1+1\","));
    assert_non_null(strstr(text, "\xEF\xBB\xBFid,state,created,"));
    assert_non_null(strstr(text, ",\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\","));
    assert_non_null(strstr(text, ",\"'@SUM(1)\","));
    assert_non_null(strstr(text, ",\"plain\","));
    SP_AUTO_FREE char *one = export_of(house, "/api/v1/jobs/export?q=plain&state=queued");
    assert_non_null(strstr(one, ",\"plain\","));
    assert_null(strstr(one, "SUM"));
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/export?q=stauts:x"), 400);
    assert_int_equal(status_get(house, &nobody, "/api/v1/jobs/export"), 401);
}

/* Each holds a worker that scans need. */
static void
test_one_export_at_a_time(void **state)
{
    struct house *house = *state;
    house->api.exporting = true;
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/export"), 503);
    house->api.exporting = false;
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/export?q=stauts:x"), 400);
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/export"), 200);
}

static void
test_an_export_leaves_the_reserve_to_scans(void **state)
{
    struct house *house = *state;
    char id[27];
    house_job(house, "plain", id);
    house->w->settings.gateway.reserve = UINT64_MAX / 4;
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/export"), 507);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pages_from_the_newest_to_the_oldest),
        TEST(test_filters_narrow),
        TEST(test_400_for_a_filter_that_makes_no_sense),
        TEST(test_a_job_tells_its_whole_story),
        TEST(test_404_for_what_is_no_job),
        TEST(test_retry_queues_again_and_wakes_the_sender),
        TEST(test_cancel_only_what_is_not_over),
        TEST(test_a_list_says_what_is_wrong),
        TEST(test_counts),
        TEST(test_actions_on_a_search),
        TEST(test_actions_on_named_jobs),
        TEST(test_actions_leave_which_jobs_they_were_for),
        TEST(test_actions_that_make_no_sense),
        TEST(test_a_document_is_downloaded_never_shown),
        TEST(test_a_document_is_previewed_in_a_sandbox),
        TEST(test_forwarded_to_somebody_else),
        TEST(test_an_export_holds_no_formulas),
        TEST(test_one_export_at_a_time),
        TEST(test_an_export_leaves_the_reserve_to_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

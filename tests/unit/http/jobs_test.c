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
    static const char *const queries[] = { "state=lost",      "limit=0",    "limit=1001", "limit=x",
                                           "since=yesterday", "cursor=abc", "until=-1" };
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

static json_t *
retry_many(struct house *house, const char *json)
{
    struct sp_response res;
    assert_int_equal(house_post(house, &admin, "POST", "/api/v1/retry", json, &res), 200);
    json_t *body = body_of(&res);
    sp_response_free(&res);
    return body;
}

static void
test_retry_of_many(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 12; i++) {
        char id[27];
        house_job(house, "Many", id);
        house_settle(house, id, i % 4 == 3 ? SP_JOB_SENT : SP_JOB_FAILED, i % 4 == 0 ? "quota" : "ip_reputation");
    }
    json_t *body = retry_many(house, "{\"class\":\"quota\"}");
    assert_int_equal(json_integer_value(json_object_get(body, "retried")), 3);
    assert_false(json_is_true(json_object_get(body, "more")));
    json_decref(body);
    body = retry_many(house, "{\"state\":\"failed\"}");
    assert_int_equal(json_array_size(json_object_get(body, "ids")), 6);
    json_decref(body);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=queued"), 9);
    assert_int_equal(count_of(house, "/api/v1/jobs?state=sent"), 3);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/retry", "{}"), 400);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/retry", "{\"state\":\"sent\"}"), 400);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/retry", "{\"all\":true}"), 400);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/retry", NULL), 415);
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
        TEST(test_retry_of_many),
        TEST(test_a_document_is_downloaded_never_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

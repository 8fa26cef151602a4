/* list_test.c - filters, words and pages. */
#include "unit/db/db_world.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"

enum { N = 12 };
#define HOUR ((int64_t)3600 * 1000)

/* Twelve jobs, an hour apart: every third from http, every fourth failed. */
static void
fill(struct world *w, char ids[N][SP_ULID_SIZE])
{
    for (int i = 0; i < N; i++) {
        new_id(NOW_MS + i * HOUR, ids[i]);
        struct sp_job *job = make_job(ids[i]);
        job->created = NOW_MS + i * HOUR;
        job->source = i % 3 == 0 ? "http" : "folder";
        assert_ok(w, sp_job_insert(w->db, job, &w->err));
        sp_job_free(&job);
        if (i % 4 != 0)
            continue;
        const struct sp_queue_result failed = {
            .id = ids[i],
            .attempt = { .method = "direct", .outcome = SP_OUTCOME_FAILED, .class_name = "tls" },
            .next = SP_JOB_FAILED,
            .method = "direct",
            .now = NOW_MS,
        };
        assert_ok(w, sp_queue_claim(w->db, ids[i], "direct", NULL, 0, NOW_MS, &w->err));
        assert_ok(w, sp_queue_record(w->db, &failed, &w->err));
    }
}

static size_t
count(struct world *w, struct sp_job_filter filter)
{
    struct sp_job_list list = { 0 };
    filter.limit = 1000;
    assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
    size_t n = list.count;
    for (size_t i = 1; i < n; i++)
        assert_true(strcmp(list.jobs[i - 1]->id, list.jobs[i]->id) > 0);
    sp_job_list_free(&list);
    return n;
}

static void
test_each_filter_narrows(void **state)
{
    struct world *w = *state;
    const enum sp_job_state failed = SP_JOB_FAILED;
    const enum sp_job_state queued = SP_JOB_QUEUED;
    char ids[N][SP_ULID_SIZE];
    fill(w, ids);
    assert_int_equal(count(w, (struct sp_job_filter){ 0 }), 12);
    assert_int_equal(count(w, (struct sp_job_filter){ .state = &failed }), 3);
    assert_int_equal(count(w, (struct sp_job_filter){ .state = &queued }), 9);
    assert_int_equal(count(w, (struct sp_job_filter){ .source = "http" }), 4);
    assert_int_equal(count(w, (struct sp_job_filter){ .source = "http", .state = &failed }), 1);
    assert_int_equal(count(w, (struct sp_job_filter){ .method = "direct" }), 3);
    assert_int_equal(count(w, (struct sp_job_filter){ .method = "graph" }), 0);
    assert_int_equal(count(w, (struct sp_job_filter){ .class_name = "tls" }), 3);
    assert_int_equal(count(w, (struct sp_job_filter){ .class_name = "" }), 0);
    assert_int_equal(count(w, (struct sp_job_filter){ .class_name = "tls", .source = "folder" }), 2);
    assert_int_equal(count(w, (struct sp_job_filter){ .since = NOW_MS + 10 * HOUR }), 2);
    assert_int_equal(count(w, (struct sp_job_filter){ .until = NOW_MS + 2 * HOUR }), 2);
    assert_int_equal(count(w, (struct sp_job_filter){ .since = NOW_MS + HOUR, .until = NOW_MS + 4 * HOUR }), 3);
    assert_int_equal(count(w, (struct sp_job_filter){ .before = ids[5] }), 5);
    const struct sp_job_filter all = { .state = &failed,
                                       .search = "alice",
                                       .source = "http",
                                       .method = "direct",
                                       .class_name = "tls",
                                       .since = NOW_MS,
                                       .until = NOW_MS + HOUR,
                                       .before = ids[11] };
    assert_int_equal(count(w, all), 1);
}

static void
test_the_cursor_walks_every_job_once(void **state)
{
    struct world *w = *state;
    char ids[N][SP_ULID_SIZE];
    char cursor[SP_ULID_SIZE] = "";
    int seen = 0;
    bool more = true;
    fill(w, ids);
    while (more) {
        const struct sp_job_filter filter = { .before = cursor[0] != '\0' ? cursor : NULL, .limit = 5 };
        struct sp_job_list list = { 0 };
        assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
        for (size_t i = 0; i < list.count; i++, seen++)
            assert_string_equal(list.jobs[i]->id, ids[N - 1 - seen]);
        more = list.more;
        snprintf(cursor, sizeof(cursor), "%s", list.jobs[list.count - 1]->id);
        sp_job_list_free(&list);
    }
    assert_int_equal(seen, N);
}

static void
test_a_full_last_page_has_no_next(void **state)
{
    struct world *w = *state;
    char ids[N][SP_ULID_SIZE];
    struct sp_job_list list = { 0 };
    fill(w, ids);
    const struct sp_job_filter filter = { .limit = N };
    assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
    assert_int_equal(list.count, N);
    assert_false(list.more);
    assert_int_equal(list.jobs[0]->n_recipients, 2);
    assert_int_equal(list.jobs[0]->n_documents, 1);
    sp_job_list_free(&list);
}

static void
test_words_are_found_where_people_look(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    char other[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    new_id(NOW_MS + HOUR, other);
    struct sp_job *job = make_job(id);
    job->subject = "Invoice 100%_done \\o/";
    job->user = "Carol";
    job->documents[0].name = "contract.pdf";
    job->recipients[0].address = "dave@fabrikam.com";
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
    add_job(w, other);
    static const char *const found[] = { "invoice", "INVOICE 100%", "carol", "Contract", "fabrikam", "100%_d", "\\o/" };
    for (size_t i = 0; i < SP_LEN(found); i++)
        assert_int_equal(count(w, (struct sp_job_filter){ .search = found[i] }), 1);
    assert_int_equal(count(w, (struct sp_job_filter){ .search = id }), 1);
    assert_int_equal(count(w, (struct sp_job_filter){ .search = "" }), 2);
}

static void
test_wildcards_are_ordinary_characters(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    static const char *const absent[] = { "%", "_", "S_an", "S%n", "\\", "' OR 1 --" };
    for (size_t i = 0; i < SP_LEN(absent); i++)
        assert_int_equal(count(w, (struct sp_job_filter){ .search = absent[i] }), 0);
}

static void
test_lists_and_words_are_bounded(void **state)
{
    struct world *w = *state;
    struct sp_job_list list = { 0 };
    char words[300];
    memset(words, 'x', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    assert_int_equal(sp_job_list(w->db, &(struct sp_job_filter){ .limit = 0 }, &list, &w->err), SP_E_INVALID);
    assert_int_equal(sp_job_list(w->db, &(struct sp_job_filter){ .limit = 1001 }, &list, &w->err), SP_E_INVALID);
    assert_int_equal(sp_job_list(w->db, &(struct sp_job_filter){ .limit = 1, .search = words }, &list, &w->err),
                     SP_E_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_filter_narrows, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_the_cursor_walks_every_job_once, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_full_last_page_has_no_next, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_words_are_found_where_people_look, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_wildcards_are_ordinary_characters, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_lists_and_words_are_bounded, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* list_test.c - searches and pages. */
#include "unit/db/db_world.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "db/query.h"
#include "db/search_index.h"
#include "db/stmt.h"

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
            .attempt = { .method = "direct",
                         .outcome = SP_OUTCOME_FAILED,
                         .class_name = "tls",
                         .cause = "tls_inspected" },
            .next = SP_JOB_FAILED,
            .method = "direct",
            .now = NOW_MS,
        };
        assert_ok(w, sp_queue_claim(w->db, ids[i], "direct", NULL, 0, NOW_MS, &w->err));
        assert_ok(w, sp_queue_record(w->db, &failed, &w->err));
    }
}

/* What a list shows for that, and whether the count agrees. `at` is now. */
static size_t
count_at(struct world *w, const char *text, const char *before, int64_t at)
{
    struct sp_job_list list = { 0 };
    struct sp_query query;
    int64_t counted = 0;
    bool more = false;
    assert_ok(w, sp_query_parse(text, at, 0, &query, &w->err));
    const struct sp_job_filter filter = { .query = &query, .before = before, .limit = 1000 };
    assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
    size_t n = list.count;
    assert_false(list.more);
    for (size_t i = 1; i < n; i++)
        assert_true(strcmp(list.jobs[i - 1]->id, list.jobs[i]->id) > 0);
    sp_job_list_free(&list);
    assert_ok(w, sp_job_count(w->db, &query, 10000, &counted, &more, &w->err));
    assert_false(more);
    if (before == NULL)
        assert_int_equal(counted, n);
    return n;
}

static size_t
count(struct world *w, const char *text)
{
    return count_at(w, text, NULL, NOW_MS + N * HOUR);
}

/* Everything is found before the index of words has it, while it has a part, and afterwards. */
static void
index_more(struct world *w, size_t limit)
{
    size_t done = 0;
    assert_ok(w, sp_search_index_more(w->db, limit, &done, &w->err));
    assert_true(done > 0);
}

static void
test_each_key_narrows(void **state)
{
    static const struct {
        const char *query;
        size_t count;
    } table[] = {
        { NULL, 12 },
        { "", 12 },
        { "status:failed", 3 },
        { "-status:failed", 9 },
        { "status:queued,failed", 12 },
        { "status:waiting", 9 },
        { "status:trouble", 3 },
        { "source:http", 4 },
        { "source:http,folder", 12 },
        { "source:scans", 12 },
        { "source:can -source:http", 8 },
        { "source:attic", 0 },
        { "source:http status:failed", 1 },
        { "-source:http -status:failed", 6 },
        { "method:direct", 3 },
        { "-method:direct", 9 },
        { "method:graph", 0 },
        { "class:TLS", 3 },
        { "cause:tls_inspected", 3 },
        { "cause:other", 0 },
        { "class:tls source:folder", 2 },
        { "after:2h", 2 },
        { "-after:2h", 10 },
        { "before:2023-11-15T00:14:00Z", 3 },
        { "after:2023-11-14T23:14:00Z before:2023-11-15T02:14:00Z", 3 },
        { "larger:4", 12 },
        { "larger:5", 0 },
        { "smaller:6", 12 },
        { "-smaller:6", 0 },
        { "smaller:1M larger:1k", 0 },
        { "to:alice", 12 },
        { "to:alice@contoso.com to:bob", 12 },
        { "to:carol", 0 },
        { "-to:bob", 0 },
        { "from:scanner", 12 },
        { "from:alice", 0 },
        { "subject:alice", 0 },
        { "user:alice", 12 },
        { "name:scan.pdf", 12 },
        { "name:alice", 0 },
        { "alice status:failed source:http method:direct class:tls", 1 },
        { "alice nobody", 0 },
        { "alice -bob", 0 },
        { "alice -nobody", 12 },
        { "al", 12 },
        { "a", 12 },
        { "zz", 0 },
        { "\"scan from\"", 12 },
        { "\"from scan\"", 12 },
        { "\"from scam\"", 0 },
    };
    struct world *w = *state;
    char ids[N][SP_ULID_SIZE];
    fill(w, ids);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < SP_LEN(table); i++)
            if (count(w, table[i].query) != table[i].count)
                fail_msg("'%s' in round %d", table[i].query, round);
        if (round < 2)
            index_more(w, 7);
    }
    assert_int_equal(count_at(w, NULL, ids[5], NOW_MS), 5);
    assert_int_equal(count_at(w, "alice", ids[5], NOW_MS), 5);
    assert_int_equal(count_at(w, "status:failed", ids[5], NOW_MS), 2);
}

static void
test_the_cursor_walks_every_job_once(void **state)
{
    static const char *const queries[] = { NULL, "alice", "status:failed,queued", "-nobody" };
    struct world *w = *state;
    char ids[N][SP_ULID_SIZE];
    fill(w, ids);
    index_more(w, 7);
    for (size_t i = 0; i < SP_LEN(queries); i++) {
        struct sp_query query;
        struct sp_job_list list = { .more = true };
        char cursor[24] = "";
        int seen = 0;
        assert_ok(w, sp_query_parse(queries[i], NOW_MS, 0, &query, &w->err));
        while (list.more) {
            const struct sp_job_filter filter = { .query = &query,
                                                  .before = cursor[0] != '\0' ? cursor : NULL,
                                                  .limit = 5 };
            assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
            for (size_t j = 0; j < list.count; j++, seen++)
                assert_string_equal(list.jobs[j]->id, ids[N - 1 - seen]);
            snprintf(cursor, sizeof(cursor), "%s", list.next);
            bool more = list.more;
            sp_job_list_free(&list);
            list.more = more;
        }
        assert_int_equal(seen, N);
    }
}

/* A job that was taken later stands before, whatever its id says: a page that is being read misses none. */
static void
test_the_order_is_that_of_taking(void **state)
{
    struct world *w = *state;
    struct sp_job_list list = { 0 };
    char early[SP_ULID_SIZE], late[SP_ULID_SIZE];
    new_id(NOW_MS, early);
    new_id(NOW_MS + HOUR, late);
    add_job(w, late);
    add_job(w, early);
    assert_ok(w, sp_job_list(w->db, &(struct sp_job_filter){ .limit = 5 }, &list, &w->err));
    assert_string_equal(list.jobs[0]->id, early);
    sp_job_list_free(&list);
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
    job->subject = "Invoice 100%_done M\xc3\xbcller caf"
                   "e\xcc\x81 \\o/";
    job->user = "Carol";
    job->documents[0].name = "contract.pdf";
    job->recipients[0].address = "dave@fabrikam.com";
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
    add_job(w, other);
    static const char *const found[] = {
        "invoice", "\"INVOICE 100%\"",    "carol",         "Contract",      "fabrikam", "100%_d", "\\o/", "/",
        "o/",      "pdf fabrikam -zebra", "\"e\xcc\x81\"", "m\xc3\x9cLLER", "\xc3\xbc"
    };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < SP_LEN(found); i++)
            if (count(w, found[i]) != 1)
                fail_msg("'%s' is found %zu times in round %d", found[i], count(w, found[i]), round);
        assert_int_equal(count(w, ""), 2);
        if (round == 0)
            index_more(w, 10);
    }
}

/* A job's whole id, the moment in it, and another job that speaks of it. */
static void
test_ids_are_found(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], other[SP_ULID_SIZE], prefix[40];
    new_id(NOW_MS + 100 * HOUR, id);
    new_id(NOW_MS + 200 * HOUR, other);
    add_job(w, id);
    struct sp_job *job = make_job(other);
    job->subject = sp_arena_format(job->arena, "Job %s failed", id);
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(count(w, id), 2);
        snprintf(prefix, sizeof(prefix), "id:%s", id);
        assert_int_equal(count(w, prefix), 1);
        prefix[strlen("id:") + 12] = '\0';
        assert_int_equal(count(w, prefix), 1);
        sp_text_lower(prefix);
        assert_int_equal(count(w, prefix), 1);
        prefix[strlen("id:") + 2] = '\0';
        assert_int_equal(count(w, prefix), 2);
        assert_int_equal(count(w, "id:7ZZZ"), 0);
        snprintf(prefix, sizeof(prefix), "-id:%s", id);
        assert_int_equal(count(w, prefix), 1);
        if (round == 0)
            index_more(w, 10);
    }
}

static void
test_wildcards_are_ordinary_characters(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    static const char *const absent[] = { "%", "_", "S_an", "S%n", "\\", "' OR 1 --", "*", "sca* OR", "\"a*\"", "^s" };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < SP_LEN(absent); i++)
            assert_int_equal(count(w, absent[i]), 0);
        if (round == 0)
            index_more(w, 10);
    }
}

static void
test_lists_are_bounded(void **state)
{
    struct world *w = *state;
    struct sp_job_list list = { 0 };
    assert_int_equal(sp_job_list(w->db, &(struct sp_job_filter){ .limit = 0 }, &list, &w->err), SP_E_INVALID);
    assert_int_equal(sp_job_list(w->db, &(struct sp_job_filter){ .limit = 1001 }, &list, &w->err), SP_E_INVALID);
    assert_int_equal(sp_job_list(w->db, &(struct sp_job_filter){ .limit = 1, .before = "x" }, &list, &w->err),
                     SP_E_INVALID);
}

static void
damage_index(struct world *w)
{
    SP_AUTO(sp_db_close) struct sp_db *other = NULL; /* what FTS5 remembers of it in memory is not damaged by that */
    assert_ok(w, sp_db_open(w->dir, 1000, &other, &w->err));
    assert_ok(w, sp_db_exec(other, "UPDATE search_data SET block = zeroblob(3)", NULL, 0, NULL, &w->err));
}

/* As a piece of a batch: what else is in it is not touched. */
static void
test_a_damaged_index_is_noticed_and_costs_nobody_else_anything(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    size_t taken_in = 0;
    new_id(NOW_MS + 300 * HOUR, id);
    add_job(w, id);
    index_more(w, 10);
    damage_index(w);
    assert_ok(w, sp_db_begin(w->db, &w->err));
    new_id(NOW_MS + 301 * HOUR, id);
    add_job(w, id);
    assert_int_equal(sp_search_index_more(w->db, 10, &taken_in, &w->err), SP_E_CORRUPT);
    assert_ok(w, sp_search_index_reset(w->db, &w->err));
    assert_ok(w, sp_db_finish(w->db, SP_OK, &w->err));
    assert_int_equal(state_of(w, id), SP_JOB_QUEUED);
    index_more(w, 10);
    assert_int_equal(count(w, "alice"), 2);
}

/* What is over goes, whatever became of the index; that is made anew. */
static void
test_a_damaged_index_keeps_nothing_from_being_forgotten(void **state)
{
    struct world *w = *state;
    char ids[2][SP_ULID_SIZE];
    size_t gone = 0, waiting = 0;
    for (size_t i = 0; i < 2; i++) {
        new_id(NOW_MS + (300 + (int64_t)i) * HOUR, ids[i]);
        add_job(w, ids[i]);
    }
    index_more(w, 10);
    assert_ok(w, sp_job_cancel(w->db, ids[0], NOW_MS, &w->err));
    assert_ok(w, sp_job_documents_deleted(w->db, ids[0], &w->err));
    damage_index(w);
    assert_ok(w, sp_job_forget(w->db, NOW_MS + 350 * HOUR, 10, &gone, &w->err));
    assert_int_equal(gone, 1);
    assert_ok(w, sp_search_index_waiting(w->db, 10, &waiting, &w->err));
    assert_int_equal(waiting, 1);
    index_more(w, 10);
    assert_int_equal(count(w, "alice"), 1);
}

/* When a job is forgotten its words go too, also when its row number is given again. */
static void
test_forgotten_jobs_leave_the_index(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], next[SP_ULID_SIZE];
    size_t gone = 0;
    new_id(NOW_MS + 300 * HOUR, id);
    add_job(w, id);
    index_more(w, 10);
    assert_ok(w, sp_job_cancel(w->db, id, NOW_MS, &w->err));
    assert_ok(w, sp_job_documents_deleted(w->db, id, &w->err));
    assert_int_equal(count(w, "alice"), 1);
    assert_ok(w, sp_job_forget(w->db, NOW_MS + 350 * HOUR, 10, &gone, &w->err));
    assert_int_equal(gone, 1);
    assert_int_equal(count(w, "alice"), 0);
    assert_int_equal(count(w, NULL), 0);
    new_id(NOW_MS + 400 * HOUR, next);
    struct sp_job *job = make_job(next);
    job->user = "Dora";
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
    assert_int_equal(count(w, "dora"), 1);
    index_more(w, 10);
    assert_int_equal(count(w, "dora"), 1);
    assert_int_equal(count(w, "user:alice"), 0);
    assert_ok(w, sp_search_index_reset(w->db, &w->err));
    assert_int_equal(count(w, "dora"), 1);
    index_more(w, 10);
    assert_int_equal(count(w, "dora"), 1);
}

/* A moved job stands where it is now, and nowhere else. */
static void
test_facets_follow_the_jobs(void **state)
{
    struct world *w = *state;
    char ids[N][SP_ULID_SIZE];
    fill(w, ids);
    assert_int_equal(count(w, "status:failed class:tls"), 3);
    assert_ok(w, sp_job_retry(w->db, ids[0], NOW_MS, &w->err));
    assert_int_equal(count(w, "status:failed class:tls"), 2);
    assert_int_equal(count(w, "status:queued class:tls"), 1);
    assert_ok(w, sp_job_cancel(w->db, ids[0], NOW_MS, &w->err));
    assert_int_equal(count(w, "status:queued class:tls"), 0);
    assert_int_equal(count(w, "status:cancelled"), 1);
    assert_ok(w, sp_queue_claim(w->db, ids[1], "direct", NULL, 0, NOW_MS, &w->err));
    size_t unknown = 0;
    assert_ok(w, sp_queue_recover(w->db, NOW_MS, NOW_MS, &unknown, &w->err));
    assert_int_equal(unknown, 1);
    assert_int_equal(count(w, "status:deferred cause:interrupted"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_key_narrows, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_the_cursor_walks_every_job_once, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_the_order_is_that_of_taking, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_full_last_page_has_no_next, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_words_are_found_where_people_look, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_ids_are_found, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_wildcards_are_ordinary_characters, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_lists_are_bounded, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_damaged_index_is_noticed_and_costs_nobody_else_anything, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_a_damaged_index_keeps_nothing_from_being_forgotten, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_forgotten_jobs_leave_the_index, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_facets_follow_the_jobs, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

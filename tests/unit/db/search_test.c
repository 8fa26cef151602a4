/* search_test.c - whatever way a search takes, it finds what fits and nothing else; and it never works for long. */
#include "unit/db/db_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "db/match.h"
#include "db/query.h"
#include "db/search_index.h"

enum { JOBS = 300, QUERIES = 400, MANY = 2500 };

static const char *const words[] = { "scan", "bill", "Übergabe",  "a1",      "contract", "müller", "x",
                                     "2026", "b",    "reception", "invoice", "99",       "é",      "warehouse" };
static const char *const people[] = { "anna@contoso.com", "bernd@contoso.com", "guest@fabrikam.example" };

static unsigned
roll(unsigned *seed, unsigned sides)
{
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % sides;
}

static const char *
phrase(struct sp_job *job, unsigned *seed)
{
    return sp_arena_format(job->arena, "%s %s_%s", words[roll(seed, SP_LEN(words))], words[roll(seed, SP_LEN(words))],
                           words[roll(seed, SP_LEN(words))]);
}

static void
add_random_job(struct world *w, unsigned *seed)
{
    static const char *const sources[] = { "folder", "http", "cups" };
    static const char *const doors[] = { "scans", "mfp-1", "floor2" };
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    struct sp_job *job = make_job(id);
    job->subject = phrase(job, seed);
    job->user = words[roll(seed, SP_LEN(words))];
    job->source = sources[roll(seed, 3)];
    job->source_name = doors[roll(seed, 3)];
    job->documents[0].name = phrase(job, seed);
    job->documents[0].size = (uint64_t)1 << roll(seed, 26);
    job->recipients[0].address = people[roll(seed, 3)];
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    if (roll(seed, 3) == 0)
        assert_ok(w, sp_job_cancel(w->db, id, NOW_MS, &w->err));
    sp_job_free(&job);
}

static void
add_random_term(struct sp_str *out, unsigned *seed)
{
    static const char *const fixed[] = { "status:queued", "status:cancelled", "source:http", "source:floor",
                                         "to:anna",       "to:contoso.com",   "to:nobody",   "larger:1M",
                                         "smaller:20k",   "after:1h",         "from:scanner" };
    static const char *const keys[] = { "", "", "subject:", "name:", "user:" };
    sp_str_add(out, roll(seed, 4) == 0 ? " -" : " ");
    if (roll(seed, 3) == 0)
        sp_str_add(out, fixed[roll(seed, SP_LEN(fixed))]);
    else
        sp_str_addf(out, "%s%.*s", keys[roll(seed, SP_LEN(keys))], 2 + (int)roll(seed, 9),
                    words[roll(seed, SP_LEN(words))]);
}

/* By looking at every job. */
static size_t
count_by_looking(struct world *w, const struct sp_query *query, size_t rows)
{
    SP_AUTO(sp_str_free) struct sp_str scratch = { 0 };
    size_t count = 0;
    for (size_t row = 1; row <= rows; row++) {
        bool fits = false;
        assert_ok(w, sp_match(w->db, query, (int64_t)row, &scratch, &fits, &w->err));
        count += fits;
    }
    return count;
}

static void
compare(struct world *w, const char *text)
{
    struct sp_query query;
    struct sp_job_list list = { 0 };
    if (sp_query_parse(text, NOW_MS, 0, &query, NULL) != SP_OK)
        return; /* a letter was cut in two */
    const struct sp_job_filter filter = { .query = &query, .limit = 1000 };
    assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
    size_t expected = count_by_looking(w, &query, JOBS);
    if (list.count != expected || list.more)
        fail_msg("'%s' finds %zu, there are %zu", text, list.count, expected);
    sp_job_list_free(&list);
}

static void
test_every_way_finds_the_same(void **state)
{
    struct world *w = *state;
    unsigned seed = 42;
    size_t done = 0;
    for (int i = 0; i < JOBS; i++)
        add_random_job(w, &seed);
    for (int i = 0; i < QUERIES; i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        if (i % 100 == 50) /* nothing, a part, and all of them are in the index */
            assert_ok(w, sp_search_index_more(w->db, JOBS / 3, &done, &w->err));
        for (unsigned n = 1 + roll(&seed, 3); n > 0; n--)
            add_random_term(&text, &seed);
        compare(w, sp_str_text(&text));
    }
}

/* A page that ran out of time says where to go on, and going on comes to the end. */
static void
test_a_long_search_comes_in_pieces(void **state)
{
    struct world *w = *state;
    struct sp_query query;
    char id[SP_ULID_SIZE], next[24] = "";
    size_t pages = 0, found = 0;
    bool more = true;
    for (int i = 0; i < MANY; i++) {
        new_id(NOW_MS, id);
        if (i % 1200 != 7) {
            add_job(w, id);
            continue;
        }
        struct sp_job *job = make_job(id);
        job->subject = "Another";
        assert_ok(w, sp_job_insert(w->db, job, &w->err));
        sp_job_free(&job);
    }
    assert_ok(w, sp_query_parse("-subject:scan", NOW_MS, 0, &query, &w->err));
    for (; more; pages++) {
        const struct sp_job_filter filter = {
            .query = &query, .before = next[0] != '\0' ? next : NULL, .limit = 50, .work_ms = 1
        };
        struct sp_job_list list = { 0 };
        assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
        found += list.count;
        more = list.more;
        snprintf(next, sizeof(next), "%s", list.next);
        sp_job_list_free(&list);
        assert_true(pages < 10);
    }
    assert_int_equal(found, 3);
    assert_true(pages > 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_way_finds_the_same, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_long_search_comes_in_pieces, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

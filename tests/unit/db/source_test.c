/* source_test.c - sources are counted from the jobs, whatever was remembered when. */
#include "unit/db/db_world.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/source.h"

static void
add_from(struct world *w, const char *source, const char *name, int64_t at)
{
    char id[SP_ULID_SIZE];
    new_id(at, id);
    struct sp_job *job = make_job(id);
    job->source = source;
    job->source_name = name;
    job->created = at;
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
}

static struct sp_source_sums
count(struct world *w, struct sp_arena *arena)
{
    struct sp_source_sums sums = { 0 };
    assert_ok(w, sp_sources_count(w->db, arena, &sums, &w->err));
    return sums;
}

static void
assert_source(const struct sp_source_sums *sums, const char *kind, const char *name, int64_t n, int64_t last)
{
    for (size_t i = 0; i < sums->count; i++)
        if (strcmp(sums->items[i].kind, kind) == 0 && strcmp(sums->items[i].name, name) == 0) {
            assert_int_equal(sums->items[i].count, n);
            assert_int_equal(sums->items[i].last, last);
            return;
        }
    fail_msg("no source %s %s", kind, name);
}

static void
test_counts_go_on_after_they_were_remembered(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    int64_t uncounted = 0;
    assert_int_equal(count(w, arena).count, 0);
    add_from(w, "folder", "scans", NOW_MS);
    add_from(w, "folder", "scans", NOW_MS + 2);
    add_from(w, "http", "copier", NOW_MS + 1);
    add_from(w, "notice", "", NOW_MS);
    struct sp_source_sums sums = count(w, arena);
    assert_int_equal(sums.count, 2);
    assert_source(&sums, "folder", "scans", 2, NOW_MS + 2);
    assert_ok(w, sp_sources_remember(w->db, &sums, &w->err));
    assert_ok(w, sp_sources_remember(w->db, &sums, &w->err)); /* counted twice, remembered once */
    assert_ok(w, sp_sources_uncounted(w->db, &uncounted, &w->err));
    assert_int_equal(uncounted, 0);
    add_from(w, "folder", "scans", NOW_MS + 3);
    add_from(w, "cups", "office", NOW_MS + 4);
    sums = count(w, arena);
    assert_int_equal(sums.count, 3);
    assert_source(&sums, "folder", "scans", 3, NOW_MS + 3);
    assert_source(&sums, "http", "copier", 1, NOW_MS + 1);
    assert_source(&sums, "cups", "office", 1, NOW_MS + 4);
    assert_ok(w, sp_sources_uncounted(w->db, &uncounted, &w->err));
    assert_int_equal(uncounted, 2);
}

static void
test_forgotten_history_stays_counted(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    char id[SP_ULID_SIZE];
    size_t forgotten = 0;
    add_from(w, "folder", "scans", NOW_MS);
    add_from(w, "folder", "scans", NOW_MS + 1);
    struct sp_source_sums sums = count(w, arena);
    assert_ok(w, sp_sources_remember(w->db, &sums, &w->err));
    for (size_t i = 0; i < 2; i++) { /* all of it: row numbers begin again */
        struct sp_job_list list = { 0 };
        const struct sp_job_filter filter = { .limit = 1 };
        assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
        strcpy(id, list.jobs[0]->id);
        sp_job_list_free(&list);
        assert_ok(w, sp_job_cancel(w->db, id, NOW_MS, &w->err));
        assert_ok(w, sp_job_documents_deleted(w->db, id, &w->err));
        assert_ok(w, sp_job_forget(w->db, NOW_MS + 100, 10, &forgotten, &w->err));
    }
    add_from(w, "folder", "scans", NOW_MS + 7);
    sums = count(w, arena);
    assert_source(&sums, "folder", "scans", 3, NOW_MS + 7);
    assert_ok(w, sp_sources_remember(w->db, &sums, &w->err));
    sums = count(w, arena);
    assert_source(&sums, "folder", "scans", 3, NOW_MS + 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_go_on_after_they_were_remembered, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_forgotten_history_stays_counted, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

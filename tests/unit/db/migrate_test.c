/* migrate_test.c - from the empty file to the newest version, and what is refused. */
#include "unit/db/db_world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/auto.h"
#include "db/migrations.h"
#include "db/query.h"
#include "db/rebuild.h"
#include "db/search_index.h"
#include "db/tally.h"

static void
db_file(const struct world *w, const char *tail, char path[128])
{
    snprintf(path, 128, "%s/scanpost.db%s", w->dir, tail);
}

/* The way around the wall, for damage and for other people's versions. */
static void
run_sql(const struct world *w, const char *sql)
{
    char path[128];
    sqlite3 *handle = NULL;
    db_file(w, "", path);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void
test_empty_file_walks_to_the_newest_version(void **state)
{
    struct world *w = *state;
    bool fresh = false;
    int version = 0;
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_true(fresh);
    assert_ok(w, sp_db_open(w->dir, 1000, &w->db, &w->err));
    assert_ok(w, sp_db_version(w->db, &version, &w->err));
    assert_int_equal(version, sp_db_version_newest());
}

static void
test_a_second_walk_changes_nothing(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    bool fresh = false;
    new_id(NOW_MS, id);
    add_job(w, id);
    sp_db_close(&w->db);
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_ok(w, sp_db_open(w->dir, 1000, &w->db, &w->err));
    assert_int_equal(state_of(w, id), SP_JOB_QUEUED);
}

static void
test_fresh_until_the_spool_was_read(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = NULL;
    struct sp_rebuild_counts counts;
    bool fresh = false;
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_true(fresh); /* we died before reading it */
    assert_ok(w, sp_spool_open(w->dir, &spool, &w->err));
    assert_ok(w, sp_rebuild(w->db, spool, true, NULL, &counts, &w->err));
    sp_spool_close(&spool);
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_false(fresh);
}

static void
test_a_newer_version_is_refused_in_words(void **state)
{
    struct world *w = *state;
    bool fresh = false;
    sp_db_close(&w->db);
    run_sql(w, "PRAGMA user_version = 999");
    assert_int_equal(sp_db_migrate(w->dir, &fresh, &w->err), SP_E_CONFLICT);
    assert_non_null(strstr(w->err.text, "newer"));
    assert_int_equal(sp_db_open(w->dir, 1000, &w->db, &w->err), SP_E_CONFLICT);
    assert_null(w->db);
}

static void
test_a_missing_database_is_not_opened(void **state)
{
    struct world *w = *state;
    assert_int_equal(sp_db_open(w->dir, 1000, &w->db, &w->err), SP_E_NOTFOUND);
}

static void
test_a_link_in_place_of_the_database_is_refused(void **state)
{
    struct world *w = *state;
    char path[128];
    bool fresh = false;
    db_file(w, "", path);
    assert_int_equal(symlink("/tmp/elsewhere", path), 0);
    assert_int_equal(sp_db_migrate(w->dir, &fresh, &w->err), SP_E_INVALID);
    assert_int_not_equal(sp_db_open(w->dir, 1000, &w->db, &w->err), SP_OK);
}

static void
test_another_user_of_the_group_may_write_all_files(void **state)
{
    struct world *w = *state;
    const char *const tails[] = { "", "-wal", "-shm" };
    char id[SP_ULID_SIZE];
    bool fresh = false;
    mode_t before = umask(077);
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_ok(w, sp_db_open(w->dir, 1000, &w->db, &w->err));
    new_id(NOW_MS, id);
    add_job(w, id);
    umask(before);
    for (size_t i = 0; i < SP_LEN(tails); i++) {
        char path[128];
        struct stat st;
        db_file(w, tails[i], path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0660);
    }
}

static void
overwrite(const struct world *w, off_t from, size_t size)
{
    char path[128];
    db_file(w, "", path);
    SP_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    SP_AUTO_FREE char *junk = malloc(size);
    assert_non_null(junk);
    memset(junk, 0x5a, size);
    assert_int_equal(pwrite(fd, junk, size, from), (ssize_t)size);
}

static int
count_files(const struct world *w, const char *prefix)
{
    DIR *dir = opendir(w->dir);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(dir);
    return count;
}

static void
test_a_file_that_is_no_database_is_set_aside(void **state)
{
    struct world *w = *state;
    bool fresh = false;
    sp_db_close(&w->db);
    overwrite(w, 0, 100);
    assert_int_equal(sp_db_migrate(w->dir, &fresh, &w->err), SP_E_CORRUPT);
    assert_int_equal(sp_db_open(w->dir, 1000, &w->db, &w->err), SP_E_CORRUPT);
    assert_ok(w, sp_db_set_aside(w->dir, NOW_MS, &w->err));
    assert_int_equal(count_files(w, "scanpost.db.damaged-20231114T221320Z"), 1);
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_true(fresh);
}

static void
test_damaged_pages_are_noticed(void **state)
{
    struct world *w = *state;
    bool fresh = false;
    char path[128];
    struct stat st;
    sp_db_close(&w->db);
    db_file(w, "", path);
    assert_int_equal(stat(path, &st), 0);
    overwrite(w, st.st_size - 4096, 4096); /* a table that nothing reads at start */
    assert_int_equal(sp_db_migrate(w->dir, &fresh, &w->err), SP_E_CORRUPT);
}

/* The first released steps, and one that is not written yet. */
static enum sp_rc
migrate_further(struct world *w, const char *step)
{
    const char *texts[64];
    bool fresh = false;
    assert_true(sp_migrations.count < 64);
    memcpy(texts, sp_migrations.texts, (size_t)sp_migrations.count * sizeof(texts[0]));
    texts[sp_migrations.count] = step;
    const struct sp_migrations further = { .texts = texts, .count = sp_migrations.count + 1 };
    return sp_db_migrate_by(&further, w->dir, &fresh, &w->err);
}

static void
test_an_older_version_is_copied_aside_before_it_changes(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    char path[128];
    char copy[128];
    char tail[16];
    struct stat st;
    new_id(NOW_MS, id);
    add_job(w, id);
    sp_db_close(&w->db);
    assert_ok(w, migrate_further(w, "CREATE TABLE later (n INTEGER); DELETE FROM job"));
    assert_int_equal(sp_db_open(w->dir, 1000, &w->db, &w->err), SP_E_CONFLICT); /* it is newer than we are */
    db_file(w, "", path);
    snprintf(tail, sizeof(tail), ".v%d", sp_db_version_newest());
    db_file(w, tail, copy);
    assert_int_equal(stat(copy, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_int_equal(rename(copy, path), 0); /* the way back */
    assert_ok(w, sp_db_open(w->dir, 1000, &w->db, &w->err));
    assert_int_equal(state_of(w, id), SP_JOB_QUEUED);
}

static void
test_a_step_that_fails_leaves_the_version_before_it(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    sp_db_close(&w->db);
    assert_int_not_equal(migrate_further(w, "DELETE FROM job; CREATE nonsense"), SP_OK);
    assert_int_not_equal(migrate_further(w, "DELETE FROM job; CREATE nonsense"), SP_OK); /* over its own copy */
    assert_non_null(strstr(w->err.text, "migrating to version"));
    assert_ok(w, sp_db_open(w->dir, 1000, &w->db, &w->err));
    assert_int_equal(state_of(w, id), SP_JOB_QUEUED);
}

/* A database from before searching: three jobs, one of which failed and was sent later. */
static void
fill_older(struct world *w)
{
    static const char text[] =
        "WITH made (n, id, state, finished, method, class) AS (VALUES"
        " (1, '01HF7YAT00AAAAAAAAAAAAAAAA', 'sent', 1700000005000, 'direct', ''),"
        " (2, '01HF7YAT00BBBBBBBBBBBBBBBB', 'sent', 1700000090000, 'graph', 'ip_reputation'),"
        " (3, '01HF7YAT00CCCCCCCCCCCCCCCC', 'queued', 0, '', ''))"
        " INSERT INTO job (n, id, state, created, finished, source, source_name, user, route, tenant, sender,"
        " from_name, reply_to, subject, body, message_id, boundary, folder_name, size, method, class)"
        " SELECT n, id, state, 1700000000000, finished, 'folder', 'scans', 'alice', '', 'contoso', 's@contoso.com',"
        " '', '', 'Old bill', '', '', '', x'', 700000, method, class FROM made;"
        "INSERT INTO document SELECT n, 1, 'old-' || n || '.pdf', 'application/pdf', 700000, '' FROM job;"
        "INSERT INTO recipient SELECT n, 1, 'bob@contoso.com', 0, 'sent', '', '' FROM job;"
        "INSERT INTO attempt (job, n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced, reply,"
        " summary, fix, started, duration_ms) VALUES"
        " (2, 1, 'direct', '', 0, '', '', '', 'failed', 'ip_reputation', 'spamhaus', 0, '', '', '', '', 1700000001000, "
        "5),"
        " (2, 2, 'graph', '', 0, '', '', '', 'accepted', 'ok', '', 0, '', '', '', '', 1700000089000, 5);";
    struct sp_migrations older = { .texts = sp_migrations.texts };
    bool fresh = false;
    sqlite3 *raw = NULL;
    char path[128];
    while (sp_migrations.texts[older.count] != sp_migration_facets)
        older.count++;
    assert_ok(w, sp_db_migrate_by(&older, w->dir, &fresh, &w->err));
    db_file(w, "", path);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

static int64_t
found(struct world *w, const char *text)
{
    struct sp_query query;
    int64_t count = 0;
    bool more = false;
    assert_ok(w, sp_query_parse(text, NOW_MS, 0, &query, &w->err));
    assert_ok(w, sp_job_count(w->db, &query, 100, &count, &more, &w->err));
    return count;
}

static void
add_number(void *context, const struct sp_tally *tally)
{
    int64_t *sums = context;
    if (strcmp(tally->kind, "received") == 0)
        sums[0] += tally->number;
    if (strcmp(tally->kind, "delivered") == 0 && strcmp(tally->a, "5") == 0)
        sums[1] += tally->number;
    if (strcmp(tally->kind, "attempt") == 0 && strcmp(tally->a, "graph") == 0)
        sums[2] += tally->number;
}

/* What older jobs are is found at once, what they say too, and from then on as if they had come today. */
static void
test_older_jobs_are_found_and_counted(void **state)
{
    struct world *w = *state;
    bool fresh = false;
    size_t indexed = 0;
    int64_t sums[3] = { 0 };
    fill_older(w);
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_ok(w, sp_db_open(w->dir, 1000, &w->db, &w->err));
    for (int round = 0; round < 2; round++) {
        assert_int_equal(found(w, ""), 3);
        assert_int_equal(found(w, "status:sent"), 2);
        assert_int_equal(found(w, "method:graph class:ip_reputation cause:spamhaus"), 1);
        assert_int_equal(found(w, "old-2"), 1);
        assert_int_equal(found(w, "bill to:bob -status:sent larger:600k"), 1);
        if (round == 0)
            assert_ok(w, sp_search_index_more(w->db, 2, &indexed, &w->err)); /* comes to a stop in the middle */
    }
    assert_ok(w, sp_job_cancel(w->db, "01HF7YAT00CCCCCCCCCCCCCCCC", NOW_MS, &w->err));
    assert_int_equal(found(w, "status:queued"), 0);
    assert_int_equal(found(w, "status:cancelled"), 1);
    assert_ok(w, sp_tally_totals(w->db, add_number, sums, &w->err));
    assert_int_equal(sums[0], 3);
    assert_int_equal(sums[1], 1);
    assert_int_equal(sums[2], 1);
}

/* Old hours are folded into one sum, and nothing is lost. */
static void
test_old_hours_are_folded(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    int64_t before[3] = { 0 }, after[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        new_id(NOW_MS, id);
        add_job(w, id);
    }
    assert_ok(w, sp_tally_totals(w->db, add_number, before, &w->err));
    int64_t hours[3] = { 0 }, hour = NOW_MS / SP_HOUR_MS;
    assert_ok(w, sp_tally_fold(w->db, hour + 1, hour, &w->err));
    assert_ok(w, sp_tally_fold(w->db, hour + 1, hour, &w->err));
    assert_ok(w, sp_tally_totals(w->db, add_number, after, &w->err));
    assert_int_equal(before[0], 3);
    assert_int_equal(after[0], 3);
    assert_ok(w, sp_tally_each(w->db, 0, hour + 5, add_number, hours, &w->err));
    assert_int_equal(hours[0], 3);                               /* summed, and still there */
    assert_ok(w, sp_tally_fold(w->db, hour, hour + 9, &w->err)); /* what was not summed is not forgotten */
    hours[0] = after[0] = 0;
    assert_ok(w, sp_tally_totals(w->db, add_number, after, &w->err));
    assert_int_equal(after[0], 3);
    assert_ok(w, sp_tally_each(w->db, 0, NOW_MS / SP_HOUR_MS + 5, add_number, hours, &w->err));
    assert_int_equal(hours[0], 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_file_walks_to_the_newest_version, setup_empty_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_second_walk_changes_nothing, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_fresh_until_the_spool_was_read, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_newer_version_is_refused_in_words, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_missing_database_is_not_opened, setup_empty_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_link_in_place_of_the_database_is_refused, setup_empty_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_another_user_of_the_group_may_write_all_files, setup_empty_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_no_database_is_set_aside, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_damaged_pages_are_noticed, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_an_older_version_is_copied_aside_before_it_changes, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_older_jobs_are_found_and_counted, setup_empty_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_old_hours_are_folded, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_step_that_fails_leaves_the_version_before_it, setup_world,
                                        teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

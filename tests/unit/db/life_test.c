/* Years of scans in a minute: what is forgotten makes room for what comes, so the files stop growing. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "db/search_index.h"
#include "db_world.h"

enum { YEARS = 8, A_YEAR = 160, AT_ONCE = 64 };
static const int64_t year_ms = (int64_t)365 * 24 * 3600 * 1000;

static long
size_of(const struct world *w, const char *name)
{
    char path[128];
    struct stat at;
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    return stat(path, &at) == 0 ? (long)at.st_size : 0;
}

static void
send(struct world *w, const char *id, int64_t now)
{
    struct sp_job *job = load(w, id);
    for (size_t i = 0; i < job->n_recipients; i++)
        job->recipients[i].state = SP_RECIPIENT_SENT;
    const struct sp_queue_result result = { .id = id,
                                            .attempt = { .method = "direct",
                                                         .host = "mx.example",
                                                         .ip = "192.0.2.1",
                                                         .tls = "TLSv1.3",
                                                         .stage = "message",
                                                         .outcome = SP_OUTCOME_ACCEPTED,
                                                         .class_name = "ok",
                                                         .cause = "",
                                                         .enhanced = "2.6.0",
                                                         .reply = "250 2.6.0 queued",
                                                         .summary = "",
                                                         .fix = "" },
                                            .recipients = job->recipients,
                                            .n_recipients = job->n_recipients,
                                            .next = SP_JOB_SENT,
                                            .method = "direct",
                                            .now = now,
                                            .only_method = "",
                                            .trouble = "" };
    assert_ok(w, sp_queue_claim(w->db, id, "direct", NULL, 0, now, &w->err));
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    assert_ok(w, sp_job_documents_deleted(w->db, id, &w->err));
    sp_job_free(&job);
}

static void
live_a_year(struct world *w, int year)
{
    for (int i = 0; i < A_YEAR; i++) {
        char id[SP_ULID_SIZE];
        int64_t now = NOW_MS + year * year_ms + i * (year_ms / A_YEAR);
        new_id(now, id);
        struct sp_job *job = make_job(id);
        job->created = now;
        assert_ok(w, sp_job_insert(w->db, job, &w->err));
        sp_job_free(&job);
        send(w, id, now + 1000);
    }
    for (size_t count = AT_ONCE; count == AT_ONCE;)
        assert_ok(w, sp_search_index_more(w->db, AT_ONCE, &count, &w->err));
}

static void
forget_before(struct world *w, int64_t moment)
{
    for (size_t count = AT_ONCE; count == AT_ONCE;)
        assert_ok(w, sp_job_forget(w->db, moment, AT_ONCE, &count, &w->err));
}

static void
test_files_stop_growing(void **state)
{
    struct world *w = *state;
    long settled = 0, largest_wal = 0;
    for (int year = 0; year < YEARS; year++) {
        live_a_year(w, year);
        forget_before(w, NOW_MS + year * year_ms);
        long wal = size_of(w, "scanpost.db-wal");
        largest_wal = wal > largest_wal ? wal : largest_wal;
        if (year == 2)
            settled = size_of(w, "scanpost.db");
    }
    assert_true(settled > 0);
    assert_true(size_of(w, "scanpost.db") < settled + settled / 2);
    assert_true(largest_wal < 16L * 1024 * 1024);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_files_stop_growing, setup_world,
                                                                        teardown_world) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

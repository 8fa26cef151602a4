/* What is over is tidied up, and nothing that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/queue.h"
#include "gateway/folders.h"
#include "gateway/housekeeping.h"
#include "gateway/intake.h"
#include "world.h"

static int64_t later_ms; /* how far the test's clock is ahead */

static int64_t
later_wall(void *context)
{
    return sp_wall_ms(&sp_clock_system) + *(int64_t *)context;
}

static int64_t
usual_mono(void *context)
{
    (void)context;
    return sp_mono_ms(&sp_clock_system);
}

static const struct sp_clock later = { .wall_ms = later_wall, .mono_ms = usual_mono, .context = &later_ms };

static int
setup(void **state)
{
    later_ms = 0;
    *state = world_open("/tmp");
    return 0;
}

static int
teardown(void **state)
{
    world_close(*state);
    return 0;
}

static struct sp_housekeeping
keeper_of(struct world *w)
{
    return (struct sp_housekeeping){ .settings = &w->settings,
                                     .batch = w->batch,
                                     .db = w->db,
                                     .spool = w->spool,
                                     .folders = w->house,
                                     .clock = &later,
                                     .log = &w->log };
}

static void
take_one(struct world *w, char id[SP_ULID_SIZE])
{
    struct sp_intake_request request = {
        .source = "folder", .source_name = "scans", .route = "accounting", .folder_name = "x.pdf"
    };
    struct sample pdf = sample_pdf("x");
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    bool repeated;
    assert_int_equal(sp_intake_begin(w->intake, NULL, &scan, NULL), SP_OK);
    assert_int_equal(sp_scan_document(scan, "x.pdf", NULL), SP_OK);
    assert_int_equal(sp_scan_write(scan, pdf.bytes, pdf.size, NULL), SP_OK);
    assert_int_equal(sp_scan_document_end(scan, NULL), SP_OK);
    assert_int_equal(sp_scan_commit(scan, &request, id, &repeated, NULL), SP_OK);
}

struct ending {
    const char *id;
    enum sp_job_state state;
};

static enum sp_rc
end_job(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct ending *end = context;
    const int64_t now = sp_wall_ms(&sp_clock_system);
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    enum sp_rc rc = sp_queue_claim(db, end->id, "direct", NULL, 0, now, err);
    if (rc == SP_OK)
        rc = sp_job_load(db, end->id, &job, err);
    if (rc != SP_OK)
        return rc;
    bool sent = end->state == SP_JOB_SENT;
    for (size_t i = 0; i < job->n_recipients; i++)
        job->recipients[i].state = sent ? SP_RECIPIENT_SENT : SP_RECIPIENT_FAILED;
    struct sp_queue_result result = {
        .id = end->id,
        .attempt = { .method = "direct",
                     .host = "mx",
                     .ip = "",
                     .tls = "",
                     .stage = "rcpt",
                     .class_name = "other",
                     .cause = "",
                     .enhanced = "",
                     .reply = "550 no",
                     .summary = "Refused for a reason.",
                     .fix = "Mend it.",
                     .outcome = sent ? SP_OUTCOME_ACCEPTED : SP_OUTCOME_FAILED,
                     .started = now },
        .recipients = job->recipients,
        .n_recipients = job->n_recipients,
        .next = end->state,
        .method = "direct",
        .now = now,
        .only_method = "",
        .trouble = "Refused for a reason.",
    };
    return sp_queue_record(db, &result, err);
}

static void
end_as(struct world *w, const char *id, enum sp_job_state state)
{
    struct ending end = { .id = id, .state = state };
    struct sp_err err = { 0 };
    if (sp_batch_run(w->batch, end_job, &end, &err) != SP_OK)
        fail_msg("%s", err.text);
}

static const int64_t day_ms = 86400000;

static void
test_documents_go_when_their_time_is_over_and_not_before(void **state)
{
    struct world *w = *state;
    char sent[SP_ULID_SIZE], failed[SP_ULID_SIZE], waiting[SP_ULID_SIZE];
    struct sp_housekeeping keeper = keeper_of(w);
    take_one(w, sent);
    take_one(w, failed);
    take_one(w, waiting);
    end_as(w, sent, SP_JOB_SENT);
    end_as(w, failed, SP_JOB_FAILED);
    later_ms = 6 * day_ms;
    assert_true(sp_housekeeping_sweep(&keeper) <= 3600000);
    assert_int_equal(world_spool_count(w), 3);
    later_ms = 8 * day_ms;
    sp_housekeeping_sweep(&keeper);
    assert_int_equal(world_spool_count(w), 2);
    later_ms = 31 * day_ms;
    sp_housekeeping_sweep(&keeper);
    assert_int_equal(world_spool_count(w), 1);
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    assert_int_equal(sp_job_load(w->db, sent, &job, NULL), SP_OK);
    assert_true(job->documents_deleted);
    assert_int_equal(world_jobs(w, NULL), 3);
}

static void
test_history_is_forgotten_after_its_time_but_not_what_waits(void **state)
{
    struct world *w = *state;
    char sent[SP_ULID_SIZE], waiting[SP_ULID_SIZE];
    struct sp_housekeeping keeper = keeper_of(w);
    take_one(w, sent);
    take_one(w, waiting);
    end_as(w, sent, SP_JOB_SENT);
    later_ms = 401 * day_ms;
    sp_housekeeping_sweep(&keeper);
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    assert_int_equal(world_jobs(w, &job), 1);
    assert_string_equal(job->id, waiting);
    assert_int_equal(world_spool_count(w), 1);
}

static void
test_more_than_a_handful_is_said_to_be_left(void **state)
{
    struct world *w = *state;
    struct sp_housekeeping keeper = keeper_of(w);
    for (int i = 0; i < 40; i++) {
        char id[SP_ULID_SIZE];
        take_one(w, id);
        end_as(w, id, SP_JOB_SENT);
    }
    later_ms = 8 * day_ms;
    assert_true(sp_housekeeping_sweep(&keeper) <= 1000);
    sp_housekeeping_sweep(&keeper);
    assert_int_equal(world_spool_count(w), 0);
}

static void
test_a_failed_drop_gets_one_note(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], path[256];
    assert_int_equal(sp_folders_start(&w->settings, w->intake, &sp_clock_system, &w->log, NULL, &w->house, NULL),
                     SP_OK);
    struct sp_housekeeping keeper = keeper_of(w);
    take_one(w, id);
    sp_housekeeping_notes(&keeper);
    assert_false(file_exists(w->drop, "x.pdf.FAILED.txt"));
    end_as(w, id, SP_JOB_FAILED);
    sp_housekeeping_notes(&keeper);
    SP_AUTO_FREE char *note = file_text(w->drop, "x.pdf.FAILED.txt");
    assert_non_null(note);
    assert_non_null(strstr(note, "Refused for a reason."));
    snprintf(path, sizeof(path), "%s/x.pdf.FAILED.txt", w->drop);
    assert_int_equal(unlink(path), 0); /* read and thrown away */
    sp_housekeeping_notes(&keeper);
    assert_false(file_exists(w->drop, "x.pdf.FAILED.txt"));
}

static void
test_a_note_that_has_no_place_is_not_tried_for_ever(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], ids[4][27];
    size_t count = 1;
    assert_int_equal(sp_folders_start(&w->settings, w->intake, &sp_clock_system, &w->log, NULL, &w->house, NULL),
                     SP_OK);
    struct sp_housekeeping keeper = keeper_of(w);
    w->log.level = 0; /* it is logged, rightly */
    take_one(w, id);
    end_as(w, id, SP_JOB_FAILED);
    write_file(w->drop, "x.pdf.FAILED.txt", "my diary", 8);
    sp_housekeeping_notes(&keeper);
    assert_int_equal(sp_job_notes_due(w->db, 4, ids, &count, NULL), SP_OK);
    assert_int_equal(count, 0);
    SP_AUTO_FREE char *diary = file_text(w->drop, "x.pdf.FAILED.txt");
    assert_string_equal(diary, "my diary");
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_documents_go_when_their_time_is_over_and_not_before),
        WITH_WORLD(test_history_is_forgotten_after_its_time_but_not_what_waits),
        WITH_WORLD(test_more_than_a_handful_is_said_to_be_left),
        WITH_WORLD(test_a_failed_drop_gets_one_note),
        WITH_WORLD(test_a_note_that_has_no_place_is_not_tried_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

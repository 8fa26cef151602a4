/* The one door: what gets through is safe, what does not leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/spool.h"
#include "gateway/intake.h"
#include "world.h"

static int
setup(void **state)
{
    *state = world_open("/tmp");
    return 0;
}

static int
teardown(void **state)
{
    world_close(*state);
    return 0;
}

static struct sp_scan *
begun(struct world *w)
{
    struct sp_err err = { 0 };
    struct sp_scan *scan = NULL;
    if (sp_intake_begin(w->intake, NULL, &scan, &err) != SP_OK)
        fail_msg("%s", err.text);
    return scan;
}

static enum sp_rc
add(struct sp_scan *scan, const char *name, const struct sample *s)
{
    enum sp_rc rc = sp_scan_document(scan, name, NULL);
    if (rc == SP_OK)
        rc = sp_scan_write(scan, s->bytes, s->size, NULL);
    return rc == SP_OK ? sp_scan_document_end(scan, NULL) : rc;
}

static struct sp_intake_request
usual_request(void)
{
    return (struct sp_intake_request){ .source = "http", .source_name = "mfp-1", .route = "accounting" };
}

/* Hands in one PDF. */
static enum sp_rc
post(struct world *w, const struct sp_intake_request *request, const char *words, char id[SP_ULID_SIZE], bool *repeated)
{
    SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
    struct sample pdf = sample_pdf(words);
    assert_int_equal(add(scan, "x.pdf", &pdf), SP_OK);
    return sp_scan_commit(scan, request, id, repeated, NULL);
}

static void
assert_nothing_taken(struct world *w)
{
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_int_equal(world_spool_count(w), 0);
    uint64_t count;
    assert_true(read(w->wake, &count, sizeof(count)) < 0);
}

static void
test_a_scan_becomes_a_job_and_the_sender_is_woken(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
    struct sample pdf = sample_pdf("one"), tiff = sample_tiff('I', 2);
    char id[SP_ULID_SIZE];
    bool repeated = true;
    assert_int_equal(add(scan, "../a.pdf", &pdf), SP_OK);
    assert_int_equal(add(scan, "b.TIF", &tiff), SP_OK);
    assert_int_equal(sp_scan_commit(scan, &request, id, &repeated, NULL), SP_OK);
    assert_false(repeated);
    assert_string_equal(id, sp_scan_id(scan));
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    assert_int_equal(world_jobs(w, &job), 1);
    assert_string_equal(job->id, id);
    assert_int_equal(job->state, SP_JOB_QUEUED);
    assert_int_equal(job->n_documents, 2);
    assert_string_equal(job->documents[0].name, "a.pdf");
    assert_string_equal(job->documents[1].type, "image/tiff");
    assert_int_equal(job->documents[1].size, tiff.size);
    assert_true(world_document_is(w, id, 1, pdf.bytes, pdf.size));
    assert_true(world_document_is(w, id, 2, tiff.bytes, tiff.size));
    uint64_t woken = 0;
    assert_int_equal(read(w->wake, &woken, sizeof(woken)), sizeof(woken));
    assert_int_equal(woken, 1);
}

static void
test_a_file_is_copied_from_its_start(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
    SP_AUTO_CLOSE int fd = memfd_create("x", MFD_CLOEXEC);
    struct sample pdf = sample_pdf("file");
    char id[SP_ULID_SIZE];
    bool repeated;
    assert_int_equal(write(fd, pdf.bytes, pdf.size), pdf.size);
    assert_int_equal(sp_scan_document(scan, "x.pdf", NULL), SP_OK);
    assert_int_equal(sp_scan_write_file(scan, fd, NULL), SP_OK);
    assert_int_equal(sp_scan_document_end(scan, NULL), SP_OK);
    assert_int_equal(sp_scan_commit(scan, &request, id, &repeated, NULL), SP_OK);
    assert_true(world_document_is(w, id, 1, pdf.bytes, pdf.size));
}

static void
test_unknown_and_empty_documents_are_a_matter_of_type(void **state)
{
    struct world *w = *state;
    static const char *const texts[] = { "", "hello", "<html></html>" };
    for (size_t i = 0; i < SP_LEN(texts); i++) {
        SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
        struct sample s = { .size = 0 };
        sample_text(&s, texts[i]);
        assert_int_equal(add(scan, "x.pdf", &s), SP_E_TYPE);
    }
    assert_nothing_taken(w);
}

static void
test_kinds_that_the_giver_does_not_take_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const accept[] = { "tiff", "jpeg" };
    struct sp_intake_request request = usual_request();
    request.accept = accept;
    request.n_accept = 2;
    char id[SP_ULID_SIZE];
    bool repeated;
    assert_int_equal(post(w, &request, "x", id, &repeated), SP_E_TYPE);
    assert_nothing_taken(w);
}

static void
test_too_large_is_said_while_it_comes(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
    SP_AUTO_FREE char *block = calloc(1, 1 << 19);
    assert_int_equal(sp_scan_document(scan, "x.pdf", NULL), SP_OK);
    assert_int_equal(sp_scan_write(scan, block, 1 << 19, NULL), SP_OK);
    assert_int_equal(sp_scan_write(scan, block, 1 << 19, NULL), SP_OK);
    assert_int_equal(sp_scan_write(scan, block, 1, NULL), SP_E_TOO_LARGE);
    assert_nothing_taken(w);
}

static void
test_documents_of_a_scan_count_together(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    w->settings.gateway.max_document = 2 * pdf.size;
    SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
    assert_int_equal(add(scan, "1.pdf", &pdf), SP_OK);
    assert_int_equal(add(scan, "2.pdf", &pdf), SP_OK);
    assert_int_equal(add(scan, "3.pdf", &pdf), SP_E_TOO_LARGE);
}

static void
test_no_room_is_said_before_anything_is_written(void **state)
{
    struct world *w = *state;
    struct sp_scan *scan = NULL;
    w->settings.gateway.reserve = UINT64_MAX;
    assert_int_equal(sp_intake_begin(w->intake, NULL, &scan, NULL), SP_E_NO_ROOM);
    assert_null(scan);
    assert_nothing_taken(w);
}

static void
test_room_is_looked_at_while_writing(void **state)
{
    struct world *w = *state;
    w->settings.gateway.max_document = 1 << 30;
    SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
    SP_AUTO_FREE char *block = calloc(1, 1 << 20);
    assert_int_equal(sp_scan_document(scan, "x.pdf", NULL), SP_OK);
    w->settings.gateway.reserve = UINT64_MAX; /* somebody else filled the disk */
    enum sp_rc rc = SP_OK;
    for (int i = 0; rc == SP_OK && i < 8; i++)
        rc = sp_scan_write(scan, block, 1 << 20, NULL);
    assert_int_equal(rc, SP_E_NO_ROOM);
}

static void
test_bad_requests_leave_nothing(void **state)
{
    struct world *w = *state;
    static const char *const injected[] = { "a@contoso.com\nBcc: b@example.org" }, *const outside[] = {
        "a@example.org"
    };
    struct sp_intake_request requests[4];
    for (size_t i = 0; i < SP_LEN(requests); i++)
        requests[i] = usual_request();
    requests[0].to = injected;
    requests[0].n_to = 1;
    requests[1].subject = "x\r\nBcc: b@example.org";
    requests[2].route = "unheard-of";
    requests[3].to = outside;
    requests[3].n_to = 1;
    for (size_t i = 0; i < SP_LEN(requests); i++) {
        char id[SP_ULID_SIZE];
        bool repeated;
        assert_int_equal(post(w, &requests[i], "x", id, &repeated), i < 3 ? SP_E_INVALID : SP_E_DENIED);
    }
    assert_nothing_taken(w);
}

static void
test_a_scan_without_documents_is_none(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    SP_AUTO(sp_scan_free) struct sp_scan *scan = begun(w);
    char id[SP_ULID_SIZE];
    bool repeated;
    assert_int_equal(sp_scan_commit(scan, &request, id, &repeated, NULL), SP_E_INVALID);
    assert_nothing_taken(w);
}

static void
test_the_same_key_and_body_is_the_same_job(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    request.idempotency_owner = "mfp-1";
    request.idempotency_key = "k1";
    char first[SP_ULID_SIZE], second[SP_ULID_SIZE];
    bool repeated = true;
    assert_int_equal(post(w, &request, "x", first, &repeated), SP_OK);
    assert_false(repeated);
    assert_int_equal(post(w, &request, "x", second, &repeated), SP_OK);
    assert_true(repeated);
    assert_string_equal(first, second);
    assert_int_equal(world_jobs(w, NULL), 1);
    assert_int_equal(world_spool_count(w), 1);
}

static void
test_the_same_key_for_something_else_is_a_conflict(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    request.idempotency_owner = "mfp-1";
    request.idempotency_key = "k1";
    char id[SP_ULID_SIZE];
    bool repeated;
    assert_int_equal(post(w, &request, "x", id, &repeated), SP_OK);
    assert_int_equal(post(w, &request, "y", id, &repeated), SP_E_CONFLICT);
    request.subject = "other";
    assert_int_equal(post(w, &request, "x", id, &repeated), SP_E_CONFLICT);
    assert_int_equal(world_jobs(w, NULL), 1);
    assert_int_equal(world_spool_count(w), 1);
    request.idempotency_owner = "mfp-2"; /* keys belong to whoever sent them */
    assert_int_equal(post(w, &request, "x", id, &repeated), SP_OK);
    assert_false(repeated);
}

/* ---- the transaction fails after the entry was published ---- */

static enum sp_rc
insert_bare(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_job_insert(db, context, err);
}

/* A job whose documents are gone already: the crash came between its commit and the removal of the claim, and the mail
 * is long sent. */
static void
test_an_id_that_is_a_job_is_a_conflict_and_its_entry_goes(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    SP_AUTO(sp_job_free) struct sp_job *job = sp_job_new();
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    struct sample pdf = sample_pdf("x");
    char id[SP_ULID_SIZE], got[SP_ULID_SIZE];
    bool repeated;
    sp_intake_id(w->intake, id);
    job->id = id;
    job->created = sp_wall_ms(&sp_clock_system);
    assert_int_equal(sp_batch_run(w->batch, insert_bare, job, NULL), SP_OK);
    assert_int_equal(sp_intake_begin(w->intake, id, &scan, NULL), SP_OK);
    assert_int_equal(add(scan, "x.pdf", &pdf), SP_OK);
    assert_int_equal(sp_scan_commit(scan, &request, got, &repeated, NULL), SP_E_CONFLICT);
    assert_int_equal(world_spool_count(w), 0);
    assert_int_equal(world_jobs(w, NULL), 1);
}

static void
test_an_id_that_is_taken_is_a_conflict_at_once(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    char id[SP_ULID_SIZE];
    bool repeated;
    struct sp_scan *scan = NULL;
    assert_int_equal(post(w, &request, "x", id, &repeated), SP_OK);
    assert_int_equal(sp_intake_begin(w->intake, id, &scan, NULL), SP_E_CONFLICT);
    assert_null(scan);
}

/* Its transaction failed, and then it could not be removed: the giver was told so, and comes again. */
static void
test_an_entry_without_a_job_makes_way(void **state)
{
    struct world *w = *state;
    struct sp_intake_request request = usual_request();
    struct sp_spool_entry *entry = NULL;
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    struct sample pdf = sample_pdf("x");
    char id[SP_ULID_SIZE], got[SP_ULID_SIZE];
    bool repeated;
    sp_intake_id(w->intake, id);
    assert_int_equal(sp_spool_begin(w->spool, id, &entry, NULL), SP_OK);
    assert_int_equal(sp_spool_publish(entry, "{}", NULL), SP_OK);
    sp_spool_entry_free(&entry);
    assert_int_equal(sp_intake_begin(w->intake, id, &scan, NULL), SP_OK);
    assert_int_equal(add(scan, "x.pdf", &pdf), SP_OK);
    assert_int_equal(sp_scan_commit(scan, &request, got, &repeated, NULL), SP_OK);
    assert_string_equal(got, id);
    assert_true(world_document_is(w, id, 1, pdf.bytes, pdf.size));
}

static void
test_a_scan_that_is_dropped_half_way_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct sp_scan *scan = begun(w);
    assert_int_equal(sp_scan_document(scan, "x.pdf", NULL), SP_OK);
    assert_int_equal(sp_scan_write(scan, "%PDF-", 5, NULL), SP_OK);
    sp_scan_free(&scan);
    assert_null(scan);
    assert_nothing_taken(w);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_a_scan_becomes_a_job_and_the_sender_is_woken),
        WITH_WORLD(test_a_file_is_copied_from_its_start),
        WITH_WORLD(test_unknown_and_empty_documents_are_a_matter_of_type),
        WITH_WORLD(test_kinds_that_the_giver_does_not_take_are_refused),
        WITH_WORLD(test_too_large_is_said_while_it_comes),
        WITH_WORLD(test_documents_of_a_scan_count_together),
        WITH_WORLD(test_no_room_is_said_before_anything_is_written),
        WITH_WORLD(test_room_is_looked_at_while_writing),
        WITH_WORLD(test_bad_requests_leave_nothing),
        WITH_WORLD(test_a_scan_without_documents_is_none),
        WITH_WORLD(test_the_same_key_and_body_is_the_same_job),
        WITH_WORLD(test_the_same_key_for_something_else_is_a_conflict),
        WITH_WORLD(test_an_id_that_is_a_job_is_a_conflict_and_its_entry_goes),
        WITH_WORLD(test_an_id_that_is_taken_is_a_conflict_at_once),
        WITH_WORLD(test_an_entry_without_a_job_makes_way),
        WITH_WORLD(test_a_scan_that_is_dropped_half_way_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

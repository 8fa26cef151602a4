/* job_test.c - jobs in and out of the database, and what a person may do to them. */
#include "unit/db/db_world.h"

#include <string.h>

#include "base/auto.h"

static void
force_state(struct world *w, const char *id, enum sp_job_state next)
{
    assert_ok(w, sp_queue_claim(w->db, id, "direct", NULL, 0, NOW_MS, &w->err));
    if (next == SP_JOB_SENDING)
        return;
    const struct sp_queue_result result = {
        .id = id,
        .attempt = { .method = "direct", .outcome = SP_OUTCOME_FAILED, .class_name = "other" },
        .next = next,
        .method = "direct",
        .now = NOW_MS,
        .spent_ms = 7000,
        .tries = 3,
        .next_attempt = NOW_MS + 60000,
        .trouble = "refused",
        .only_method = "",
    };
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
}

static void
test_a_job_comes_back_as_it_was(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    struct sp_job *in = make_job(id);
    in->subject = "Grüße '; DROP TABLE job; --";
    in->folder_name = "\xff\xfe raw.pdf";
    in->reply_to = "alice@contoso.com";
    assert_ok(w, sp_job_insert(w->db, in, &w->err));
    struct sp_job *out = load(w, id);
    assert_string_equal(out->id, id);
    assert_int_equal(out->state, SP_JOB_QUEUED);
    assert_int_equal(out->created, NOW_MS);
    assert_string_equal(out->subject, in->subject);
    assert_string_equal(out->folder_name, in->folder_name);
    assert_string_equal(out->message_id, in->message_id);
    assert_string_equal(out->reply_to, in->reply_to);
    assert_int_equal(out->n_documents, 1);
    assert_string_equal(out->documents[0].sha256, in->documents[0].sha256);
    assert_int_equal(out->n_recipients, 2);
    assert_string_equal(out->recipients[1].address, "bob@contoso.com");
    assert_true(out->recipients[1].cc);
    assert_int_equal(out->recipients[0].state, SP_RECIPIENT_WAITING);
    assert_string_equal(out->method, "");
    assert_int_equal(out->n_attempts, 0);
    sp_job_free(&in);
    sp_job_free(&out);
}

static void
test_the_same_id_twice_is_a_conflict_and_leaves_one(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    struct sp_job *again = make_job(id);
    assert_int_equal(sp_job_insert(w->db, again, &w->err), SP_E_CONFLICT);
    assert_non_null(strstr(w->err.text, id));
    sp_job_free(&again);
    struct sp_job *job = load(w, id);
    assert_int_equal(job->n_documents, 1);
    sp_job_free(&job);
}

static void
test_what_is_no_id_is_refused(void **state)
{
    struct world *w = *state;
    struct sp_job *job = make_job("../../etc/passwd");
    bool exists = true;
    assert_int_equal(sp_job_insert(w->db, job, &w->err), SP_E_INVALID);
    sp_job_free(&job);
    assert_ok(w, sp_job_exists(w->db, "../../etc/passwd", &exists, &w->err));
    assert_false(exists);
    assert_int_equal(sp_job_load(w->db, "nothing", &job, &w->err), SP_E_NOTFOUND);
}

static void
test_retry_by_state(void **state)
{
    struct world *w = *state;
    static const struct {
        enum sp_job_state from;
        enum sp_rc expected;
    } rows[] = {
        { SP_JOB_SENDING, SP_E_CONFLICT }, { SP_JOB_SENT, SP_E_CONFLICT },
        { SP_JOB_DEFERRED, SP_OK },        { SP_JOB_HELD, SP_OK },
        { SP_JOB_PARTIAL, SP_OK },         { SP_JOB_FAILED, SP_OK },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        char id[SP_ULID_SIZE];
        new_id(NOW_MS, id);
        add_job(w, id);
        force_state(w, id, rows[i].from);
        assert_int_equal(sp_job_retry(w->db, id, NOW_MS, &w->err), rows[i].expected);
        assert_int_equal(state_of(w, id), rows[i].expected == SP_OK ? SP_JOB_QUEUED : rows[i].from);
    }
}

static void
test_a_refused_retry_names_the_state(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    force_state(w, id, SP_JOB_SENT);
    assert_int_equal(sp_job_retry(w->db, id, NOW_MS, &w->err), SP_E_CONFLICT);
    assert_non_null(strstr(w->err.text, "is sent"));
    new_id(NOW_MS, id);
    assert_int_equal(sp_job_retry(w->db, id, NOW_MS, &w->err), SP_E_NOTFOUND);
}

static void
test_retry_starts_anew_but_keeps_what_is_frozen(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    force_state(w, id, SP_JOB_FAILED);
    assert_ok(w, sp_job_retry(w->db, id, NOW_MS + 1, &w->err));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->spent_ms, 0);
    assert_int_equal(job->tries, 0);
    assert_int_equal(job->next_attempt, 0);
    assert_int_equal(job->finished, 0);
    assert_string_equal(job->trouble, "");
    assert_int_equal(job->created, NOW_MS);
    assert_string_equal(job->boundary, "=_b");
    assert_int_equal(job->n_attempts, 1);
    sp_job_free(&job);
}

static void
test_retry_lets_failed_recipients_wait_and_leaves_sent_ones(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    assert_ok(w, sp_queue_claim(w->db, id, "direct", NULL, 0, NOW_MS, &w->err));
    const struct sp_job_recipient now[] = {
        { .address = "alice@contoso.com", .state = SP_RECIPIENT_SENT, .method = "direct", .reply = "250 ok" },
        { .address = "bob@contoso.com", .state = SP_RECIPIENT_FAILED, .method = "direct", .reply = "550 no" },
    };
    const struct sp_queue_result result = {
        .id = id,
        .attempt = { .method = "direct", .outcome = SP_OUTCOME_ACCEPTED },
        .recipients = now,
        .n_recipients = 2,
        .next = SP_JOB_PARTIAL,
        .method = "direct",
        .now = NOW_MS,
    };
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    assert_ok(w, sp_job_retry(w->db, id, NOW_MS, &w->err));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->recipients[0].state, SP_RECIPIENT_SENT);
    assert_string_equal(job->recipients[0].reply, "250 ok");
    assert_int_equal(job->recipients[1].state, SP_RECIPIENT_WAITING);
    sp_job_free(&job);
}

static void
test_retry_without_documents_is_gone(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    force_state(w, id, SP_JOB_FAILED);
    assert_ok(w, sp_job_documents_deleted(w->db, id, &w->err));
    assert_int_equal(sp_job_retry(w->db, id, NOW_MS, &w->err), SP_E_GONE);
    assert_int_equal(state_of(w, id), SP_JOB_FAILED);
}

static void
test_cancel_by_state(void **state)
{
    struct world *w = *state;
    char queued[SP_ULID_SIZE];
    char sending[SP_ULID_SIZE];
    size_t count = 9;
    struct sp_due due[4];
    const struct sp_turn nobody = { .source = "" };
    new_id(NOW_MS, queued);
    new_id(NOW_MS, sending);
    add_job(w, queued);
    add_job(w, sending);
    force_state(w, sending, SP_JOB_SENDING);
    assert_ok(w, sp_job_cancel(w->db, queued, NOW_MS, &w->err));
    assert_int_equal(state_of(w, queued), SP_JOB_CANCELLED);
    assert_ok(w, sp_queue_due(w->db, "", NOW_MS * 2, &nobody, SP_LEN(due), due, &count, &w->err));
    assert_int_equal(count, 0);
    assert_int_equal(sp_job_cancel(w->db, sending, NOW_MS, &w->err), SP_E_CONFLICT);
    assert_int_equal(sp_job_cancel(w->db, queued, NOW_MS, &w->err), SP_E_CONFLICT);
    assert_ok(w, sp_job_retry(w->db, queued, NOW_MS, &w->err));
    assert_int_equal(state_of(w, queued), SP_JOB_QUEUED);
}

static void
test_notes_are_owed_for_failed_dropped_files_once(void **state)
{
    struct world *w = *state;
    char failed[SP_ULID_SIZE];
    char posted[SP_ULID_SIZE];
    char waiting[SP_ULID_SIZE];
    char ids[8][27];
    size_t count = 0;
    new_id(NOW_MS, failed);
    new_id(NOW_MS, posted);
    new_id(NOW_MS, waiting);
    add_job(w, failed);
    force_state(w, failed, SP_JOB_FAILED);
    struct sp_job *job = make_job(posted);
    job->source = "http";
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
    force_state(w, posted, SP_JOB_FAILED);
    add_job(w, waiting);
    assert_ok(w, sp_job_notes_due(w->db, 8, ids, &count, &w->err));
    assert_int_equal(count, 1);
    assert_string_equal(ids[0], failed);
    assert_ok(w, sp_job_note_written(w->db, failed, &w->err));
    assert_ok(w, sp_job_notes_due(w->db, 8, ids, &count, &w->err));
    assert_int_equal(count, 0);
    assert_ok(w, sp_job_retry(w->db, failed, NOW_MS, &w->err));
    force_state(w, failed, SP_JOB_PARTIAL);
    assert_ok(w, sp_job_notes_due(w->db, 8, ids, &count, &w->err));
    assert_int_equal(count, 1);
}

static void
test_documents_go_by_how_the_job_ended(void **state)
{
    struct world *w = *state;
    char sent[SP_ULID_SIZE];
    char failed[SP_ULID_SIZE];
    char held[SP_ULID_SIZE];
    char ids[8][27];
    size_t count = 0;
    new_id(NOW_MS, sent);
    new_id(NOW_MS, failed);
    new_id(NOW_MS, held);
    add_job(w, sent);
    add_job(w, failed);
    add_job(w, held);
    force_state(w, sent, SP_JOB_SENT);
    force_state(w, failed, SP_JOB_FAILED);
    force_state(w, held, SP_JOB_HELD);
    assert_ok(w, sp_job_documents_due(w->db, NOW_MS, NOW_MS, 8, ids, &count, &w->err));
    assert_int_equal(count, 0);
    assert_ok(w, sp_job_documents_due(w->db, NOW_MS + 1, NOW_MS, 8, ids, &count, &w->err));
    assert_int_equal(count, 1);
    assert_string_equal(ids[0], sent);
    assert_ok(w, sp_job_documents_due(w->db, NOW_MS + 1, NOW_MS + 1, 8, ids, &count, &w->err));
    assert_int_equal(count, 2);
    assert_ok(w, sp_job_documents_due(w->db, NOW_MS + 1, NOW_MS + 1, 1, ids, &count, &w->err));
    assert_int_equal(count, 1);
}

static void
test_only_what_has_no_documents_is_forgotten(void **state)
{
    struct world *w = *state;
    char gone[SP_ULID_SIZE];
    char kept[SP_ULID_SIZE];
    size_t count = 0;
    bool exists = true;
    new_id(NOW_MS, gone);
    new_id(NOW_MS, kept);
    add_job(w, gone);
    add_job(w, kept);
    force_state(w, gone, SP_JOB_SENT);
    force_state(w, kept, SP_JOB_SENT);
    assert_ok(w, sp_job_documents_deleted(w->db, gone, &w->err));
    assert_ok(w, sp_job_forget(w->db, NOW_MS, 10, &count, &w->err));
    assert_int_equal(count, 0);
    assert_ok(w, sp_job_forget(w->db, NOW_MS + 1, 10, &count, &w->err));
    assert_int_equal(count, 1);
    assert_ok(w, sp_job_exists(w->db, gone, &exists, &w->err));
    assert_false(exists);
    assert_int_equal(state_of(w, kept), SP_JOB_SENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_job_comes_back_as_it_was, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_the_same_id_twice_is_a_conflict_and_leaves_one, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_what_is_no_id_is_refused, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_retry_by_state, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_refused_retry_names_the_state, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_retry_starts_anew_but_keeps_what_is_frozen, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_retry_lets_failed_recipients_wait_and_leaves_sent_ones, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_retry_without_documents_is_gone, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_cancel_by_state, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_notes_are_owed_for_failed_dropped_files_once, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_documents_go_by_how_the_job_ended, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_only_what_has_no_documents_is_forgotten, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

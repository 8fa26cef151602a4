/* queue_test.c - what is due, the claim, the record, and recovery after a crash. */
#include "unit/db/db_world.h"

#include <pthread.h>
#include <string.h>

#include "base/auto.h"
#include "db/method_state.h"
#include "db/stmt.h"

static const struct sp_job_choice decision[] = {
    { .method = "direct", .chosen = true, .reason = "all recipients are internal" },
    { .method = "relay", .chosen = false, .reason = "not \"configured\"" },
};

static void
claim(struct world *w, const char *id, const char *method)
{
    assert_ok(w, sp_queue_claim(w->db, id, method, decision, SP_LEN(decision), NOW_MS, &w->err));
}

static struct sp_queue_result
result_for(const char *id, enum sp_job_state next)
{
    return (struct sp_queue_result){
        .id = id,
        .attempt = { .method = "direct",
                     .host = "mx.contoso.com",
                     .port = 25,
                     .stage = "rcpt",
                     .outcome = SP_OUTCOME_FAILED,
                     .class_name = "ip_reputation",
                     .cause = "spamhaus",
                     .code = 550,
                     .enhanced = "5.7.1",
                     .reply = "550 5.7.1 blocked",
                     .summary = "blocked",
                     .fix = "ask",
                     .started = NOW_MS,
                     .duration_ms = 412 },
        .next = next,
        .method = "direct",
        .now = NOW_MS + 500,
        .only_method = "",
        .trouble = "",
    };
}

static void
postpone(struct world *w, const char *id, int64_t next_attempt, bool waits)
{
    const struct sp_queue_wait wait = {
        .id = id,
        .next = SP_JOB_DEFERRED,
        .now = NOW_MS,
        .next_attempt = next_attempt,
        .waits_for_method = waits,
        .trouble = "no method is up",
    };
    assert_ok(w, sp_queue_postpone(w->db, &wait, &w->err));
}

static size_t
due_at(struct world *w, int64_t now, struct sp_due *due, size_t room)
{
    size_t count = 0;
    const struct sp_turn nobody = { .source = "" };
    assert_ok(w, sp_queue_due(w->db, "", now, &nobody, room, due, &count, &w->err));
    return count;
}

static void
test_oldest_due_first(void **state)
{
    struct world *w = *state;
    char ids[3][SP_ULID_SIZE];
    struct sp_due due[8];
    for (size_t i = 0; i < 3; i++) {
        new_id(NOW_MS, ids[i]);
        struct sp_job *job = make_job(ids[i]);
        job->created = NOW_MS + (int64_t)i * 1000;
        assert_ok(w, sp_job_insert(w->db, job, &w->err));
        sp_job_free(&job);
    }
    postpone(w, ids[0], NOW_MS + 1500, false); /* was first, is due between the others */
    assert_int_equal(due_at(w, NOW_MS + 9000, due, 8), 3);
    assert_string_equal(due[0].id, ids[1]);
    assert_string_equal(due[1].id, ids[0]);
    assert_string_equal(due[2].id, ids[2]);
    assert_string_equal(due[0].tenant, "contoso");
    assert_string_equal(due[0].from.source, "folder");
    assert_string_equal(due[0].from.source_name, "scans");
    assert_int_equal(due[0].size, 5);
    assert_int_equal(due_at(w, NOW_MS + 1200, due, 8), 1);
    assert_int_equal(due_at(w, NOW_MS + 9000, due, 2), 2);
}

static void
test_next_due_looks_at_deferred_jobs_only(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    int64_t next = 5;
    new_id(NOW_MS, id);
    add_job(w, id);
    assert_ok(w, sp_queue_next_due(w->db, &next, &w->err));
    assert_int_equal(next, 0);
    postpone(w, id, NOW_MS + 60000, false);
    assert_ok(w, sp_queue_next_due(w->db, &next, &w->err));
    assert_int_equal(next, NOW_MS + 60000);
}

static void
test_claim_stores_method_and_decision_and_is_not_repeated(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    struct sp_due due[2];
    new_id(NOW_MS, id);
    add_job(w, id);
    claim(w, id, "direct");
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_SENDING);
    assert_string_equal(job->method, "direct");
    assert_int_equal(job->n_decision, 2);
    assert_true(job->decision[0].chosen);
    assert_string_equal(job->decision[1].reason, "not \"configured\"");
    sp_job_free(&job);
    assert_int_equal(due_at(w, NOW_MS * 2, due, 2), 0);
    assert_int_equal(sp_queue_claim(w->db, id, "relay", NULL, 0, NOW_MS, &w->err), SP_E_CONFLICT);
}

struct racer {
    struct world *w;
    const char *id;
    enum sp_rc rc;
};

static void *
race(void *context)
{
    struct racer *racer = context;
    struct sp_db *db = NULL;
    struct sp_err err = { 0 };
    racer->rc = sp_db_open(racer->w->dir, 10000, &db, &err);
    if (racer->rc == SP_OK)
        racer->rc = sp_queue_claim(db, racer->id, "direct", NULL, 0, NOW_MS, &err);
    sp_db_close(&db);
    return NULL;
}

static void
test_of_many_racing_for_a_claim_one_wins(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < 10; round++) {
        char id[SP_ULID_SIZE];
        pthread_t threads[4];
        struct racer racers[4];
        int won = 0;
        new_id(NOW_MS, id);
        add_job(w, id);
        for (size_t i = 0; i < 4; i++) {
            racers[i] = (struct racer){ .w = w, .id = id };
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (size_t i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            won += racers[i].rc == SP_OK;
            assert_true(racers[i].rc == SP_OK || racers[i].rc == SP_E_CONFLICT);
        }
        assert_int_equal(won, 1);
    }
}

static void
test_record_tells_the_whole_story(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    claim(w, id, "direct");
    struct sp_queue_result result = result_for(id, SP_JOB_SENDING);
    const struct sp_method_state down = { .name = "direct", .state = SP_HEALTH_DOWN, .class_name = "ip_reputation" };
    result.method = "submission";
    result.states = &down;
    result.n_states = 1;
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    const struct sp_job_recipient taken[] = {
        { .state = SP_RECIPIENT_SENT, .method = "submission", .reply = "250 ok" },
        { .state = SP_RECIPIENT_SENT, .method = "submission", .reply = "250 ok" },
    };
    result = result_for(id, SP_JOB_SENT);
    result.attempt.outcome = SP_OUTCOME_ACCEPTED;
    result.attempt.class_name = "ok";
    result.method = "submission";
    result.recipients = taken;
    result.n_recipients = 2;
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_SENT);
    assert_int_equal(job->finished, NOW_MS + 500);
    assert_string_equal(job->method, "submission");
    assert_int_equal(job->n_attempts, 2);
    assert_int_equal(job->attempts[0].n, 1);
    assert_int_equal(job->attempts[0].code, 550);
    assert_string_equal(job->attempts[0].cause, "spamhaus");
    assert_int_equal(job->attempts[1].n, 2);
    assert_int_equal(job->attempts[1].outcome, SP_OUTCOME_ACCEPTED);
    assert_int_equal(job->recipients[1].state, SP_RECIPIENT_SENT);
    assert_int_equal(job->n_decision, 2);
    sp_job_free(&job);
    struct sp_method_state states[4];
    size_t count = 0;
    assert_ok(w, sp_method_states_load(w->db, states, 4, &count, &w->err));
    assert_int_equal(count, 1);
    assert_int_equal(states[0].state, SP_HEALTH_DOWN);
}

static void
assert_transcripts(struct world *w, const char *id, const char *first, const char *second)
{
    struct sp_job *job = load(w, id);
    assert_int_equal(job->n_attempts, 2);
    assert_string_equal(job->attempts[0].transcript, "");
    assert_ok(w, sp_job_load_transcripts(w->db, job, &w->err));
    assert_string_equal(job->attempts[0].transcript, first);
    assert_string_equal(job->attempts[1].transcript, second);
    sp_job_free(&job);
}

static void
test_dialogues_are_kept_and_those_that_went_well_go_with_the_documents(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    claim(w, id, "direct");
    struct sp_queue_result result = result_for(id, SP_JOB_SENDING);
    result.attempt.transcript = "0.000 S: 550 no\n";
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    result = result_for(id, SP_JOB_SENT);
    result.attempt.outcome = SP_OUTCOME_ACCEPTED;
    result.attempt.transcript = "0.000 S: 250 ok\n";
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    assert_transcripts(w, id, "0.000 S: 550 no\n", "0.000 S: 250 ok\n");
    assert_ok(w, sp_job_documents_deleted(w->db, id, &w->err));
    assert_transcripts(w, id, "0.000 S: 550 no\n", "");
}

static void
test_record_of_a_job_that_is_not_sending_changes_nothing(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    const struct sp_queue_result result = result_for(id, SP_JOB_FAILED);
    assert_int_equal(sp_queue_record(w->db, &result, &w->err), SP_E_CONFLICT);
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_QUEUED);
    assert_int_equal(job->n_attempts, 0);
    sp_job_free(&job);
}

static void
test_postpone_of_a_claimed_job_is_a_conflict(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    claim(w, id, "direct");
    const struct sp_queue_wait wait = { .id = id, .next = SP_JOB_HELD, .now = NOW_MS };
    assert_int_equal(sp_queue_postpone(w->db, &wait, &w->err), SP_E_CONFLICT);
    assert_int_equal(state_of(w, id), SP_JOB_SENDING);
}

static void
test_postpone_to_failed_ends_who_still_waits(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    const struct sp_queue_wait wait = { .id = id, .next = SP_JOB_FAILED, .now = NOW_MS, .trouble = "too old" };
    assert_ok(w, sp_queue_postpone(w->db, &wait, &w->err));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_FAILED);
    assert_int_equal(job->finished, NOW_MS);
    assert_string_equal(job->trouble, "too old");
    assert_int_equal(job->recipients[0].state, SP_RECIPIENT_FAILED);
    sp_job_free(&job);
}

static void
test_a_method_that_comes_back_releases_its_tenants_jobs(void **state)
{
    struct world *w = *state;
    char ours[SP_ULID_SIZE];
    char backoff[SP_ULID_SIZE];
    char theirs[SP_ULID_SIZE];
    struct sp_due due[4];
    new_id(NOW_MS, ours);
    new_id(NOW_MS, backoff);
    new_id(NOW_MS, theirs);
    add_job(w, ours);
    add_job(w, backoff);
    struct sp_job *job = make_job(theirs);
    job->tenant = "fabrikam";
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
    postpone(w, ours, 0, true); /* no time of its own */
    postpone(w, backoff, NOW_MS + 99000, false);
    postpone(w, theirs, NOW_MS + 99000, true);
    assert_int_equal(due_at(w, NOW_MS + 1000, due, 4), 0);
    assert_ok(w, sp_queue_release(w->db, "contoso", NOW_MS + 1000, &w->err));
    assert_int_equal(due_at(w, NOW_MS + 1000, due, 4), 1);
    assert_string_equal(due[0].id, ours);
}

static void
test_recovery_makes_sending_unknown_by_the_same_method(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    char other[SP_ULID_SIZE];
    size_t count = 0;
    struct sp_due due[4];
    new_id(NOW_MS, id);
    new_id(NOW_MS, other);
    add_job(w, id);
    add_job(w, other);
    claim(w, id, "direct");
    const struct sp_job_recipient half[] = {
        { .state = SP_RECIPIENT_SENT, .method = "direct", .reply = "250 ok" },
        { .state = SP_RECIPIENT_WAITING, .method = "", .reply = "" },
    };
    struct sp_queue_result result = result_for(id, SP_JOB_SENDING);
    result.recipients = half;
    result.n_recipients = 2;
    result.method = "submission";
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    assert_ok(w, sp_queue_recover(w->db, NOW_MS + 9000, NOW_MS + 3600000, &count, &w->err));
    assert_int_equal(count, 1);
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_DEFERRED);
    assert_string_equal(job->only_method, "submission");
    assert_int_equal(job->only_until, NOW_MS + 3600000);
    assert_int_equal(job->n_attempts, 2);
    assert_int_equal(job->attempts[1].n, 2);
    assert_int_equal(job->attempts[1].outcome, SP_OUTCOME_UNKNOWN);
    assert_string_equal(job->attempts[1].method, "submission");
    assert_int_equal(job->attempts[1].started, NOW_MS + 500);
    assert_int_equal(job->recipients[0].state, SP_RECIPIENT_SENT);
    assert_int_equal(job->recipients[1].state, SP_RECIPIENT_WAITING);
    sp_job_free(&job);
    assert_int_equal(state_of(w, other), SP_JOB_QUEUED);
    assert_int_equal(due_at(w, NOW_MS + 9000, due, 4), 2);
    assert_ok(w, sp_queue_recover(w->db, NOW_MS, NOW_MS, &count, &w->err));
    assert_int_equal(count, 0);
}

static void
test_of_many_attempts_the_last_keep_their_transcripts(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    claim(w, id, "direct");
    for (int i = 0; i < SP_QUEUE_TRANSCRIPTS + 5; i++) {
        struct sp_queue_result result = result_for(id, SP_JOB_SENDING);
        result.attempt.transcript = "C: EHLO";
        assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    }
    struct sp_job *job = load(w, id);
    assert_ok(w, sp_job_load_transcripts(w->db, job, &w->err));
    assert_int_equal(job->n_attempts, SP_QUEUE_TRANSCRIPTS + 5);
    for (size_t i = 0; i < job->n_attempts; i++)
        assert_string_equal(job->attempts[i].transcript, i < 5 ? "" : "C: EHLO");
    sp_job_free(&job);
}

static void
test_recovery_believes_the_job_and_not_where_it_was_listed(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], other[SP_ULID_SIZE];
    size_t count = 0;
    new_id(NOW_MS, id);
    new_id(NOW_MS, other);
    add_job(w, id);
    add_job(w, other);
    claim(w, id, "direct");
    assert_ok(w, sp_db_exec(w->db, "INSERT INTO job_facet SELECT f, 2 FROM facet WHERE state = 'sending'", NULL, 0,
                            NULL, &w->err));
    assert_ok(w, sp_queue_recover(w->db, NOW_MS, NOW_MS + 3600000, &count, &w->err));
    assert_int_equal(count, 1);
    assert_int_equal(state_of(w, id), SP_JOB_DEFERRED);
    assert_int_equal(state_of(w, other), SP_JOB_QUEUED);
}

static void
test_a_retried_unknown_keeps_what_must_not_change(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    size_t count = 0;
    new_id(NOW_MS, id);
    add_job(w, id);
    claim(w, id, "direct");
    assert_ok(w, sp_queue_recover(w->db, NOW_MS, NOW_MS + 3600000, &count, &w->err));
    struct sp_job *before = load(w, id);
    assert_ok(w, sp_job_retry(w->db, id, NOW_MS + 1, &w->err));
    struct sp_job *after = load(w, id);
    assert_string_equal(after->message_id, before->message_id);
    assert_string_equal(after->boundary, before->boundary);
    assert_int_equal(after->created, before->created);
    assert_string_equal(after->only_method, "direct");
    assert_int_equal(after->next_attempt, 0);
    sp_job_free(&before);
    sp_job_free(&after);
}

static void
test_an_accepted_recipient_never_waits_again(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    add_job(w, id);
    claim(w, id, "direct");
    const struct sp_job_recipient taken[] = { { .state = SP_RECIPIENT_SENT, .method = "direct", .reply = "250" } };
    const struct sp_job_recipient forgot[] = { { .state = SP_RECIPIENT_WAITING } };
    struct sp_queue_result result = result_for(id, SP_JOB_SENDING);
    result.recipients = taken;
    result.n_recipients = 1;
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    result.recipients = forgot;
    assert_ok(w, sp_queue_record(w->db, &result, &w->err));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->recipients[0].state, SP_RECIPIENT_SENT);
    sp_job_free(&job);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_oldest_due_first, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_next_due_looks_at_deferred_jobs_only, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_claim_stores_method_and_decision_and_is_not_repeated, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_of_many_racing_for_a_claim_one_wins, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_record_tells_the_whole_story, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_dialogues_are_kept_and_those_that_went_well_go_with_the_documents,
                                        setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_record_of_a_job_that_is_not_sending_changes_nothing, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_postpone_of_a_claimed_job_is_a_conflict, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_postpone_to_failed_ends_who_still_waits, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_method_that_comes_back_releases_its_tenants_jobs, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_of_many_attempts_the_last_keep_their_transcripts, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_recovery_believes_the_job_and_not_where_it_was_listed, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_recovery_makes_sending_unknown_by_the_same_method, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_a_retried_unknown_keeps_what_must_not_change, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_an_accepted_recipient_never_waits_again, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

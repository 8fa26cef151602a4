/* errand_test.c - one job's run against methods that follow a script. */
#include "unit/sender/sender_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "db/budget_use.h"
#include "db/method_state.h"

static void
order(struct world *w, const char *first, const char *second)
{
    static const char *names[2];
    names[0] = first;
    names[1] = second;
    w->tenant.methods = (struct sp_texts){ names, second != NULL ? 2 : 1 };
}

static enum sp_health_state
health_of(struct world *w, const char *method)
{
    struct sp_method_state states[4];
    size_t n = 0;
    assert_ok(w, sp_method_states_load(w->db, states, SP_LEN(states), &n, &w->err));
    for (size_t i = 0; i < n; i++)
        if (strcmp(states[i].name, method) == 0)
            return states[i].state;
    return SP_HEALTH_UNPROVEN;
}

static void
test_accepted_is_sent_and_proves_the_way(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    add_job(w, id);
    open_ways(w);
    assert_true(run(w, id));
    assert_int_equal(state_of(w, id), SP_JOB_SENT);
    assert_int_equal(health_of(w, "submission"), SP_HEALTH_UP);
}

static void
test_a_shut_way_means_the_next_one_in_the_same_run(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", "submission");
    SCRIPT(w, "direct", ACT_SHUT);
    add_job(w, id);
    open_ways(w);
    assert_true(run(w, id));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_SENT);
    assert_int_equal(job->n_attempts, 2);
    assert_string_equal(job->method, "submission");
    sp_job_free(&job);
    assert_int_equal(health_of(w, "direct"), SP_HEALTH_DOWN);
}

static void
test_one_message_for_all_when_a_way_reaches_all(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", "submission");
    add_job_from(w, "scans", 3, DOCUMENT_SIZE, id);
    open_ways(w);
    assert_true(run(w, id));
    assert_int_equal(state_of(w, id), SP_JOB_SENT);
    assert_int_equal(w->n_calls, 1);
    assert_string_equal(w->calls[0].method, "submission");
}

static void
test_those_inside_get_it_when_no_way_reaches_all(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", NULL);
    method_named(w, "direct")->max_recipients = 1;
    add_job_from(w, "scans", 3, DOCUMENT_SIZE, id);
    open_ways(w);
    assert_true(run(w, id));
    assert_int_equal(w->n_calls, 2);
    assert_string_equal(w->calls[0].recipients, "alice@contoso.com");
    assert_string_equal(w->calls[1].recipients, "bob@contoso.com");
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_HELD);
    assert_string_equal(job->trouble,
                        "no method can take this scan to all its recipients; see the reasons, then retry it");
    assert_int_equal(job->recipients[1].state, SP_RECIPIENT_SENT);
    assert_int_equal(job->recipients[2].state, SP_RECIPIENT_WAITING);
    assert_non_null(strstr(job->decision[0].reason, "reaches recipients inside the tenant only"));
    sp_job_free(&job);
}

static void
test_a_late_mail_says_when_it_was_scanned_and_why_it_is_late(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", NULL);
    SCRIPT(w, "direct", ACT_SHUT, ACT_UNKNOWN, ACT_ACCEPT);
    add_job(w, id);
    open_ways(w);
    assert_true(run(w, id));
    assert_string_equal(w->calls[0].body, "A scan.\n");
    w->now += INT64_C(3) * 3600 * 1000;
    assert_true(run(w, id)); /* the answer is lost */
    const char *body = w->calls[1].body;
    assert_ptr_equal(strstr(body, "This scan was made on 2023-11-"), body);
    assert_non_null(strstr(body, " and could not be sent before 2023-11-"));
    assert_non_null(strstr(body, ". Why: "));
    struct sp_job *job = load(w, id);
    assert_non_null(strstr(body, job->attempts[0].summary));
    sp_job_free(&job);
    assert_non_null(strstr(body, "\n\nA scan.\n"));
    w->now += INT64_C(1800) * 1000;
    assert_true(run(w, id));
    assert_int_equal(state_of(w, id), SP_JOB_SENT);
    assert_string_equal(w->calls[2].body, body); /* a second copy is the same */
}

static void
test_a_mail_that_may_be_there_stays_as_it_was(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", NULL);
    SCRIPT(w, "direct", ACT_UNKNOWN, ACT_ACCEPT);
    add_job(w, id);
    open_ways(w);
    assert_true(run(w, id));
    w->now += INT64_C(2) * 3600 * 1000;
    assert_true(run(w, id));
    assert_int_equal(state_of(w, id), SP_JOB_SENT);
    assert_string_equal(w->calls[1].body, "A scan.\n");
}

static void
test_a_recipient_refused_here_goes_elsewhere_alone(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", "submission");
    SCRIPT(w, "direct", ACT_SECOND_ELSEWHERE);
    add_job_from(w, "scans", 2, DOCUMENT_SIZE, id);
    open_ways(w);
    assert_true(run(w, id));
    assert_int_equal(state_of(w, id), SP_JOB_SENT);
    assert_int_equal(w->n_calls, 2);
    assert_string_equal(w->calls[0].recipients, "alice@contoso.com bob@contoso.com");
    assert_string_equal(w->calls[1].recipients, "bob@contoso.com");
    assert_string_equal(w->calls[1].method, "submission");
}

static void
test_after_unknown_the_same_way_and_only_that(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", "submission");
    SCRIPT(w, "direct", ACT_UNKNOWN, ACT_ACCEPT);
    add_job(w, id);
    open_ways(w);
    assert_true(run(w, id));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_DEFERRED);
    assert_string_equal(job->only_method, "direct");
    assert_int_equal(job->attempts[0].outcome, SP_OUTCOME_UNKNOWN);
    w->now = job->next_attempt - NOON;
    sp_job_free(&job);
    assert_true(run(w, id));
    assert_int_equal(state_of(w, id), SP_JOB_SENT);
    assert_int_equal(w->n_calls, 2);
    assert_string_equal(w->calls[1].method, "direct");
}

static void
test_with_all_ways_down_time_stands_still_and_a_way_that_comes_back_frees_all(void **state)
{
    struct world *w = *state;
    char first[SP_ULID_SIZE], second[SP_ULID_SIZE];
    order(w, "submission", NULL);
    SCRIPT(w, "submission", ACT_SHUT, ACT_ACCEPT);
    add_job(w, first);
    add_job(w, second);
    open_ways(w);
    assert_true(run(w, first));
    assert_true(run(w, second)); /* is not even tried */
    assert_int_equal(w->n_calls, 1);
    struct sp_job *job = load(w, second);
    assert_int_equal(job->state, SP_JOB_DEFERRED);
    assert_true(job->waits_for_method);
    assert_int_equal(job->spent_ms, 0);
    w->now += 7200000;
    sp_job_free(&job);
    assert_true(run(w, first));
    assert_int_equal(state_of(w, first), SP_JOB_SENT);
    job = load(w, second);
    assert_false(job->waits_for_method);
    assert_int_equal(job->next_attempt, NOON + w->now);
    sp_job_free(&job);
}

struct runner {
    struct world *w;
    const char *id;
    bool ok;
};

static void *
run_in_thread(void *context)
{
    struct runner *runner = context;
    runner->ok = run(runner->w, runner->id);
    return NULL;
}

static void
test_a_way_that_may_be_back_is_tried_by_one(void **state)
{
    struct world *w = *state;
    char ids[3][SP_ULID_SIZE];
    pthread_t thread;
    order(w, "submission", NULL);
    SCRIPT(w, "submission", ACT_SHUT, ACT_GATE, ACT_ACCEPT);
    for (size_t i = 0; i < 3; i++)
        add_job(w, ids[i]);
    open_ways(w);
    assert_true(run(w, ids[0]));
    w->now += 10800000;
    struct runner runner = { w, ids[1], false };
    assert_int_equal(pthread_create(&thread, NULL, run_in_thread, &runner), 0);
    wait_inside(w, 1);
    assert_true(run(w, ids[2]));
    assert_int_equal(w->n_calls, 2);
    assert_int_equal(state_of(w, ids[2]), SP_JOB_DEFERRED);
    open_gate(w);
    pthread_join(thread, NULL);
    assert_true(runner.ok);
    assert_int_equal(state_of(w, ids[1]), SP_JOB_SENT);
    assert_int_equal(health_of(w, "submission"), SP_HEALTH_UP);
}

static void
test_a_missing_document_holds_the_job_and_says_so(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], path[128];
    SCRIPT(w, "submission", ACT_UNREADABLE);
    add_job(w, id);
    snprintf(path, sizeof path, "%s/spool/%s/1", w->dir, id);
    assert_int_equal(unlink(path), 0);
    open_ways(w);
    assert_true(run(w, id));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_HELD);
    assert_int_equal(job->n_attempts, 1);
    assert_string_equal(job->attempts[0].cause, "document_missing");
    assert_non_null(strstr(job->trouble, "missing"));
    sp_job_free(&job);
}

struct locker {
    struct world *w;
    pthread_barrier_t *locked;
};

static void *
hold_the_lock(void *context)
{
    const struct locker *locker = context;
    struct sp_db *db = NULL;
    struct sp_err err = { 0 };
    if (sp_db_open(locker->w->dir, 5000, &db, &err) == SP_OK && sp_db_begin(db, &err) == SP_OK) {
        (void)sp_queue_clamp(db, NOON, INT64_MAX, &(size_t){ 0 }, &err); /* takes the writer's lock */
        pthread_barrier_wait(locker->locked);
        usleep(300 * 1000);
        sp_db_rollback(db);
    }
    sp_db_close(&db);
    return NULL;
}

static void
test_a_database_that_is_locked_for_a_while_is_waited_for(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    pthread_t thread;
    pthread_barrier_t locked;
    add_job(w, id);
    open_ways(w);
    pthread_barrier_init(&locked, NULL, 2);
    struct locker locker = { w, &locked };
    assert_int_equal(pthread_create(&thread, NULL, hold_the_lock, &locker), 0);
    pthread_barrier_wait(&locked);
    assert_true(run(w, id));
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&locked);
    assert_int_equal(state_of(w, id), SP_JOB_SENT);
    assert_int_equal(w->n_calls, 1);
}

static void
test_time_that_the_machine_slept_uses_up_nothing(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    order(w, "direct", NULL);
    SCRIPT(w, "direct", ACT_UNKNOWN, ACT_UNKNOWN, ACT_ACCEPT);
    add_job(w, id);
    open_ways(w);
    assert_true(run(w, id));
    w->now += INT64_C(400) * 24 * 3600000;
    assert_true(run(w, id));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_DEFERRED); /* a year later, and not failed */
    assert_true(job->spent_ms <= 2 * w->settings.retry.max_ms);
    sp_job_free(&job);
}

/* --- budgets --- */

static void
limit(struct world *w, unsigned count, int64_t window_ms, unsigned per_day)
{
    struct sp_method_settings *method = method_named(w, "submission");
    method->rate = (struct sp_rate){ count, window_ms };
    method->per_day = per_day;
}

static void
test_a_full_window_makes_jobs_stand_in_line_not_the_way_down(void **state)
{
    struct world *w = *state;
    char ids[3][SP_ULID_SIZE];
    size_t places = 9;
    int64_t at = 0;
    order(w, "submission", NULL);
    limit(w, 2, 60000, 0);
    for (size_t i = 0; i < 3; i++)
        add_job(w, ids[i]);
    open_ways(w);
    for (size_t i = 0; i < 3; i++)
        assert_true(run(w, ids[i]));
    assert_int_equal(w->n_calls, 2);
    struct sp_job *job = load(w, ids[2]);
    assert_int_equal(job->state, SP_JOB_DEFERRED);
    assert_string_equal(job->waits_in, "submission");
    assert_string_equal(job->trouble, "submission is busy: 2 messages in 60 s, next at 22:14:20 UTC");
    assert_string_equal(job->decision[1].reason, "busy: 2 messages in 60 s, next at 22:14:20 UTC");
    assert_int_equal(job->next_attempt, NOON + 60000);
    sp_job_free(&job);
    assert_int_equal(health_of(w, "submission"), SP_HEALTH_UP);
    assert_int_equal(sp_ways_line(w->ways, sp_ways_line_of(1, false), &places, &at), SP_LINE_STANDS);
    assert_int_equal(at, 5000 + 60000);
    w->now += 60000;
    assert_int_equal(sp_ways_line(w->ways, sp_ways_line_of(1, false), &places, &at), SP_LINE_MOVES);
    assert_int_equal(places, 2);
    assert_true(run(w, ids[2]));
    assert_int_equal(state_of(w, ids[2]), SP_JOB_SENT);
}

static void
test_a_busy_way_is_waited_for_rather_than_an_unproven_one(void **state)
{
    struct world *w = *state;
    char ids[2][SP_ULID_SIZE];
    limit(w, 1, 60000, 0);
    add_job(w, ids[0]);
    add_job(w, ids[1]);
    open_ways(w);
    assert_true(run(w, ids[0])); /* submission: it signs in */
    assert_true(run(w, ids[1])); /* not direct, which nobody has proven */
    assert_int_equal(w->n_calls, 1);
    assert_string_equal(w->calls[0].method, "submission");
    order(w, "submission", "direct");
    assert_true(run(w, ids[1])); /* an explicit order allows it */
    assert_int_equal(w->n_calls, 2);
    assert_string_equal(w->calls[1].method, "direct");
}

static void
test_two_methods_of_one_mailbox_share_its_budget(void **state)
{
    struct world *w = *state;
    char ids[3][SP_ULID_SIZE];
    w->methods[0] = w->methods[1];
    w->methods[0].name = "hve";
    w->methods[0].username = "Scanner@Contoso.com";
    w->methods[0].rate = (struct sp_rate){ 100, 60000 };
    limit(w, 2, 60000, 0);
    order(w, "hve", "submission");
    SCRIPT(w, "hve", ACT_ACCEPT, ACT_SHUT);
    for (size_t i = 0; i < 3; i++)
        add_job(w, ids[i]);
    open_ways(w);
    for (size_t i = 0; i < 3; i++)
        assert_true(run(w, ids[i]));
    assert_int_equal(w->n_calls, 2); /* one accepted, one refused at RCPT: both were counted */
    assert_int_equal(state_of(w, ids[1]), SP_JOB_DEFERRED);
    assert_int_equal(state_of(w, ids[2]), SP_JOB_DEFERRED);
    assert_int_equal(sp_ways_connections(w->ways), 3);
}

static void
count_use(void *context, const char *identity, int64_t at, size_t recipients)
{
    size_t *sum = context;
    assert_string_equal(identity, "scanner@contoso.com");
    (void)at;
    *sum += recipients;
}

static void
restore(void *context, const char *identity, int64_t at, size_t recipients)
{
    sp_ways_restore_use(context, identity, at, recipients);
}

static void
test_the_day_survives_a_restart(void **state)
{
    struct world *w = *state;
    char ids[3][SP_ULID_SIZE];
    size_t sum = 0;
    order(w, "submission", NULL);
    limit(w, 0, 0, 3);
    for (size_t i = 0; i < 3; i++)
        add_job_from(w, "scans", i == 0 ? 2 : 1, DOCUMENT_SIZE, ids[i]);
    open_ways(w);
    assert_true(run(w, ids[0]));
    assert_true(run(w, ids[1]));
    open_ways(w);
    assert_ok(w, sp_budget_use_each(w->db, NOON, count_use, &sum, &w->err));
    assert_int_equal(sum, 3);
    assert_ok(w, sp_budget_use_each(w->db, NOON, restore, w->ways, &w->err));
    assert_true(run(w, ids[2]));
    struct sp_job *job = load(w, ids[2]);
    assert_int_equal(job->state, SP_JOB_DEFERRED);
    assert_string_equal(job->waits_in, ""); /* it looks again by itself */
    assert_non_null(strstr(job->trouble, "3 recipients in 24 hours"));
    sp_job_free(&job);
    w->now += INT64_C(25) * 3600000;
    assert_true(run(w, ids[2]));
    assert_int_equal(state_of(w, ids[2]), SP_JOB_SENT);
}

static void
test_what_never_left_is_not_counted(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    size_t sum = 0;
    order(w, "submission", NULL);
    limit(w, 30, 60000, 10000);
    SCRIPT(w, "submission", ACT_UNREACHABLE);
    add_job(w, id);
    open_ways(w);
    assert_true(run(w, id));
    assert_ok(w, sp_budget_use_each(w->db, NOON, count_use, &sum, &w->err));
    assert_int_equal(sum, 0);
}

static void
test_too_many_lowers_the_pace_and_leaves_the_way_up(void **state)
{
    struct world *w = *state;
    char ids[2][SP_ULID_SIZE];
    order(w, "submission", NULL);
    SCRIPT(w, "submission", ACT_TOO_MANY, ACT_ACCEPT);
    w->retry_after_ms = 7000;
    add_job(w, ids[0]);
    add_job(w, ids[1]);
    open_ways(w);
    assert_true(run(w, ids[0]));
    struct sp_job *job = load(w, ids[0]);
    assert_int_equal(job->state, SP_JOB_DEFERRED);
    assert_string_equal(job->waits_in, "submission");
    assert_int_equal(job->next_attempt, NOON + 7000);
    assert_int_equal(job->tries, 0);
    sp_job_free(&job);
    assert_true(run(w, ids[1])); /* respects it too */
    assert_int_equal(w->n_calls, 1);
    assert_int_not_equal(health_of(w, "submission"), SP_HEALTH_DOWN);
    w->now += 7000;
    assert_true(run(w, ids[0]));
    assert_int_equal(state_of(w, ids[0]), SP_JOB_SENT);
}

static void
test_large_ones_leave_a_seat_for_small_ones(void **state)
{
    struct world *w = *state;
    enum { LARGE = 20 << 20 };
    char large[2][SP_ULID_SIZE], small[SP_ULID_SIZE];
    pthread_t thread;
    method_named(w, "submission")->connections = 2;
    order(w, "submission", NULL);
    SCRIPT(w, "submission", ACT_GATE, ACT_ACCEPT);
    add_job_from(w, "scans", 1, LARGE, large[0]);
    add_job_from(w, "scans", 1, LARGE, large[1]);
    add_job_from(w, "scans", 1, DOCUMENT_SIZE, small);
    open_ways(w);
    struct runner runner = { w, large[0], false };
    assert_int_equal(pthread_create(&thread, NULL, run_in_thread, &runner), 0);
    wait_inside(w, 1);
    assert_true(run(w, large[1]));
    struct sp_job *job = load(w, large[1]);
    assert_int_equal(job->state, SP_JOB_QUEUED);
    assert_string_equal(job->waits_in, "submission large");
    sp_job_free(&job);
    assert_true(run(w, small));
    assert_int_equal(state_of(w, small), SP_JOB_SENT);
    open_gate(w);
    pthread_join(thread, NULL);
    assert_true(run(w, large[1]));
    assert_int_equal(state_of(w, large[1]), SP_JOB_SENT);
}

static void
test_stopping_while_waiting_for_a_seat_leaves_the_job_as_it_is(void **state)
{
    struct world *w = *state;
    char ids[2][SP_ULID_SIZE];
    pthread_t thread;
    method_named(w, "submission")->connections = 1;
    order(w, "submission", NULL);
    SCRIPT(w, "submission", ACT_GATE, ACT_ACCEPT);
    add_job(w, ids[0]);
    add_job(w, ids[1]);
    open_ways(w);
    struct runner runner = { w, ids[0], false };
    assert_int_equal(pthread_create(&thread, NULL, run_in_thread, &runner), 0);
    wait_inside(w, 1);
    sp_ways_stop(w->ways);
    (void)run(w, ids[1]);
    struct sp_job *job = load(w, ids[1]);
    assert_int_equal(job->state, SP_JOB_QUEUED);
    assert_int_equal(job->n_attempts, 0);
    sp_job_free(&job);
    open_gate(w);
    pthread_join(thread, NULL);
    assert_true(runner.ok);
    assert_int_equal(state_of(w, ids[0]), SP_JOB_SENT); /* what was under way is written down */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_accepted_is_sent_and_proves_the_way),
        T(test_a_shut_way_means_the_next_one_in_the_same_run),
        T(test_one_message_for_all_when_a_way_reaches_all),
        T(test_those_inside_get_it_when_no_way_reaches_all),
        T(test_a_late_mail_says_when_it_was_scanned_and_why_it_is_late),
        T(test_a_mail_that_may_be_there_stays_as_it_was),
        T(test_a_recipient_refused_here_goes_elsewhere_alone),
        T(test_after_unknown_the_same_way_and_only_that),
        T(test_with_all_ways_down_time_stands_still_and_a_way_that_comes_back_frees_all),
        T(test_a_way_that_may_be_back_is_tried_by_one),
        T(test_a_missing_document_holds_the_job_and_says_so),
        T(test_a_database_that_is_locked_for_a_while_is_waited_for),
        T(test_time_that_the_machine_slept_uses_up_nothing),
        T(test_a_full_window_makes_jobs_stand_in_line_not_the_way_down),
        T(test_a_busy_way_is_waited_for_rather_than_an_unproven_one),
        T(test_two_methods_of_one_mailbox_share_its_budget),
        T(test_the_day_survives_a_restart),
        T(test_what_never_left_is_not_counted),
        T(test_too_many_lowers_the_pace_and_leaves_the_way_up),
        T(test_large_ones_leave_a_seat_for_small_ones),
        T(test_stopping_while_waiting_for_a_seat_leaves_the_job_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

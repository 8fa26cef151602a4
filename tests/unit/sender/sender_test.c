/* sender_test.c - the whole job loop in a thread: recovery, workers, turns, lines. */
#include "unit/sender/sender_world.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

struct loop {
    struct world *w;
    struct sp_sender_options options;
    pthread_t thread;
    enum sp_rc rc;
    struct sp_err err;
};

static void *
loop_main(void *context)
{
    struct loop *loop = context;
    loop->rc = sp_sender_run(&loop->options, &loop->err);
    return NULL;
}

static void
loop_begin(struct loop *loop, struct world *w)
{
    *loop = (struct loop){
        .w = w,
        .options = {
            .settings = &w->settings,
            .clock = &w->clock,
            .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
            .gateway_wake_fd = -1,
            .changes_fd = -1,
            .stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
            .life_fd = -1,
            .patience_ms = 20000,
            .method_of = fake_method_of,
        },
    };
    assert_int_equal(pthread_create(&loop->thread, NULL, loop_main, loop), 0);
}

static void
loop_end(struct loop *loop)
{
    sp_wake(loop->options.stop_fd);
    pthread_join(loop->thread, NULL);
    if (loop->rc != SP_OK)
        fail_msg("sender: %s", loop->err.text);
    close(loop->options.wake_fd);
    close(loop->options.stop_fd);
}

static void
wait_sent(struct world *w, char (*ids)[SP_ULID_SIZE], size_t n)
{
    for (size_t i = 0, patience = 3000; i < n; patience--) {
        if (state_of(w, ids[i]) == SP_JOB_SENT) {
            i++;
            continue;
        }
        if (patience == 0)
            fail_msg("job %zu of %zu is still %s", i, n, sp_job_state_name(state_of(w, ids[i])));
        usleep(10000);
    }
}

static size_t
calls_of(const struct world *w, const char *id)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_calls; i++)
        n += strcmp(w->calls[i].id, id) == 0;
    return n;
}

static void
only(struct world *w, const char *method)
{
    static const char *names[1];
    names[0] = method;
    w->tenant.methods = (struct sp_texts){ names, 1 };
}

static void
test_a_crash_between_claim_and_record_is_unknown_and_sent_again_the_same_way(void **state)
{
    struct world *w = *state;
    struct loop loop;
    char ids[1][SP_ULID_SIZE];
    add_job(w, ids[0]);
    assert_ok(w, sp_queue_claim(w->db, ids[0], "direct", NULL, 0, NOON, &w->err)); /* and then the power went */
    loop_begin(&loop, w);
    wait_sent(w, ids, 1);
    loop_end(&loop);
    struct sp_job *job = load(w, ids[0]);
    assert_int_equal(job->n_attempts, 2);
    assert_int_equal(job->attempts[0].outcome, SP_OUTCOME_UNKNOWN);
    assert_string_equal(job->attempts[1].method, "direct");
    sp_job_free(&job);
}

/* The sender as the process it is: it ends although a thread is deep in a delivery. */
static void
run_sender_until(struct world *w, const struct sp_sender_options *options, const char *id)
{
    pid_t sender = fork();
    assert_true(sender >= 0);
    if (sender == 0) {
        struct sp_err err = { 0 };
        enum sp_rc rc = sp_sender_run(options, &err);
        if (rc != SP_E_BUSY)
            print_error("sender: %s\n", rc == SP_OK ? "nothing was under way" : err.text);
        _exit(rc == SP_E_BUSY ? 0 : 1);
    }
    for (int patience = 3000; state_of(w, id) != SP_JOB_SENDING && patience > 0; patience--)
        usleep(10000);
    sp_wake(options->stop_fd);
    int status = -1;
    assert_int_equal(waitpid(sender, &status, 0), sender);
    assert_int_equal(status, 0);
}

static void
test_an_end_before_a_message_is_handed_over_is_not_unknown(void **state)
{
    struct world *w = *state;
    struct loop loop;
    char ids[1][SP_ULID_SIZE];
    struct sp_sender_options options = {
        .settings = &w->settings,
        .clock = &w->clock,
        .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
        .gateway_wake_fd = -1,
        .changes_fd = -1,
        .stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
        .life_fd = -1,
        .patience_ms = 50,
        .method_of = fake_method_of,
    };
    only(w, "direct");
    SCRIPT(w, "direct", ACT_GATE);
    add_job(w, ids[0]);
    run_sender_until(w, &options, ids[0]);
    close(options.wake_fd);
    close(options.stop_fd);
    struct sp_job *job = load(w, ids[0]);
    assert_int_equal(job->state, SP_JOB_QUEUED);
    assert_int_equal(job->n_attempts, 1);
    assert_int_equal(job->attempts[0].outcome, SP_OUTCOME_FAILED);
    assert_string_equal(job->attempts[0].cause, "stopped");
    assert_string_equal(job->only_method, "");
    sp_job_free(&job);
    open_gate(w);
    loop_begin(&loop, w);
    wait_sent(w, ids, 1);
    loop_end(&loop);
    job = load(w, ids[0]);
    assert_int_equal(job->n_attempts, 2);
    sp_job_free(&job);
}

static void
test_many_workers_send_each_job_once_within_the_connections(void **state)
{
    struct world *w = *state;
    enum { JOBS = 60 };
    char ids[JOBS][SP_ULID_SIZE];
    struct loop loop;
    only(w, "submission");
    w->pause_ms = 3;
    for (size_t i = 0; i < JOBS; i++)
        add_job(w, ids[i]);
    loop_begin(&loop, w);
    wait_sent(w, ids, JOBS);
    loop_end(&loop);
    assert_int_equal(w->n_calls, JOBS);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(calls_of(w, ids[i]), 1);
    assert_true(w->inside_most <= 3);
}

/* Where the calls for jobs of a source begin and end. */
static size_t
last_call_of(const struct world *w, char (*ids)[SP_ULID_SIZE], size_t n)
{
    size_t last = 0;
    for (size_t i = 0; i < w->n_calls; i++)
        for (size_t k = 0; k < n; k++)
            if (strcmp(w->calls[i].id, ids[k]) == 0)
                last = i;
    return last;
}

static void
test_a_few_scans_do_not_wait_behind_many_of_another_source(void **state)
{
    struct world *w = *state;
    enum { MANY = 50, FEW = 5 };
    char many[MANY][SP_ULID_SIZE], few[FEW][SP_ULID_SIZE];
    struct loop loop;
    only(w, "submission");
    w->pause_ms = 2;
    for (size_t i = 0; i < MANY; i++)
        add_job_from(w, "copier-a", 1, DOCUMENT_SIZE, many[i]);
    for (size_t i = 0; i < FEW; i++)
        add_job_from(w, "copier-b", 1, DOCUMENT_SIZE, few[i]);
    loop_begin(&loop, w);
    wait_sent(w, many, MANY);
    wait_sent(w, few, FEW);
    loop_end(&loop);
    assert_true(last_call_of(w, few, FEW) < 25);
}

static void
test_a_line_moves_with_the_window_and_by_turns(void **state)
{
    struct world *w = *state;
    enum { MANY = 12, FEW = 2 };
    char many[MANY][SP_ULID_SIZE], few[FEW][SP_ULID_SIZE];
    struct loop loop;
    only(w, "submission");
    method_named(w, "submission")->rate = (struct sp_rate){ 4, 60000 };
    for (size_t i = 0; i < MANY; i++)
        add_job_from(w, "copier-a", 1, DOCUMENT_SIZE, many[i]);
    for (size_t i = 0; i < FEW; i++)
        add_job_from(w, "copier-b", 1, DOCUMENT_SIZE, few[i]);
    loop_begin(&loop, w);
    for (int window = 1; window <= 4; window++) {
        for (int patience = 0; patience < 500 && w->n_calls < (size_t)(4 * window < 14 ? 4 * window : 14); patience++)
            usleep(10000);
        usleep(50000); /* for the one too many that must not come */
        assert_int_equal(w->n_calls, 4 * window < 14 ? 4 * window : 14);
        __atomic_add_fetch(&w->now, 60000, __ATOMIC_SEQ_CST);
        sp_wake(loop.options.wake_fd); /* the loop sleeps by the real clock */
    }
    wait_sent(w, many, MANY);
    wait_sent(w, few, FEW);
    loop_end(&loop);
    assert_true(last_call_of(w, few, FEW) < 8);
}

static void
test_a_line_whose_way_went_down_plans_again(void **state)
{
    struct world *w = *state;
    enum { JOBS = 8 };
    char ids[JOBS][SP_ULID_SIZE];
    static const char *both[] = { "submission", "direct" };
    struct loop loop;
    w->tenant.methods = (struct sp_texts){ both, 1 };
    method_named(w, "submission")->rate = (struct sp_rate){ 2, 60000 };
    SCRIPT(w, "submission", ACT_ACCEPT, ACT_ACCEPT, ACT_SHUT);
    for (size_t i = 0; i < JOBS; i++)
        add_job(w, ids[i]);
    loop_begin(&loop, w);
    for (int patience = 0; patience < 500 && w->n_calls < 2; patience++)
        usleep(10000);
    usleep(100000);
    w->tenant.methods.count = 2; /* the next plan may use direct */
    __atomic_add_fetch(&w->now, 60000, __ATOMIC_SEQ_CST);
    sp_wake(loop.options.wake_fd);
    wait_sent(w, ids, JOBS);
    loop_end(&loop);
}

static void
test_jobs_put_off_by_a_clock_that_was_wrong_are_due(void **state)
{
    struct world *w = *state;
    char ids[2][SP_ULID_SIZE];
    struct loop loop;
    const int64_t decade = INT64_C(10) * 365 * 24 * 3600000;
    w->now = decade; /* the clock says 2033 */
    add_job(w, ids[0]);
    add_job(w, ids[1]);
    const struct sp_queue_wait wait = {
        .id = ids[0],
        .next = SP_JOB_DEFERRED,
        .now = NOON + decade,
        .next_attempt = NOON + decade + 60000,
        .trouble = "",
    };
    assert_ok(w, sp_queue_postpone(w->db, &wait, &w->err));
    w->now = 0; /* and is mended */
    loop_begin(&loop, w);
    wait_sent(w, ids, 2);
    loop_end(&loop);
}

/* --- one connection ahead --- */

enum { LARGE = 9 << 20 };

static void
send_one(struct loop *loop)
{
    char ids[1][SP_ULID_SIZE];
    add_job(loop->w, ids[0]);
    sp_wake(loop->options.wake_fd);
    wait_sent(loop->w, ids, 1);
}

/* A large scan that is under way until the gate opens. */
static void
begin_large(struct loop *loop, char id[SP_ULID_SIZE])
{
    add_job_from(loop->w, "scans", 1, LARGE, id);
    sp_wake(loop->options.wake_fd);
    wait_inside(loop->w, 1);
}

static void
test_beside_a_large_message_one_connection_is_made_ready(void **state)
{
    struct world *w = *state;
    char large[1][SP_ULID_SIZE];
    struct loop loop;
    only(w, "submission");
    SCRIPT(w, "submission", ACT_ACCEPT, ACT_GATE, ACT_ACCEPT);
    loop_begin(&loop, w);
    send_one(&loop);
    assert_int_equal(w->spares, 0); /* small ones need none */
    begin_large(&loop, large[0]);
    wait_spares(w, 1);
    assert_int_equal(fake_method_of(SP_TYPE_SUBMISSION)->kept(NULL), 1);
    send_one(&loop);
    send_one(&loop);
    assert_int_equal(w->open_most, 2);
    open_gate(w);
    wait_sent(w, large, 1);
    loop_end(&loop);
    assert_int_equal(w->open_most, 2);
    assert_int_equal(w->spares, 1);
}

static void
test_with_spares_there_are_never_more_connections_than_allowed(void **state)
{
    struct world *w = *state;
    enum { JOBS = 60 };
    char ids[JOBS][SP_ULID_SIZE];
    struct loop loop;
    only(w, "submission");
    w->pause_ms = 3;
    for (size_t i = 0; i < JOBS; i++)
        add_job_from(w, i % 2 != 0 ? "copier-a" : "copier-b", 1, i % 4 == 0 ? LARGE : DOCUMENT_SIZE, ids[i]);
    loop_begin(&loop, w);
    wait_sent(w, ids, JOBS);
    loop_end(&loop);
    assert_int_equal(w->n_calls, JOBS);
    assert_true(w->open_most <= 3);
}

static void
test_a_spare_connection_that_cannot_be_opened_costs_nobody_anything(void **state)
{
    struct world *w = *state;
    char large[1][SP_ULID_SIZE];
    struct sp_method_state states[4];
    size_t n = 0;
    struct loop loop;
    only(w, "submission");
    SCRIPT(w, "submission", ACT_ACCEPT, ACT_GATE, ACT_ACCEPT);
    w->no_spare = true;
    loop_begin(&loop, w);
    send_one(&loop);
    begin_large(&loop, large[0]);
    wait_spares(w, 1);
    send_one(&loop);
    open_gate(w);
    wait_sent(w, large, 1);
    loop_end(&loop);
    assert_int_equal(w->spares, 1); /* and it is not tried again at once */
    assert_ok(w, sp_method_states_load(w->db, states, SP_LEN(states), &n, &w->err));
    assert_int_equal(n, 1);
    assert_int_equal(states[0].state, SP_HEALTH_UP);
    assert_int_equal(states[0].failures, 0);
}

static void
test_no_spare_connection_before_a_method_has_proven_itself(void **state)
{
    struct world *w = *state;
    char large[1][SP_ULID_SIZE];
    struct loop loop;
    only(w, "submission");
    SCRIPT(w, "submission", ACT_GATE, ACT_ACCEPT);
    loop_begin(&loop, w);
    begin_large(&loop, large[0]);
    send_one(&loop); /* handed out after the large one began */
    open_gate(w);
    wait_sent(w, large, 1);
    loop_end(&loop);
    assert_int_equal(w->spares, 0);
}

static void
test_no_spare_connection_when_the_rate_is_used_up(void **state)
{
    struct world *w = *state;
    char large[1][SP_ULID_SIZE], late[SP_ULID_SIZE];
    struct loop loop;
    only(w, "submission");
    method_named(w, "submission")->rate = (struct sp_rate){ 2, 60000 };
    SCRIPT(w, "submission", ACT_ACCEPT, ACT_GATE);
    loop_begin(&loop, w);
    send_one(&loop);
    begin_large(&loop, large[0]);
    add_job(w, late);
    sp_wake(loop.options.wake_fd);
    for (int patience = 0; patience < 3000 && state_of(w, late) != SP_JOB_DEFERRED; patience++)
        usleep(10000);
    assert_int_equal(state_of(w, late), SP_JOB_DEFERRED);
    open_gate(w);
    wait_sent(w, large, 1);
    loop_end(&loop);
    assert_int_equal(w->spares, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_a_crash_between_claim_and_record_is_unknown_and_sent_again_the_same_way),
        T(test_an_end_before_a_message_is_handed_over_is_not_unknown),
        T(test_many_workers_send_each_job_once_within_the_connections),
        T(test_a_few_scans_do_not_wait_behind_many_of_another_source),
        T(test_a_line_moves_with_the_window_and_by_turns),
        T(test_a_line_whose_way_went_down_plans_again),
        T(test_jobs_put_off_by_a_clock_that_was_wrong_are_due),
        T(test_beside_a_large_message_one_connection_is_made_ready),
        T(test_with_spares_there_are_never_more_connections_than_allowed),
        T(test_a_spare_connection_that_cannot_be_opened_costs_nobody_anything),
        T(test_no_spare_connection_before_a_method_has_proven_itself),
        T(test_no_spare_connection_when_the_rate_is_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

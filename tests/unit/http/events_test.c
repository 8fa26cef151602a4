/* events_test.c - what is written is told to who listens, folded, and only as long as they may hear it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "db/batch.h"
#include "db/changes.h"
#include "db/check.h"
#include "db/method_state.h"
#include "gateway/refusals.h"
#include "house.h"
#include "web/api/events.h"
#include "web/http/stream.h"

struct world_live {
    struct house *house;
    int pipe[2];
};

static int
set_up(void **state)
{
    struct world_live *live = calloc(1, sizeof(*live));
    struct sp_err err = { 0 };
    live->house = house_open();
    assert_int_equal(sp_changes_pipe(live->pipe, &err), SP_OK);
    const struct sp_events_options options = {
        .state_dir = live->house->w->state,
        .changes_fd = live->pipe[0],
        .auth = live->house->auth,
        .clock = &live->house->clock,
        .log = &live->house->w->log,
    };
    sp_batch_tell_changes(live->house->w->batch, live->pipe[1]);
    sp_refusals_tell(live->house->w->refusals, live->pipe[1]);
    assert_int_equal(sp_events_open(&options, &live->house->api.events, &err), SP_OK);
    *state = live;
    return 0;
}

static int
tear_down(void **state)
{
    struct world_live *live = *state;
    sp_events_close(&live->house->api.events);
    house_close(live->house);
    close(live->pipe[0]);
    close(live->pipe[1]);
    free(live);
    return 0;
}

static void
nothing(void *context)
{
    (void)context;
}

/* A listener whose connection is this test. */
static struct sp_stream *
listen_as(struct house *house, const struct asker *asker)
{
    static const struct sp_stream_ops ops = { nothing, nothing, NULL };
    struct sp_response res;
    assert_int_equal(house_get(house, asker, "/api/v1/events", &res), 200);
    assert_string_equal(sp_response_header(&res, "Content-Type"), "text/event-stream");
    struct sp_stream *stream = sp_stream_share(res.stream);
    struct sp_stream *own = res.stream;
    res.stream = NULL;
    sp_response_free(&res);
    sp_stream_drop(&own);
    sp_stream_attach(stream, &ops);
    return stream;
}

/* What came, until `word` did; fails after ten seconds. The caller frees it. */
static char *
hear_until(struct sp_stream *stream, const char *word)
{
    struct sp_str heard = { 0 };
    char piece[4096];
    for (int i = 0; i < 2000; i++) {
        ssize_t size = sp_stream_take(stream, piece, sizeof(piece));
        if (size > 0)
            sp_str_add_n(&heard, piece, (size_t)size);
        if (strstr(sp_str_text(&heard), word) != NULL)
            return sp_str_steal(&heard);
        if (size < 0)
            break;
        if (size == 0)
            pause_ms(5);
    }
    fail_msg("'%s' was not heard in: %s", word, sp_str_text(&heard));
    return NULL;
}

static void
forget_stream(struct sp_stream **stream)
{
    sp_stream_detach(*stream);
    sp_stream_drop(stream);
}

static bool
ends_soon(struct sp_stream *stream)
{
    for (int i = 0; i < 2000 && !sp_stream_ended(stream); i++)
        pause_ms(5);
    return sp_stream_ended(stream);
}

/* The thread has seen that somebody listens: what is written from here on is news. */
static void
be_heard(struct house *house, struct sp_stream *stream)
{
    free(hear_until(stream, "retry:"));
    for (int i = 0; i < 2000; i++) {
        char piece[512];
        char name[16];
        snprintf(name, sizeof(name), "t%d", i);
        char body[64];
        snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
        assert_int_equal(status_send(house, &admin, "POST", "/api/v1/tokens", body), 201);
        pause_ms(10);
        ssize_t size = sp_stream_take(stream, piece, sizeof(piece) - 1);
        if (size > 0)
            return;
    }
    fail_msg("nothing was heard at all");
}

static void
test_a_job_is_told_with_its_state(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    char id[27], expected[128];
    struct sp_stream *stream = listen_as(house, &admin);
    be_heard(house, stream);
    house_job(house, "a bill", id);
    snprintf(expected, sizeof(expected), "event: job\ndata: {\"id\":\"%s\",\"state\":\"queued\"}\n\n", id);
    free(hear_until(stream, expected));
    house_settle(house, id, SP_JOB_SENT, "");
    snprintf(expected, sizeof(expected), "{\"id\":\"%s\",\"state\":\"sent\"}", id);
    free(hear_until(stream, expected));
    forget_stream(&stream);
}

static enum sp_rc
run_check_add(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_check_add(db, context, "direct", "", 1000, err);
}

static enum sp_rc
run_check_step(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct sp_check_step step = { .stage = "dns", .outcome = "ok", .title = "t", .at = 1 };
    enum sp_rc rc = sp_check_begin(db, context, err);
    return rc == SP_OK ? sp_check_tell(db, context, &step, err) : rc;
}

static void
test_checks_and_refusals_are_told(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    char id[27] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    struct sp_err err = { 0 };
    struct asker stranger = { .authorization = "Bearer sp_wrong" };
    struct sp_stream *stream = listen_as(house, &admin);
    be_heard(house, stream);
    assert_int_equal(sp_batch_run(house->w->batch, run_check_add, id, &err), SP_OK);
    free(hear_until(stream, "event: check\ndata: {\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"method\":\"direct\","
                            "\"state\":\"waiting\"}"));
    assert_int_equal(sp_batch_run(house->w->batch, run_check_step, id, &err), SP_OK);
    free(hear_until(stream, "\"state\":\"running\"}"));
    assert_int_equal(status_send(house, &stranger, "POST", "/api/v1/scans", "{}"), 401);
    free(hear_until(stream, "event: source\ndata: {}\n\n"));
    forget_stream(&stream);
}

/* A hundred jobs in a moment are not a hundred messages. */
static void
test_a_burst_is_folded(void **state)
{
    struct world_live *live = *state;
    struct sp_stream *stream = listen_as(live->house, &admin);
    be_heard(live->house, stream);
    for (int64_t i = 1; i <= 100; i++) {
        const struct sp_change change = { SP_CHANGED_JOB, i };
        sp_changes_tell(live->pipe[1], &change, 1);
    }
    SP_AUTO_FREE char *heard = hear_until(stream, "event: job\ndata: {}\n\n");
    assert_null(strstr(heard, "{\"id\":\"")); /* none of them by name */
    forget_stream(&stream);
}

/* So much that nobody knows what: everything is to be looked at again. */
static void
test_too_much_to_know_is_told_of_everything(void **state)
{
    struct world_live *live = *state;
    struct sp_stream *stream = listen_as(live->house, &admin);
    be_heard(live->house, stream);
    const struct sp_change many = { SP_CHANGED_MANY, 0 };
    sp_changes_tell(live->pipe[1], &many, 1);
    free(hear_until(stream, "event: job\ndata: {}\n\nevent: method\ndata: {}\n\nevent: check\ndata: {}\n\n"
                            "event: source\ndata: {}\n\n"));
    forget_stream(&stream);
}

static void
test_what_was_written_before_is_no_news(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    char id[27];
    house_job(house, "before", id);
    struct sp_stream *stream = listen_as(house, &admin);
    free(hear_until(stream, "retry:"));
    for (int i = 0; i < 40; i++) {
        char piece[512];
        assert_int_equal(sp_stream_take(stream, piece, sizeof(piece)), 0);
        pause_ms(5);
    }
    forget_stream(&stream);
}

static void
test_the_end_of_a_session_ends_its_listeners(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    struct session one, other;
    add_user(house, "vera", "viewer");
    assert_int_equal(sign_in(house, "vera", PASSWORD, NULL, &one), 200);
    assert_int_equal(sign_in(house, "vera", PASSWORD, NULL, &other), 200);
    struct asker vera = as_session(&one), again = as_session(&other);
    struct sp_stream *first = listen_as(house, &vera), *second = listen_as(house, &again);
    assert_int_equal(status_send(house, &vera, "DELETE", "/api/v1/session", NULL), 204);
    assert_true(ends_soon(first));
    assert_false(sp_stream_ended(second));
    assert_int_equal(status_send(house, &admin, "DELETE", "/api/v1/users/vera", NULL), 204);
    assert_true(ends_soon(second));
    forget_stream(&first);
    forget_stream(&second);
    assert_int_equal(status_get(house, &vera, "/api/v1/events"), 401);
}

/* Listening is not being there: a page left open signs its user out in the end. */
static void
test_listening_does_not_keep_a_session_alive(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    struct session session;
    add_user(house, "vera", "viewer");
    assert_int_equal(sign_in(house, "vera", PASSWORD, NULL, &session), 200);
    struct asker vera = as_session(&session);
    struct sp_stream *stream = listen_as(house, &vera);
    be_heard(house, stream);
    house->later_ms += (int64_t)31 * 60 * 1000;
    sp_events_sessions_ended(house->api.events); /* what its own clock would do within half a minute */
    assert_true(ends_soon(stream));
    forget_stream(&stream);
}

static void
test_listeners_are_bounded(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    struct session session;
    struct sp_stream *streams[SP_LISTENERS_MAX_EACH + 1];
    add_user(house, "vera", "viewer");
    assert_int_equal(sign_in(house, "vera", PASSWORD, NULL, &session), 200);
    struct asker vera = as_session(&session);
    for (size_t i = 0; i < SP_LEN(streams); i++)
        streams[i] = listen_as(house, &vera);
    assert_true(sp_stream_ended(streams[0]));
    assert_false(sp_stream_ended(streams[1]));
    assert_int_equal(sp_events_listeners(house->api.events), SP_LISTENERS_MAX_EACH);
    for (size_t i = 0; i < SP_LEN(streams); i++)
        forget_stream(&streams[i]);
}

/* All places, by signing in often enough; somebody else is heard all the same. */
static void
test_one_person_keeps_nobody_from_listening(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    struct session session;
    struct sp_stream *streams[SP_LISTENERS_MAX_ALL];
    add_user(house, "vera", "viewer");
    add_user(house, "otto", "operator");
    for (size_t i = 0; i < SP_LEN(streams); i++) {
        if (i % SP_LISTENERS_MAX_EACH == 0)
            assert_int_equal(sign_in(house, "vera", PASSWORD, NULL, &session), 200);
        struct asker vera = as_session(&session);
        streams[i] = listen_as(house, &vera);
    }
    assert_false(sp_stream_ended(streams[0]));
    assert_int_equal(sign_in(house, "otto", PASSWORD, NULL, &session), 200);
    struct asker otto = as_session(&session);
    struct sp_stream *stream = listen_as(house, &otto);
    assert_true(sp_stream_ended(streams[0]));
    assert_false(sp_stream_ended(streams[1]));
    assert_false(sp_stream_ended(stream));
    for (size_t i = 0; i < SP_LEN(streams); i++)
        forget_stream(&streams[i]);
    forget_stream(&stream);
}

static void
test_who_does_not_take_is_dropped(void **state)
{
    (void)state;
    static const struct sp_stream_ops ops = { nothing, nothing, NULL };
    struct sp_stream *stream = sp_stream_new();
    char text[1024];
    memset(text, 'x', sizeof(text));
    sp_stream_attach(stream, &ops);
    for (int i = 0; i < SP_STREAM_ROOM / 1024; i++)
        assert_true(sp_stream_add(stream, text, sizeof(text)));
    assert_false(sp_stream_add(stream, text, 1));
    assert_true(sp_stream_ended(stream));
    forget_stream(&stream);
}

static void
test_a_pipe_that_nobody_reads_costs_nothing_but_a_try(void **state)
{
    struct world_live *live = *state;
    const struct sp_change change = { SP_CHANGED_JOB, 1 };
    struct sp_change *all = calloc((size_t)2 * SP_CHANGES_ROOM, sizeof(*all));
    for (int i = 0; i < 3 * SP_CHANGES_ROOM; i++)
        sp_changes_tell(live->pipe[1], &change, 1);
    size_t count = 0, got = 0;
    while ((got = sp_changes_read(live->pipe[0], all, (size_t)2 * SP_CHANGES_ROOM)) > 0)
        count += got;
    assert_int_equal(count, SP_CHANGES_ROOM);
    free(all);
}

static void
test_a_halt_ends_everybody(void **state)
{
    struct house *house = ((struct world_live *)*state)->house;
    struct sp_stream *stream = listen_as(house, &admin);
    sp_events_halt(house->api.events);
    assert_true(sp_stream_ended(stream));
    assert_int_equal(status_get(house, &admin, "/api/v1/events"), 503);
    forget_stream(&stream);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_job_is_told_with_its_state),
        TEST(test_checks_and_refusals_are_told),
        TEST(test_a_burst_is_folded),
        TEST(test_too_much_to_know_is_told_of_everything),
        TEST(test_what_was_written_before_is_no_news),
        TEST(test_the_end_of_a_session_ends_its_listeners),
        TEST(test_listening_does_not_keep_a_session_alive),
        TEST(test_listeners_are_bounded),
        TEST(test_one_person_keeps_nobody_from_listening),
        cmocka_unit_test(test_who_does_not_take_is_dropped),
        TEST(test_a_pipe_that_nobody_reads_costs_nothing_but_a_try),
        TEST(test_a_halt_ends_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

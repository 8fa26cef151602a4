/* exchange_test.c - requests whose time or place is the point: a body that trickles, a database that is away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "web/http/exchange.h"

struct sp_upload {
    size_t bytes;
};

static struct sp_upload *
begin(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    (void)req;
    (void)res;
    return calloc(1, sizeof(struct sp_upload));
}

static bool
take(struct sp_upload *upload, const void *bytes, size_t size, struct sp_response *res)
{
    (void)bytes;
    (void)res;
    upload->bytes += size;
    return true;
}

static void
end(struct sp_upload *upload, const struct sp_request *req, struct sp_response *res)
{
    (void)upload;
    (void)req;
    sp_respond_empty(res, 201);
}

static void
end_upload(struct sp_upload *upload)
{
    free(upload);
}

static void
get(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    sp_respond_empty(res, req->db == NULL ? 200 : 500);
}

static const struct sp_receiver receiver = { begin, take, end, end_upload };
static const struct sp_route routes[] = {
    { "POST", "/up", SP_MAY_ANYONE, NULL, &receiver },
    { "GET", "/health", SP_MAY_ANYONE, get, NULL },
    { "POST", "/act", SP_MAY_ANYONE, get, NULL },
    { 0 },
};
static const struct sp_route *const tables[] = { routes, NULL };

static int64_t
now_of(void *context)
{
    return *(const int64_t *)context;
}

struct world {
    int64_t now;
    struct sp_clock clock;
    struct sp_router router;
    struct sp_exchange_rules rules;
};

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->clock = (struct sp_clock){ now_of, now_of, &w->now };
    w->router = (struct sp_router){ .tables = tables };
    w->rules =
        (struct sp_exchange_rules){ .router = &w->router, .max_upload = 1 << 20, .max_uploads = 4, .clock = &w->clock };
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    free(*state);
    return 0;
}

static enum sp_next
step(struct sp_exchange *x, const char *bytes, size_t size)
{
    size_t left = size;
    enum sp_next next = sp_exchange_step(x, bytes, &left);
    assert_true(left == 0 || next == SP_NEXT_CLOSE);
    return next;
}

static struct sp_exchange *
start_upload(struct world *w)
{
    struct sp_exchange *x = sp_exchange_new(&w->rules, "/up");
    sp_exchange_method(x, "POST");
    sp_exchange_header(x, "Content-Length", 14, "100000", 6);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_WAIT);
    sp_exchange_work(x, NULL);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_READ);
    return x;
}

static void
test_a_body_that_trickles_is_hung_up_on(void **state)
{
    struct world *w = *state;
    struct sp_exchange *x = start_upload(w);
    w->now += SP_BODY_GRACE_MS;
    assert_int_equal(step(x, "a", 1), SP_NEXT_READ);
    w->now += 1;
    assert_int_equal(step(x, "a", 1), SP_NEXT_CLOSE);
    assert_true(sp_exchange_holds_upload(x));
    assert_int_equal(w->rules.uploads, 1);
    sp_exchange_free(&x);
    assert_int_equal(w->rules.uploads, 0);
}

static void
test_a_slow_body_is_waited_for(void **state)
{
    struct world *w = *state;
    struct sp_exchange *x = start_upload(w);
    static const char second[SP_BODY_RATE];
    for (int i = 0; i < 190; i++) { /* more than three minutes */
        size_t left = sizeof(second);
        enum sp_next next = sp_exchange_step(x, second, &left);
        assert_true(next == (i == 128 ? SP_NEXT_WAIT : SP_NEXT_READ)); /* the buffer was full, and something is left */
        assert_true((left > 0) == (next == SP_NEXT_WAIT));
        if (next == SP_NEXT_WAIT) {
            sp_exchange_work(x, NULL);
            assert_int_equal(sp_exchange_step(x, second, &left), SP_NEXT_READ);
        }
        w->now += 1000;
    }
    sp_exchange_free(&x);
}

static int
status_without_database(struct world *w, const char *method, const char *target)
{
    struct sp_exchange *x = sp_exchange_new(&w->rules, target);
    w->rules.needs_db = true;
    sp_exchange_method(x, method);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_READ);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_WAIT);
    sp_exchange_work(x, NULL);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_ANSWER);
    int status = sp_exchange_response(x)->status;
    sp_exchange_free(&x);
    return status;
}

static void
test_503_while_the_database_is_away_but_health_answers(void **state)
{
    struct world *w = *state;
    assert_int_equal(status_without_database(w, "GET", "/health"), 200);
    assert_int_equal(status_without_database(w, "POST", "/act"), 503);
    assert_int_equal(status_without_database(w, "POST", "/up"), 503);
}

static void
test_a_length_beyond_64_bits_is_400(void **state)
{
    struct world *w = *state;
    struct sp_exchange *x = sp_exchange_new(&w->rules, "/up");
    sp_exchange_method(x, "POST");
    sp_exchange_header(x, "Content-Length", 14, "99999999999999999999", 20);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_ANSWER);
    assert_int_equal(sp_exchange_response(x)->status, 400);
    assert_true(sp_exchange_response(x)->close);
    sp_exchange_free(&x);
}

static struct sp_exchange *
refused_upload(struct world *w)
{
    struct sp_exchange *x = sp_exchange_new(&w->rules, "/nothing");
    sp_exchange_method(x, "POST");
    sp_exchange_header(x, "Content-Length", 14, "10000000", 8);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_READ);
    assert_int_equal(sp_exchange_response(x)->status, 404);
    return x;
}

static void
test_a_refused_body_is_read_to_its_end_but_not_for_ever(void **state)
{
    static const char piece[64 * 1024];
    struct world *w = *state;
    struct sp_exchange *x = refused_upload(w);
    assert_int_equal(step(x, piece, sizeof(piece)), SP_NEXT_READ);
    w->now += SP_DROP_MS;
    assert_int_equal(step(x, piece, sizeof(piece)), SP_NEXT_READ);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_ANSWER);
    sp_exchange_free(&x);
    x = refused_upload(w);
    w->now += SP_DROP_MS + 1;
    assert_int_equal(step(x, piece, sizeof(piece)), SP_NEXT_CLOSE);
    sp_exchange_free(&x);
    x = refused_upload(w);
    for (size_t n = 0; n < SP_DROP_MAX / sizeof(piece); n++)
        assert_int_equal(step(x, piece, sizeof(piece)), SP_NEXT_READ);
    assert_int_equal(step(x, piece, 1), SP_NEXT_CLOSE);
    sp_exchange_free(&x);
}

static void
test_refused_at_once_when_the_client_asked_first(void **state)
{
    struct world *w = *state;
    struct sp_exchange *x = sp_exchange_new(&w->rules, "/nothing");
    sp_exchange_method(x, "POST");
    sp_exchange_header(x, "Content-Length", 14, "1000", 4);
    sp_exchange_header(x, "Expect", 6, "100-continue", 12);
    assert_int_equal(step(x, NULL, 0), SP_NEXT_ANSWER);
    sp_exchange_free(&x);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_body_that_trickles_is_hung_up_on),
        TEST(test_a_slow_body_is_waited_for),
        TEST(test_503_while_the_database_is_away_but_health_answers),
        TEST(test_a_length_beyond_64_bits_is_400),
        TEST(test_a_refused_body_is_read_to_its_end_but_not_for_ever),
        TEST(test_refused_at_once_when_the_client_asked_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

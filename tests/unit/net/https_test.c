/* Requests over HTTPS to a server that answers, and to one that does not. */
#include "backend/net/https.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/net/dns.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"
#include "unit/net/fake_dns.h"
#include "unit/net/fake_https.h"

struct world {
    struct fake_ca *ca;
    struct fake_https *server;
    struct sp_dns *dns;
    struct sp_https *https;
    struct sp_https_response response;
    struct sp_err err;
    int64_t passed; /* added to the monotonic clock */
    struct sp_clock clock;
};

static int64_t
now_wall(void *context)
{
    (void)context;
    return 1764000000000; /* 2025-11-24T16:00:00Z */
}

static int64_t
now_mono(void *context)
{
    const struct world *w = context;
    return sp_mono_ms(&sp_clock_system) + w->passed;
}

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->ca = fake_ca_new();
    w->clock = (struct sp_clock){ .wall_ms = now_wall, .mono_ms = now_mono, .context = w };
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_https_response_free(&w->response);
    sp_https_free(&w->https);
    sp_dns_free(&w->dns);
    fake_https_free(&w->server);
    fake_ca_free(&w->ca);
    free(w);
    return 0;
}

static void
serve(struct world *w, enum fake_certificate kind, const struct fake_https_answer *answers, size_t n)
{
    const struct sp_https_options options = {
        .ca_file = fake_ca_file(w->ca), .proxy = "", .clock = &w->clock, .answer_ms = 20000
    };
    w->server = fake_https_new(w->ca, kind, answers, n);
    assert_int_equal(sp_https_new(&options, &w->https, &w->err), SP_OK);
}

static enum sp_trouble
call(struct world *w, struct sp_https_request request)
{
    char url[300];
    if (request.url == NULL) {
        snprintf(url, sizeof url, "%s", fake_https_url(w->server, "/token"));
        request.url = url;
    }
    if (request.method == NULL)
        request.method = request.body_size > 0 ? "POST" : "GET";
    sp_https_response_free(&w->response);
    w->err = (struct sp_err){ 0 };
    return sp_https_call(w->https, &request, &w->response, &w->err);
}

static enum sp_trouble
post(struct world *w, const char *body, bool once)
{
    return call(w, (struct sp_https_request){ .body = body, .body_size = strlen(body), .once = once });
}

static void
test_answer_is_told_with_all_that_matters(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 429, "Retry-After: 17\r\nDate: Mon, 24 Nov 2025 16:05:00 GMT\r\nrequest-id: 12-ab\r\nX: y\r\n",
          "{\"error\":1}", HTTPS_KEEPS },
    };
    serve(w, FAKE_GOOD, answers, 1);
    assert_int_equal(call(w, (struct sp_https_request){ 0 }), SP_TROUBLE_NONE);
    assert_int_equal(w->response.status, 429);
    assert_string_equal(w->response.body, "{\"error\":1}");
    assert_int_equal(w->response.body_size, 11);
    assert_int_equal(w->response.retry_after, 17);
    assert_true(w->response.date_ms == 1764000300000);
    assert_string_equal(w->response.request_id, "12-ab");
    assert_string_equal(w->response.ip, "127.0.0.1");
    assert_int_equal(w->response.port, fake_https_port(w->server));
    assert_string_equal(w->response.tls, "TLSv1.3");
    assert_true(w->response.sent);
}

static void
test_retry_after_as_a_date_or_nonsense(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 503, "Retry-After: Mon, 24 Nov 2025 16:01:00 GMT\r\n", NULL, HTTPS_KEEPS },
        { 503, "Retry-After: Mon, 24 Nov 2025 15:01:00 GMT\r\n", NULL, HTTPS_KEEPS },
        { 503, "Retry-After: 99999999999\r\n", NULL, HTTPS_KEEPS },
        { 503, "Retry-After: soon\r\n", NULL, HTTPS_KEEPS },
        { 200, NULL, NULL, HTTPS_KEEPS },
    };
    static const int64_t expected[] = { 60, 0, 86400, -1, -1 };
    serve(w, FAKE_GOOD, answers, SP_LEN(answers));
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_int_equal(call(w, (struct sp_https_request){ 0 }), SP_TROUBLE_NONE);
        assert_int_equal(w->response.retry_after, expected[i]);
    }
}

static void
test_request_goes_out_whole(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 202, NULL, NULL, HTTPS_KEEPS } };
    static const char *const headers[] = { "Content-Type: text/plain", "X-Scan: 1" };
    SP_AUTO(sp_secret_free) struct sp_secret *token = sp_secret_new("abc.def", 7);
    serve(w, FAKE_GOOD, answers, 1);
    const struct sp_https_request request = {
        .method = "PATCH", .headers = headers, .n_headers = 2, .bearer = token, .body = "hello", .body_size = 5
    };
    assert_int_equal(call(w, request), SP_TROUBLE_NONE);
    const char *heard = fake_https_request(w->server, 0);
    assert_ptr_equal(strstr(heard, "PATCH /token HTTP/1.1\r\n"), heard);
    assert_non_null(strstr(heard, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(heard, "\r\nX-Scan: 1\r\n"));
    assert_non_null(strstr(heard, "\r\nAuthorization: Bearer abc.def\r\n"));
    assert_non_null(strstr(heard, "\r\n\r\nhello"));
    assert_null(strstr(heard, "Expect:"));
}

static void
test_post_without_body_says_so(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 202, NULL, NULL, HTTPS_KEEPS } };
    serve(w, FAKE_GOOD, answers, 1);
    assert_int_equal(call(w, (struct sp_https_request){ .method = "POST" }), SP_TROUBLE_NONE);
    assert_non_null(strstr(fake_https_request(w->server, 0), "\r\nContent-Length: 0\r\n"));
    assert_true(w->response.sent);
}

static void
test_connection_is_kept_and_closed_when_idle(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS } };
    serve(w, FAKE_GOOD, answers, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(post(w, "x", false), SP_TROUBLE_NONE);
    assert_int_equal(fake_https_connections(w->server), 1);
    int64_t next = sp_https_tidy(w->https);
    assert_true(next > sp_mono_ms(&w->clock));
    w->passed += SP_HTTPS_IDLE_MS;
    assert_int_equal(sp_https_tidy(w->https), 0);
    assert_int_equal(post(w, "x", false), SP_TROUBLE_NONE);
    assert_int_equal(fake_https_connections(w->server), 2);
}

static void
test_request_on_a_dead_connection_is_said_again_unless_it_must_not(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 200, NULL, "ok", HTTPS_KEEPS },  { 0, NULL, NULL, HTTPS_HANGS_UP },   { 200, NULL, "ok", HTTPS_KEEPS },
        { 0, NULL, NULL, HTTPS_HANGS_UP }, { 200, NULL, "never", HTTPS_KEEPS },
    };
    serve(w, FAKE_GOOD, answers, SP_LEN(answers));
    assert_int_equal(post(w, "one", false), SP_TROUBLE_NONE);
    assert_int_equal(post(w, "two", false), SP_TROUBLE_NONE);
    assert_int_equal(fake_https_requests(w->server), 3);
    assert_int_equal(post(w, "three", true), SP_TROUBLE_CLOSED);
    assert_true(w->response.sent);
    assert_int_equal(fake_https_requests(w->server), 4);
}

static void
test_once_without_body_gets_a_new_connection(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS } };
    serve(w, FAKE_GOOD, answers, 1);
    assert_int_equal(post(w, "one", false), SP_TROUBLE_NONE);
    assert_int_equal(call(w, (struct sp_https_request){ .method = "POST", .once = true }), SP_TROUBLE_NONE);
    assert_int_equal(fake_https_connections(w->server), 2);
}

static void
test_bad_certificates_are_refused_with_their_issuer(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS } };
    static const enum fake_certificate kinds[] = { FAKE_EXPIRED, FAKE_NOT_YET_VALID, FAKE_WRONG_NAME, FAKE_UNTRUSTED,
                                                   FAKE_SELF_SIGNED };
    for (size_t i = 0; i < SP_LEN(kinds); i++) {
        serve(w, kinds[i], answers, 1);
        assert_int_equal(post(w, "secret", false), SP_TROUBLE_CERTIFICATE);
        assert_non_null(strstr(w->err.text, "issued by 'CN="));
        assert_false(w->response.sent);
        assert_int_equal(fake_https_requests(w->server), 0);
        sp_https_free(&w->https);
        fake_https_free(&w->server);
    }
}

static void
test_hanging_up_and_silence(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 0, NULL, NULL, HTTPS_HANGS_UP },
        { 0, NULL, NULL, HTTPS_SILENT },
    };
    serve(w, FAKE_GOOD, answers, 2);
    assert_int_equal(post(w, "x", true), SP_TROUBLE_CLOSED);
    assert_true(w->response.sent);
    const struct sp_https_request patient = { .body = "x", .body_size = 1, .answer_ms = 500 };
    assert_int_equal(call(w, patient), SP_TROUBLE_TIMEOUT);
    assert_int_equal(w->err.rc, SP_E_TIMEOUT);
}

static void
test_nobody_there(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS } };
    serve(w, FAKE_GOOD, answers, 1);
    char url[300];
    snprintf(url, sizeof url, "%s", fake_https_url(w->server, "/"));
    fake_https_free(&w->server);
    assert_int_equal(call(w, (struct sp_https_request){ .url = url }), SP_TROUBLE_REFUSED);
    assert_int_equal(call(w, (struct sp_https_request){ .url = "http://localhost/" }), SP_TROUBLE_GARBAGE);
    assert_int_equal(call(w, (struct sp_https_request){ .url = "https://" }), SP_TROUBLE_LOCAL);
}

static void
test_redirect_is_an_answer_like_others(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 302, "Location: /elsewhere\r\n", NULL, HTTPS_KEEPS } };
    serve(w, FAKE_GOOD, answers, 1);
    assert_int_equal(call(w, (struct sp_https_request){ 0 }), SP_TROUBLE_NONE);
    assert_int_equal(w->response.status, 302);
    assert_int_equal(fake_https_requests(w->server), 1);
}

static void
test_endless_body_is_cut(void **state)
{
    struct world *w = *state;
    size_t size = (size_t)3 * SP_HTTPS_BODY_MAX;
    SP_AUTO_FREE char *body = malloc(size + 1);
    assert_non_null(body);
    memset(body, 'x', size);
    body[size] = '\0';
    const struct fake_https_answer answers[] = { { 200, NULL, body, HTTPS_KEEPS } };
    serve(w, FAKE_GOOD, answers, 1);
    assert_int_equal(call(w, (struct sp_https_request){ 0 }), SP_TROUBLE_NONE);
    assert_int_equal(w->response.body_size, SP_HTTPS_BODY_MAX);
    assert_true(w->response.body_cut);
}

struct source {
    size_t left, begun;
    bool broken;
};

static enum sp_rc
source_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    struct source *source = context;
    if (source->broken)
        return sp_fail(err, SP_E_CORRUPT, "spool: the document is damaged");
    *ret_got = room < source->left ? room : source->left;
    memset(buffer, 'z', *ret_got);
    source->left -= *ret_got;
    return SP_OK;
}

static enum sp_rc
source_rewind(void *context, struct sp_err *err)
{
    struct source *source = context;
    (void)err;
    source->left = 100000;
    source->begun++;
    return SP_OK;
}

static void
test_body_is_read_as_it_goes_out(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS },
                                                        { 0, NULL, NULL, HTTPS_HANGS_UP },
                                                        { 200, NULL, "ok", HTTPS_KEEPS } };
    struct source source = { .left = 100000 };
    const struct sp_https_request request = {
        .method = "PUT", .body_size = 100000, .read = source_read, .rewind = source_rewind, .context = &source
    };
    serve(w, FAKE_GOOD, answers, SP_LEN(answers));
    assert_int_equal(call(w, request), SP_TROUBLE_NONE);
    assert_true(strlen(fake_https_request(w->server, 0)) > 100000);
    source.left = 100000;
    assert_int_equal(call(w, request), SP_TROUBLE_NONE); /* hangs up, and is begun again */
    assert_int_equal(source.begun, 1);
    assert_int_equal(fake_https_requests(w->server), 3);
}

static void
test_body_that_cannot_be_read_is_our_trouble(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS } };
    struct source source = { .broken = true };
    struct sp_https_request request = { .method = "PUT", .body_size = 10, .read = source_read, .context = &source };
    serve(w, FAKE_GOOD, answers, 1);
    assert_int_equal(call(w, request), SP_TROUBLE_LOCAL);
    assert_string_equal(w->err.text, "spool: the document is damaged");
    assert_false(w->response.sent);
    source = (struct source){ .left = 5 };
    assert_int_equal(call(w, request), SP_TROUBLE_LOCAL);
    assert_string_equal(w->err.text, "https: the body ended before its time");
}

static void
test_proxy_is_asked_and_its_refusal_told(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 407, "Proxy-Authenticate: Basic realm=\"office\"\r\n", NULL, HTTPS_CLOSES },
        { 403, NULL, NULL, HTTPS_CLOSES },
    };
    w->server = fake_https_new(NULL, FAKE_GOOD, answers, 2);
    const struct sp_https_options options = { .ca_file = fake_ca_file(w->ca),
                                              .proxy = fake_https_url(w->server, ""),
                                              .clock = &w->clock };
    assert_int_equal(sp_https_new(&options, &w->https, &w->err), SP_OK);
    const struct sp_https_request request = { .url = "https://login.example.test/x" };
    assert_int_equal(call(w, request), SP_TROUBLE_NONE);
    assert_int_equal(w->response.status, 407);
    assert_false(w->response.sent);
    const char *heard = fake_https_request(w->server, 0);
    assert_ptr_equal(strstr(heard, "CONNECT login.example.test:443 HTTP/1.1\r\n"), heard);
    enum sp_trouble trouble = call(w, request);
    assert_true(trouble == SP_TROUBLE_UNREACHABLE || trouble == SP_TROUBLE_CLOSED);
    assert_non_null(strstr(w->err.text, "403"));
}

static void
test_names_are_looked_up_by_our_resolver(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS } };
    static const struct fake_dns_rule rules[] = {
        { "localhost.example.test", 0, DNS_ANSWERS, { { "localhost.example.test", 1, 60, "127.0.0.1" } } },
        { NULL },
    };
    struct fake_dns *resolver = fake_dns_new(rules);
    w->server = fake_https_new(w->ca, FAKE_GOOD, answers, 1);
    assert_int_equal(sp_dns_new(fake_dns_address(resolver), &w->clock, &w->dns, &w->err), SP_OK);
    const struct sp_https_options options = { .ca_file = "", .proxy = "", .clock = &w->clock, .dns = w->dns };
    assert_int_equal(sp_https_new(&options, &w->https, &w->err), SP_OK);
    char url[100];
    snprintf(url, sizeof url, "https://localhost.example.test:%u/", fake_https_port(w->server));
    /* The system trusts nobody's fake authority: so far and no further, but to the right place. */
    assert_int_equal(call(w, (struct sp_https_request){ .url = url }), SP_TROUBLE_CERTIFICATE);
    assert_int_equal(fake_https_connections(w->server), 1);
    assert_int_equal(call(w, (struct sp_https_request){ .url = "https://nowhere.example.test/" }), SP_TROUBLE_DNS);
    assert_non_null(strstr(w->err.text, "nowhere.example.test"));
    fake_dns_free(&resolver);
}

static void
test_ca_file_that_is_missing_is_our_trouble(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, "ok", HTTPS_KEEPS } };
    const struct sp_https_options options = { .ca_file = "/nonexistent/ca.pem", .proxy = "", .clock = &w->clock };
    w->server = fake_https_new(w->ca, FAKE_GOOD, answers, 1);
    assert_int_equal(sp_https_new(&options, &w->https, &w->err), SP_OK);
    assert_int_equal(call(w, (struct sp_https_request){ 0 }), SP_TROUBLE_LOCAL);
    assert_non_null(strstr(w->err.text, "/nonexistent/ca.pem"));
}

#define world_test(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_answer_is_told_with_all_that_matters),
        world_test(test_retry_after_as_a_date_or_nonsense),
        world_test(test_request_goes_out_whole),
        world_test(test_post_without_body_says_so),
        world_test(test_connection_is_kept_and_closed_when_idle),
        world_test(test_request_on_a_dead_connection_is_said_again_unless_it_must_not),
        world_test(test_once_without_body_gets_a_new_connection),
        world_test(test_bad_certificates_are_refused_with_their_issuer),
        world_test(test_hanging_up_and_silence),
        world_test(test_nobody_there),
        world_test(test_redirect_is_an_answer_like_others),
        world_test(test_endless_body_is_cut),
        world_test(test_body_is_read_as_it_goes_out),
        world_test(test_body_that_cannot_be_read_is_our_trouble),
        world_test(test_proxy_is_asked_and_its_refusal_told),
        world_test(test_names_are_looked_up_by_our_resolver),
        world_test(test_ca_file_that_is_missing_is_our_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

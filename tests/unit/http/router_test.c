/* router_test.c - targets, routes and rights, without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "web/http/router.h"

static void
answer_any(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    sp_respond_empty(res, 200);
    for (size_t i = 0; i < req->n_args; i++)
        sp_respond_header(res, "X-Arg", sp_request_arg(req, i));
}

static void
answer_word(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    (void)req;
    sp_respond_empty(res, 204);
}

static const struct sp_route routes[] = {
    { "GET", "/", SP_MAY_ANYONE, answer_any, NULL },
    { "GET", "/a/:id", SP_MAY_ANYONE, answer_any, NULL },
    { "GET", "/a/word", SP_MAY_ANYONE, answer_word, NULL },
    { "GET", "/a/:id/b/:n", SP_MAY_ANYONE, answer_any, NULL },
    { "PUT", "/a/:id", SP_MAY_ANYONE, answer_any, NULL },
    { "GET", "/tree/*", SP_MAY_ANYONE, answer_word, NULL },
    { "GET", "/tree/:x", SP_MAY_ANYONE, answer_any, NULL },
    { "POST", "/submit", SP_MAY_SUBMIT, answer_any, NULL },
    { "POST", "/read", SP_MAY_READ, answer_any, NULL },
    { "POST", "/operate", SP_MAY_OPERATE, answer_any, NULL },
    { "POST", "/admin", SP_MAY_ADMIN, answer_any, NULL },
    { "POST", "/open", SP_MAY_ANYONE, answer_any, NULL },
    { 0 },
};
static const struct sp_route *const tables[] = { routes, NULL };

struct sp_auth { /* what our identify says */
    struct sp_caller caller;
    enum sp_rc rc;
};

static enum sp_rc
identify(struct sp_auth *auth, struct sp_request *req, struct sp_err *err)
{
    if (auth->rc != SP_OK)
        return sp_fail(err, auth->rc, "so it is");
    req->caller = auth->caller;
    return SP_OK;
}

static int
run_as(const char *method, const char *target, struct sp_auth *auth, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_request req = { .arena = sp_arena_new(), .method = method };
    const struct sp_router router = { .tables = tables, .identify = identify, .auth = auth };
    sp_response_init(res);
    if (sp_request_target(&req, target, &err) == SP_OK)
        sp_router_run(&router, &req, res);
    else
        sp_respond_error(res, &err);
    sp_arena_free(&req.arena);
    return res->status;
}

static int
run(const char *method, const char *target)
{
    struct sp_auth auth = { 0 };
    struct sp_response res;
    int status = run_as(method, target, &auth, &res);
    sp_response_free(&res);
    return status;
}

static void
test_routes_that_fit(void **state)
{
    static const struct {
        const char *method, *target;
        int status;
    } table[] = {
        { "GET", "/", 200 },
        { "GET", "/?x=1", 200 },
        { "GET", "/a/1", 200 },
        { "PUT", "/a/1", 200 },
        { "GET", "/a/word", 204 },
        { "GET", "/a/w%6Frd", 204 },
        { "GET", "/a/1/b/2", 200 },
        { "GET", "/tree", 204 },
        { "GET", "/tree/", 204 },
        { "GET", "/tree/x/", 204 },
        { "GET", "/tree/x/y/z", 204 },
        { "GET", "/tree/x", 200 },
        { "GET", "/tree/word", 200 },
        { "GET", "/trees", 404 },
        { "PUT", "/tree/x", 405 },
        { "GET", "/a/1#b", 400 },
        { "GET", "/a", 404 },
        { "GET", "/a/", 404 },
        { "GET", "//a/1", 404 },
        { "GET", "/a/1/", 404 },
        { "GET", "/a/1/b", 404 },
        { "GET", "/A/1", 404 },
        { "GET", "/a/1/b/2/c", 404 },
        { "DELETE", "/a/1", 405 },
        { "get", "/a/1", 405 },
        { "OPTIONS", "/a/1", 204 },
        { "GET", "/a/../a/1", 400 },
        { "GET", "/a/%2e%2E", 400 },
        { "GET", "/a/.", 400 },
        { "GET", "/a/1%2F2", 400 },
        { "GET", "/a/%00", 400 },
        { "GET", "/a/%0d", 400 },
        { "GET", "/a/%", 400 },
        { "GET", "/a/%4", 400 },
        { "GET", "/a/%4g", 400 },
        { "GET", "/a/%ff", 400 },
        { "GET", "http://x/a/1", 400 },
        { "GET", "*", 400 },
        { "GET", "/?a=%zz", 400 },
        { "GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13", 400 },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        int status = run(table[i].method, table[i].target);
        if (status != table[i].status)
            fail_msg("%s %s: %d instead of %d", table[i].method, table[i].target, status, table[i].status);
    }
}

static void
test_405_says_what_would_be_allowed(void **state)
{
    struct sp_auth auth = { 0 };
    struct sp_response res;
    (void)state;
    assert_int_equal(run_as("DELETE", "/a/1", &auth, &res), 405);
    assert_string_equal(sp_response_header(&res, "Allow"), "GET, HEAD, PUT");
    sp_response_free(&res);
}

static void
test_arguments_are_decoded_once(void **state)
{
    struct sp_auth auth = { 0 };
    struct sp_response res;
    (void)state;
    assert_int_equal(run_as("GET", "/a/x%2541%20y/b/2", &auth, &res), 200);
    assert_string_equal(sp_response_header(&res, "X-Arg"), "x%41 y");
    sp_response_free(&res);
}

static void
test_who_may_what(void **state)
{
    static const char *const targets[] = { "/open", "/submit", "/read", "/operate", "/admin" };
    static const struct {
        struct sp_caller caller;
        int status[5];
    } table[] = {
        { { .kind = SP_CALLER_NONE }, { 200, 401, 401, 401, 401 } },
        { { .kind = SP_CALLER_TOKEN, .may_submit = true }, { 200, 200, 403, 403, 403 } },
        { { .kind = SP_CALLER_SESSION, .role = SP_ROLE_NONE }, { 200, 403, 403, 403, 403 } },
        { { .kind = SP_CALLER_SESSION, .role = SP_ROLE_VIEWER }, { 200, 403, 200, 403, 403 } },
        { { .kind = SP_CALLER_SESSION, .role = SP_ROLE_OPERATOR }, { 200, 403, 200, 200, 403 } },
        { { .kind = SP_CALLER_PEER, .role = SP_ROLE_ADMIN, .may_submit = true }, { 200, 200, 200, 200, 200 } },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        for (size_t t = 0; t < SP_LEN(targets); t++) {
            struct sp_auth auth = { .caller = table[i].caller };
            struct sp_response res;
            assert_int_equal(run_as("POST", targets[t], &auth, &res), table[i].status[t]);
            sp_response_free(&res);
        }
    }
}

static void
test_what_identify_refuses(void **state)
{
    static const struct {
        enum sp_rc rc;
        int status, open_status;
        const char *header;
    } table[] = {
        { SP_E_AUTH, 401, 200, "WWW-Authenticate" },
        { SP_E_DENIED, 403, 200, NULL },
        { SP_E_BUSY, 429, 429, "Retry-After" },
        { SP_E_IO, 503, 503, "Retry-After" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        struct sp_auth auth = { .rc = table[i].rc };
        struct sp_response res;
        assert_int_equal(run_as("POST", "/read", &auth, &res), table[i].status);
        if (table[i].header != NULL)
            assert_non_null(sp_response_header(&res, table[i].header));
        assert_non_null(strstr(res.body, "\"detail\":\"so it is\""));
        sp_response_free(&res);
        assert_int_equal(run_as("POST", "/open", &auth, &res), table[i].open_status);
        sp_response_free(&res);
    }
}

static void
test_headers_of_an_answer_hold_no_line_ends(void **state)
{
    struct sp_response res;
    (void)state;
    sp_response_init(&res);
    sp_respond_header(&res, "X-A", "a\r\nSet-Cookie: b");
    assert_string_equal(sp_response_header(&res, "x-a"), "a  Set-Cookie: b");
    sp_response_free(&res);
}

static void
test_a_second_answer_replaces_the_first(void **state)
{
    struct sp_response res;
    (void)state;
    sp_response_init(&res);
    sp_respond_json_steal(&res, 200, json_pack("{}"));
    sp_respond_problem(&res, 409, "conflict", "a \"quoted\" <word>");
    assert_int_equal(res.status, 409);
    assert_int_equal(res.n_headers, 1);
    assert_string_equal(res.body, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
                                  "\"detail\":\"a \\\"quoted\\\" <word>\",\"code\":\"conflict\"}");
    sp_response_free(&res);
}

static void
test_query_cookies_and_types(void **state)
{
    static const struct sp_field headers[] = {
        { "Cookie", "a=1; scanpost_session=tok; scanpost_session2=x" },
        { "content-type", "Application/JSON; charset=utf-8" },
    };
    struct sp_request req = { .arena = sp_arena_new(), .headers = { headers, SP_LEN(headers) } };
    (void)state;
    assert_int_equal(sp_request_target(&req, "/j?q=a+b%26c&&state=&x&q=2", NULL), SP_OK);
    assert_string_equal(sp_request_query(&req, "q"), "a b&c");
    assert_string_equal(sp_request_query(&req, "state"), "");
    assert_string_equal(sp_request_query(&req, "x"), "");
    assert_null(sp_request_query(&req, "y"));
    assert_string_equal(sp_request_cookie(&req, "scanpost_session"), "tok");
    assert_string_equal(sp_request_cookie(&req, "a"), "1");
    assert_null(sp_request_cookie(&req, "b"));
    assert_true(sp_request_is_type(&req, "application/json"));
    assert_false(sp_request_is_type(&req, "application/js"));
    sp_arena_free(&req.arena);
}

static enum sp_rc
json_of(const char *type, const char *body)
{
    static const char *const keys[] = { "a", "b", NULL };
    const struct sp_field headers[] = { { "Content-Type", type } };
    struct sp_request req = { .headers = { headers, 1 }, .body = body, .body_size = strlen(body) };
    json_t *json = NULL;
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_request_json(&req, keys, &json, &err);
    json_decref(json);
    return rc;
}

static void
test_json_bodies(void **state)
{
    (void)state;
    assert_int_equal(json_of("application/json", "{\"a\": 1}"), SP_OK);
    assert_int_equal(json_of("application/json", "{}"), SP_OK);
    assert_int_equal(json_of("text/plain", "{}"), SP_E_TYPE);
    assert_int_equal(json_of("application/json", ""), SP_E_INVALID);
    assert_int_equal(json_of("application/json", "[]"), SP_E_INVALID);
    assert_int_equal(json_of("application/json", "{\"a\": 1"), SP_E_INVALID);
    assert_int_equal(json_of("application/json", "{\"c\": 1}"), SP_E_INVALID);
    assert_int_equal(json_of("application/json", "{\"a\": 1, \"a\": 2}"), SP_E_INVALID);
    assert_int_equal(json_of("application/json", "{\"a\": \"\\u0000\"}"), SP_E_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_that_fit),
        cmocka_unit_test(test_405_says_what_would_be_allowed),
        cmocka_unit_test(test_arguments_are_decoded_once),
        cmocka_unit_test(test_who_may_what),
        cmocka_unit_test(test_what_identify_refuses),
        cmocka_unit_test(test_headers_of_an_answer_hold_no_line_ends),
        cmocka_unit_test(test_a_second_answer_replaces_the_first),
        cmocka_unit_test(test_query_cookies_and_types),
        cmocka_unit_test(test_json_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

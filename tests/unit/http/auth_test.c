/* auth_test.c - who may come in, how they say so, and the accounts they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "house.h"
#include "web/auth/password.h"
#include "web/auth/sessions.h"
#include "web/auth/throttle.h"

static int
set_up(void **state)
{
    *state = house_open();
    return 0;
}

static int
tear_down(void **state)
{
    house_close(*state);
    return 0;
}

/* Which of these resources answers whom: the contract's table of rights, a line a caller. */
static void
test_the_table_of_rights(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *method, *target, *json;
    } asks[] = {
        { "GET", "/healthz", NULL },
        { "GET", "/api/v1/jobs", NULL },
        { "GET", "/api/v1/methods", NULL },
        { "GET", "/api/v1/folders", NULL },
        { "POST", "/api/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/retry", NULL }, /* 404 for who may */
        { "POST", "/api/v1/jobs/actions", "{\"action\":\"retry\",\"q\":\"class:none\"}" },
        { "GET", "/api/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/document/1", NULL },
        { "GET", "/api/v1/users", NULL },
        { "GET", "/api/v1/tokens", NULL },
        { "POST", "/api/v1/scans", "{}" }, /* 415 for who may */
    };
    struct session viewer;
    struct session operator_;
    struct session chief;
    add_user(house, "vera", "viewer");
    add_user(house, "otto", "operator");
    add_user(house, "ada", "admin");
    assert_int_equal(sign_in(house, "vera", PASSWORD, NULL, &viewer), 200);
    assert_int_equal(sign_in(house, "otto", PASSWORD, NULL, &operator_), 200);
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, &chief), 200);
    SP_AUTO_FREE char *token = house_token(house, "{\"name\":\"copier\"}");
    const struct {
        struct asker asker;
        int status[SP_LEN(asks)];
    } table[] = {
        { nobody, { 200, 401, 401, 401, 401, 401, 401, 401, 401, 401 } },
        { { .authorization = token }, { 200, 403, 403, 403, 403, 403, 403, 403, 403, 415 } },
        { { .authorization = "Bearer sp_no" }, { 200, 401, 401, 401, 401, 401, 401, 401, 401, 401 } },
        { as_session(&viewer), { 200, 200, 200, 200, 403, 403, 403, 403, 403, 403 } },
        { as_session(&operator_), { 200, 200, 200, 200, 404, 200, 403, 403, 403, 403 } },
        { as_session(&chief), { 200, 200, 200, 200, 404, 200, 404, 200, 200, 415 } },
        { admin, { 200, 200, 200, 200, 404, 200, 404, 200, 200, 415 } },
        { { .local = true, .uid = 0 }, { 200, 200, 200, 200, 404, 200, 404, 200, 200, 415 } },
        { { .local = true, .uid = 4242 }, { 200, 403, 403, 403, 403, 403, 403, 403, 403, 403 } },
    };
    for (size_t i = 0; i < SP_LEN(table); i++) {
        for (size_t k = 0; k < SP_LEN(asks); k++) {
            int status = status_send(house, &table[i].asker, asks[k].method, asks[k].target, asks[k].json);
            if (status != table[i].status[k])
                fail_msg("caller %zu, %s %s: %d instead of %d", i, asks[k].method, asks[k].target, status,
                         table[i].status[k]);
        }
    }
}

static void
test_a_token_as_bearer_and_as_basic_password(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *bearer = house_token(house, "{\"name\":\"copier\"}");
    SP_AUTO(sp_str_free) struct sp_str pair = { 0 };
    SP_AUTO(sp_str_free) struct sp_str basic = { 0 };
    sp_str_addf(&pair, "anything:%s", bearer + strlen("Bearer "));
    sp_str_add(&basic, "bAsIc ");
    sp_base64_add(&basic, pair.text, pair.len);
    struct asker by_bearer = { .authorization = bearer };
    struct asker by_basic = { .authorization = basic.text };
    struct asker broken = { .authorization = "Basic ???" };
    struct asker other = { .authorization = "Digest x" };
    assert_int_equal(status_send(house, &by_bearer, "POST", "/api/v1/scans", "{}"), 415);
    assert_int_equal(status_send(house, &by_basic, "POST", "/api/v1/scans", "{}"), 415);
    assert_int_equal(status_send(house, &broken, "POST", "/api/v1/scans", "{}"), 401);
    assert_int_equal(status_send(house, &other, "POST", "/api/v1/scans", "{}"), 401);
    assert_int_equal(status_send(house, &admin, "DELETE", "/api/v1/tokens/copier", NULL), 204);
    assert_int_equal(status_send(house, &by_bearer, "POST", "/api/v1/scans", "{}"), 401);
    assert_int_equal(status_send(house, &admin, "DELETE", "/api/v1/tokens/copier", NULL), 404);
}

static void
test_a_token_is_shown_once_and_its_use_is_noted(void **state)
{
    struct house *house = *state;
    struct sp_response res;
    SP_AUTO_FREE char *bearer = house_token(house, "{\"name\":\"copier\",\"route\":\"accounting\",\"to\":[\"*\"]}");
    assert_int_equal(strlen(bearer), strlen("Bearer ") + SP_TOKEN_TEXT_SIZE - 1);
    struct asker asker = { .authorization = bearer };
    status_send(house, &asker, "POST", "/api/v1/scans", "{}");
    assert_int_equal(house_get(house, &admin, "/api/v1/tokens", &res), 200);
    assert_null(strstr(res.body, bearer + strlen("Bearer ")));
    json_t *list = body_of(&res);
    const json_t *token = json_array_get(json_object_get(list, "tokens"), 0);
    assert_string_equal(json_string_value(json_object_get(token, "route")), "accounting");
    assert_string_equal(json_string_value(json_array_get(json_object_get(token, "to"), 0)), "*");
    assert_true(json_is_string(json_object_get(token, "last_used")));
    assert_true(json_is_null(json_object_get(token, "revoked")));
    json_decref(list);
    sp_response_free(&res);
}

static void
test_400_and_409_for_accounts(void **state)
{
    static const struct {
        const char *target, *json;
        int status;
    } table[] = {
        { "/api/v1/tokens", "{\"name\":\"a\"}", 201 },
        { "/api/v1/tokens", "{\"name\":\"a\"}", 409 },
        { "/api/v1/tokens", "{}", 400 },
        { "/api/v1/tokens", "{\"name\":\"../a\"}", 400 },
        { "/api/v1/tokens", "{\"name\":\"A\"}", 400 },
        { "/api/v1/tokens", "{\"name\":7}", 400 },
        { "/api/v1/tokens", "{\"name\":\"b\",\"route\":\"nowhere\"}", 400 },
        { "/api/v1/tokens", "{\"name\":\"b\",\"to\":[\"*@\"]}", 400 },
        { "/api/v1/tokens", "{\"name\":\"b\",\"to\":\"*\"}", 400 },
        { "/api/v1/users", "{\"name\":\"u\",\"password\":\"" PASSWORD "\"}", 201 },
        { "/api/v1/users", "{\"name\":\"u\",\"password\":\"" PASSWORD "\"}", 409 },
        { "/api/v1/users", "{\"name\":\"v\",\"password\":\"short\"}", 400 },
        { "/api/v1/users", "{\"name\":\"v\",\"password\":\"" PASSWORD "\",\"role\":\"king\"}", 400 },
        { "/api/v1/users", "{\"name\":\"v\",\"password\":\"" PASSWORD "\",\"role\":\"none\"}", 400 },
        { "/api/v1/users", "{\"name\":\"v\"}", 400 },
    };
    struct house *house = *state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        int status = status_send(house, &admin, "POST", table[i].target, table[i].json);
        if (status != table[i].status)
            fail_msg("%s: %d instead of %d", table[i].json, status, table[i].status);
    }
    assert_int_equal(status_send(house, &admin, "DELETE", "/api/v1/users/x", NULL), 404);
    assert_int_equal(status_send(house, &admin, "PUT", "/api/v1/users/x/password", "{\"password\":\"" PASSWORD "\"}"),
                     404);
}

static void
test_a_session_from_its_begin_to_its_end(void **state)
{
    struct house *house = *state;
    struct session session;
    add_user(house, "ada", "admin");
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, &session), 200);
    struct asker asker = as_session(&session);
    struct sp_response res;
    assert_int_equal(house_get(house, &asker, "/api/v1/session", &res), 200);
    assert_non_null(strstr(res.body, session.csrf));
    sp_response_free(&res);
    assert_int_equal(house_post(house, &asker, "DELETE", "/api/v1/session", NULL, &res), 204);
    assert_non_null(strstr(sp_response_header(&res, "Set-Cookie"), "Max-Age=0"));
    sp_response_free(&res);
    assert_int_equal(status_get(house, &asker, "/api/v1/jobs"), 401);
}

static void
test_the_cookie_is_for_this_site_only(void **state)
{
    struct house *house = *state;
    struct asker asker = { .tls = true };
    struct sp_response res;
    add_user(house, "ada", "admin");
    assert_int_equal(
        house_post(house, &asker, "POST", "/api/v1/session", "{\"name\":\"ada\",\"password\":\"" PASSWORD "\"}", &res),
        200);
    const char *cookie = sp_response_header(&res, "Set-Cookie");
    assert_non_null(strstr(cookie, "; HttpOnly"));
    assert_non_null(strstr(cookie, "; SameSite=Strict"));
    assert_non_null(strstr(cookie, "; Secure"));
    sp_response_free(&res);
}

static void
test_403_for_a_change_without_the_csrf_token(void **state)
{
    struct house *house = *state;
    struct session session;
    add_user(house, "ada", "admin");
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, &session), 200);
    struct asker without = { .cookie = session.cookie };
    struct asker wrong = { .cookie = session.cookie, .csrf = session.cookie + strlen(SP_SESSION_COOKIE "=") };
    assert_int_equal(status_get(house, &without, "/api/v1/jobs"), 200);
    assert_int_equal(
        status_send(house, &without, "POST", "/api/v1/jobs/actions", "{\"action\":\"retry\",\"q\":\"class:x\"}"), 403);
    assert_int_equal(
        status_send(house, &wrong, "POST", "/api/v1/jobs/actions", "{\"action\":\"retry\",\"q\":\"class:x\"}"), 403);
    assert_int_equal(status_send(house, &without, "DELETE", "/api/v1/session", NULL), 403);
    assert_int_equal(status_get(house, &without, "/api/v1/jobs"), 200);
}

static void
test_signing_in_often_signs_nobody_else_out(void **state)
{
    static struct sp_sessions sessions;
    char ada[SP_SESSION_TEXT_SIZE], first[SP_SESSION_TEXT_SIZE];
    (void)state;
    strcpy(ada, sp_sessions_begin(&sessions, "ada", 1)->token);
    strcpy(first, sp_sessions_begin(&sessions, "vera", 2)->token);
    for (int i = 0; i < SP_SESSIONS_ROOM; i++)
        (void)sp_sessions_begin(&sessions, "vera", 3 + i);
    assert_non_null(sp_sessions_find(&sessions, ada, 1000));
    assert_null(sp_sessions_find(&sessions, first, 1000));
}

static void
test_sessions_end_with_time_password_and_user(void **state)
{
    struct house *house = *state;
    struct session session;
    struct asker asker;
    add_user(house, "ada", "admin");
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, &session), 200);
    asker = as_session(&session);
    house->later_ms += SP_SESSION_IDLE_MS;
    assert_int_equal(status_get(house, &asker, "/api/v1/jobs"), 401);
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, &session), 200);
    for (int i = 0; i < 36; i++) { /* in use, but twelve hours are enough */
        assert_int_equal(status_get(house, &asker, "/api/v1/jobs"), 200);
        house->later_ms += SP_SESSION_END_MS / 36;
    }
    assert_int_equal(status_get(house, &asker, "/api/v1/jobs"), 401);
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, &session), 200);
    assert_int_equal(
        status_send(house, &admin, "PUT", "/api/v1/users/ada/password", "{\"password\":\"battery staple\"}"), 204);
    assert_int_equal(status_get(house, &asker, "/api/v1/jobs"), 401);
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, NULL), 401);
    assert_int_equal(sign_in(house, "ada", "battery staple", NULL, &session), 200);
    assert_int_equal(status_send(house, &admin, "DELETE", "/api/v1/users/ada", NULL), 204);
    assert_int_equal(status_get(house, &asker, "/api/v1/jobs"), 401);
}

static void
test_wrong_tries_have_to_wait(void **state)
{
    struct house *house = *state;
    add_user(house, "ada", "admin");
    for (int i = 0; i < SP_THROTTLE_FREE_TRIES; i++)
        assert_int_equal(sign_in(house, i % 2 == 0 ? "ada" : "nobody", "wrong wrong", "192.0.2.66", NULL), 401);
    assert_int_equal(sign_in(house, "ada", PASSWORD, "192.0.2.66", NULL), 429); /* that address */
    assert_int_equal(sign_in(house, "ada", PASSWORD, "192.0.2.1", NULL), 200);  /* not the person */
    house->later_ms += 2000;
    assert_int_equal(sign_in(house, "ada", PASSWORD, "192.0.2.66", NULL), 200);
}

static void
test_a_network_of_ipv6_is_one_guesser(void **state)
{
    struct house *house = *state;
    add_user(house, "ada", "admin");
    for (int i = 0; i < SP_THROTTLE_FREE_TRIES; i++) {
        char address[40];
        snprintf(address, sizeof(address), "2001:db8:1:2::%x", (unsigned)(i + 1) * 4096);
        assert_int_equal(sign_in(house, i % 2 == 0 ? "ada" : "nobody", "wrong wrong", address, NULL), 401);
    }
    assert_int_equal(sign_in(house, "ada", PASSWORD, "2001:db8:1:2:ffff::1", NULL), 429);
    assert_int_equal(sign_in(house, "ada", PASSWORD, "2001:db8:1:3::1", NULL), 200);
}

static void
test_guesses_from_everywhere_slow_one_name_down_for_a_moment(void **state)
{
    struct house *house = *state;
    add_user(house, "ada", "admin");
    for (int i = 0; i < SP_THROTTLE_FREE_TRIES; i++) {
        char address[32];
        snprintf(address, sizeof(address), "192.0.2.%d", 10 + i);
        assert_int_equal(sign_in(house, "ada", "wrong wrong", address, NULL), 401);
    }
    assert_int_equal(sign_in(house, "ada", PASSWORD, "192.0.2.1", NULL), 429);
    house->later_ms += 30000; /* the longest that anybody can keep her out */
    assert_int_equal(sign_in(house, "ada", PASSWORD, "192.0.2.1", NULL), 200);
}

static void
test_the_throttle_forgets_who_was_least_recent(void **state)
{
    (void)state;
    struct sp_throttle *throttle = calloc(1, sizeof(*throttle));
    for (int i = 0; i < 2 * SP_THROTTLE_ROOM; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%d", i);
        for (int n = 0; n < 40; n++)
            sp_throttle_failed(throttle, key, i, 1000000);
    }
    assert_true(sp_throttle_blocks(throttle, "k1023", 2000));
    assert_false(sp_throttle_blocks(throttle, "k1023", 1001023));
    assert_false(sp_throttle_blocks(throttle, "k0", 2000));
    free(throttle);
}

static void
test_passwords_and_random_texts(void **state)
{
    (void)state;
    SP_AUTO_FREE char *hash = NULL;
    char one[SP_SESSION_TEXT_SIZE];
    char two[SP_SESSION_TEXT_SIZE];
    assert_int_equal(sp_password_hash(PASSWORD, &hash, NULL), SP_OK);
    assert_memory_equal(hash, "$y$", 3);
    assert_true(sp_password_matches(PASSWORD, hash));
    assert_false(sp_password_matches("correct hors", hash));
    assert_false(sp_password_matches(PASSWORD, ""));
    assert_false(sp_password_matches(PASSWORD, "!locked"));
    sp_random_text(one);
    sp_random_text(two);
    assert_int_equal(strlen(one), SP_SESSION_TEXT_SIZE - 1);
    assert_string_not_equal(one, two);
    assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
}

static void
test_methods_folders_and_health(void **state)
{
    struct house *house = *state;
    struct sp_method_settings methods[] = {
        { .name = "direct", .type = SP_TYPE_DIRECT, .tenant = "contoso", .enabled = true },
        { .name = "graph", .type = SP_TYPE_GRAPH, .tenant = "contoso", .username = "" },
    };
    struct sp_response res;
    house->w->settings.methods = methods;
    house->w->settings.n_methods = SP_LEN(methods);
    assert_int_equal(house_get(house, &admin, "/api/v1/methods", &res), 200);
    json_t *json = body_of(&res);
    const json_t *graph = json_array_get(json_object_get(json, "methods"), 1);
    assert_string_equal(json_string_value(json_object_get(graph, "state")), "unproven");
    assert_true(json_is_false(json_object_get(graph, "enabled")));
    assert_true(json_is_null(json_object_get(graph, "proven_at")));
    json_decref(json);
    sp_response_free(&res);
    assert_int_equal(house_get(house, &admin, "/api/v1/folders", &res), 200);
    assert_string_equal(res.body, "{\"folders\":[]}");
    sp_response_free(&res);
    assert_int_equal(house_get(house, &nobody, "/healthz", &res), 200);
    assert_string_equal(res.body, "{\"status\":\"ok\"}");
    sp_response_free(&res);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_table_of_rights),
        TEST(test_a_token_as_bearer_and_as_basic_password),
        TEST(test_a_token_is_shown_once_and_its_use_is_noted),
        TEST(test_400_and_409_for_accounts),
        TEST(test_a_session_from_its_begin_to_its_end),
        TEST(test_the_cookie_is_for_this_site_only),
        TEST(test_403_for_a_change_without_the_csrf_token),
        TEST(test_sessions_end_with_time_password_and_user),
        TEST(test_signing_in_often_signs_nobody_else_out),
        TEST(test_wrong_tries_have_to_wait),
        TEST(test_a_network_of_ipv6_is_one_guesser),
        TEST(test_guesses_from_everywhere_slow_one_name_down_for_a_moment),
        cmocka_unit_test(test_the_throttle_forgets_who_was_least_recent),
        cmocka_unit_test(test_passwords_and_random_texts),
        TEST(test_methods_folders_and_health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

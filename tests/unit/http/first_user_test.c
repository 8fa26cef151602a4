/* first_user_test.c - the first user, by a key that works once, for a day, while there is nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "house.h"
#include "web/api/first_user.h"

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

/* The key in the link, for the caller to free. */
static char *
new_key(struct house *house)
{
    struct sp_response res;
    assert_int_equal(house_post(house, &admin, "POST", "/api/v1/first-user/link", NULL, &res), 201);
    json_t *body = body_of(&res);
    const char *link = json_string_value(json_object_get(body, "link"));
    assert_memory_equal(link, "http://127.0.0.1:8631/#/first?key=", 34);
    char *key = strdup(link + 34);
    json_decref(body);
    sp_response_free(&res);
    return key;
}

static int
use(struct house *house, const char *key, const char *name, const char *password, struct sp_response *res)
{
    char body[400];
    snprintf(body, sizeof(body), "{\"key\":\"%s\",\"name\":\"%s\",\"password\":\"%s\"}", key, name, password);
    return house_post(house, &nobody, "POST", "/api/v1/first-user", body, res);
}

static int
status_use(struct house *house, const char *key, const char *name, const char *password)
{
    struct sp_response res;
    int status = use(house, key, name, password, &res);
    sp_response_free(&res);
    return status;
}

static void
test_the_key_makes_an_admin_who_is_signed_in(void **state)
{
    struct house *house = *state;
    struct sp_response res;
    struct session session;
    SP_AUTO_FREE char *key = new_key(house);
    assert_int_equal(use(house, key, "ada", PASSWORD, &res), 201);
    json_t *body = body_of(&res);
    const char *cookie = sp_response_header(&res, "Set-Cookie");
    assert_non_null(strstr(cookie, "HttpOnly"));
    snprintf(session.cookie, sizeof(session.cookie), "%.*s", (int)strcspn(cookie, ";"), cookie);
    snprintf(session.csrf, sizeof(session.csrf), "%s", json_string_value(json_object_get(body, "csrf_token")));
    json_decref(body);
    sp_response_free(&res);
    struct asker ada = as_session(&session);
    assert_int_equal(status_get(house, &ada, "/api/v1/users"), 200);
    assert_int_equal(sign_in(house, "ada", PASSWORD, NULL, NULL), 200);
    assert_int_equal(status_use(house, key, "eve", PASSWORD), 409);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/first-user/link", NULL), 409);
}

static void
test_only_the_newest_key_for_a_day(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *old = new_key(house);
    SP_AUTO_FREE char *key = new_key(house);
    assert_int_equal(status_use(house, old, "eve", PASSWORD), 401);
    assert_int_equal(status_use(house, "", "eve", PASSWORD), 400);
    assert_int_equal(status_use(house, "0000000000000000000000000000000000000000000", "eve", PASSWORD), 401);
    assert_int_equal(status_use(house, key, "../ada", PASSWORD), 400);
    assert_int_equal(status_use(house, key, "ada", "short"), 400);
    house->later_ms += (int64_t)24 * 3600 * 1000;
    assert_int_equal(status_use(house, key, "ada", PASSWORD), 401);
    SP_AUTO_FREE char *next = new_key(house);
    assert_int_equal(status_use(house, next, "ada", PASSWORD), 201);
}

static void
test_a_key_is_void_once_somebody_can_sign_in(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *key = new_key(house);
    add_user(house, "bob", "viewer");
    assert_int_equal(status_use(house, key, "eve", PASSWORD), 409);
    assert_int_equal(status_send(house, &admin, "DELETE", "/api/v1/users/bob", NULL), 204);
    assert_int_equal(status_use(house, key, "ada", PASSWORD), 201); /* the key was never used, and nobody is left */
}

static void
test_only_admins_make_links(void **state)
{
    struct house *house = *state;
    assert_int_equal(status_send(house, &nobody, "POST", "/api/v1/first-user/link", NULL), 401);
}

static void
test_who_cannot_sign_in_hears_why(void **state)
{
    struct house *house = *state;
    struct sp_response res;
    const char *body = "{\"name\":\"ada\",\"password\":\"" PASSWORD "\"}";
    assert_int_equal(house_post(house, &nobody, "POST", "/api/v1/session", body, &res), 401);
    assert_non_null(strstr(res.body, "scanpost user link"));
    sp_response_free(&res);
    add_user(house, "bob", "viewer");
    assert_int_equal(house_post(house, &nobody, "POST", "/api/v1/session", body, &res), 401);
    assert_null(strstr(res.body, "user link"));
    sp_response_free(&res);
}

static char *
log_of(struct house *house, bool keep)
{
    char path[128];
    struct sp_log log = { .level = SP_LOG_INFO, .who = "test", .fd = -1 };
    snprintf(path, sizeof(path), "%s/log", house->w->root);
    log.fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    assert_true(log.fd >= 0);
    house->api.log = &log;
    sp_first_user_invite(&house->api, house->w->db, keep);
    house->api.log = NULL;
    close(log.fd);
    return file_text(house->w->root, "log");
}

static void
test_the_start_logs_a_link_while_nobody_can_sign_in(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *first = log_of(house, true);
    assert_non_null(strstr(first, "http://127.0.0.1:8631/#/first?key="));
    SP_AUTO_FREE char *kept = log_of(house, true); /* the first one is still good */
    assert_string_equal(kept, "");
    SP_AUTO_FREE char *again = log_of(house, false);
    assert_non_null(strstr(again, "#/first?key="));
    add_user(house, "ada", "admin");
    SP_AUTO_FREE char *silent = log_of(house, false);
    assert_string_equal(silent, "");
}

static void
test_the_link_names_us_when_it_listens_everywhere(void **state)
{
    struct house *house = *state;
    static const char *everywhere[] = { "0.0.0.0:443" };
    house->w->settings.http.listen = (struct sp_texts){ everywhere, 1 };
    house->w->settings.http.tls_certificate = "/etc/cert.pem";
    SP_AUTO_FREE char *text = log_of(house, false);
    assert_non_null(strstr(text, "https://scan.contoso.com:443/#/first?key="));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_key_makes_an_admin_who_is_signed_in),
        TEST(test_only_the_newest_key_for_a_day),
        TEST(test_a_key_is_void_once_somebody_can_sign_in),
        TEST(test_only_admins_make_links),
        TEST(test_who_cannot_sign_in_hears_why),
        TEST(test_the_start_logs_a_link_while_nobody_can_sign_in),
        TEST(test_the_link_names_us_when_it_listens_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* audit_test.c - what people do is noted, with who, from where and what, and only admins see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "house.h"

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

static json_t *
entries_of(struct house *house, const char *target)
{
    struct sp_response res;
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    json_t *json = body_of(&res);
    sp_response_free(&res);
    return json;
}

static void
assert_entry(const json_t *page, size_t index, const char *who, const char *action, const char *object)
{
    const json_t *entry = json_array_get(json_object_get(page, "entries"), index);
    assert_string_equal(json_string_value(json_object_get(entry, "action")), action);
    assert_string_equal(json_string_value(json_object_get(entry, "who")), who);
    assert_string_equal(json_string_value(json_object_get(entry, "object")), object);
}

static void
test_what_an_admin_does_is_told(void **state)
{
    struct house *house = *state;
    struct session session;
    char id[27], target[128];
    add_user(house, "ada", "admin");
    assert_int_equal(sign_in(house, "ada", PASSWORD, "192.0.2.9", &session), 200);
    struct asker ada = as_session(&session);
    house_job(house, "a bill", id);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/document/1", id);
    assert_int_equal(status_get(house, &ada, target), 200);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/cancel", id);
    assert_int_equal(status_send(house, &ada, "POST", target, NULL), 202);
    snprintf(target, sizeof(target), "/api/v1/jobs/%s/retry", id);
    assert_int_equal(status_send(house, &ada, "POST", target, NULL), 202);
    assert_int_equal(status_send(house, &ada, "POST", "/api/v1/tokens", "{\"name\":\"copier\"}"), 201);
    assert_int_equal(status_send(house, &ada, "DELETE", "/api/v1/tokens/copier", NULL), 204);
    assert_int_equal(status_send(house, &ada, "DELETE", "/api/v1/session", NULL), 204);
    json_t *page = entries_of(house, "/api/v1/audit");
    static const char *const actions[] = { "sign_out",   "token_revoke",  "token_add", "job_retry",
                                           "job_cancel", "document_open", "sign_in" };
    const char *const objects[] = { "", "copier", "copier", id, id, id, "" };
    for (size_t i = 0; i < 7; i++)
        assert_entry(page, i, "ada", actions[i], objects[i]);
    const json_t *opened = json_array_get(json_object_get(page, "entries"), 5);
    assert_string_equal(json_string_value(json_object_get(opened, "detail")), "scan.pdf");
    assert_string_equal(json_string_value(json_object_get(opened, "role")), "admin");
    const json_t *came = json_array_get(json_object_get(page, "entries"), 6);
    assert_string_equal(json_string_value(json_object_get(came, "address")), "192.0.2.9");
    assert_true(json_is_null(json_object_get(page, "next")));
    json_decref(page);
}

static void
test_a_wrong_sign_in_names_only_those_who_exist(void **state)
{
    struct house *house = *state;
    add_user(house, "ada", "admin");
    assert_int_equal(sign_in(house, "ada", "not this one", "192.0.2.9", NULL), 401);
    assert_int_equal(sign_in(house, "my-secret-password", "ada", "192.0.2.9", NULL), 401);
    json_t *page = entries_of(house, "/api/v1/audit?limit=2");
    assert_entry(page, 0, "", "sign_in_failed", "");
    assert_entry(page, 1, "ada", "sign_in_failed", "");
    assert_true(json_is_string(json_object_get(page, "next")));
    json_decref(page);
}

static void
test_pages_and_bad_cursors(void **state)
{
    struct house *house = *state;
    char target[64];
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof(name), "u%d", i);
        add_user(house, name, "viewer");
    }
    json_t *page = entries_of(house, "/api/v1/audit?limit=2");
    snprintf(target, sizeof(target), "/api/v1/audit?limit=2&cursor=%s",
             json_string_value(json_object_get(page, "next")));
    json_decref(page);
    page = entries_of(house, target);
    assert_int_equal(json_array_size(json_object_get(page, "entries")), 1);
    assert_true(json_is_null(json_object_get(page, "next")));
    json_decref(page);
    assert_int_equal(status_get(house, &admin, "/api/v1/audit?cursor=-1"), 400);
    assert_int_equal(status_get(house, &admin, "/api/v1/audit?cursor=x"), 400);
    assert_int_equal(status_get(house, &admin, "/api/v1/audit?limit=0"), 400);
}

static void
test_only_admins_look(void **state)
{
    struct house *house = *state;
    struct session session;
    add_user(house, "otto", "operator");
    assert_int_equal(sign_in(house, "otto", PASSWORD, NULL, &session), 200);
    struct asker otto = as_session(&session);
    assert_int_equal(status_get(house, &otto, "/api/v1/audit"), 403);
    assert_int_equal(status_get(house, &nobody, "/api/v1/audit"), 401);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_an_admin_does_is_told),
        TEST(test_a_wrong_sign_in_names_only_those_who_exist),
        TEST(test_pages_and_bad_cursors),
        TEST(test_only_admins_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

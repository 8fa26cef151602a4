/* checks_test.c - asking for a check, and seeing what the sender found so far. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "db/batch.h"
#include "db/check.h"
#include "house.h"

/* The gateway's world has no methods of its own. */
static struct sp_method_settings methods[] = {
    { .name = "direct", .tenant = "contoso", .enabled = true },
    { .name = "old", .tenant = "contoso", .enabled = false },
};

static int
set_up(void **state)
{
    struct house *house = house_open();
    house->w->settings.methods = methods;
    house->w->settings.n_methods = SP_LEN(methods);
    *state = house;
    return 0;
}

static int
tear_down(void **state)
{
    house_close(*state);
    return 0;
}

static json_t *
get_json(struct house *house, const char *target)
{
    struct sp_response res;
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    json_t *json = body_of(&res);
    sp_response_free(&res);
    return json;
}

/* Asks for one; `where` is its place. */
static void
ask(struct house *house, const char *body, char where[64])
{
    struct sp_response res;
    assert_int_equal(house_post(house, &admin, "POST", "/api/v1/methods/direct/check", body, &res), 202);
    snprintf(where, 64, "%s", sp_response_header(&res, "Location"));
    sp_response_free(&res);
}

static enum sp_rc
find_something(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct sp_check_step step = { "rcpt", "failed", "Recipient", "blocked", "ask for removal", "550 5.7.606", 5 };
    enum sp_rc rc = sp_check_begin(db, context, err);
    return rc == SP_OK ? sp_check_tell(db, context, &step, err) : rc;
}

static enum sp_rc
find_no_more(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_check_end(db, context, "failed", 7, err);
}

static void
test_what_is_found_can_be_seen_while_it_goes_on(void **state)
{
    struct house *house = *state;
    char where[64];
    struct sp_err err = { 0 };
    ask(house, NULL, where);
    char *id = where + strlen("/api/v1/checks/");
    json_t *check = get_json(house, where);
    assert_string_equal(json_string_value(json_object_get(check, "state")), "waiting");
    json_decref(check);
    assert_int_equal(sp_batch_run(house->api.batch, find_something, id, &err), SP_OK);
    check = get_json(house, where);
    const json_t *step = json_array_get(json_object_get(check, "steps"), 0);
    assert_string_equal(json_string_value(json_object_get(check, "state")), "running");
    assert_string_equal(json_string_value(json_object_get(step, "reply")), "550 5.7.606");
    json_decref(check);
    assert_int_equal(sp_batch_run(house->api.batch, find_no_more, id, &err), SP_OK);
    json_t *list = get_json(house, "/api/v1/methods");
    const json_t *method = json_array_get(json_object_get(list, "methods"), 0);
    assert_string_equal(json_string_value(json_object_get(method, "check_outcome")), "failed");
    assert_true(json_is_string(json_object_get(method, "checked")));
    json_decref(list);
}

static void
test_the_sender_is_woken_and_told_whom_to_send_to(void **state)
{
    struct house *house = *state;
    char where[64];
    uint64_t woken = 0;
    house->api.wake_sender_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ask(house, "{\"send\":\"it@contoso.com\"}", where);
    assert_int_equal(read(house->api.wake_sender_fd, &woken, sizeof woken), sizeof woken);
    close(house->api.wake_sender_fd);
    json_t *check = get_json(house, where);
    assert_string_equal(json_string_value(json_object_get(check, "send_to")), "it@contoso.com");
    json_decref(check);
}

static void
test_what_makes_no_sense_is_refused(void **state)
{
    struct house *house = *state;
    static const char path[] = "/api/v1/methods/direct/check";
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/methods/fax/check", NULL), 404);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/methods/old/check", NULL), 409);
    assert_int_equal(status_send(house, &admin, "POST", path, "{\"send\":\"nobody\"}"), 400);
    assert_int_equal(status_send(house, &admin, "POST", path, "{\"sent\":\"it@contoso.com\"}"), 400);
    assert_int_equal(status_send(house, &nobody, "POST", path, NULL), 401);
    assert_int_equal(status_get(house, &nobody, "/api/v1/checks/01M85XRQFKZW2PF4FPKQ3HXV60"), 401);
    assert_int_equal(status_get(house, &admin, "/api/v1/checks/01M85XRQFKZW2PF4FPKQ3HXV60"), 404);
    assert_int_equal(status_get(house, &admin, "/api/v1/checks/..."), 404);
}

static void
test_too_many_that_wait_are_refused(void **state)
{
    struct house *house = *state;
    char where[64];
    for (int i = 0; i < SP_CHECKS_WAITING_MAX; i++)
        ask(house, NULL, where);
    assert_int_equal(status_send(house, &admin, "POST", "/api/v1/methods/direct/check", NULL), 503);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_found_can_be_seen_while_it_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_sender_is_woken_and_told_whom_to_send_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_makes_no_sense_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_that_wait_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

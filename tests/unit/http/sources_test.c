/* sources_test.c - where scans come from, how many, who is silent, and who was refused at the door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "gateway/folders.h"
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
get_json(struct house *house, const char *target)
{
    struct sp_response res;
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    json_t *json = body_of(&res);
    sp_response_free(&res);
    return json;
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "(null)" : text;
}

static int
submit(struct house *house, const struct asker *asker, const char *target, const char *to, const char *content)
{
    struct sp_str form = { 0 };
    struct sp_response res;
    if (to != NULL)
        form_field(&form, "to", to);
    form_file(&form, "scan.pdf", content, strlen(content));
    int status = house_submit(house, asker, target, &form, &res);
    sp_response_free(&res);
    return status;
}

static void
test_devices_count_and_fall_silent(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *token = house_token(house, "{\"name\":\"copier\",\"route\":\"accounting\",\"to\":[\"*\"]}");
    struct asker copier = { .authorization = token };
    struct sample pdf = sample_pdf("x");
    SP_AUTO_FREE char *text = strndup((const char *)pdf.bytes, pdf.size);
    house->w->settings.notify.silent_after_ms = 3600000;
    assert_int_equal(submit(house, &copier, "/api/v1/scans", NULL, text), 201);
    assert_int_equal(submit(house, &copier, "/api/v1/scans", NULL, text), 201);
    json_t *all = get_json(house, "/api/v1/sources");
    const json_t *device = json_array_get(json_object_get(all, "devices"), 0);
    assert_string_equal(text_of(device, "name"), "copier");
    assert_string_equal(text_of(device, "route"), "accounting");
    assert_int_equal(json_integer_value(json_object_get(device, "count")), 2);
    assert_true(json_is_string(json_object_get(device, "last_scan")));
    assert_true(json_is_false(json_object_get(device, "silent")));
    json_decref(all);
    house->later_ms += 3700000;
    all = get_json(house, "/api/v1/sources");
    device = json_array_get(json_object_get(all, "devices"), 0);
    assert_true(json_is_true(json_object_get(device, "silent")));
    json_decref(all);
}

static void
test_a_revoked_token_leaves_its_count_to_the_next_of_its_name(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *old = house_token(house, "{\"name\":\"copier\",\"route\":\"accounting\"}");
    struct asker copier = { .authorization = old };
    struct sample pdf = sample_pdf("x");
    SP_AUTO_FREE char *text = strndup((const char *)pdf.bytes, pdf.size);
    assert_int_equal(submit(house, &copier, "/api/v1/scans", NULL, text), 201);
    assert_int_equal(status_send(house, &admin, "DELETE", "/api/v1/tokens/copier", NULL), 204);
    SP_AUTO_FREE char *new = house_token(house, "{\"name\":\"copier\",\"route\":\"partners\"}");
    json_t *all = get_json(house, "/api/v1/sources");
    const json_t *devices = json_object_get(all, "devices");
    assert_int_equal(json_array_size(devices), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(devices, 0), "count")), 0);
    assert_true(json_is_string(json_object_get(json_array_get(devices, 0), "revoked")));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(devices, 1), "count")), 1);
    json_decref(all);
}

static void
test_folders_are_there_with_their_counts(void **state)
{
    struct house *house = *state;
    struct sp_err err = { 0 };
    assert_int_equal(sp_folders_start(&house->w->settings, house->w->intake, &house->clock, &house->w->log, NULL,
                                      &house->w->house, &err),
                     SP_OK);
    house->api.folders = house->w->house;
    json_t *all = get_json(house, "/api/v1/sources");
    const json_t *folder = json_array_get(json_object_get(all, "folders"), 0);
    assert_string_equal(text_of(folder, "name"), "scans");
    assert_string_equal(text_of(folder, "path"), house->w->drop);
    assert_int_equal(json_integer_value(json_object_get(folder, "count")), 0);
    assert_true(json_is_null(json_object_get(folder, "last_scan")));
    assert_int_equal(json_integer_value(json_object_get(folder, "rejected")), 0);
    json_decref(all);
}

/* Who, why and from where, for each way to be turned away with a scan. */
static void
test_who_was_refused_and_why(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *token = house_token(house, "{\"name\":\"copier\",\"route\":\"accounting\"}");
    struct asker copier = { .authorization = token, .address = "192.0.2.7" };
    struct asker stranger = { .authorization = "Bearer sp_wrong", .address = "192.0.2.8" };
    static const struct {
        const char *target, *to, *content;
        int status;
        const char *reason;
    } table[] = {
        { "/api/v1/scans", "eve@evil.example", "%PDF-1.4\n", 403, "eve@evil.example" },
        { "/api/v1/scans?route=partners", NULL, "%PDF-1.4\n", 403, "another route" },
        { "/api/v1/scans", NULL, "MZ a program", 415, "" },
    };
    for (size_t i = 0; i < SP_LEN(table); i++)
        assert_int_equal(submit(house, &copier, table[i].target, table[i].to, table[i].content), table[i].status);
    assert_int_equal(submit(house, &stranger, "/api/v1/scans", NULL, "x"), 401);
    assert_int_equal(submit(house, &stranger, "/api/v1/scans", NULL, "x"), 401);
    json_t *all = get_json(house, "/api/v1/sources");
    const json_t *refusals = json_object_get(all, "refusals");
    assert_int_equal(json_array_size(refusals), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *item = json_array_get(refusals, i);
        int64_t status = json_integer_value(json_object_get(item, "status"));
        if (status == 401) {
            assert_string_equal(text_of(item, "who"), "");
            assert_string_equal(text_of(item, "address"), "192.0.2.8");
            assert_int_equal(json_integer_value(json_object_get(item, "count")), 2);
            continue;
        }
        assert_string_equal(text_of(item, "door"), "http");
        assert_string_equal(text_of(item, "who"), "copier");
        assert_string_equal(text_of(item, "address"), "192.0.2.7");
    }
    for (size_t i = 0; i < SP_LEN(table); i++) {
        bool found = false;
        for (size_t k = 0; k < 4; k++)
            found = found || strstr(text_of(json_array_get(refusals, k), "reason"), table[i].reason) != NULL;
        assert_true(found);
    }
    json_decref(all);
}

static void
test_looking_around_is_no_refusal(void **state)
{
    struct house *house = *state;
    assert_int_equal(status_get(house, &nobody, "/api/v1/jobs"), 401);
    assert_int_equal(status_get(house, &admin, "/api/v1/jobs/x"), 404);
    json_t *all = get_json(house, "/api/v1/sources");
    assert_int_equal(json_array_size(json_object_get(all, "refusals")), 0);
    json_decref(all);
}

static void
test_about_tells_what_the_page_needs(void **state)
{
    struct house *house = *state;
    json_t *about = get_json(house, "/api/v1/about");
    assert_string_equal(text_of(about, "hostname"), "scan.contoso.com");
    assert_string_equal(text_of(about, "version"), SP_VERSION);
    const json_t *route = json_array_get(json_object_get(about, "routes"), 1);
    assert_string_equal(text_of(route, "name"), "partners");
    assert_true(json_is_true(json_object_get(route, "allow_external")));
    assert_int_equal(json_array_size(json_object_get(route, "to")), 1);
    assert_string_equal(text_of(json_array_get(json_object_get(about, "tenants"), 0), "domain"), "contoso.com");
    json_decref(about);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_devices_count_and_fall_silent),
        TEST(test_a_revoked_token_leaves_its_count_to_the_next_of_its_name),
        TEST(test_folders_are_there_with_their_counts),
        TEST(test_who_was_refused_and_why),
        TEST(test_looking_around_is_no_refusal),
        TEST(test_about_tells_what_the_page_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

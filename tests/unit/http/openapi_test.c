/* openapi_test.c - the OpenAPI document and the tables of routes say the same, in both directions, and the document
 * holds together in itself. What real answers look like is held against it in tests/e2e/test_openapi.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "house.h"
#include "web/dav/dav.h"
#include "web/page/page.h"

struct document {
    struct house *house;
    json_t *json;
};

static int
set_up(void **state)
{
    struct document *doc = calloc(1, sizeof(*doc));
    struct sp_response res;
    doc->house = house_open();
    assert_int_equal(house_get(doc->house, &admin, "/api/v1/openapi.json", &res), 200);
    doc->json = json_loadb(res.fixed, res.body_size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc->json);
    sp_response_free(&res);
    *state = doc;
    return 0;
}

static int
tear_down(void **state)
{
    struct document *doc = *state;
    json_decref(doc->json);
    house_close(doc->house);
    free(doc);
    return 0;
}

static const json_t *
member(const json_t *object, const char *first, const char *second)
{
    return json_object_get(json_object_get(object, first), second);
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static const char *
word_of(enum sp_may may)
{
    switch (may) {
    case SP_MAY_ANYONE:
        return "anyone";
    case SP_MAY_SUBMIT:
        return "submit";
    case SP_MAY_READ:
        return "viewer";
    case SP_MAY_OPERATE:
        return "operator";
    case SP_MAY_ADMIN:
        return "admin";
    }
    return "";
}

/* "/api/v1/jobs/:id" -> "/api/v1/jobs/{id}", "/dav/ *" -> "/dav/{path}" */
static char *
template_of(const char *path)
{
    struct sp_str out = { 0 };
    while (*path != '\0') {
        size_t len = strcspn(path, ":*");
        sp_str_add_n(&out, path, len);
        path += len;
        if (*path == '\0')
            break;
        size_t name = strcspn(path, "/");
        if (*path == '*')
            sp_str_add(&out, "{path}");
        else
            sp_str_addf(&out, "{%.*s}", (int)name - 1, path + 1);
        path += name;
    }
    return sp_str_steal(&out);
}

/* The method's key in the document; NULL: OpenAPI has no word for it (those of WebDAV). */
static const char *
key_of(const char *method)
{
    static const char *const words[][2] = { { "GET", "get" },       { "PUT", "put" },         { "POST", "post" },
                                            { "DELETE", "delete" }, { "OPTIONS", "options" }, { "PATCH", "patch" } };
    for (size_t i = 0; i < SP_LEN(words); i++)
        if (strcmp(words[i][0], method) == 0)
            return words[i][1];
    return NULL;
}

typedef bool route_fn(const struct sp_route *route, void *context);

/* true: one of them said so. */
static bool
any_route(route_fn *fn, void *context)
{
    const struct sp_route *const own[] = { sp_routes_dav, sp_routes_page, NULL };
    for (size_t kind = 0; kind < 2; kind++)
        for (const struct sp_route *const *table = kind == 0 ? sp_api_routes() : own; *table != NULL; table++)
            for (const struct sp_route *route = *table; route->method != NULL; route++)
                if (fn(route, context))
                    return true;
    return false;
}

static bool
check_route(const struct sp_route *route, void *context)
{
    const struct document *doc = context;
    SP_AUTO_FREE char *path = template_of(route->path);
    const char *key = key_of(route->method);
    if (key == NULL)
        return false;
    const json_t *operation = json_object_get(member(doc->json, "paths", path), key);
    if (operation == NULL)
        fail_msg("web/api/openapi.json says nothing of %s %s", route->method, path);
    if (strcmp(text_of(operation, "x-may"), word_of(route->may)) != 0)
        fail_msg("%s %s: x-may is '%s', the route says '%s'", route->method, path, text_of(operation, "x-may"),
                 word_of(route->may));
    return false;
}

static void
test_every_route_is_described(void **state)
{
    any_route(check_route, *state);
}

struct wanted {
    const char *path, *key;
};

static bool
is_wanted(const struct sp_route *route, void *context)
{
    const struct wanted *wanted = context;
    SP_AUTO_FREE char *path = template_of(route->path);
    const char *key = key_of(route->method);
    return key != NULL && strcmp(key, wanted->key) == 0 && strcmp(path, wanted->path) == 0;
}

static void
test_everything_described_is_a_route(void **state)
{
    const struct document *doc = *state;
    const char *path = NULL;
    const char *key = NULL;
    json_t *item = NULL;
    json_t *operation = NULL;
    json_object_foreach (json_object_get(doc->json, "paths"), path, item)
        json_object_foreach (item, key, operation) {
            struct wanted wanted = { path, key };
            if (!any_route(is_wanted, &wanted))
                fail_msg("web/api/openapi.json describes %s %s, which is no route", key, path);
        }
}

/* "#/components/schemas/Job" */
static const json_t *
resolve(const json_t *root, const char *reference)
{
    if (strncmp(reference, "#/", 2) != 0)
        return NULL;
    for (const char *at = reference + 2; root != NULL && *at != '\0';) {
        char part[64];
        size_t len = strcspn(at, "/");
        snprintf(part, sizeof(part), "%.*s", (int)len, at);
        root = json_object_get(root, part);
        at += len + (at[len] == '/');
    }
    return root;
}

static void
check_references(const json_t *root, const json_t *at)
{
    const char *key = NULL;
    json_t *value = NULL;
    size_t i = 0;
    if (json_is_object(at)) {
        const char *reference = json_string_value(json_object_get(at, "$ref"));
        if (reference != NULL && resolve(root, reference) == NULL)
            fail_msg("%s leads nowhere", reference);
        json_object_foreach ((json_t *)(uintptr_t)at, key, value)
            check_references(root, value);
    }
    json_array_foreach (at, i, value)
        check_references(root, value);
}

static void
test_every_reference_leads_somewhere(void **state)
{
    const struct document *doc = *state;
    check_references(doc->json, doc->json);
}

static bool
has_parameter(const json_t *root, const json_t *operation, const char *name)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(operation, "parameters"), i, item) {
        const char *reference = json_string_value(json_object_get(item, "$ref"));
        const json_t *parameter = reference == NULL ? item : resolve(root, reference);
        if (strcmp(text_of(parameter, "in"), "path") == 0 && strcmp(text_of(parameter, "name"), name) == 0)
            return true;
    }
    return false;
}

static void
check_operation(const json_t *root, const char *path, const char *key, const json_t *operation)
{
    const json_t *responses = json_object_get(operation, "responses");
    assert_true(json_object_size(responses) > 0);
    assert_true(text_of(operation, "summary")[0] != '\0');
    bool open = strcmp(text_of(operation, "x-may"), "anyone") == 0;
    if (!open && (json_object_get(responses, "401") == NULL || json_object_get(responses, "403") == NULL))
        fail_msg("%s %s: 401 and 403 are missing", key, path);
    for (const char *at = strchr(path, '{'); at != NULL; at = strchr(at + 1, '{')) {
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        if (!has_parameter(root, operation, name))
            fail_msg("%s %s: the parameter %s is not described", key, path, name);
    }
}

static void
test_operations_are_whole(void **state)
{
    const struct document *doc = *state;
    SP_AUTO(sp_str_free) struct sp_str seen = { 0 };
    const char *path = NULL;
    const char *key = NULL;
    json_t *item = NULL;
    json_t *operation = NULL;
    json_object_foreach (json_object_get(doc->json, "paths"), path, item)
        json_object_foreach (item, key, operation) {
            SP_AUTO(sp_str_free) struct sp_str id = { 0 };
            check_operation(doc->json, path, key, operation);
            sp_str_addf(&id, " %s ", text_of(operation, "operationId"));
            if (id.len < 4 || strstr(sp_str_text(&seen), id.text) != NULL)
                fail_msg("%s %s: operationId is missing, or there twice", key, path);
            sp_str_add(&seen, id.text);
        }
}

static void
test_it_is_of_this_version(void **state)
{
    const struct document *doc = *state;
    assert_string_equal(text_of(doc->json, "openapi"), "3.1.0");
    assert_string_equal(text_of(json_object_get(doc->json, "info"), "version"), SP_VERSION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_route_is_described),        TEST(test_everything_described_is_a_route),
        TEST(test_every_reference_leads_somewhere), TEST(test_operations_are_whole),
        TEST(test_it_is_of_this_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

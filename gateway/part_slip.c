/* part_slip.c - a slip as JSON: { "version": 1, "n": 2, "of": 3, "touched": ..., "job": TEXT, ... one TEXT for each row
 * of `texts` below ..., "to": [ TEXT, ... ], "cc": [ TEXT, ... ] }. */
#include "gateway/part_slip.h"

#include <stddef.h>
#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/auto.h"

enum { VERSION = 1 };

static const struct {
    const char *key;
    size_t place;
} texts[] = {
    { "job", offsetof(struct sp_part_slip, job) },
    { "run", offsetof(struct sp_part_slip, run) },
    { "giver", offsetof(struct sp_part_slip, giver) },
    { "name", offsetof(struct sp_part_slip, name) },
    { "source", offsetof(struct sp_part_slip, request.source) },
    { "source_name", offsetof(struct sp_part_slip, request.source_name) },
    { "user", offsetof(struct sp_part_slip, request.user) },
    { "route", offsetof(struct sp_part_slip, request.route) },
    { "subject", offsetof(struct sp_part_slip, request.subject) },
    { "body", offsetof(struct sp_part_slip, request.body) },
    { "owner", offsetof(struct sp_part_slip, request.idempotency_owner) },
    { "key", offsetof(struct sp_part_slip, request.idempotency_key) },
};

/* ---- writing: the json_* calls answer NULL to NULL, so only the end asks whether all went well ---- */

static json_t *
write_list(const char *const *items, size_t n)
{
    json_t *list = json_array();
    int failed = list == NULL;
    for (size_t i = 0; i < n; i++)
        failed |= json_array_append_new(list, json_string(items[i]));
    if (failed == 0)
        return list;
    json_decref(list);
    return NULL;
}

char *
sp_part_slip_write(const struct sp_part_slip *slip)
{
    json_t *root = json_pack("{s:i, s:i, s:i, s:I}", "version", VERSION, "n", slip->n, "of", slip->of, "touched",
                             (json_int_t)slip->touched);
    int failed = root == NULL;
    for (size_t i = 0; i < SP_LEN(texts); i++) {
        const char *text = *(const char *const *)((const char *)slip + texts[i].place);
        failed |= json_object_set_new(root, texts[i].key, json_string(text == NULL ? "" : text));
    }
    failed |= json_object_set_new(root, "to", write_list(slip->request.to, slip->request.n_to));
    failed |= json_object_set_new(root, "cc", write_list(slip->request.cc, slip->request.n_cc));
    char *json = failed == 0 ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return json;
}

/* ---- reading ---- */

static enum sp_rc
damaged(struct sp_err *err, const char *what)
{
    return sp_fail(err, SP_E_CORRUPT, "a print job's part is damaged: %s", what);
}

static enum sp_rc
read_texts(const json_t *root, struct sp_arena *arena, struct sp_part_slip *slip, struct sp_err *err)
{
    for (size_t i = 0; i < SP_LEN(texts); i++) {
        const char *text = json_string_value(json_object_get(root, texts[i].key));
        if (text == NULL)
            return damaged(err, texts[i].key);
        const char *kept = sp_arena_text(arena, text);
        if (kept == NULL)
            return sp_fail(err, SP_E_NOMEM, "out of memory");
        *(const char **)((char *)slip + texts[i].place) = kept;
    }
    return SP_OK;
}

static enum sp_rc
read_list(const json_t *root, const char *key, struct sp_arena *arena, const char *const **ret, size_t *ret_count,
          struct sp_err *err)
{
    const json_t *list = json_object_get(root, key);
    if (!json_is_array(list))
        return damaged(err, key);
    size_t n = json_array_size(list);
    const char **items = sp_arena_array(arena, n + 1, sizeof(*items));
    for (size_t i = 0; items != NULL && i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL)
            return damaged(err, key);
        items[i] = sp_arena_text(arena, text);
        if (items[i] == NULL)
            return sp_fail(err, SP_E_NOMEM, "out of memory");
    }
    if (items == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    *ret = items;
    *ret_count = n;
    return SP_OK;
}

static enum sp_rc
read_all(const json_t *root, struct sp_arena *arena, struct sp_part_slip *slip, struct sp_err *err)
{
    if (json_integer_value(json_object_get(root, "version")) != VERSION)
        return damaged(err, "version");
    slip->n = (int)json_integer_value(json_object_get(root, "n"));
    slip->of = (int)json_integer_value(json_object_get(root, "of"));
    slip->touched = json_integer_value(json_object_get(root, "touched"));
    if (slip->n < 1 || slip->n > slip->of)
        return damaged(err, "n");
    enum sp_rc rc = read_texts(root, arena, slip, err);
    if (rc == SP_OK)
        rc = read_list(root, "to", arena, &slip->request.to, &slip->request.n_to, err);
    if (rc == SP_OK)
        rc = read_list(root, "cc", arena, &slip->request.cc, &slip->request.n_cc, err);
    return rc;
}

enum sp_rc
sp_part_slip_read(const char *json, struct sp_arena *arena, struct sp_part_slip *ret, struct sp_err *err)
{
    *ret = (struct sp_part_slip){ .request.folder_name = "" };
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        return damaged(err, "no JSON");
    enum sp_rc rc = read_all(root, arena, ret, err);
    json_decref(root);
    return rc;
}

/* scan_set.c - strict, as everything that comes from outside. */
#include "web/api/scan_set.h"

#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/text.h"

enum { WORD_MAX = 100 };

static enum sp_rc
wrong(struct sp_err *err)
{
    return sp_fail(err, SP_E_INVALID, "the field 'set' is not as it should be");
}

static enum sp_rc
keep(struct sp_arena *arena, const char *text, const char **ret, struct sp_err *err)
{
    *ret = sp_arena_text(arena, text);
    return *ret != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "http: out of memory");
}

static enum sp_rc
read_word(const json_t *root, const char *key, struct sp_arena *arena, const char **ret, struct sp_err *err)
{
    const char *text = json_string_value(json_object_get(root, key));
    if (text == NULL || *text == '\0' || strlen(text) > WORD_MAX || sp_text_has_control(text))
        return wrong(err);
    return keep(arena, text, ret, err);
}

static enum sp_rc
read_names(const json_t *root, struct sp_arena *arena, struct sp_part_request *set, struct sp_err *err)
{
    const json_t *list = json_object_get(root, "names");
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > SP_PARTS_MAX)
        return wrong(err);
    const char **names = sp_arena_array(arena, n + 1, sizeof(*names));
    if (names == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        rc = name == NULL ? wrong(err) : keep(arena, name, &names[i], err);
    }
    set->names = names;
    set->n_names = n;
    return rc;
}

static enum sp_rc
read_number(const json_t *root, const char *key, int *ret, struct sp_err *err)
{
    const json_t *value = json_object_get(root, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > SP_PARTS_MAX)
        return wrong(err);
    *ret = (int)json_integer_value(value);
    return SP_OK;
}

enum sp_rc
sp_scan_set_read(const char *json, struct sp_arena *arena, struct sp_part_request *ret, struct sp_err *err)
{
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    *ret = (struct sp_part_request){ 0 };
    enum sp_rc rc = json_object_size(root) == 5 ? SP_OK : wrong(err);
    if (rc == SP_OK)
        rc = read_number(root, "n", &ret->n, err);
    if (rc == SP_OK)
        rc = read_number(root, "of", &ret->of, err);
    if (rc == SP_OK)
        rc = read_word(root, "run", arena, &ret->run, err);
    if (rc == SP_OK)
        rc = read_word(root, "giver", arena, &ret->giver, err);
    if (rc == SP_OK)
        rc = read_names(root, arena, ret, err);
    json_decref(root);
    return rc;
}

/* sidecar.c - the JSON form, and what goes for all. */
#include "gateway/sidecar.h"

#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/pages.h"
#include "gateway/sidecar_inside.h"

enum { TEXT_MAX = 500 };

/* ---- keeping ---- */

/* On one line, trimmed, not endless; NULL when memory is out. */
static const char *
cleaned(struct sp_arena *arena, const char *text)
{
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    sp_utf8_repair(&clean, text, strlen(text), true);
    SP_AUTO_FREE char *line = clean.failed ? NULL : strdup(sp_str_text(&clean));
    if (line == NULL)
        return NULL;
    const char *trimmed = sp_text_trim(line);
    return sp_arena_text_n(arena, trimmed, sp_utf8_prefix(trimmed, strlen(trimmed), TEXT_MAX));
}

static enum sp_rc
add(struct sp_arena *arena, const char **list, size_t *count, size_t room, const char *text, struct sp_err *err)
{
    const char *kept = cleaned(arena, text);
    if (kept == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    if (*kept == '\0')
        return SP_OK;
    if (*count == room)
        return sp_fail(err, SP_E_INVALID, "the sidecar names more than %zu", room);
    list[(*count)++] = kept;
    return SP_OK;
}

enum sp_rc
sp_sidecar_add_to(struct sp_arena *arena, struct sp_sidecar *sidecar, const char *text, struct sp_err *err)
{
    return add(arena, sidecar->to, &sidecar->n_to, SP_SIDECAR_TO_MAX, text, err);
}

enum sp_rc
sp_sidecar_add_document(struct sp_arena *arena, struct sp_sidecar *sidecar, const char *text, struct sp_err *err)
{
    const char *last = text;
    for (const char *c = text; *c != '\0'; c++)
        if (*c == '/' || *c == '\\')
            last = c + 1;
    return add(arena, sidecar->documents, &sidecar->n_documents, SP_SIDECAR_DOCUMENTS_MAX, last, err);
}

enum sp_rc
sp_sidecar_set(struct sp_arena *arena, const char **place, const char *text, struct sp_err *err)
{
    if (**place != '\0')
        return SP_OK;
    const char *kept = cleaned(arena, text);
    if (kept == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    *place = kept;
    return SP_OK;
}

/* ---- JSON ---- */

typedef enum sp_rc add_fn(struct sp_arena *arena, struct sp_sidecar *sidecar, const char *text, struct sp_err *err);

static enum sp_rc
read_texts(const json_t *root, const char *key, add_fn *add_one, struct sp_arena *arena, struct sp_sidecar *ret,
           struct sp_err *err)
{
    const json_t *value = json_object_get(root, key);
    if (value == NULL || json_is_null(value))
        return SP_OK;
    if (json_is_string(value))
        return add_one(arena, ret, json_string_value(value), err);
    enum sp_rc rc = json_is_array(value) ? SP_OK : SP_E_INVALID;
    for (size_t i = 0; rc == SP_OK && i < json_array_size(value); i++) {
        const char *text = json_string_value(json_array_get(value, i));
        rc = text == NULL ? SP_E_INVALID : add_one(arena, ret, text, err);
        if (text != NULL && rc != SP_OK)
            return rc;
    }
    return rc == SP_OK ? SP_OK : sp_fail(err, rc, "the sidecar's \"%s\" is not a list of texts", key);
}

static enum sp_rc
read_text(const json_t *root, const char *key, const char **place, struct sp_arena *arena, struct sp_err *err)
{
    const json_t *value = json_object_get(root, key);
    if (value == NULL || json_is_null(value))
        return SP_OK;
    if (!json_is_string(value))
        return sp_fail(err, SP_E_INVALID, "the sidecar's \"%s\" is not a text", key);
    return sp_sidecar_set(arena, place, json_string_value(value), err);
}

enum sp_rc
sp_sidecar_parse_json(const char *text, size_t size, struct sp_arena *arena, struct sp_sidecar *ret, struct sp_err *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* Windows' editors write it */
    size_t skip = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    json_error_t why;
    json_t *root = json_loadb(text + skip, size - skip, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL)
        return sp_fail(err, SP_E_INVALID, "the sidecar is no JSON: line %d: %.120s", why.line, why.text);
    enum sp_rc rc =
        json_is_object(root) ? SP_OK : sp_fail(err, SP_E_INVALID, "the sidecar is no JSON object: {\"to\": [...]}");
    if (rc == SP_OK)
        rc = read_texts(root, "to", sp_sidecar_add_to, arena, ret, err);
    if (rc == SP_OK)
        rc = read_texts(root, "documents", sp_sidecar_add_document, arena, ret, err);
    if (rc == SP_OK)
        rc = read_text(root, "subject", &ret->subject, arena, err);
    if (rc == SP_OK)
        rc = read_text(root, "user", &ret->user, arena, err);
    json_decref(root);
    return rc;
}

/* ---- both ---- */

static bool
is_xml(const char *name)
{
    return sp_text_ends_nocase(name, ".xml");
}

bool
sp_sidecar_named(const char *name)
{
    return (is_xml(name) && strlen(name) > strlen(".xml")) ||
           (sp_text_ends_nocase(name, ".json") && strlen(name) > strlen(".json"));
}

enum sp_rc
sp_sidecar_parse(const char *name, const char *text, size_t size, struct sp_arena *arena, struct sp_sidecar *ret,
                 struct sp_err *err)
{
    if (size > SP_SIDECAR_SIZE_MAX)
        return sp_fail(err, SP_E_TOO_LARGE, "the sidecar is larger than %d KB", SP_SIDECAR_SIZE_MAX >> 10);
    struct sp_sidecar said = { .subject = "",
                               .user = "",
                               .to = sp_arena_array(arena, SP_SIDECAR_TO_MAX, sizeof(*said.to)),
                               .documents = sp_arena_array(arena, SP_SIDECAR_DOCUMENTS_MAX, sizeof(*said.documents)) };
    if (said.to == NULL || said.documents == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    enum sp_rc rc = is_xml(name) ? sp_sidecar_parse_xml(text, size, arena, &said, err)
                                 : sp_sidecar_parse_json(text, size, arena, &said, err);
    if (rc == SP_OK)
        *ret = said;
    return rc;
}

static bool
stems_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* A sidecar that names documents belongs to those alone, unless none of its names could be one. */
static bool
is_listed(const struct sp_sidecar *said, const char *document, bool pages)
{
    for (size_t i = 0; i < said->n_documents; i++) {
        const char *listed = said->documents[i];
        size_t len = strlen(listed);
        if (strcasecmp(listed, document) == 0 || stems_equal(listed, len, document, sp_page_stem(document, false)) ||
            stems_equal(listed, len, document, sp_page_stem(document, pages)))
            return true;
    }
    return false;
}

bool
sp_sidecar_covers(const char *name, const struct sp_sidecar *said, const char *document, bool pages)
{
    size_t len = sp_page_stem(name, false);
    if (said != NULL && is_listed(said, document, pages))
        return true;
    return stems_equal(name, len, document, strlen(document)) || /* scan.pdf.xml */
           stems_equal(name, len, document, sp_page_stem(document, false)) ||
           stems_equal(name, len, document, sp_page_stem(document, pages)) ||
           (pages && stems_equal(name, sp_page_stem(name, true), document, sp_page_stem(document, true)));
}

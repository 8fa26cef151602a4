/* envelope.c - a job as it was taken, as JSON.
 *
 *   { "version": 1, "id": "01J...", "state": "queued", "created": 1700000000000,
 *     "source": TEXT, "source_name": TEXT, ... one TEXT for each row of `fields` below ...,
 *     "documents":  [ { "name": TEXT, "type": TEXT, "size": 123, "sha256": TEXT }, ... ],
 *     "recipients": [ { "address": TEXT, "cc": false }, ... ],
 *     "idempotency": null or { "owner": TEXT, "key": TEXT, "digest": TEXT } }
 *
 *   TEXT is a JSON string, or { "base64": "..." } for bytes that are not UTF-8 (RFC 4648 section 4): file names keep
 *   the bytes that the file system has. */
#include "db/envelope.h"

#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"
#include "base/ulid.h"

enum { VERSION = 1, OTHER_KEYS = 7 /* of the outermost object, beside `fields` */ };

/* The texts that are stored as they are. */
static const struct field {
    const char *key;
    size_t place;
} fields[] = {
    { "source", offsetof(struct sp_job, source) },
    { "source_name", offsetof(struct sp_job, source_name) },
    { "user", offsetof(struct sp_job, user) },
    { "route", offsetof(struct sp_job, route) },
    { "tenant", offsetof(struct sp_job, tenant) },
    { "from", offsetof(struct sp_job, from) },
    { "from_name", offsetof(struct sp_job, from_name) },
    { "reply_to", offsetof(struct sp_job, reply_to) },
    { "subject", offsetof(struct sp_job, subject) },
    { "body", offsetof(struct sp_job, body) },
    { "message_id", offsetof(struct sp_job, message_id) },
    { "boundary", offsetof(struct sp_job, boundary) },
    { "folder_name", offsetof(struct sp_job, folder_name) },
    { "trouble", offsetof(struct sp_job, trouble) },
};

/* --- writing: json_* answer NULL to NULL, so only the end asks whether memory was out ------------------------------
 */

static json_t *
write_text(const char *text)
{
    if (text == NULL)
        text = "";
    if (sp_utf8_valid(text, strlen(text)))
        return json_string(text);
    SP_AUTO(sp_str_free) struct sp_str coded = { 0 };
    sp_base64_add(&coded, text, strlen(text));
    return coded.failed ? NULL : json_pack("{s:s}", "base64", sp_str_text(&coded));
}

static json_t *
write_documents(const struct sp_job *job)
{
    json_t *list = json_array();
    for (size_t i = 0; i < job->n_documents; i++) {
        const struct sp_job_document *document = &job->documents[i];
        json_t *one =
            json_pack("{s:o, s:o, s:I, s:o}", "name", write_text(document->name), "type", write_text(document->type),
                      "size", (json_int_t)document->size, "sha256", write_text(document->sha256));
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *
write_recipients(const struct sp_job *job)
{
    json_t *list = json_array();
    for (size_t i = 0; i < job->n_recipients; i++) {
        const struct sp_job_recipient *recipient = &job->recipients[i];
        json_t *one = json_pack("{s:o, s:b}", "address", write_text(recipient->address), "cc", (int)recipient->cc);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *
write_key(const struct sp_idempotency *what)
{
    if (what == NULL || what->owner == NULL || what->owner[0] == '\0')
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "owner", write_text(what->owner), "key", write_text(what->key), "digest",
                     write_text(what->digest));
}

static bool
write_all(json_t *root, const struct sp_job *job, const struct sp_idempotency *what)
{
    int failed = json_object_set_new(root, "version", json_integer(VERSION));
    failed |= json_object_set_new(root, "id", write_text(job->id));
    failed |= json_object_set_new(root, "state", json_string(sp_job_state_name(job->state)));
    failed |= json_object_set_new(root, "created", json_integer(job->created));
    for (size_t i = 0; i < SP_LEN(fields); i++) {
        const char *text = *(const char *const *)((const char *)job + fields[i].place);
        failed |= json_object_set_new(root, fields[i].key, write_text(text));
    }
    failed |= json_object_set_new(root, "documents", write_documents(job));
    failed |= json_object_set_new(root, "recipients", write_recipients(job));
    failed |= json_object_set_new(root, "idempotency", write_key(what));
    return failed == 0;
}

char *
sp_envelope_write(const struct sp_job *job, const struct sp_idempotency *what)
{
    json_t *root = json_object();
    char *text = write_all(root, job, what) ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    return text;
}

/* --- reading: the first failure stays in `err`, and everything after it reads as "" --------------------------------
 */

struct reader {
    struct sp_arena *arena;
    struct sp_err *err;
    enum sp_rc rc;
};

static void
damaged(struct reader *reader, const char *what)
{
    if (reader->rc == SP_OK)
        reader->rc = sp_fail(reader->err, SP_E_CORRUPT, "envelope: damaged: %s", what);
}

static const char *
keep(struct reader *reader, const char *bytes, size_t size)
{
    const char *kept = sp_arena_text_n(reader->arena, bytes, size);
    if (kept == NULL && reader->rc == SP_OK)
        reader->rc = sp_fail(reader->err, SP_E_NOMEM, "envelope: out of memory");
    return kept != NULL ? kept : "";
}

static const char *
read_coded(struct reader *reader, json_t *value, const char *key)
{
    SP_AUTO(sp_str_free) struct sp_str bytes = { 0 };
    const char *coded = json_string_value(json_object_get(value, "base64"));
    if (coded == NULL || json_object_size(value) != 1 || !sp_base64_decode(&bytes, coded, strlen(coded)) ||
        memchr(sp_str_text(&bytes), '\0', bytes.len) != NULL) {
        damaged(reader, key);
        return "";
    }
    return keep(reader, sp_str_text(&bytes), bytes.len);
}

static const char *
read_text(struct reader *reader, json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (json_is_object(value))
        return read_coded(reader, value, key);
    if (json_is_string(value))
        return keep(reader, json_string_value(value), json_string_length(value));
    damaged(reader, key);
    return "";
}

static int64_t
read_number(struct reader *reader, json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        damaged(reader, key);
    return json_integer_value(value);
}

static void
check_size(struct reader *reader, json_t *object, size_t keys, const char *what)
{
    if (!json_is_object(object) || json_object_size(object) != keys)
        damaged(reader, what);
}

/* The array under that key, of at least so many; *ret: zeroed memory for as many things of that size. */
static json_t *
read_list(struct reader *reader, json_t *root, const char *key, size_t least, size_t size, void **ret)
{
    json_t *list = json_object_get(root, key);
    if (!json_is_array(list) || json_array_size(list) < least) {
        damaged(reader, key);
        return NULL;
    }
    *ret = sp_arena_array(reader->arena, json_array_size(list), size);
    if (*ret != NULL)
        return list;
    reader->rc = sp_fail(reader->err, SP_E_NOMEM, "envelope: out of memory");
    return NULL;
}

static void
read_documents(struct reader *reader, json_t *root, struct sp_job *job)
{
    void *place = NULL;
    json_t *list = read_list(reader, root, "documents", 0, sizeof(*job->documents), &place); /* notices have none */
    job->documents = place;
    for (size_t i = 0; i < json_array_size(list) && reader->rc == SP_OK; i++) {
        json_t *one = json_array_get(list, i);
        check_size(reader, one, 4, "documents");
        job->documents[job->n_documents++] = (struct sp_job_document){
            .name = read_text(reader, one, "name"),
            .type = read_text(reader, one, "type"),
            .size = (uint64_t)read_number(reader, one, "size"),
            .sha256 = read_text(reader, one, "sha256"),
        };
    }
}

static void
read_recipients(struct reader *reader, json_t *root, struct sp_job *job)
{
    void *place = NULL;
    json_t *list = read_list(reader, root, "recipients", 1, sizeof(*job->recipients), &place);
    job->recipients = place;
    for (size_t i = 0; i < json_array_size(list) && reader->rc == SP_OK; i++) {
        json_t *one = json_array_get(list, i);
        check_size(reader, one, 2, "recipients");
        if (!json_is_boolean(json_object_get(one, "cc")))
            damaged(reader, "cc");
        job->recipients[job->n_recipients++] = (struct sp_job_recipient){
            .address = read_text(reader, one, "address"),
            .cc = json_is_true(json_object_get(one, "cc")),
            .state = SP_RECIPIENT_WAITING,
            .method = "",
            .reply = "",
        };
    }
}

static void
read_key(struct reader *reader, json_t *root, struct sp_idempotency *ret)
{
    *ret = (struct sp_idempotency){ .owner = "", .key = "", .digest = "" };
    json_t *object = json_object_get(root, "idempotency");
    if (json_is_null(object))
        return;
    check_size(reader, object, 3, "idempotency");
    *ret = (struct sp_idempotency){
        .owner = read_text(reader, object, "owner"),
        .key = read_text(reader, object, "key"),
        .digest = read_text(reader, object, "digest"),
    };
}

static void
read_head(struct reader *reader, json_t *root, struct sp_job *job)
{
    check_size(reader, root, SP_LEN(fields) + OTHER_KEYS, "not the keys of an envelope");
    if (read_number(reader, root, "version") != VERSION)
        damaged(reader, "version");
    job->id = read_text(reader, root, "id");
    if (!sp_ulid_valid(job->id))
        damaged(reader, "id");
    if (!sp_job_state_parse(read_text(reader, root, "state"), &job->state) ||
        (job->state != SP_JOB_QUEUED && job->state != SP_JOB_HELD))
        damaged(reader, "state");
    job->created = read_number(reader, root, "created");
    for (size_t i = 0; i < SP_LEN(fields); i++)
        *(const char **)((char *)job + fields[i].place) = read_text(reader, root, fields[i].key);
}

static enum sp_rc
read_all(json_t *root, struct sp_job *job, struct sp_idempotency *ret_key, struct sp_err *err)
{
    struct reader reader = { .arena = job->arena, .err = err };
    read_head(&reader, root, job);
    read_documents(&reader, root, job);
    read_recipients(&reader, root, job);
    read_key(&reader, root, ret_key);
    return reader.rc;
}

enum sp_rc
sp_envelope_read(const char *json, struct sp_job **ret, struct sp_idempotency *ret_key, struct sp_err *err)
{
    SP_AUTO(sp_job_free) struct sp_job *job = sp_job_new();
    if (job == NULL)
        return sp_fail(err, SP_E_NOMEM, "envelope: out of memory");
    json_error_t where;
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return sp_fail(err, SP_E_CORRUPT, "envelope: damaged: no JSON, line %d", where.line);
    enum sp_rc rc = read_all(root, job, ret_key, err);
    json_decref(root);
    if (rc == SP_OK)
        *ret = SP_STEAL(job);
    return rc;
}

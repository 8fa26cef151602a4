/* scans.c - POST /api/v1/scans: a form with documents becomes a job.
 *
 * Fields, in any order: document (files, at least one), to and cc (repeatable), route, subject, body; over the Unix
 * socket also user (whose scan it is), queue (the print queue it came through) and set (it is one file of several, see
 * scan_set.h). Documents go to the spool as they come; the other fields are kept, bounded, until the form is whole. A
 * field that is not known is refused: a misspelt recipient shall not be found missing by whoever waits for the mail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "db/job.h"
#include "gateway/intake.h"
#include "gateway/parts.h"
#include "gateway/people/people.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/scan_set.h"
#include "web/api/tables.h"
#include "web/http/multipart.h"

enum { RECIPIENTS_MAX = 500 /* what Exchange Online takes a message by default */, KEY_MAX = 200 };

enum field { ROUTE, SUBJECT, BODY, USER, QUEUE, SET, SINGLE_FIELDS, TO = SINGLE_FIELDS, CC, DOCUMENT, FIELDS };

static const struct {
    const char *name;
    size_t max;
    bool local; /* only over the Unix socket */
} field_info[FIELDS] = {
    [ROUTE] = { "route", 64, false },
    [SUBJECT] = { "subject", 1000, false },
    [BODY] = { "body", (size_t)32 * 1024, false },
    [USER] = { "user", 256, true },
    [QUEUE] = { "queue", 128, true },
    [SET] = { "set", (size_t)512 * 1024, true },
    [TO] = { "to", SP_ADDRESS_MAX, false },
    [CC] = { "cc", SP_ADDRESS_MAX, false },
    [DOCUMENT] = { "document", 0, false },
};

struct sp_upload {
    struct sp_api *api;
    const struct sp_request *req;
    struct sp_scan *scan;
    struct sp_multipart *form;
    enum field field; /* that is coming in */
    struct sp_str value;
    const char *single[SINGLE_FIELDS]; /* NULL: not given */
    const char *to[RECIPIENTS_MAX], *cc[RECIPIENTS_MAX];
    size_t n_to, n_cc, n_documents;
};

/* ---- the form ---- */

static enum sp_rc
begin_field(void *context, const struct sp_part *part, struct sp_err *err)
{
    struct sp_upload *upload = context;
    unsigned field = 0;
    while (field < FIELDS && strcmp(field_info[field].name, part->name) != 0)
        field++;
    if (field == FIELDS)
        return sp_fail(err, SP_E_INVALID,
                       "the form has a field that is not known; there are document, to, cc, route, "
                       "subject and body");
    if (field_info[field].local && !upload->req->caller.may_name_user)
        return sp_fail(err, SP_E_DENIED, "the field '%s' is not yours to set", field_info[field].name);
    upload->field = (enum field)field;
    sp_str_cut(&upload->value, 0);
    if (field != DOCUMENT)
        return SP_OK;
    upload->n_documents++;
    return sp_scan_document(upload->scan, part->file_name == NULL ? "document" : part->file_name, err);
}

static enum sp_rc
add_to_field(void *context, const void *bytes, size_t size, struct sp_err *err)
{
    struct sp_upload *upload = context;
    if (upload->field == DOCUMENT)
        return sp_scan_write(upload->scan, bytes, size, err);
    if (size > field_info[upload->field].max - upload->value.len)
        return sp_fail(err, SP_E_INVALID, "the field '%s' is too long", field_info[upload->field].name);
    sp_str_add_n(&upload->value, bytes, size);
    return upload->value.failed ? sp_fail(err, SP_E_NOMEM, "http: out of memory") : SP_OK;
}

static enum sp_rc
keep_recipient(const char **list, size_t *n, const char *text, struct sp_err *err)
{
    if (*text == '\0')
        return SP_OK; /* an input of a form that was left empty */
    if (*n == RECIPIENTS_MAX)
        return sp_fail(err, SP_E_INVALID, "more than %d recipients", RECIPIENTS_MAX);
    list[(*n)++] = text;
    return SP_OK;
}

static enum sp_rc
end_field(void *context, struct sp_err *err)
{
    struct sp_upload *upload = context;
    if (upload->field == DOCUMENT)
        return sp_scan_document_end(upload->scan, err);
    const char *name = field_info[upload->field].name;
    const struct sp_str *value = &upload->value;
    if (strlen(sp_str_text(value)) != value->len || !sp_utf8_valid(sp_str_text(value), value->len))
        return sp_fail(err, SP_E_INVALID, "the field '%s' is not UTF-8 text", name);
    char *text = sp_arena_text_n(upload->req->arena, sp_str_text(value), value->len);
    if (text == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    if (upload->field == TO)
        return keep_recipient(upload->to, &upload->n_to, sp_text_trim(text), err);
    if (upload->field == CC)
        return keep_recipient(upload->cc, &upload->n_cc, sp_text_trim(text), err);
    if (upload->single[upload->field] != NULL)
        return sp_fail(err, SP_E_INVALID, "the field '%s' is there twice", name);
    upload->single[upload->field] = text;
    return SP_OK;
}

static const struct sp_multipart_ops form_ops = { begin_field, add_to_field, end_field };

/* ---- the request ---- */

static const char *
or_none(const char *text)
{
    return text == NULL ? "" : text;
}

/* The form's, the query's and the token's word must not differ. */
static enum sp_rc
choose_route(const struct sp_upload *upload, const char **ret, struct sp_err *err)
{
    const char *asked = or_none(upload->single[ROUTE]);
    const char *query = or_none(sp_request_query(upload->req, "route"));
    const struct sp_token_row *token = upload->req->caller.token;
    if (*asked != '\0' && *query != '\0' && strcmp(asked, query) != 0)
        return sp_fail(err, SP_E_INVALID, "the form and the address name different routes");
    if (*asked == '\0')
        asked = query;
    if (token != NULL && token->route[0] != '\0') {
        if (*asked != '\0' && strcmp(asked, token->route) != 0)
            return sp_fail(err, SP_E_DENIED, "this token belongs to another route");
        asked = token->route;
    }
    *ret = asked;
    return SP_OK;
}

static void
name_source(const struct sp_upload *upload, struct sp_intake_request *request)
{
    const struct sp_caller *caller = &upload->req->caller;
    const char *queue = upload->single[QUEUE];
    request->source_name = caller->name;
    request->user = or_none(upload->single[USER]);
    if (caller->kind != SP_CALLER_PEER) {
        request->source = "http";
        if (caller->kind == SP_CALLER_SESSION)
            request->user = caller->name;
    } else if (queue != NULL || caller->role != SP_ROLE_ADMIN) {
        request->source = "cups";
        if (queue != NULL)
            request->source_name = queue;
    } else {
        request->source = "cli";
        if (request->user[0] == '\0')
            request->user = caller->name;
    }
}

/* A print job that names nobody, through a route that names nobody, is for whoever printed it. */
static enum sp_rc
tell_print_user(const struct sp_upload *upload, struct sp_intake_request *request, struct sp_err *err)
{
    const struct sp_route_settings *route = sp_settings_route(upload->api->settings, request->route);
    bool told = request->n_to + request->n_cc > 0 || (route != NULL && route->to.count > 0);
    if (strcmp(request->source, "cups") != 0 || told || request->user[0] == '\0')
        return SP_OK;
    const struct sp_person *person = sp_people_find_login(sp_intake_people(upload->api->intake), request->user);
    const char **to = sp_arena_array(upload->req->arena, 1, sizeof(*to));
    if (to == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    if (person != NULL) {
        to[0] = person->address;
        request->to = to;
        request->n_to = 1;
        return SP_OK;
    }
    request->untold = sp_arena_format(upload->req->arena, "the print user '%s' is not among the people", request->user);
    return request->untold != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "http: out of memory");
}

/* Whose keys are told apart: names of tokens have no colon. */
static const char *
key_owner(const struct sp_request *req)
{
    const struct sp_caller *caller = &req->caller;
    if (caller->kind == SP_CALLER_PEER)
        return sp_arena_format(req->arena, "uid:%u", (unsigned)caller->uid);
    if (caller->kind == SP_CALLER_SESSION)
        return sp_arena_format(req->arena, "user:%s", caller->name);
    return caller->name;
}

static enum sp_rc
fill_request(const struct sp_upload *upload, struct sp_intake_request *request, struct sp_err *err)
{
    static const char *const nobody[] = { NULL };
    const struct sp_token_row *token = upload->req->caller.token;
    *request = (struct sp_intake_request){
        .to = upload->to,
        .n_to = upload->n_to,
        .cc = upload->cc,
        .n_cc = upload->n_cc,
        .subject = or_none(upload->single[SUBJECT]),
        .body = or_none(upload->single[BODY]),
        .folder_name = "",
        .idempotency_key = sp_request_header(upload->req, "Idempotency-Key"),
        .idempotency_owner = key_owner(upload->req),
    };
    if (request->idempotency_owner == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    if (token != NULL) {
        request->allowed = token->n_patterns == 0 ? nobody : token->patterns;
        request->n_allowed = token->n_patterns;
    }
    name_source(upload, request);
    enum sp_rc rc = choose_route(upload, &request->route, err);
    return rc == SP_OK ? tell_print_user(upload, request, err) : rc;
}

static enum sp_rc
check_key(const struct sp_request *req, struct sp_err *err)
{
    const char *key = sp_request_header(req, "Idempotency-Key");
    if (key != NULL &&
        (*key == '\0' || strlen(key) > KEY_MAX || sp_text_has_control(key) || !sp_utf8_valid(key, strlen(key))))
        return sp_fail(err, SP_E_INVALID, "an Idempotency-Key has 1 to %d characters", KEY_MAX);
    return SP_OK;
}

/* ---- the answer ---- */

static void
refuse(const struct sp_upload *upload, struct sp_response *res, const struct sp_err *err)
{
    const char *queue = upload->single[QUEUE];
    const char *name = queue != NULL ? queue : or_none(upload->req->caller.name);
    char shown[200];
    sp_notice(upload->api->log, "http: a scan from %s was refused: %s", sp_log_clean(shown, sizeof(shown), name),
              err->text);
    sp_respond_error(res, err);
    if (queue != NULL) { /* all queues come as one user; who gives it has to know which one it was */
        free(res->who);
        res->who = strdup(queue);
    }
}

/* The scan is safe: whatever goes wrong from here on, the answer says so. */
static void
respond_taken(const struct sp_upload *upload, struct sp_response *res, const char *id, bool repeated)
{
    struct sp_err err = { 0 };
    struct sp_job *job = NULL;
    char location[64];
    json_t *json = NULL;
    if (sp_job_load(upload->req->db, id, &job, &err) == SP_OK)
        json = sp_job_json(job, true);
    else
        sp_warn(upload->api->log, "job %s: taken, but cannot be shown: %s", id, err.text);
    sp_job_free(&job);
    sp_respond_json_steal(res, 201, json == NULL ? json_pack("{s:s}", "id", id) : json);
    snprintf(location, sizeof(location), "/api/v1/jobs/%s", id);
    sp_respond_header(res, "Location", location);
    if (repeated)
        sp_respond_header(res, "Idempotent-Replayed", "true");
}

/* One file of several: 202 until the last one is there. */
static void
take_part(const struct sp_upload *upload, const struct sp_intake_request *request, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_part_request part;
    struct sp_part_result result = { 0 };
    enum sp_rc rc = SP_OK;
    if (upload->n_documents != 1 || upload->api->parts == NULL)
        rc = sp_fail(&err, SP_E_INVALID, "a part is one document");
    if (rc == SP_OK)
        rc = sp_scan_set_read(upload->single[SET], upload->req->arena, &part, &err);
    if (rc == SP_OK)
        rc = sp_parts_take(upload->api->parts, upload->scan, request, &part, &result, &err);
    if (rc != SP_OK)
        refuse(upload, res, &err);
    else if (result.whole)
        respond_taken(upload, res, result.id, result.repeated);
    else
        sp_respond_json_steal(res, 202,
                              json_pack("{s:i, s:i, s:i}", "n", result.n, "have", result.have, "of", part.of));
}

static void
take_scan(const struct sp_upload *upload, const struct sp_intake_request *request, struct sp_response *res)
{
    struct sp_err err = { 0 };
    char id[SP_ULID_SIZE] = "";
    bool repeated = false;
    if (sp_scan_commit(upload->scan, request, id, &repeated, &err) == SP_OK)
        respond_taken(upload, res, id, repeated);
    else
        refuse(upload, res, &err);
}

/* ---- the receiver ---- */

static void
scan_free(struct sp_upload *upload)
{
    sp_scan_free(&upload->scan);
    sp_multipart_free(&upload->form);
    sp_str_free(&upload->value);
    free(upload);
}

static struct sp_upload *
scan_begin(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_upload *upload = calloc(1, sizeof(*upload));
    if (upload == NULL) {
        sp_respond_problem(res, 500, "nomem", "out of memory");
        return NULL;
    }
    upload->api = api;
    upload->req = req;
    enum sp_rc rc = check_key(req, &err);
    if (rc == SP_OK)
        rc = sp_multipart_new(sp_request_header(req, "Content-Type"), &form_ops, upload, &upload->form, &err);
    if (rc == SP_OK)
        rc = sp_intake_begin(api->intake, NULL, &upload->scan, &err);
    if (rc == SP_OK)
        return upload;
    refuse(upload, res, &err);
    scan_free(upload);
    return NULL;
}

static bool
scan_take(struct sp_upload *upload, const void *bytes, size_t size, struct sp_response *res)
{
    struct sp_err err = { 0 };
    if (sp_multipart_add(upload->form, bytes, size, &err) == SP_OK)
        return true;
    refuse(upload, res, &err);
    return false;
}

static void
scan_end(struct sp_upload *upload, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_intake_request request;
    upload->req = req;
    enum sp_rc rc = sp_multipart_end(upload->form, &err);
    if (rc == SP_OK && upload->n_documents == 0)
        rc = sp_fail(&err, SP_E_INVALID, "the form has no file in a field 'document'");
    if (rc == SP_OK)
        rc = fill_request(upload, &request, &err);
    if (rc != SP_OK)
        refuse(upload, res, &err);
    else if (upload->single[SET] != NULL)
        take_part(upload, &request, res);
    else
        take_scan(upload, &request, res);
}

/* DELETE /api/v1/scans?key=...: a scan of several parts is not wanted any more. */
static void
scan_withdraw(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    const char *key = or_none(sp_request_query(req, "key")), *owner = key_owner(req);
    enum sp_rc rc = owner == NULL ? sp_fail(&err, SP_E_NOMEM, "http: out of memory") : SP_OK;
    if (rc == SP_OK && api->parts != NULL)
        rc = sp_parts_withdraw(api->parts, owner, key, &err);
    if (rc == SP_OK)
        sp_respond_empty(res, 204);
    else
        sp_respond_error(res, &err);
}

static const struct sp_receiver scan_receiver = {
    .begin = scan_begin,
    .take = scan_take,
    .end = scan_end,
    .free = scan_free,
};

const struct sp_route sp_routes_scans[] = {
    { "POST", "/api/v1/scans", SP_MAY_SUBMIT, NULL, &scan_receiver },
    { "DELETE", "/api/v1/scans", SP_MAY_SUBMIT, scan_withdraw, NULL },
    { 0 },
};

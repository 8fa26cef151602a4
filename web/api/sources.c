/* sources.c - GET /api/v1/sources: counts from the database, folders as they are watched, tokens, and who was refused.
 */
#include "web/api/sources.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/source.h"
#include "gateway/folders.h"
#include "gateway/intake.h"
#include "gateway/refusals.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

enum { UNCOUNTED_MAX = 5000 /* jobs; more than that are worth remembering what they add up to */ };

struct list {
    const struct sp_api *api;
    const struct sp_request *req;
    int64_t now;
    struct sp_source_sums sums;
    struct sp_token_row *tokens;
    size_t n_tokens;
    struct sp_api_source *items;
    size_t count;
};

/* ---- what the database knows ---- */

static enum sp_rc
run_remember(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_sources_remember(db, context, err);
}

static enum sp_rc
load(struct list *l, struct sp_err *err)
{
    struct sp_arena *arena = l->req->arena;
    enum sp_rc rc = sp_sources_count(l->req->db, arena, &l->sums, err);
    if (rc == SP_OK)
        rc = sp_token_list(l->req->db, arena, &l->tokens, &l->n_tokens, err);
    if (rc == SP_OK && l->sums.newest - l->sums.counted_to > UNCOUNTED_MAX)
        rc = sp_batch_run(l->api->batch, run_remember, &l->sums, err);
    if (rc != SP_OK)
        return rc;
    size_t room = l->sums.count + l->n_tokens + l->api->settings->n_folders + 1;
    l->items = sp_arena_array(arena, room, sizeof(*l->items));
    return l->items == NULL ? sp_fail(err, SP_E_NOMEM, "http: out of memory") : SP_OK;
}

static void
add_counts(const struct list *l, const char *kind, struct sp_api_source *source)
{
    for (size_t i = 0; i < l->sums.count; i++) {
        const struct sp_source_count *item = &l->sums.items[i];
        if (strcmp(item->kind, kind) != 0 || strcmp(item->name, source->name) != 0)
            continue;
        source->count += item->count;
        if (source->last_scan < item->last)
            source->last_scan = item->last;
    }
}

static void
mark_silence(const struct list *l, struct sp_api_source *source)
{
    int64_t after = l->api->settings->notify.silent_after_ms;
    source->silent = after > 0 && source->last_scan > 0 && l->now - source->last_scan >= after;
}

/* ---- the three kinds ---- */

static enum sp_rc
list_folders(struct list *l, struct sp_err *err)
{
    size_t count = l->api->folders == NULL ? 0 : sp_folders_count(l->api->folders);
    for (size_t i = 0; i < count; i++) {
        struct sp_folder_status status;
        struct sp_api_source *source = &l->items[l->count++];
        sp_folders_status(l->api->folders, i, &status);
        *source = (struct sp_api_source){ .kind = "folder", .name = status.name, .folder = i };
        source->last_scan = status.last_scan;
        source->trouble = sp_arena_text(l->req->arena, status.trouble);
        if (source->trouble == NULL)
            return sp_fail(err, SP_E_NOMEM, "http: out of memory");
        add_counts(l, "folder", source);
        mark_silence(l, source);
    }
    return SP_OK;
}

/* A name may have had several tokens; the last one of them is the device as it is now. */
static void
list_devices(struct list *l)
{
    static const char *const kinds[] = { "http", "webdav", "smtp" };
    for (size_t i = 0; i < l->n_tokens; i++) {
        const struct sp_token_row *token = &l->tokens[i];
        bool last = i + 1 == l->n_tokens || strcmp(l->tokens[i + 1].name, token->name) != 0;
        struct sp_api_source *source = &l->items[l->count++];
        *source = (struct sp_api_source){ .kind = "device", .name = token->name, .trouble = "", .token = token };
        for (size_t k = 0; last && k < SP_LEN(kinds); k++)
            add_counts(l, kinds[k], source);
        if (token->revoked == 0)
            mark_silence(l, source);
    }
}

static void
list_queues(struct list *l)
{
    for (size_t i = 0; i < l->sums.count; i++) {
        const struct sp_source_count *item = &l->sums.items[i];
        if (strcmp(item->kind, "cups") != 0)
            continue;
        struct sp_api_source *source = &l->items[l->count++];
        *source = (struct sp_api_source){
            .kind = "queue", .name = item->name, .last_scan = item->last, .count = item->count, .trouble = ""
        };
        mark_silence(l, source);
    }
}

enum sp_rc
sp_api_sources(const struct sp_api *api, const struct sp_request *req, struct sp_api_source **ret, size_t *ret_count,
               struct sp_err *err)
{
    struct list l = { .api = api, .req = req, .now = sp_wall_ms(api->clock) };
    enum sp_rc rc = load(&l, err);
    if (rc == SP_OK)
        rc = list_folders(&l, err);
    if (rc != SP_OK)
        return rc;
    list_devices(&l);
    list_queues(&l);
    *ret = l.items;
    *ret_count = l.count;
    return SP_OK;
}

/* ---- who was refused ---- */

/* A WebDAV client asks without its token first, looks for what may not be there and tries locks: that is its way. */
static bool
is_refusal(const struct sp_route *route, const struct sp_request *req, int status, bool dav)
{
    if (route->may != SP_MAY_SUBMIT || status == 404)
        return false;
    if (!dav)
        return true;
    if (status == 401)
        return sp_request_header(req, "Authorization") != NULL;
    if (status == 409)
        return strcmp(req->method, "PUT") == 0;
    return status != 405 && status != 410 && status != 412 && status != 423;
}

void
sp_api_refused(struct sp_api *api, const struct sp_route *route, const struct sp_request *req,
               const struct sp_response *res)
{
    bool dav = sp_text_starts(route->path, "/dav/");
    const char *door = dav ? "webdav" : "http";
    if (!is_refusal(route, req, res->status, dav))
        return;
    if (req->peer.local)
        door = req->caller.role == SP_ROLE_ADMIN ? "cli" : "cups";
    const struct sp_refused refused = {
        .door = door,
        .who = res->who != NULL ? res->who : req->caller.name,
        .address = req->peer.address,
        .reason = res->reason == NULL ? sp_status_words(res->status) : res->reason,
        .what = dav ? req->path : "",
        .status = res->status,
        .now = sp_wall_ms(api->clock),
    };
    sp_refusals_note(sp_intake_refusals(api->intake), &refused);
}

static json_t *
refusal_json(const struct sp_refusal *item)
{
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I}", "at", sp_json_time(item->at), "first",
                     sp_json_time(item->first), "door", item->door, "who", sp_json_text(item->who), "address",
                     sp_json_text(item->address), "status",
                     item->status == 0 ? json_null() : json_integer(item->status), "reason", sp_json_text(item->reason),
                     "what", sp_json_text(item->what), "count", (json_int_t)item->count);
}

static json_t *
refusals_json(const struct sp_api *api, struct sp_arena *arena)
{
    struct sp_refusal *items = sp_arena_array(arena, SP_REFUSALS_MAX, sizeof(*items));
    json_t *list = json_array();
    size_t count = items == NULL ? 0 : sp_refusals_list(sp_intake_refusals(api->intake), items, SP_REFUSALS_MAX);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, refusal_json(&items[i]));
    return list;
}

/* ---- as JSON ---- */

static json_t *
device_json(const struct sp_api_source *source)
{
    const struct sp_token_row *token = source->token;
    json_t *to = json_array();
    for (size_t i = 0; i < token->n_patterns; i++)
        json_array_append_new(to, sp_json_text(token->patterns[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", sp_json_text(token->name), "route",
                     sp_json_text(token->route), "to", to, "created", sp_json_time(token->created), "last_used",
                     sp_json_time(token->last_used), "revoked", sp_json_time(token->revoked));
}

static json_t *
source_json(const struct sp_api *api, const struct sp_api_source *source)
{
    json_t *json = NULL;
    if (source->token != NULL) {
        json = device_json(source);
    } else if (strcmp(source->kind, "folder") == 0) {
        struct sp_folder_status status;
        sp_folders_status(api->folders, source->folder, &status);
        json = sp_folder_json(&status);
    } else {
        json = json_pack("{s:o}", "name", sp_json_text(source->name));
    }
    json_object_set_new(json, "last_scan", sp_json_time(source->last_scan));
    json_object_set_new(json, "count", json_integer(source->count));
    json_object_set_new(json, "silent", json_boolean(source->silent));
    return json;
}

json_t *
sp_sources_json(const struct sp_api *api, const struct sp_api_source *sources, size_t count, const char *kind)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (strcmp(sources[i].kind, kind) == 0)
            json_array_append_new(list, source_json(api, &sources[i]));
    return list;
}

static void
source_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_api_source *sources = NULL;
    size_t count = 0;
    if (sp_api_sources(api, req, &sources, &count, &err) != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    sp_respond_json_steal(res, 200,
                          json_pack("{s:o, s:o, s:o, s:o}", "folders", sp_sources_json(api, sources, count, "folder"),
                                    "devices", sp_sources_json(api, sources, count, "device"), "queues",
                                    sp_sources_json(api, sources, count, "queue"), "refusals",
                                    refusals_json(api, req->arena)));
}

const struct sp_route sp_routes_sources[] = {
    { "GET", "/api/v1/sources", SP_MAY_READ, source_list, NULL },
    { 0 },
};

#include "backend/sandbox/graph.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/sandbox/app.h"
#include "backend/sandbox/graph_call.h"
#include "base/auto.h"
#include "base/text.h"

enum { JSON_MAX = SP_BOX_GRAPH_BODY_MAX };

/* Answering. */

bool
sp_box_graph_fail(const struct sp_box_call *call, enum sp_box_graph_error error, const char *detail)
{
    sp_box_graph_error(call->graph, call->answer, error, detail, 0);
    return false;
}

void
sp_box_graph_json(const struct sp_box_call *call, int status, json_t *json)
{
    SP_AUTO_FREE char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    call->answer->status = text != NULL ? status : 500;
    call->answer->type = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
                         "charset=utf-8";
    sp_str_add(&call->answer->body, text != NULL ? text : "");
}

json_t *
sp_box_graph_read_json(const struct sp_box_call *call)
{
    struct sp_str text = { 0 };
    json_t *json = NULL;
    if (!sp_text_starts_nocase(sp_box_request_header(call->request, "Content-Type"), "application/json")) {
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_TYPE, NULL);
        return NULL;
    }
    if (sp_box_request_text(call->request, JSON_MAX, &text))
        json = json_loadb(sp_str_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
    sp_str_free(&text);
    if (json_is_object(json))
        return json;
    json_decref(json);
    (void)sp_box_graph_fail(call, SP_BOX_GRAPH_JSON, NULL);
    return NULL;
}

/* Mailboxes. */

const char *
sp_box_graph_mailbox(const struct sp_box_graph *graph, size_t mailbox)
{
    return mailbox == 0 ? graph->account->user : graph->options->send_as.items[mailbox - 1];
}

/* false: nobody has it. */
static bool
find_mailbox(const struct sp_box_graph *graph, const char *name, size_t *ret)
{
    for (size_t i = 0; i <= graph->options->send_as.n; i++) {
        if (sp_address_equal(sp_box_graph_mailbox(graph, i), name)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* Paths. */

/* "/v1.0/users/a%40b/messages" into its segments; false: too many, too long, or wrongly encoded. */
static bool
split(const char *path, struct sp_box_call *call)
{
    for (; *path == '/'; path += strcspn(path, "/")) {
        struct sp_str text = { 0 };
        size_t len = strcspn(++path, "/");
        bool fine = call->n < SP_BOX_SEGMENTS_MAX && sp_box_percent_decode(&text, path, len, false) &&
                    sp_text_copy(call->segments[call->n], SP_BOX_SEGMENT_MAX, sp_str_text(&text));
        sp_str_free(&text);
        if (!fine)
            return false;
        call->n++;
    }
    return true;
}

/* "*" fits anything; others without regard to case, as Graph does. An upload URL's segments carry a name:
 * "Users('a@b')". */
static bool
fits(const struct sp_box_call *call, const char *pattern)
{
    size_t i = 0;
    for (const char *at = pattern; *at != '\0'; i++) {
        size_t len = strcspn(at, "/");
        const char *segment = i < call->n ? call->segments[i] : "";
        bool prefix = len > 0 && at[len - 1] == '(';
        if (*segment == '\0' || (*at != '*' && strncasecmp(segment, at, len) != 0) ||
            (*at != '*' && !prefix && strlen(segment) != len))
            return false;
        at += len + (at[len] == '/');
    }
    return i == call->n;
}

/* The mailbox of "Users('a@b')" or of the segment itself. */
static bool
mailbox_of(const struct sp_box_graph *graph, const char *segment, size_t *ret)
{
    char name[SP_BOX_SEGMENT_MAX];
    bool quoted = sp_text_starts_nocase(segment, "Users('");
    (void)sp_text_copy(name, sizeof(name), quoted ? segment + strlen("Users('") : segment);
    if (quoted)
        name[strcspn(name, "'")] = '\0';
    return find_mailbox(graph, name, ret);
}

/* Small resources. */

static void
metadata(struct sp_box_call *call)
{
    call->answer->status = 200;
    call->answer->type = "application/xml";
    sp_str_add(&call->answer->body, "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"4.0\" "
                                    "xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"/>");
}

static void
show_user(struct sp_box_call *call)
{
    const char *name = sp_box_graph_mailbox(call->graph, call->mailbox);
    if (sp_box_plays(call->graph->scenarios, SP_BOX_GRAPH, SP_BOX_NO_DIRECTORY, NULL))
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_NO_DIRECTORY, NULL);
    else
        sp_box_graph_json(call, 200,
                          json_pack("{s:s, s:s, s:s, s:s}", "@odata.context",
                                    "https://graph.microsoft.com/v1.0/$metadata#users/$entity", "displayName", name,
                                    "mail", name, "userPrincipalName", name));
}

static void
show_folder(struct sp_box_call *call)
{
    sp_box_graph_json(
        call, 200,
        json_pack("{s:s, s:s, s:i}", "id", call->segments[4], "displayName", call->segments[4], "totalItemCount", 0));
}

/* Routes. */

enum { OPEN = 1, UPLOAD = 2 }; /* needs no token; must not have one */

static const struct route {
    const char *method, *pattern;
    void (*run)(struct sp_box_call *call);
    unsigned how;
} routes[] = {
    { "GET", "v1.0/$metadata", metadata, OPEN },
    { "GET", "v1.0/users/*", show_user, 0 },
    { "GET", "v1.0/users/*/mailFolders/*", show_folder, 0 },
    { "POST", "v1.0/users/*/sendMail", sp_box_graph_send_mail, 0 },
    { "POST", "v1.0/users/*/microsoft.graph.sendMail", sp_box_graph_send_mail, 0 },
    { "POST", "v1.0/users/*/messages", sp_box_graph_create, 0 },
    { "GET", "v1.0/users/*/messages/*", sp_box_graph_show, 0 },
    { "DELETE", "v1.0/users/*/messages/*", sp_box_graph_delete, 0 },
    { "POST", "v1.0/users/*/messages/*/send", sp_box_graph_send_draft, 0 },
    { "POST", "v1.0/users/*/messages/*/attachments", sp_box_graph_attach, 0 },
    { "POST", "v1.0/users/*/messages/*/attachments/createUploadSession", sp_box_graph_create_session, 0 },
    { "PUT", "api/v2.0/Users(/Messages(/AttachmentSessions(", sp_box_graph_upload, UPLOAD },
    { "GET", "api/v2.0/Users(/Messages(/AttachmentSessions(", sp_box_graph_upload_status, UPLOAD },
    { "DELETE", "api/v2.0/Users(/Messages(/AttachmentSessions(", sp_box_graph_upload_cancel, UPLOAD },
};

/* NULL: none; *ret_known: the path is one, with another method. */
static const struct route *
find_route(const struct sp_box_call *call, bool *ret_known)
{
    *ret_known = false;
    for (size_t i = 0; i < SP_LEN(routes); i++) {
        if (!fits(call, routes[i].pattern))
            continue;
        *ret_known = true;
        if (strcmp(routes[i].method, call->request->method) == 0)
            return &routes[i];
    }
    return NULL;
}

/* Who asks. */

static bool
token_good(const struct sp_box_call *call)
{
    static const char scheme[] = "Bearer ";
    const char *said = sp_box_request_header(call->request, "Authorization");
    int64_t now_s = sp_box_now_ms(call->graph->scenarios, SP_BOX_GRAPH) / 1000;
    if (!sp_text_starts_nocase(said, scheme))
        return sp_box_graph_fail(call, SP_BOX_GRAPH_NO_TOKEN, NULL);
    switch (sp_box_app_check(call->graph->app, said + strlen(scheme), SP_BOX_FOR_GRAPH, now_s)) {
    case SP_BOX_TOKEN_GOOD:
        return true;
    case SP_BOX_TOKEN_UNREADABLE:
        return sp_box_graph_fail(call, SP_BOX_GRAPH_TOKEN_UNREADABLE, NULL);
    case SP_BOX_TOKEN_FORGED:
        return sp_box_graph_fail(call, SP_BOX_GRAPH_TOKEN_FORGED, NULL);
    case SP_BOX_TOKEN_FOR_OTHERS:
        return sp_box_graph_fail(call, SP_BOX_GRAPH_TOKEN_AUDIENCE, NULL);
    case SP_BOX_TOKEN_EXPIRED:
        return sp_box_graph_fail(call, SP_BOX_GRAPH_TOKEN_EXPIRED, NULL);
    case SP_BOX_TOKEN_TOO_EARLY:
        return sp_box_graph_fail(call, SP_BOX_GRAPH_TOKEN_EARLY, NULL);
    case SP_BOX_TOKEN_WITHOUT_ROLE:
        return sp_box_graph_fail(call, SP_BOX_GRAPH_ACCESS_DENIED, NULL);
    }
    return false;
}

static bool
caller_good(struct sp_box_call *call, const struct route *route)
{
    if ((route->how & OPEN) != 0)
        return true;
    if ((route->how & UPLOAD) != 0 && *sp_box_request_header(call->request, "Authorization") != '\0')
        return sp_box_graph_fail(call, SP_BOX_GRAPH_AUTHORIZED_UPLOAD, NULL);
    if ((route->how & UPLOAD) == 0 && !token_good(call))
        return false;
    if (!mailbox_of(call->graph, call->segments[2], &call->mailbox))
        return sp_box_graph_fail(call, SP_BOX_GRAPH_INVALID_USER, call->segments[2]);
    return true;
}

static void
handle(void *context, const struct sp_box_request *request, const struct sp_box_guest *guest,
       struct sp_box_answer *answer)
{
    struct sp_box_call call = { .graph = context, .request = request, .guest = guest, .answer = answer };
    bool known = false;
    const struct route *route = split(request->path, &call) ? find_route(&call, &known) : NULL;
    if (route == NULL && known)
        (void)sp_box_graph_fail(&call, SP_BOX_GRAPH_METHOD, NULL);
    else if (route == NULL)
        (void)sp_box_graph_fail(&call, SP_BOX_GRAPH_NO_RESOURCE, call.n > 0 ? call.segments[call.n - 1] : "");
    else if (!sp_box_graph_spoils_call(&call) && caller_good(&call, route))
        route->run(&call);
    if (answer->status == 429)
        sp_box_stats_add(call.graph->stats, SP_BOX_GRAPH_THROTTLED, 1);
}

/* Limits. */

/* Which mailbox a request is for; false: none. */
static bool
mailbox_asked(const struct sp_box_graph *graph, const struct sp_box_request *request, size_t *ret)
{
    struct sp_box_call call = { 0 };
    return split(request->path, &call) && call.n > 2 && mailbox_of(graph, call.segments[2], ret);
}

static bool
enter(void *context, const struct sp_box_request *request, struct sp_box_answer *answer)
{
    struct sp_box_graph *graph = context;
    size_t mailbox = 0;
    if (!mailbox_asked(graph, request, &mailbox))
        return true;
    pthread_mutex_lock(&graph->lock);
    bool free = graph->requests[mailbox] < SP_BOX_GRAPH_CONCURRENCY;
    graph->requests[mailbox] += free;
    pthread_mutex_unlock(&graph->lock);
    if (free) {
        sp_box_stats_gauge(graph->stats, SP_BOX_GRAPH_REQUESTS, true);
        return true;
    }
    sp_box_stats_add(graph->stats, SP_BOX_GRAPH_OVER_REQUESTS, 1);
    sp_box_stats_add(graph->stats, SP_BOX_GRAPH_THROTTLED, 1);
    sp_box_graph_error(graph, answer, SP_BOX_GRAPH_CONCURRENT, NULL, 1);
    return false;
}

static void
leave(void *context, const struct sp_box_request *request)
{
    struct sp_box_graph *graph = context;
    size_t mailbox = 0;
    if (!mailbox_asked(graph, request, &mailbox))
        return;
    pthread_mutex_lock(&graph->lock);
    graph->requests[mailbox]--;
    pthread_mutex_unlock(&graph->lock);
    sp_box_stats_gauge(graph->stats, SP_BOX_GRAPH_REQUESTS, false);
}

static void
too_large(void *context, struct sp_box_answer *answer)
{
    sp_box_graph_error(context, answer, SP_BOX_GRAPH_TOO_LARGE, NULL, 0);
}

const struct sp_box_service_fns sp_box_graph_fns = {
    .enter = enter,
    .leave = leave,
    .handle = handle,
    .too_large = too_large,
};

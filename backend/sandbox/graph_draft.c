/* Drafts and their attachments: small ones in JSON, large ones by upload sessions (learn.microsoft.com
 * graph/outlook-large-attachments): PUT after PUT with "Content-Range: bytes 0-3276799/104857600", in order; 200 with
 * what is expected next, 201 after the last. The upload URL holds its own authorization. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backend/sandbox/graph_call.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/text.h"

enum { SESSION_MIN = 3 * 1024 * 1024, SESSION_LIFE_MS = 60 * 60 * 1000, BLOCK = 65536 };

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* Drafts. */

/* Only headers of one's own may be set. */
static bool
headers_good(const struct sp_box_call *call, const json_t *message)
{
    size_t i;
    const json_t *each;
    json_array_foreach (json_object_get(message, "internetMessageHeaders"), i, each) {
        if (!sp_text_starts_nocase(text_of(each, "name"), "x-"))
            return sp_box_graph_fail(call, SP_BOX_GRAPH_HEADER, text_of(each, "name"));
    }
    return true;
}

static json_t *
describe(const struct sp_box_draft *draft)
{
    json_t *json = json_deep_copy(draft->message);
    json_object_del(json, "attachments");
    json_object_set_new(json, "@odata.context", json_string("https://graph.microsoft.com/v1.0/$metadata#message"));
    json_object_set_new(json, "id", json_string(draft->id));
    json_object_set_new(json, "isDraft", json_true());
    json_object_set_new(json, "hasAttachments", json_boolean(draft->n > 0));
    return json;
}

void
sp_box_graph_create(struct sp_box_call *call)
{
    struct sp_box_graph *graph = call->graph;
    json_t *message = sp_box_graph_read_json(call);
    if (message == NULL)
        return;
    struct sp_box_draft *draft = headers_good(call, message) ? sp_box_draft_new(call->mailbox, message) : NULL;
    const json_t *each;
    size_t i;
    bool fine = draft != NULL;
    json_array_foreach (json_object_get(message, "attachments"), i, each) {
        fine = fine && sp_box_graph_attach_file(call, draft, each);
    }
    json_decref(message);
    if (fine) {
        json_t *card = describe(draft);
        pthread_mutex_lock(&graph->lock);
        fine = sp_box_drafts_put(&graph->drafts, draft);
        pthread_mutex_unlock(&graph->lock);
        sp_box_graph_json(call, 201, card);
        if (fine)
            return; /* it is the list's now */
        sp_str_cut(&call->answer->body, 0);
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
    }
    sp_box_draft_free(&draft);
}

/* Runs with the draft that the path names, and the lock. */
static void
with_draft(struct sp_box_call *call, void (*run)(struct sp_box_call *call, struct sp_box_draft *draft))
{
    pthread_mutex_lock(&call->graph->lock);
    struct sp_box_draft *draft = sp_box_drafts_find(&call->graph->drafts, call->mailbox, call->segments[4]);
    if (draft == NULL || draft->busy)
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_NO_ITEM, NULL);
    else
        run(call, draft);
    pthread_mutex_unlock(&call->graph->lock);
}

static void
show(struct sp_box_call *call, struct sp_box_draft *draft)
{
    sp_box_graph_json(call, 200, describe(draft));
}

void
sp_box_graph_show(struct sp_box_call *call)
{
    with_draft(call, show);
}

static void
discard(struct sp_box_call *call, struct sp_box_draft *draft)
{
    sp_box_drafts_remove(&call->graph->drafts, &draft);
    call->answer->status = 204;
}

void
sp_box_graph_delete(struct sp_box_call *call)
{
    with_draft(call, discard);
}

/* Small attachments. */

bool
sp_box_graph_attach_file(const struct sp_box_call *call, struct sp_box_draft *draft, const json_t *attachment)
{
    const json_t *content = json_object_get(attachment, "contentBytes");
    const char *name = text_of(attachment, "name");
    struct sp_str bytes = { 0 };
    if (strcasecmp(text_of(attachment, "@odata.type"), "#microsoft.graph.fileAttachment") != 0 || *name == '\0' ||
        !json_is_string(content))
        return sp_box_graph_fail(call, SP_BOX_GRAPH_JSON, NULL);
    if (!sp_base64_decode(&bytes, json_string_value(content), json_string_length(content))) {
        sp_str_free(&bytes);
        return sp_box_graph_fail(call, SP_BOX_GRAPH_JSON, NULL);
    }
    struct sp_box_attachment *made =
        sp_box_draft_attach(draft, call->graph->dirfd, name, text_of(attachment, "contentType"));
    bool fine = made != NULL && sp_io_write_all(made->fd, sp_str_text(&bytes), bytes.len, NULL) == SP_OK;
    if (fine)
        made->size = made->expected = bytes.len;
    sp_str_free(&bytes);
    return fine || sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
}

static void
attach(struct sp_box_call *call, struct sp_box_draft *draft)
{
    char id[SP_BOX_DRAFT_ID];
    json_t *json = sp_box_graph_read_json(call);
    if (json != NULL && sp_box_graph_attach_file(call, draft, json)) {
        sp_box_draft_name(id);
        sp_box_graph_json(call, 201,
                          json_pack("{s:s, s:s, s:s, s:I}", "@odata.type", "#microsoft.graph.fileAttachment", "id", id,
                                    "name", text_of(json, "name"), "size",
                                    (json_int_t)draft->attachments[draft->n - 1].size));
    }
    json_decref(json);
}

void
sp_box_graph_attach(struct sp_box_call *call)
{
    with_draft(call, attach);
}

/* Upload sessions. */

/* "expirationDateTime" and "nextExpectedRanges", and what pairs are given besides. */
static json_t *
session_card(const struct sp_box_call *call, const struct sp_box_attachment *part)
{
    char until[SP_ISO_TIME_SIZE], next[32];
    sp_time_iso(sp_box_now_ms(call->graph->scenarios, SP_BOX_GRAPH) + SESSION_LIFE_MS, until);
    (void)snprintf(next, sizeof(next), "%llu-", (unsigned long long)part->size);
    return json_pack(
        "{s:s, s:s, s:[s]}", "@odata.context",
        "https://outlook.office.com/api/v2.0/$metadata#Users('x')/Messages('y')/AttachmentSessions/$entity",
        "expirationDateTime", until, "nextExpectedRanges", next);
}

/* The URL is for the host by which we were reached, because that is where the client finds us. */
static json_t *
upload_url(const struct sp_box_call *call, const struct sp_box_draft *draft, const struct sp_box_attachment *part)
{
    struct sp_str url = { 0 };
    const char *host = sp_box_request_header(call->request, "Host");
    sp_str_addf(&url, "https://%s/api/v2.0/Users('%s')/Messages('%s')/AttachmentSessions('%s')?authtoken=%s", host,
                sp_box_graph_mailbox(call->graph, call->mailbox), draft->id, part->session, part->token);
    json_t *json = json_string(sp_str_text(&url));
    sp_str_free(&url);
    return json;
}

static void
open_session(struct sp_box_call *call, struct sp_box_draft *draft, const json_t *item)
{
    json_int_t size = json_integer_value(json_object_get(item, "size"));
    if (strcasecmp(text_of(item, "attachmentType"), "file") != 0 || *text_of(item, "name") == '\0' || size <= 0) {
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_JSON, NULL);
        return;
    }
    if (size < SESSION_MIN || size > SP_BOX_ATTACHMENT_LIMIT) {
        (void)sp_box_graph_fail(
            call, size < SESSION_MIN ? SP_BOX_GRAPH_ATTACHMENT_SMALL : SP_BOX_GRAPH_ATTACHMENT_LARGE, NULL);
        return;
    }
    struct sp_box_attachment *part =
        sp_box_draft_attach(draft, call->graph->dirfd, text_of(item, "name"), text_of(item, "contentType"));
    if (part == NULL) {
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
        return;
    }
    part->expected = (uint64_t)size;
    sp_box_draft_name(part->session);
    sp_box_draft_name(part->token);
    json_t *card = session_card(call, part);
    json_object_set_new(card, "uploadUrl", upload_url(call, draft, part));
    sp_box_graph_json(call, 201, card);
}

static void
create_session(struct sp_box_call *call, struct sp_box_draft *draft)
{
    json_t *json = sp_box_graph_read_json(call);
    if (json != NULL)
        open_session(call, draft, json_object_get(json, "AttachmentItem"));
    json_decref(json);
}

void
sp_box_graph_create_session(struct sp_box_call *call)
{
    with_draft(call, create_session);
}

/* The session of "AttachmentSessions('S')?authtoken=T". Only while locked; NULL: answered. */
static struct sp_box_attachment *
find_session(const struct sp_box_call *call)
{
    char session[SP_BOX_DRAFT_ID];
    const char *quote = strchr(call->segments[4], '\''), *query = call->request->query;
    (void)sp_text_copy(session, sizeof(session), quote != NULL ? quote + 1 : "");
    session[strcspn(session, "'")] = '\0';
    const char *token = sp_text_starts(query, "authtoken=") ? query + strlen("authtoken=") : "";
    struct sp_box_attachment *part = NULL;
    if (!sp_box_plays(call->graph->scenarios, SP_BOX_GRAPH, SP_BOX_UPLOAD_LOST, NULL))
        part = sp_box_drafts_find_session(&call->graph->drafts, session, token);
    if (part == NULL)
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_NO_ITEM, NULL);
    return part;
}

struct range {
    uint64_t first, last, whole;
};

/* The number at *text, which must be followed by `end`; moves behind that. */
static bool
number(const char **text, char end, uint64_t *ret)
{
    char *rest = NULL;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *ret = strtoull(*text, &rest, 10);
    *text = rest + (*rest != '\0');
    return errno == 0 && *rest == end;
}

/* "bytes 0-99/1000" */
static bool
range_parse(const char *text, struct range *ret)
{
    static const char unit[] = "bytes ";
    if (!sp_text_starts(text, unit))
        return false;
    text += strlen(unit);
    return number(&text, '-', &ret->first) && number(&text, '/', &ret->last) && number(&text, '\0', &ret->whole) &&
           ret->first <= ret->last && ret->last < ret->whole;
}

static bool
copy(const struct sp_box_request *request, int to)
{
    char block[BLOCK];
    for (uint64_t at = 0; at < request->size;) {
        ssize_t got = pread(request->body, block, sizeof(block), (off_t)at);
        if (got <= 0 || sp_io_write_all(to, block, (size_t)got, NULL) != SP_OK)
            return false;
        at += (uint64_t)got;
    }
    return true;
}

/* Puts the bytes behind those that are there. */
static void
receive(struct sp_box_call *call, struct sp_box_attachment *part)
{
    struct range range;
    char expected[32];
    (void)snprintf(expected, sizeof(expected), "%llu-", (unsigned long long)part->size);
    if (!range_parse(sp_box_request_header(call->request, "Content-Range"), &range) || range.first != part->size ||
        range.whole != part->expected || range.last - range.first + 1 != call->request->size) {
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_RANGE, expected);
    } else if (!copy(call->request, part->fd)) {
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
    } else {
        part->size += call->request->size;
        if (part->size < part->expected) {
            sp_box_graph_json(call, 200, session_card(call, part));
            return;
        }
        sp_str_addf(&call->answer->headers,
                    "Location: https://outlook.office.com/api/v2.0/Users('x')/Messages('y')/"
                    "Attachments('%s')\r\n",
                    part->session);
        part->session[0] = '\0';
        call->answer->status = 201;
    }
}

static void
with_session(struct sp_box_call *call, void (*run)(struct sp_box_call *call, struct sp_box_attachment *part))
{
    pthread_mutex_lock(&call->graph->lock);
    struct sp_box_attachment *part = find_session(call);
    if (part != NULL)
        run(call, part);
    pthread_mutex_unlock(&call->graph->lock);
}

void
sp_box_graph_upload(struct sp_box_call *call)
{
    with_session(call, receive);
}

static void
status(struct sp_box_call *call, struct sp_box_attachment *part)
{
    sp_box_graph_json(call, 200, session_card(call, part));
}

void
sp_box_graph_upload_status(struct sp_box_call *call)
{
    with_session(call, status);
}

/* Its place stays, and the draft can no longer be sent: a client that cancels starts the draft again. */
static void
cancel(struct sp_box_call *call, struct sp_box_attachment *part)
{
    part->session[0] = '\0';
    call->answer->status = 204;
}

void
sp_box_graph_upload_cancel(struct sp_box_call *call)
{
    with_session(call, cancel);
}

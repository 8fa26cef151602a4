/* graph_upload.c - a large attachment, in ranges, in order
 * (https://learn.microsoft.com/graph/api/attachment-createuploadsession).
 *
 *     POST DRAFT/attachments/createUploadSession   -> 201, uploadUrl: signed, so it is a secret and needs no token
 *     PUT uploadUrl, Content-Range: bytes 0-99/500 -> 200, nextExpectedRanges ["100"]; 201 when it was the last
 *     GET uploadUrl                                -> 200, nextExpectedRanges: where to go on after trouble
 *
 * What breaks a range (a lost connection, an error of the server's) costs that range only: the session tells what it
 * has, and the upload goes on there. Trouble without any progress ends it. */
#include <stdlib.h>
#include <string.h>

#include "backend/delivery/graph.h"
#include "backend/mail/compose.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

/* Without progress, one after the other: pauses of 0, 1, 4 and 9 seconds. */
enum { STALLS_MAX = 4, PAUSE_MS = 1000 };

struct upload {
    struct sp_graph *graph;
    struct sp_graph_answer *answer;
    char *url;
    struct sp_graph_body *body;
    int fd;
    uint64_t size;
    uint64_t at;   /* the session has everything before this */
    uint64_t best; /* as far as it ever was */
    int stalls;    /* troubles since then */
};

static bool
open_session(struct upload *up, const char *draft, const struct sp_mail_document *document)
{
    SP_AUTO(sp_str_free) struct sp_str url = { 0 };
    SP_AUTO_FREE char *json = sp_graph_json_session(document);
    sp_str_addf(&url, "%s/attachments/createUploadSession", draft);
    if (url.failed || json == NULL)
        return sp_graph_fail(up->answer, SP_TROUBLE_LOCAL, "graph: out of memory");
    *up->body = (struct sp_graph_body){ .head = json };
    const struct sp_graph_request request = {
        .method = "POST",
        .url = url.text,
        .type = "application/json",
        .body = up->body,
        .patient = true,
    };
    if (!sp_graph_call(up->graph, &request, up->answer))
        return false;
    up->url = sp_graph_read_text(up->answer, "uploadUrl");
    if (up->url == NULL || !sp_text_starts(up->url, "https://"))
        return sp_graph_fail(up->answer, SP_TROUBLE_GARBAGE, "Graph opened an upload session and did not say where");
    return true;
}

/* One range. After success up->at is where the next one begins. */
static bool
put_range(struct upload *up)
{
    char range[96];
    uint64_t left = up->size - up->at;
    struct sp_graph_slice slice = { .fd = up->fd,
                                    .from = up->at,
                                    .size = left < SP_GRAPH_RANGE ? left : SP_GRAPH_RANGE };
    (void)sp_text_format(range, sizeof range, "%llu-%llu/%llu", (unsigned long long)up->at,
                         (unsigned long long)(up->at + slice.size - 1), (unsigned long long)up->size);
    *up->body = (struct sp_graph_body){ .source = sp_graph_source_slice(&slice) };
    const struct sp_graph_request request = {
        .method = "PUT",
        .url = up->url,
        .type = "application/octet-stream",
        .range = range,
        .body = up->body,
        .patient = true,
    };
    if (!sp_graph_call(up->graph, &request, up->answer))
        return false;
    if (up->answer->code == 201)
        up->at = up->size;
    else if (!sp_graph_read_next(up->answer, up->size, &up->at))
        return sp_graph_fail(up->answer, SP_TROUBLE_GARBAGE, "Graph took a range and did not say where to go on");
    return true;
}

/* Trouble after which the session may still be there. */
static bool
may_go_on(const struct sp_graph_answer *answer)
{
    switch (answer->trouble) {
    case SP_TROUBLE_REPLY: /* 409 and 416: we disagree about where we are; 5xx passes. 429 was waited for already */
        return answer->code == 408 || answer->code == 409 || answer->code == 416 || answer->code / 100 == 5;
    case SP_TROUBLE_DNS:
    case SP_TROUBLE_REFUSED:
    case SP_TROUBLE_UNREACHABLE:
    case SP_TROUBLE_TIMEOUT:
    case SP_TROUBLE_CLOSED:
    case SP_TROUBLE_GARBAGE:
    case SP_TROUBLE_HANDSHAKE:
        return true;
    case SP_TROUBLE_NONE:
    case SP_TROUBLE_NO_STARTTLS:
    case SP_TROUBLE_CERTIFICATE:
    case SP_TROUBLE_NO_MECHANISM:
    case SP_TROUBLE_TOO_LARGE:
    case SP_TROUBLE_LOCAL:
        return false;
    }
    return false;
}

/* Asks the session what it has. false: it is of no use to go on, and the answer tells why. */
static bool
find_place(struct upload *up)
{
    const struct sp_graph_request request = { .method = "GET", .url = up->url, .patient = true };
    char reply[256];
    if (!may_go_on(up->answer))
        return false;
    sp_graph_reply(up->answer, reply, sizeof reply);
    sp_info(up->graph->env.log, "method %s: upload interrupted at %llu of %llu bytes, going on: %s",
            up->graph->settings->name, (unsigned long long)up->at, (unsigned long long)up->size, reply);
    sp_graph_pause((int64_t)PAUSE_MS * up->stalls * up->stalls);
    if (!sp_graph_call(up->graph, &request, up->answer))
        return may_go_on(up->answer); /* the next range will tell */
    if (!sp_graph_read_next(up->answer, up->size, &up->at))
        return sp_graph_fail(up->answer, SP_TROUBLE_GARBAGE, "Graph did not say where its upload session stands");
    return true;
}

static bool
put_all(struct upload *up)
{
    while (up->at < up->size) {
        if (!put_range(up) && !find_place(up))
            return false;
        if (up->at > up->best) {
            up->best = up->at;
            up->stalls = 0;
        } else if (++up->stalls > STALLS_MAX) {
            return sp_graph_done(up->answer)
                       ? sp_graph_fail(up->answer, SP_TROUBLE_GARBAGE, "Graph asks for the same bytes again and again")
                       : false;
        }
    }
    return true;
}

bool
sp_graph_upload(struct sp_graph *graph, const char *draft, const struct sp_mail_document *document, int fd,
                struct sp_graph_answer *answer)
{
    struct upload up = { .graph = graph, .answer = answer, .fd = fd, .size = document->size };
    up.body = calloc(1, sizeof *up.body);
    if (up.body == NULL)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "graph: out of memory");
    bool whole = open_session(&up, draft, document) && put_all(&up);
    if (up.url != NULL)
        sp_wipe(up.url, strlen(up.url));
    free(up.url);
    free(up.body);
    return whole;
}

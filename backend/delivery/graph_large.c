/* graph_large.c - a mail that is too large for one request: a draft in the mailbox, its attachments one after the
 * other, then send (https://learn.microsoft.com/graph/outlook-large-attachments). Needs Mail.ReadWrite beside
 * Mail.Send.
 *
 * What can be frozen here: Message-ID (internetMessageId), From, recipients, subject, text, names. What cannot: the
 * Date, which Exchange sets when the draft is sent, and the bytes, which Exchange makes. Exchange recognises a second
 * copy by Message-ID and Date together, so it would not recognise one of these. Therefore, when the answer to send is
 * lost, we look whether the draft has become a sent mail (isDraft). It has: accepted, and nobody sends it again. It is
 * still a draft: it is deleted, and yet the outcome stays unknown, since the request may still be on its way. It cannot
 * be seen: unknown as well.
 *
 * A draft that fails is deleted. One that this process leaves behind by being killed stays in Drafts. */
#include <stdlib.h>
#include <string.h>

#include "backend/delivery/graph.h"
#include "backend/mail/compose.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"

static const char json_type[] = "application/json";

/* Sends a text, or nothing when it is NULL. */
static bool
call_with_text(struct sp_graph *graph, struct sp_graph_request request, const char *text,
               struct sp_graph_answer *answer)
{
    struct sp_graph_body *body = calloc(1, sizeof *body);
    if (body == NULL)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "graph: out of memory");
    body->head = text;
    request.body = text != NULL ? body : NULL;
    request.type = text != NULL ? json_type : NULL;
    bool done = sp_graph_call(graph, &request, answer);
    free(body);
    return done;
}

/* --- the draft --- */

/* An id of Graph's in a path: what is not of a URL's plain letters is escaped (RFC 3986 section 2.3). */
static char *
draft_path(const char *id)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    sp_str_add(&path, "/messages/");
    for (; *id != '\0'; id++) {
        if (strchr(plain, *id) != NULL)
            sp_str_add_char(&path, *id);
        else
            sp_str_addf(&path, "%%%02X", (unsigned char)*id);
    }
    return path.failed ? NULL : sp_str_steal(&path);
}

/* "/messages/ID" for the caller to free; NULL: the answer tells. */
static char *
make_draft(struct sp_graph *graph, const struct sp_mail *mail, struct sp_graph_answer *answer)
{
    const struct sp_graph_request request = { .method = "POST", .url = "/messages", .once = true };
    SP_AUTO_FREE char *json = sp_graph_json_draft(mail);
    if (json == NULL) {
        (void)sp_graph_fail(answer, SP_TROUBLE_LOCAL, "graph: out of memory");
        return NULL;
    }
    if (!call_with_text(graph, request, json, answer))
        return NULL;
    SP_AUTO_FREE char *id = sp_graph_read_text(answer, "id");
    char *path = id != NULL ? draft_path(id) : NULL;
    if (path == NULL)
        (void)sp_graph_fail(answer, SP_TROUBLE_GARBAGE, "Graph made a draft and did not say which");
    return path;
}

static void
delete_draft(struct sp_graph *graph, const char *draft)
{
    struct sp_graph_answer answer = { 0 };
    const struct sp_graph_request request = { .method = "DELETE", .url = draft, .patient = true };
    if (!sp_graph_call(graph, &request, &answer)) {
        char reply[256];
        sp_graph_reply(&answer, reply, sizeof reply);
        sp_notice(graph->env.log, "method %s: a draft stays behind in the mailbox of %s: %s", graph->settings->name,
                  graph->settings->username, reply);
    }
    sp_graph_answer_free(&answer);
}

/* --- attachments --- */

static bool
attach_small(struct sp_graph *graph, const char *draft, const struct sp_mail_document *document, int fd,
             struct sp_graph_answer *answer)
{
    SP_AUTO(sp_str_free) struct sp_str url = { 0 };
    SP_AUTO_FREE char *head = sp_graph_json_attachment(document);
    SP_AUTO_FREE struct sp_graph_body *body = calloc(1, sizeof *body);
    struct sp_graph_slice slice = { .fd = fd, .size = document->size };
    sp_str_addf(&url, "%s/attachments", draft);
    if (url.failed || head == NULL || body == NULL)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "graph: out of memory");
    body->head = head;
    body->source = sp_graph_source_slice(&slice);
    body->base64 = true;
    body->tail = "\"}";
    const struct sp_graph_request request = {
        .method = "POST",
        .url = url.text,
        .type = json_type,
        .body = body,
        .once = true,
        .patient = true,
    };
    return sp_graph_call(graph, &request, answer);
}

static bool
attach(struct sp_graph *graph, const char *draft, const struct sp_mail *mail, size_t n, struct sp_graph_answer *answer)
{
    const struct sp_mail_document *document = &mail->documents[n];
    struct sp_err err = { 0 };
    SP_AUTO_CLOSE int fd = -1;
    if (sp_graph_document_open(mail, n, &fd, &err) != SP_OK)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "%s", err.text);
    if (document->size < SP_GRAPH_UPLOAD_MIN)
        return attach_small(graph, draft, document, fd, answer);
    if (!graph->places->upload_sessions)
        return sp_graph_fail(answer, SP_TROUBLE_TOO_LARGE,
                             "the document has %llu bytes, and Graph has no upload sessions in this cloud",
                             (unsigned long long)document->size);
    return sp_graph_upload(graph, draft, document, fd, answer);
}

static bool
attach_all(struct sp_graph *graph, const char *draft, const struct sp_mail *mail, struct sp_graph_answer *answer)
{
    for (size_t i = 0; i < mail->n_documents; i++)
        if (!attach(graph, draft, mail, i, answer))
            return false;
    return true;
}

/* --- sending --- */

/* Whether it is known to be a draft still, or to be none any more. */
static bool
look_at(struct sp_graph *graph, const char *draft, bool *ret_is_draft)
{
    struct sp_graph_answer answer = { 0 };
    SP_AUTO(sp_str_free) struct sp_str url = { 0 };
    sp_str_addf(&url, "%s?$select=isDraft", draft);
    const struct sp_graph_request request = { .method = "GET", .url = sp_str_text(&url) };
    bool known =
        !url.failed && sp_graph_call(graph, &request, &answer) && sp_graph_read_bool(&answer, "isDraft", ret_is_draft);
    sp_graph_answer_free(&answer);
    return known;
}

static bool
send_draft(struct sp_graph *graph, const char *draft, struct sp_graph_answer *answer)
{
    SP_AUTO(sp_str_free) struct sp_str url = { 0 };
    bool is_draft = true;
    sp_str_addf(&url, "%s/send", draft);
    const struct sp_graph_request request = {
        .method = "POST",
        .url = sp_str_text(&url),
        .once = true,
        .hands_over = true,
        .patient = true,
    };
    if (url.failed)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "graph: out of memory");
    if (call_with_text(graph, request, NULL, answer) || !answer->maybe_sent)
        return sp_graph_done(answer);
    if (!look_at(graph, draft, &is_draft) || is_draft)
        return false;
    sp_info(graph->env.log, "method %s: the answer to send was lost, but the mail was sent", graph->settings->name);
    sp_graph_answer_free(answer);
    answer->stage = SP_STAGE_API;
    answer->code = 202; /* what the lost answer must have been */
    return true;
}

bool
sp_graph_send_large(struct sp_graph *graph, const struct sp_mail *mail, struct sp_graph_answer *answer)
{
    SP_AUTO_FREE char *draft = make_draft(graph, mail, answer);
    if (draft == NULL)
        return false;
    if (attach_all(graph, draft, mail, answer) && send_draft(graph, draft, answer))
        return true;
    delete_draft(graph, draft);
    return false;
}

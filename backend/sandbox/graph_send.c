/* sendMail and send: whichever way a message came, here it is checked and kept. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/sandbox/budget.h"
#include "backend/sandbox/graph_call.h"
#include "backend/sandbox/stats.h"
#include "backend/sandbox/store.h"
#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

enum { BLOCK = 65536, RCPTS_MAX = 500, FROM_SIZE = SP_BOX_SEGMENT_MAX };

struct recipients {
    char *addresses[RCPTS_MAX];
    size_t n;
};

static void
recipients_free(struct recipients *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->addresses[i]);
    r->n = 0;
}

/* false: not an address (it was answered), or too many. */
static bool
recipients_add(const struct sp_box_call *call, struct recipients *r, const char *address)
{
    if (!sp_address_valid(address) || r->n == RCPTS_MAX)
        return sp_box_graph_fail(call, SP_BOX_GRAPH_RECIPIENT, address);
    r->addresses[r->n] = strdup(address);
    return r->addresses[r->n] != NULL ? ++r->n > 0 : sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
}

/* Keeping. */

static bool
may_send_as(const struct sp_box_call *call, const char *from)
{
    const struct sp_box_list *others = &call->graph->options->send_as;
    bool may = sp_address_equal(from, sp_box_graph_mailbox(call->graph, call->mailbox));
    for (size_t i = 0; !may && call->mailbox == 0 && i < others->n; i++)
        may = sp_address_equal(from, others->items[i]);
    return may;
}

static bool
budget_good(const struct sp_box_call *call, size_t n_rcpts)
{
    struct sp_box_graph *graph = call->graph;
    int64_t now = sp_mono_ms(&sp_clock_system);
    size_t in_window = 0;
    if (!sp_box_budget_take(graph->budget, now, &in_window)) {
        sp_box_stats_add(graph->stats, SP_BOX_GRAPH_OVER_RATE, 1);
        sp_box_graph_error(graph, call->answer, SP_BOX_GRAPH_RATE, NULL,
                           sp_box_budget_wait_ms(graph->budget, now) / 1000 + 1);
        return false;
    }
    if (!sp_box_budget_recipients(graph->budget, n_rcpts, now)) {
        sp_box_budget_back(graph->budget);
        sp_box_stats_add(graph->stats, SP_BOX_GRAPH_OVER_DAY, 1);
        return sp_box_graph_fail(call, SP_BOX_GRAPH_DAY, NULL);
    }
    sp_box_stats_high(graph->stats, SP_BOX_GRAPH_WINDOW_MAX, in_window);
    return true;
}

static bool
keep(const struct sp_box_call *call, struct sp_box_message *message, const char *from, const struct recipients *rcpts,
     const char *transfer)
{
    struct sp_err err = { 0 };
    unsigned number = 0;
    const struct sp_box_envelope envelope = { .method = "graph",
                                              .mail_from = from,
                                              .rcpts = (const char *const *)rcpts->addresses,
                                              .n_rcpts = rcpts->n,
                                              .tls = call->request->tls,
                                              .cipher = call->request->cipher,
                                              .peer = call->guest->ip,
                                              .auth_user = sp_box_graph_mailbox(call->graph, call->mailbox),
                                              .mechanism = "Bearer",
                                              .transfer = transfer,
                                              .connection = call->guest->number };
    if (sp_box_message_keep(message, &envelope, &number, &err) != SP_OK) {
        sp_error(call->graph->log, "%s", err.text);
        return sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
    }
    sp_info(call->graph->log, "graph %u: message %u, %llu bytes from <%s> for %zu", call->guest->number, number,
            (unsigned long long)sp_box_message_size(message), from, rcpts->n);
    sp_box_stats_add(call->graph->stats, SP_BOX_GRAPH_MESSAGES, 1);
    sp_box_stats_add(call->graph->stats, SP_BOX_GRAPH_RECIPIENTS, rcpts->n);
    return true;
}

/* Answers in any case; true: it is kept. */
static bool
deliver(const struct sp_box_call *call, struct sp_box_message *message, const char *from,
        const struct recipients *rcpts, const char *transfer)
{
    if (rcpts->n == 0)
        return sp_box_graph_fail(call, SP_BOX_GRAPH_RECIPIENT, "");
    if (!may_send_as(call, from))
        return sp_box_graph_fail(call, SP_BOX_GRAPH_SEND_AS, NULL);
    if (sp_box_graph_spoils_message(call, sp_box_message_size(message)) || !budget_good(call, rcpts->n) ||
        !keep(call, message, from, rcpts, transfer))
        return false;
    call->answer->status = 202;
    call->answer->lost = sp_box_loses_answer(call->graph->scenarios, SP_BOX_GRAPH);
    return true;
}

/* MIME: the whole message in base64, and the recipients are those of its header. */

struct decoder {
    struct sp_box_message *message;
    struct sp_str pending; /* characters that do not yet make whole groups of four */
    struct sp_str bytes;
    bool ended; /* padding was seen */
};

/* Decodes all whole groups. */
static bool
decode_pending(struct decoder *d)
{
    size_t whole = d->pending.len / 4 * 4;
    if (whole == 0)
        return !d->pending.failed;
    if (d->ended || !sp_base64_decode(&d->bytes, d->pending.text, whole))
        return false;
    d->ended = d->pending.text[whole - 1] == '=';
    memmove(d->pending.text, d->pending.text + whole, d->pending.len - whole);
    sp_str_cut(&d->pending, d->pending.len - whole);
    bool taken = sp_box_message_add(d->message, sp_str_text(&d->bytes), d->bytes.len, NULL) == SP_OK;
    sp_str_cut(&d->bytes, 0);
    return taken;
}

static bool
decode_block(struct decoder *d, const char *block, size_t size)
{
    while (size > 0) {
        size_t len = 0;
        while (len < size && block[len] != '\r' && block[len] != '\n' && block[len] != ' ')
            len++;
        sp_str_add_n(&d->pending, block, len);
        if (len < size)
            len++;
        block += len;
        size -= len;
    }
    return decode_pending(d);
}

static bool
decode_body(const struct sp_box_request *request, struct sp_box_message *message)
{
    struct decoder d = { .message = message };
    SP_AUTO_FREE char *block = malloc(BLOCK);
    bool fine = block != NULL && request->body >= 0;
    for (uint64_t at = 0; fine && at < request->size;) {
        ssize_t got = pread(request->body, block, BLOCK, (off_t)at);
        fine = got > 0 && decode_block(&d, block, (size_t)got);
        at += fine ? (uint64_t)got : 0;
    }
    fine = fine && d.pending.len == 0 && sp_box_message_size(message) > 0;
    sp_str_free(&d.pending);
    sp_str_free(&d.bytes);
    return fine;
}

/* The address in one element of a list: what stands in angle brackets, or all of it. */
static char *
bare(char *element)
{
    char *open = strrchr(element, '<'), *close = open != NULL ? strchr(open, '>') : NULL;
    if (close != NULL) {
        *close = '\0';
        element = open + 1;
    }
    return sp_text_trim(element);
}

/* "A <a@b>, \"C, D\" <c@d>": commas in quotes do not part. */
static bool
add_list(const struct sp_box_call *call, const struct sp_box_message *message, const char *header,
         struct recipients *ret)
{
    SP_AUTO_FREE char *list = sp_box_message_header(message, header);
    bool quoted = false, fine = list != NULL;
    for (char *start = list, *at = list; fine && *start != '\0'; at++) {
        quoted = *at == '"' ? !quoted : quoted;
        bool ends = *at == '\0' || (*at == ',' && !quoted);
        if (!ends)
            continue;
        char *next = *at == '\0' ? at : at + 1;
        *at = '\0';
        const char *address = bare(start);
        fine = *address == '\0' || recipients_add(call, ret, address);
        start = next;
    }
    return fine;
}

static void
send_mime(const struct sp_box_call *call, struct sp_box_message *message)
{
    struct recipients rcpts = { .n = 0 };
    if (!decode_body(call->request, message)) {
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_BASE64, NULL);
        return;
    }
    SP_AUTO_FREE char *from = sp_box_message_header(message, "From");
    if (from != NULL && add_list(call, message, "To", &rcpts) && add_list(call, message, "Cc", &rcpts) &&
        add_list(call, message, "Bcc", &rcpts))
        (void)deliver(call, message, *from != '\0' ? bare(from) : sp_box_graph_mailbox(call->graph, call->mailbox),
                      &rcpts, "mime");
    recipients_free(&rcpts);
}

/* JSON. */

static bool
add_json_list(const struct sp_box_call *call, const json_t *list, struct recipients *ret)
{
    size_t i;
    const json_t *each;
    json_array_foreach (list, i, each) {
        if (!recipients_add(call, ret, sp_box_draft_address(each)))
            return false;
    }
    return true;
}

/* Puts the draft together and delivers it; true: it is kept. */
static bool
deliver_draft(const struct sp_box_call *call, const struct sp_box_draft *draft, struct sp_box_message *message,
              const char *transfer)
{
    struct recipients rcpts = { .n = 0 };
    struct sp_err err = { 0 };
    const json_t *m = draft->message;
    const char *said = sp_box_draft_address(json_object_get(m, "from"));
    const char *from = *said != '\0' ? said : sp_box_graph_mailbox(call->graph, call->mailbox);
    bool kept = false;
    if (sp_box_draft_compose(draft, from, message, &err) != SP_OK) {
        sp_error(call->graph->log, "%s", err.text);
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
    } else if (add_json_list(call, json_object_get(m, "toRecipients"), &rcpts) &&
               add_json_list(call, json_object_get(m, "ccRecipients"), &rcpts) &&
               add_json_list(call, json_object_get(m, "bccRecipients"), &rcpts)) {
        kept = deliver(call, message, from, &rcpts, transfer);
    }
    recipients_free(&rcpts);
    return kept;
}

/* {"message":{...,"attachments":[...]}, "saveToSentItems":false} */
static void
send_json(const struct sp_box_call *call, struct sp_box_message *message)
{
    json_t *json = sp_box_graph_read_json(call);
    json_t *inner = json_object_get(json, "message");
    struct sp_box_draft *draft = json_is_object(inner) ? sp_box_draft_new(call->mailbox, inner) : NULL;
    const json_t *each;
    size_t i;
    bool fine = draft != NULL;
    if (json != NULL && draft == NULL)
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_JSON, NULL);
    json_array_foreach (json_object_get(inner, "attachments"), i, each) {
        fine = fine && sp_box_graph_attach_file(call, draft, each);
    }
    if (fine)
        (void)deliver_draft(call, draft, message, "json");
    sp_box_draft_free(&draft);
    json_decref(json);
}

static struct sp_box_message *
begin(const struct sp_box_call *call)
{
    struct sp_box_message *message = NULL;
    struct sp_err err = { 0 };
    if (sp_box_message_begin(call->graph->store, &message, &err) != SP_OK) {
        sp_error(call->graph->log, "%s", err.text);
        (void)sp_box_graph_fail(call, SP_BOX_GRAPH_STORE, NULL);
    }
    return message;
}

void
sp_box_graph_send_mail(struct sp_box_call *call)
{
    struct sp_box_message *message = begin(call);
    if (message == NULL)
        return;
    if (sp_text_starts_nocase(sp_box_request_header(call->request, "Content-Type"), "text/plain"))
        send_mime(call, message);
    else
        send_json(call, message);
    sp_box_message_free(&message);
}

/* A draft. */

static bool
is_whole(const struct sp_box_draft *draft)
{
    for (size_t i = 0; i < draft->n; i++)
        if (draft->attachments[i].size < draft->attachments[i].expected)
            return false;
    return true;
}

/* Takes the draft for sending, so that nobody changes it meanwhile; NULL: answered. */
static struct sp_box_draft *
seize(const struct sp_box_call *call)
{
    struct sp_box_graph *graph = call->graph;
    pthread_mutex_lock(&graph->lock);
    struct sp_box_draft *draft = sp_box_drafts_find(&graph->drafts, call->mailbox, call->segments[4]);
    bool there = draft != NULL && !draft->busy, whole = there && is_whole(draft);
    if (whole)
        draft->busy = true;
    pthread_mutex_unlock(&graph->lock);
    if (whole)
        return draft;
    (void)sp_box_graph_fail(call, there ? SP_BOX_GRAPH_INCOMPLETE : SP_BOX_GRAPH_NO_ITEM, NULL);
    return NULL;
}

void
sp_box_graph_send_draft(struct sp_box_call *call)
{
    struct sp_box_draft *draft = seize(call);
    if (draft == NULL)
        return;
    struct sp_box_message *message = begin(call);
    bool kept = message != NULL && deliver_draft(call, draft, message, "draft");
    pthread_mutex_lock(&call->graph->lock);
    draft->busy = false;
    if (kept)
        sp_box_drafts_remove(&call->graph->drafts, &draft);
    pthread_mutex_unlock(&call->graph->lock);
    sp_box_message_free(&message);
}

/* graph_call.c - one request to Graph; see graph.h.
 *
 * A token that Graph refuses (401) is thrown away and fetched anew, once: it may have been withdrawn, or signed by a
 * key that has just been rolled. Whoever sends again after a 401 sends for the first time: nothing was done.
 *
 * Not knowing whether it was done (maybe_sent) happens to requests that hand a mail over, in two ways: all of it was
 * written and no answer came, or a gateway in the middle says that it heard none (502 and 504, RFC 9110 section 15.6).
 */
#include "backend/delivery/graph.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/delivery/point.h"
#include "backend/net/transcript.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum {
    WAITS_MAX = 4,
    WAIT_MAX_MS = 120 * 1000, /* told to wait for longer: later, by another attempt */
    SLOWEST_BYTES_A_MS = 16,  /* a poor uplink, 128 kbit/s; whoever is slower does not get 4 MB through anyway */
};

void
sp_graph_answer_free(struct sp_graph_answer *answer)
{
    sp_https_response_free(&answer->response);
    *answer = (struct sp_graph_answer){ .transcript = answer->transcript, .point = answer->point };
}

bool
sp_graph_done(const struct sp_graph_answer *answer)
{
    return answer->trouble == SP_TROUBLE_NONE && answer->code >= 200 && answer->code <= 299;
}

const char *
sp_graph_words(const struct sp_graph_answer *answer)
{
    if (answer->words[0] != '\0' || answer->response.body == NULL)
        return answer->words;
    return answer->response.body;
}

bool
sp_graph_fail(struct sp_graph_answer *answer, enum sp_trouble trouble, const char *format, ...)
{
    va_list args;
    answer->stage = SP_STAGE_API;
    answer->trouble = trouble;
    answer->code = 0;
    va_start(args, format);
    (void)sp_text_vformat(answer->words, sizeof answer->words, format, args);
    va_end(args);
    return false;
}

void
sp_graph_pause(int64_t ms)
{
    if (ms > 0)
        (void)poll(NULL, 0, ms < INT32_MAX ? (int)ms : INT32_MAX);
}

/* --- the token --- */

static int64_t
wait_of(int64_t retry_after_s)
{
    return retry_after_s > 0 ? retry_after_s * 1000 : 0;
}

static bool
get_token(struct sp_graph *graph, struct sp_secret **ret, struct sp_graph_answer *answer)
{
    struct sp_token_failure failure;
    if (sp_token_get(graph->app.token, SP_TOKEN_MARGIN_S, answer->transcript, ret, &failure))
        return true;
    answer->stage = failure.stage;
    answer->trouble = failure.trouble;
    answer->code = failure.code;
    answer->retry_after_ms = wait_of(failure.retry_after);
    (void)sp_text_copy(answer->words, sizeof answer->words, failure.words);
    return false;
}

/* --- the exchange --- */

static bool
is_signed_url(const char *url)
{
    return sp_text_starts(url, "https://");
}

/* Where it ended without an answer. */
static enum sp_stage
stage_of(enum sp_trouble trouble, const struct sp_https_response *response)
{
    if (trouble == SP_TROUBLE_DNS)
        return SP_STAGE_DNS;
    if (trouble == SP_TROUBLE_HANDSHAKE || trouble == SP_TROUBLE_CERTIFICATE)
        return SP_STAGE_TLS;
    if (trouble == SP_TROUBLE_REFUSED || trouble == SP_TROUBLE_UNREACHABLE)
        return SP_STAGE_CONNECT;
    bool connected = response->ip[0] != '\0' || response->sent;
    return connected || trouble == SP_TROUBLE_LOCAL ? SP_STAGE_API : SP_STAGE_CONNECT;
}

static void
judge(const struct sp_graph_request *request, enum sp_trouble trouble, const struct sp_err *err,
      struct sp_graph_answer *answer)
{
    const struct sp_https_response *response = &answer->response;
    bool answered = response->status >= 200; /* what broke off behind the status does not take it back */
    int status = answered ? response->status : 0;
    answer->stage = answered ? SP_STAGE_API : stage_of(trouble, response);
    answer->trouble = !answered ? trouble : status / 100 == 2 ? SP_TROUBLE_NONE : SP_TROUBLE_REPLY;
    answer->code = status;
    answer->retry_after_ms = answered ? wait_of(response->retry_after) : 0;
    answer->maybe_sent = request->hands_over && (answered ? status == 502 || status == 504 : response->sent);
    if (!answered)
        (void)sp_text_copy(answer->words, sizeof answer->words, err->text);
}

/* The address of an upload session is signed: whoever has it may write there. */
static void
transcribe_request(struct sp_transcript *transcript, const struct sp_graph_request *request, const char *url,
                   uint64_t size)
{
    bool is_signed = is_signed_url(request->url);
    sp_transcript_us(transcript, "%s %s%s%s (%" PRIu64 " octets%s)", request->method,
                     is_signed ? "(the upload session)" : url, request->range != NULL ? ", bytes " : "",
                     request->range != NULL ? request->range : "", size,
                     request->body != NULL && request->body->source.read != NULL ? " with a document" : "");
}

/* What came with a success may hold a signed address, and nobody needs it. */
static void
transcribe_answer(const struct sp_graph_answer *answer)
{
    char line[SP_TRANSCRIPT_LINE];
    if (answer->code == 0)
        sp_transcript_note(answer->transcript, "%s", answer->words);
    else if (sp_graph_done(answer))
        (void)sp_text_format(line, sizeof line, "%d%s%s", answer->code,
                             answer->response.request_id[0] != '\0' ? ", request-id " : "",
                             answer->response.request_id);
    else
        sp_graph_reply(answer, line, sizeof line);
    if (answer->code != 0)
        sp_transcript_peer(answer->transcript, line);
    if (answer->retry_after_ms > 0)
        sp_transcript_note(answer->transcript, "told to wait for %lld ms", (long long)answer->retry_after_ms);
}

static int64_t
patience_for(const struct sp_graph *graph, uint64_t body_size)
{
    int64_t base = graph->env.timeout_ms != NULL ? graph->env.timeout_ms(SP_STAGE_API) : SP_HTTPS_ANSWER_MS;
    return base + (int64_t)(body_size / SLOWEST_BYTES_A_MS);
}

/* The body of a request, as it is sent: the last octets of a mail pass the point of no return. */
struct outgoing {
    struct sp_graph_body *body;
    uint64_t left;
    struct sp_point *point; /* NULL: nothing is handed over by this */
};

static bool
may_hand_over(struct sp_point *point, struct sp_err *err)
{
    if (sp_point_pass(point))
        return true;
    sp_fail(err, SP_E_BUSY, "scanpost is stopping: the message was not handed over");
    return false;
}

static enum sp_rc
outgoing_begin(void *context, struct sp_err *err)
{
    struct outgoing *out = context;
    out->left = sp_graph_body_size(out->body);
    return sp_graph_body_begin(out->body, err);
}

static enum sp_rc
outgoing_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    struct outgoing *out = context;
    enum sp_rc rc = sp_graph_body_read(out->body, buffer, room, ret_got, err);
    if (rc != SP_OK)
        return rc;
    out->left -= *ret_got;
    return out->left > 0 || may_hand_over(out->point, err) ? SP_OK : err->rc;
}

static void
exchange(struct sp_graph *graph, const struct sp_graph_request *request, const struct sp_secret *token,
         struct sp_graph_answer *answer)
{
    SP_AUTO(sp_str_free) struct sp_str url = { 0 };
    char type[64], range[96];
    const char *headers[3];
    size_t n_headers = 0;
    struct sp_err err = { 0 };
    bool is_signed = is_signed_url(request->url);
    sp_str_addf(&url, "%s%s", is_signed ? "" : graph->mailbox_url, request->url);
    if (!is_signed) /* the id of a draft stays the same when the mail moves: we may have to look after it */
        headers[n_headers++] = "Prefer: IdType=\"ImmutableId\"";
    if (request->type != NULL && sp_text_format(type, sizeof type, "Content-Type: %s", request->type))
        headers[n_headers++] = type;
    if (request->range != NULL && sp_text_format(range, sizeof range, "Content-Range: bytes %s", request->range))
        headers[n_headers++] = range;
    uint64_t size = request->body != NULL ? sp_graph_body_size(request->body) : 0;
    struct outgoing out = { .body = request->body, .point = request->hands_over ? answer->point : NULL };
    const struct sp_https_request call = {
        .method = request->method,
        .url = sp_str_text(&url),
        .headers = headers,
        .n_headers = n_headers,
        .bearer = token,
        .body_size = size,
        .read = request->body != NULL ? outgoing_read : NULL,
        /* a range that breaks off is asked for and resumed, not said again from its start */
        .rewind = request->body != NULL && request->range == NULL ? outgoing_begin : NULL,
        .context = &out,
        .once = request->once,
        .answer_ms = patience_for(graph, size),
    };
    enum sp_trouble trouble = SP_TROUBLE_LOCAL;
    transcribe_request(answer->transcript, request, sp_str_text(&url), size);
    if (url.failed)
        (void)sp_fail(&err, SP_E_NOMEM, "graph: out of memory");
    else if (request->body != NULL ? outgoing_begin(&out, &err) == SP_OK : may_hand_over(out.point, &err))
        trouble = sp_https_call(graph->app.https, &call, &answer->response, &err);
    sp_wipe(url.text, url.len);
    if (answer->response.body != NULL)
        sp_secret_blot(answer->response.body, token);
    judge(request, trouble, &err, answer);
    transcribe_answer(answer);
}

/* With a token that works, if there is one. */
static void
ask(struct sp_graph *graph, const struct sp_graph_request *request, struct sp_graph_answer *answer)
{
    for (int tries = 0; tries < 2; tries++) {
        SP_AUTO(sp_secret_free) struct sp_secret *token = NULL;
        bool is_signed = is_signed_url(request->url);
        sp_graph_answer_free(answer);
        if (!is_signed && !get_token(graph, &token, answer))
            return;
        exchange(graph, request, token, answer);
        if (answer->code != 401 || is_signed)
            return;
        sp_token_invalidate(graph->app.token, token);
    }
}

bool
sp_graph_call(struct sp_graph *graph, const struct sp_graph_request *request, struct sp_graph_answer *answer)
{
    sp_graph_answer_free(answer);
    if (graph->unready.rc != SP_OK)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "%s", graph->unready.text);
    for (int waits = 0; waits <= WAITS_MAX; waits++) {
        ask(graph, request, answer);
        bool told_to_wait = (answer->code == 429 || answer->code == 503) && answer->response.retry_after >= 0;
        if (!request->patient || !told_to_wait || answer->retry_after_ms > WAIT_MAX_MS || waits == WAITS_MAX)
            break;
        sp_debug(graph->env.log, "method %s: told to wait for %lld ms", graph->settings->name,
                 (long long)answer->retry_after_ms);
        sp_graph_pause(answer->retry_after_ms);
    }
    return sp_graph_done(answer);
}

/* exchange.c - how a request is taken.
 *
 *   ASKED      headers are there: framing, route, declared size. A body is not read before its sender was admitted
 *   ADMITTING  a worker looks who it is (and a receiver begins); "100 Continue" goes out after that, or the refusal
 *   RECEIVING  pieces of at most 64 KiB: copied here by the event loop, and when full taken by a worker while the
 *              connection waits. So a slow sender costs a buffer, never a worker; a fast one is slowed down to what the
 *              disk takes; and fsync happens where it may
 *   FINISHING  the body is whole: a worker runs the handler, or the receiver's end
 *
 * What is refused before its body is answered at once when the client asked first (Expect: 100-continue) or its body
 * would be too much to read for nothing. Otherwise the body is read and dropped, and answered at its end: many clients,
 * copiers among them, listen only then, and would see a broken pipe instead of the reason. What is refused in the
 * middle of a body is answered at its end too, because libmicrohttpd cannot speak before; the rest is read and dropped,
 * as much as an upload may have at most.
 *
 * Framing: a request with Content-Length twice, or with Transfer-Encoding beside it, or with another coding than
 * chunked, is how requests are smuggled past a proxy (RFC 9112 section 6.3, 11.2): 400, and the connection ends. It
 * ends after every chunked request, too: libmicrohttpd 0.9.75 takes a bare line feed for the end of a chunk and skips
 * what it does not know there, so that a proxy may see the end of the body elsewhere than we do. What it takes for a
 * next request is not answered. */
#include "web/http/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

enum stage { ASKED, ADMITTING, RECEIVING, FINISHING };

struct sp_exchange {
    struct sp_exchange_rules *rules;
    enum stage stage;
    struct sp_request req;
    struct sp_response res;
    struct sp_field headers[SP_HEADERS_MAX];
    size_t n_headers;
    bool bad_headers; /* too many, not well formed, or no memory for them */
    struct sp_err bad_target;
    const struct sp_route *route;
    struct sp_upload *upload;
    bool counted; /* among rules->uploads */
    bool told;    /* the router, of the answer */
    char *buffer; /* of the body; SP_PIECE_MAX */
    size_t filled;
    uint64_t declared; /* of the body; UINT64_MAX: chunked */
    uint64_t received;
    int64_t body_since;
    uint64_t drop_max; /* of a body that was refused before it came; 0: it was not */
};

struct sp_exchange *
sp_exchange_new(struct sp_exchange_rules *rules, const char *target)
{
    struct sp_exchange *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return NULL;
    x->rules = rules;
    sp_response_init(&x->res);
    x->req.arena = sp_arena_new();
    if (x->req.arena == NULL) {
        sp_exchange_free(&x);
        return NULL;
    }
    sp_request_target(&x->req, target, &x->bad_target);
    return x;
}

static void
count_no_more(struct sp_exchange *x)
{
    if (x->counted)
        atomic_fetch_sub(&x->rules->uploads, 1);
    x->counted = false;
}

static void
end_upload(struct sp_exchange *x)
{
    if (x->upload != NULL)
        x->route->receiver->free(x->upload);
    x->upload = NULL;
    count_no_more(x);
}

/* Once, and in the end even if the client did not wait for its answer. */
static void
tell_answer(struct sp_exchange *x)
{
    if (x->route != NULL && x->res.status != 0 && !x->told)
        sp_router_answered(x->rules->router, x->route, &x->req, &x->res);
    x->told = true;
}

void
sp_exchange_free(struct sp_exchange **place)
{
    struct sp_exchange *x = *place;
    if (x == NULL)
        return;
    *place = NULL;
    tell_answer(x);
    end_upload(x);
    sp_response_free(&x->res);
    sp_arena_free(&x->req.arena);
    if (x->buffer != NULL)
        sp_wipe(x->buffer, x->filled); /* it may have held a password */
    free(x->buffer);
    free(x);
}

bool
sp_exchange_holds_upload(const struct sp_exchange *x)
{
    return x->upload != NULL;
}

struct sp_request *
sp_exchange_request(struct sp_exchange *x)
{
    return &x->req;
}

struct sp_response *
sp_exchange_response(struct sp_exchange *x)
{
    return &x->res;
}

void
sp_exchange_method(struct sp_exchange *x, const char *method)
{
    x->req.method = strcmp(method, "HEAD") == 0 ? "GET" : sp_arena_text(x->req.arena, method);
}

/* RFC 9110 section 5.6.2; a blank before the colon is one more way to smuggle. */
static bool
is_token(const char *text)
{
    static const char letters[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *text != '\0' && text[strspn(text, letters)] == '\0';
}

/* A bare carriage return is a line's end to some (RFC 9110 section 5.5). */
static bool
has_control(const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return true;
    return false;
}

void
sp_exchange_header(struct sp_exchange *x, const char *name, size_t name_len, const char *value, size_t value_len)
{
    const char *n = sp_arena_text_n(x->req.arena, name, name_len);
    const char *v = sp_arena_text_n(x->req.arena, value == NULL ? "" : value, value == NULL ? 0 : value_len);
    if (x->n_headers == SP_HEADERS_MAX || n == NULL || v == NULL || !is_token(n) || strlen(v) != value_len ||
        has_control(v))
        x->bad_headers = true;
    else
        x->headers[x->n_headers++] = (struct sp_field){ n, v };
    x->req.headers = (struct sp_fields){ x->headers, x->n_headers };
}

static size_t
count_headers(const struct sp_request *req, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < req->headers.count; i++)
        count += strcasecmp(req->headers.items[i].name, name) == 0;
    return count;
}

static void
refuse_framing(struct sp_exchange *x, const char *why)
{
    sp_respond_problem(&x->res, 400, "invalid", why);
    x->res.close = true;
}

/* *ret_length: declared; UINT64_MAX when chunked; 0: no body. false: refused. */
static bool
read_framing(struct sp_exchange *x, uint64_t *ret_length)
{
    const char *length = sp_request_header(&x->req, "Content-Length");
    const char *coding = sp_request_header(&x->req, "Transfer-Encoding");
    if (count_headers(&x->req, "Content-Length") > 1 || count_headers(&x->req, "Transfer-Encoding") > 1 ||
        (length != NULL && coding != NULL)) {
        refuse_framing(x, "the request says more than once how long it is");
        return false;
    }
    int64_t bytes = 0;
    if (coding != NULL && strcasecmp(coding, "chunked") != 0) {
        refuse_framing(x, "this Transfer-Encoding is not known here");
        return false;
    }
    if (length != NULL &&
        (length[strspn(length, "0123456789")] != '\0' || !sp_parse_int(length, 0, INT64_MAX, &bytes))) {
        refuse_framing(x, "the Content-Length is not a number");
        return false;
    }
    *ret_length = coding != NULL ? UINT64_MAX : (uint64_t)bytes;
    return true;
}

static uint64_t
max_body(const struct sp_exchange *x)
{
    return x->route != NULL && x->route->receiver != NULL ? x->rules->max_upload : SP_BODY_MAX;
}

static void
refuse_size(struct sp_exchange *x)
{
    sp_respond_problem(&x->res, 413, "too_large",
                       x->route->receiver == NULL ? "the request is larger than what is taken here"
                                                  : "the scan is larger than the setting max-document allows");
}

static void
count_upload(struct sp_exchange *x)
{
    if (x->route->receiver == NULL)
        return;
    x->counted = true;
    if (atomic_fetch_add(&x->rules->uploads, 1) < x->rules->max_uploads)
        return;
    sp_respond_problem(&x->res, 503, "busy", "too many scans are coming in at once; try again in a moment");
    sp_respond_header(&x->res, "Retry-After", "5");
}

/* A body may still come: is it read, and dropped, so that the client gets as far as listening? */
static enum sp_next
refuse_body(struct sp_exchange *x)
{
    const char *expect = sp_request_header(&x->req, "Expect");
    bool asked_first = expect != NULL && strcasecmp(expect, "100-continue") == 0;
    if (asked_first || x->res.close || (x->declared != UINT64_MAX && x->declared > SP_DROP_MAX))
        return SP_NEXT_ANSWER;
    count_no_more(x); /* it takes nobody's place */
    x->drop_max = SP_DROP_MAX;
    x->body_since = sp_mono_ms(x->rules->clock);
    x->stage = RECEIVING;
    return SP_NEXT_READ;
}

static enum sp_next
step_asked(struct sp_exchange *x)
{
    uint64_t length = 0;
    if (x->bad_headers)
        refuse_framing(x, "the headers are not well formed, or too many");
    else if (x->req.method == NULL)
        return SP_NEXT_CLOSE;
    else if (read_framing(x, &length) && x->bad_target.rc != SP_OK)
        sp_respond_error(&x->res, &x->bad_target);
    if (x->res.status == 0)
        x->route = sp_router_find(x->rules->router, &x->req, &x->res);
    if (x->route != NULL && length != UINT64_MAX && length > max_body(x))
        refuse_size(x);
    if (x->route != NULL && x->res.status == 0)
        count_upload(x);
    x->declared = length;
    x->stage = ADMITTING;
    if (x->res.status != 0 && (length > 0 || x->res.close))
        return refuse_body(x);
    if (length > 0)
        return SP_NEXT_WAIT;
    x->stage = RECEIVING; /* and the next step is the end: an answer before that would close the connection */
    return SP_NEXT_READ;
}

static enum sp_next
step_admitted(struct sp_exchange *x)
{
    if (x->res.status != 0)
        return refuse_body(x);
    x->buffer = malloc(SP_PIECE_MAX);
    if (x->buffer == NULL)
        return SP_NEXT_CLOSE;
    x->stage = RECEIVING;
    x->body_since = sp_mono_ms(x->rules->clock);
    return SP_NEXT_READ;
}

static bool
too_slow(const struct sp_exchange *x)
{
    int64_t ms = sp_mono_ms(x->rules->clock) - x->body_since;
    return ms > SP_BODY_GRACE_MS && x->received < (uint64_t)(ms / 1000) * SP_BODY_RATE;
}

/* Reads on without keeping anything, so that the answer can be given at the end. */
static enum sp_next
drop_body(struct sp_exchange *x, size_t *size)
{
    uint64_t max = x->drop_max != 0 ? x->drop_max : 2 * x->rules->max_upload + SP_BODY_MAX;
    bool too_long = x->drop_max != 0 && sp_mono_ms(x->rules->clock) - x->body_since > SP_DROP_MS;
    x->received += *size;
    *size = 0;
    return too_long || x->received > max ? SP_NEXT_CLOSE : SP_NEXT_READ;
}

static enum sp_next
step_body(struct sp_exchange *x, const char *bytes, size_t *size)
{
    if (too_slow(x))
        return SP_NEXT_CLOSE;
    if (x->res.status == 0 && x->received + *size > max_body(x))
        refuse_size(x);
    if (x->res.status != 0)
        return drop_body(x, size);
    size_t room = SP_PIECE_MAX - x->filled;
    size_t taken = *size < room ? *size : room;
    memcpy(x->buffer + x->filled, bytes, taken);
    x->filled += taken;
    x->received += taken;
    *size -= taken;
    /* Only with bytes left over: of a chunked body, libmicrohttpd 0.9.75 hands in the next piece even after a suspend,
     * unless something of this one was not taken. */
    return *size > 0 ? SP_NEXT_WAIT : SP_NEXT_READ;
}

static enum sp_next
step(struct sp_exchange *x, const char *bytes, size_t *size)
{
    switch (x->stage) {
    case ASKED:
        return step_asked(x);
    case ADMITTING:
        return step_admitted(x);
    case RECEIVING:
        if (*size > 0)
            return step_body(x, bytes, size);
        x->stage = FINISHING;
        return x->res.status != 0 ? SP_NEXT_ANSWER : SP_NEXT_WAIT;
    case FINISHING:
        return SP_NEXT_ANSWER;
    }
    return SP_NEXT_CLOSE;
}

enum sp_next
sp_exchange_step(struct sp_exchange *x, const char *bytes, size_t *size)
{
    enum sp_next next = step(x, bytes, size);
    if (next != SP_NEXT_ANSWER)
        return next;
    tell_answer(x);
    if (x->declared == UINT64_MAX)
        x->res.close = true;
    return next;
}

/* Who is it? And a receiver begins. */
static void
admit(struct sp_exchange *x)
{
    bool open = x->route->may == SP_MAY_ANYONE && strcmp(x->req.method, "GET") == 0;
    if (x->req.db == NULL && x->rules->needs_db && !open) {
        sp_respond_problem(&x->res, 503, "io", "the database does not answer");
        sp_respond_header(&x->res, "Retry-After", "30");
    } else if (sp_router_admit(x->rules->router, x->route, &x->req, &x->res) && x->route->receiver != NULL) {
        x->upload = x->route->receiver->begin(x->rules->router->api, &x->req, &x->res);
        assert(x->upload != NULL || x->res.status != 0);
    }
}

static void
take_piece(struct sp_exchange *x)
{
    if (x->upload == NULL)
        return;
    if (x->filled > 0 && !x->route->receiver->take(x->upload, x->buffer, x->filled, &x->res))
        end_upload(x); /* not later: it may hold room on the disk */
    x->filled = 0;
}

static void
finish(struct sp_exchange *x)
{
    bool had_body = x->buffer != NULL;
    if (!had_body)
        admit(x);
    if (x->res.status != 0)
        return;
    if (x->route->receiver == NULL) {
        x->req.body = x->buffer;
        x->req.body_size = x->filled;
        x->route->handle(x->rules->router->api, &x->req, &x->res);
        return;
    }
    take_piece(x);
    if (x->upload != NULL)
        x->route->receiver->end(x->upload, &x->req, &x->res);
    end_upload(x);
}

void
sp_exchange_work(struct sp_exchange *x, struct sp_db *db)
{
    x->req.db = db;
    switch (x->stage) {
    case ASKED:
        break;
    case ADMITTING:
        admit(x);
        break;
    case RECEIVING:
        take_piece(x);
        break;
    case FINISHING:
        finish(x);
        break;
    }
    x->req.db = NULL;
}

#include "backend/sandbox/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/sandbox/http_request.h"
#include "backend/sandbox/peer.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

enum { SLOW_MAX_MS = 3600000, LOG_SIZE = 300 };

struct visit {
    const struct sp_box_http *server;
    const struct sp_box_guest *guest;
    struct sp_box_peer *peer;
};

/* Answering. */

static const char *
reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } table[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 411, "Length Required" },
        { 413, "Request Entity Too Large" },
        { 415, "Unsupported" },
        { 416, "Range Not Satisfiable" },
        { 429, "Too Many Requests" },
        { 500, "Error" },
        { 503, "Service Unavailable" },
        { 507, "Insufficient Storage" },
    };
    for (size_t i = 0; i < SP_LEN(table); i++)
        if (table[i].status == status)
            return table[i].words;
    return "Answer";
}

/* "Mon, 23 Nov 2026 12:00:00 GMT", whatever the locale. */
static void
add_date(struct sp_str *out, int64_t now_ms)
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm = { 0 };
    (void)gmtime_r(&now, &tm);
    sp_str_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
add_request_id(struct sp_str *out)
{
    unsigned char r[16];
    sp_random_bytes(r, sizeof(r));
    sp_str_addf(out, "request-id: %02x%02x%02x%02x-%02x%02x-4%x%02x-a%x%02x-%02x%02x%02x%02x%02x%02x\r\n", r[0], r[1],
                r[2], r[3], r[4], r[5], r[6] & 15U, r[7], r[8] & 15U, r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

static bool
send_answer(struct visit *v, const struct sp_box_request *request, const struct sp_box_answer *answer, bool keep)
{
    struct sp_str head = { 0 };
    bool without_body = strcmp(request->method, "HEAD") == 0;
    sp_str_addf(&head, "HTTP/1.1 %d %s\r\n", answer->status, reason(answer->status));
    add_date(&head, sp_box_now_ms(v->server->scenarios, v->server->where));
    add_request_id(&head);
    if (answer->body.len > 0)
        sp_str_addf(&head, "Content-Type: %s\r\n", answer->type != NULL ? answer->type : "application/json");
    if (answer->status != 204)
        sp_str_addf(&head, "Content-Length: %zu\r\n", answer->body.len);
    sp_str_addf(&head, "%s%s\r\n", sp_str_text(&answer->headers), keep ? "" : "Connection: close\r\n");
    bool said =
        !head.failed && sp_box_peer_say(v->peer, sp_str_text(&head), head.len) &&
        (without_body || answer->body.len == 0 || sp_box_peer_say(v->peer, answer->body.text, answer->body.len));
    sp_str_free(&head);
    return said && sp_box_peer_flush(v->peer);
}

static void
log_answer(const struct visit *v, const struct sp_box_request *request, const struct sp_box_answer *answer)
{
    char path[LOG_SIZE], body[LOG_SIZE];
    sp_info(v->server->log, "%s %u: %s %s: %d %s", v->server->name, v->guest->number, request->method,
            sp_log_clean(path, sizeof(path), request->path), answer->status,
            answer->status >= 400 ? sp_log_clean(body, sizeof(body), sp_str_text(&answer->body)) : "");
}

/* Scenarios. */

static bool
plays_at(const struct visit *v, enum sp_box_trick trick, enum sp_box_stage stage, struct sp_box_scenario *ret)
{
    return sp_box_plays_at(v->server->scenarios, v->server->where, trick, stage, ret);
}

/* Whether the conversation goes on at this stage. */
static bool
reach(struct visit *v, enum sp_box_stage stage)
{
    static const char garbage[] = "\x01\x02 \xff\xfe this is not HTTP\r\n";
    if (plays_at(v, SP_BOX_DROP, stage, NULL)) {
        sp_info(v->server->log, "%s %u: hangs up, as the scenario wants", v->server->name, v->guest->number);
        return false;
    }
    if (plays_at(v, SP_BOX_HANG, stage, NULL)) {
        sp_info(v->server->log, "%s %u: hangs, as the scenario wants", v->server->name, v->guest->number);
        sp_box_peer_hang(v->peer);
        return false;
    }
    if (plays_at(v, SP_BOX_GARBAGE, stage, NULL)) {
        (void)sp_box_peer_say(v->peer, garbage, sizeof(garbage) - 1);
        (void)sp_box_peer_flush(v->peer);
        return false;
    }
    return true;
}

static SSL_CTX *
choose_certificate(const struct sp_box_http *server)
{
    struct sp_box_scenario scenario;
    if (!sp_box_plays(server->scenarios, server->where, SP_BOX_CERTIFICATE, &scenario))
        return server->tls[SP_BOX_GOOD];
    if (strcmp(scenario.text, "expired") == 0)
        return server->tls[SP_BOX_EXPIRED];
    return server->tls[strcmp(scenario.text, "name") == 0 ? SP_BOX_OTHER_NAME : SP_BOX_UNTRUSTED];
}

/* false: the sandbox stops. */
static bool
take_time(struct visit *v)
{
    struct sp_box_scenario slow;
    if (!sp_box_plays(v->server->scenarios, v->server->where, SP_BOX_SLOW, &slow))
        return true;
    return sp_box_peer_sleep(v->peer, slow.number < SLOW_MAX_MS ? (int)slow.number : SLOW_MAX_MS);
}

/* "REPLY" is the status and, behind a space, the body. */
static bool
scripted(const struct visit *v, struct sp_box_answer *answer)
{
    struct sp_box_scenario said;
    if (!plays_at(v, SP_BOX_REPLY, SP_BOX_REQUEST, &said))
        return false;
    answer->status = (int)strtol(said.text, NULL, 10);
    sp_str_add(&answer->body, said.text[3] == ' ' ? said.text + 4 : "");
    return true;
}

/* Serving. */

/* Reads the body and has the request answered; false: the client is gone, or is to be hung up on. */
static bool
work(struct visit *v, struct sp_box_request *request, struct sp_box_answer *answer)
{
    const struct sp_box_http *server = v->server;
    enum sp_box_read got = sp_box_request_body(v->peer, server->dirfd, server->body_max, request);
    if (got == SP_BOX_READ_GONE || !take_time(v) || !reach(v, SP_BOX_REQUEST))
        return false;
    if (got != SP_BOX_READ) {
        answer->status = got == SP_BOX_READ_NO_ROOM ? 507 : 400;
        request->keep = false;
    } else if (request->too_large) {
        server->fns->too_large(server->context, answer);
    } else if (!scripted(v, answer)) {
        server->fns->handle(server->context, request, v->guest, answer);
    }
    return !answer->lost;
}

/* One that is refused before its body is read: the body is read all the same, so that the connection can go on. */
static bool
refuse(struct visit *v, struct sp_box_request *request)
{
    enum sp_box_read got = sp_box_request_body(v->peer, v->server->dirfd, v->server->body_max, request);
    request->keep = request->keep && got == SP_BOX_READ;
    return got != SP_BOX_READ_GONE;
}

static bool
serve_request(struct visit *v, struct sp_box_request *request)
{
    const struct sp_box_service_fns *fns = v->server->fns;
    struct sp_box_answer answer = { 0 };
    bool entered = fns->enter == NULL || fns->enter(v->server->context, request, &answer);
    bool answered = entered ? work(v, request, &answer) : refuse(v, request);
    if (entered && fns->leave != NULL)
        fns->leave(v->server->context, request);
    if (answered) {
        log_answer(v, request, &answer);
        answered = send_answer(v, request, &answer, request->keep);
    }
    sp_str_free(&answer.headers);
    sp_str_free(&answer.body);
    return answered && request->keep;
}

/* false: there is no further request on this connection. */
static bool
serve_next(struct visit *v)
{
    struct sp_box_request request;
    enum sp_box_read got = sp_box_request_read(v->peer, &request);
    bool more = false;
    request.tls = sp_box_peer_tls_version(v->peer);
    request.cipher = sp_box_peer_cipher(v->peer);
    switch (got) {
    case SP_BOX_READ:
        more = serve_request(v, &request);
        break;
    case SP_BOX_READ_GONE:
        break;
    case SP_BOX_READ_MALFORMED:
    case SP_BOX_READ_TOO_LONG:
    case SP_BOX_READ_NO_ROOM: {
        const struct sp_box_answer answer = { .status = got == SP_BOX_READ_TOO_LONG ? 431 : 400 };
        log_answer(v, &request, &answer);
        (void)send_answer(v, &request, &answer, false);
        break;
    }
    }
    sp_box_request_free(&request);
    return more;
}

void
sp_box_http_serve(void *http, const struct sp_box_guest *guest)
{
    struct visit v = { .server = http, .guest = guest, .peer = sp_box_peer_new(guest->fd, guest->stop_fd) };
    if (v.peer == NULL)
        return;
    sp_box_stats_gauge(v.server->stats, v.server->open, true);
    bool secure =
        reach(&v, SP_BOX_BANNER) && reach(&v, SP_BOX_TLS) && sp_box_peer_starttls(v.peer, choose_certificate(v.server));
    while (secure && serve_next(&v))
        continue;
    sp_box_stats_gauge(v.server->stats, v.server->open, false);
    sp_box_peer_free(&v.peer, secure);
}

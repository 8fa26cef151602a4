/* DATA (RFC 5321 section 4.1.1.4) and BDAT (RFC 3030): the message goes to the store as it comes, 64 KiB at a time at
 * most; then the verdict, and only what is safe on disk is accepted. */
#include "backend/sandbox/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/sandbox/budget.h"
#include "backend/sandbox/seats.h"
#include "backend/sandbox/stats.h"
#include "backend/sandbox/store.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"

/* Receiving. */

/* Opens the message; when the disk does not let us, it is read all the same, and refused at its end. */
static void
receive_begin(struct sp_box_session *s)
{
    struct sp_err err = { 0 };
    s->received = 0;
    s->receiving_since = sp_mono_ms(&sp_clock_system);
    if (sp_box_message_begin(s->server->store, &s->message, &err) != SP_OK)
        sp_error(s->server->log, "%s", err.text);
}

/* More of it. What is beyond the limit is counted, and not stored. */
static void
receive(struct sp_box_session *s, const char *bytes, size_t size)
{
    struct sp_err err = { 0 };
    s->received += size;
    if (s->received > SP_BOX_SIZE_LIMIT)
        sp_box_message_free(&s->message);
    if (s->message != NULL && sp_box_message_add(s->message, bytes, size, &err) != SP_OK) {
        sp_error(s->server->log, "%s", err.text);
        sp_box_message_free(&s->message);
    }
}

/* The verdict. */

/* The address in a From header: what stands in the last angle brackets, or all of it. */
static void
bare_address(char *from)
{
    char *open = strrchr(from, '<'), *close = open != NULL ? strchr(open, '>') : NULL;
    if (close != NULL) {
        *close = '\0';
        memmove(from, open + 1, strlen(open + 1) + 1);
    }
}

static bool
may_send_as(const struct sp_box_session *s, const char *address)
{
    const struct sp_box_list *others = &s->server->options->send_as;
    bool may = sp_address_equal(address, s->user);
    for (size_t i = 0; !may && i < others->n; i++)
        may = sp_address_equal(address, others->items[i]);
    return may;
}

/* Both the envelope's sender and From must be the mailbox, or one it has Send As for. */
static bool
sender_allowed(const struct sp_box_session *s)
{
    if (s->server->where != SP_BOX_SUBMISSION)
        return true;
    SP_AUTO_FREE char *from = sp_box_message_header(s->message, "From");
    if (from == NULL)
        return false;
    bare_address(from);
    return may_send_as(s, s->sender) && may_send_as(s, from);
}

/* The recipients of the day are counted here, so this comes last. */
static const char *
over_day(const struct sp_box_session *s)
{
    if (s->server->where != SP_BOX_SUBMISSION ||
        sp_box_budget_recipients(s->server->budget, s->n_rcpts, sp_mono_ms(&sp_clock_system)))
        return NULL;
    sp_box_stats_add(s->server->stats, SP_BOX_SUBMISSION_OVER_DAY, 1);
    return "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to "
           "a permanent exception with message The sender's submission quota was exceeded. {at}";
}

/* What the real thing would say against this message; NULL: nothing. */
static const char *
objection(const struct sp_box_session *s, bool bare_lf)
{
    if (s->received > SP_BOX_SIZE_LIMIT)
        return "552 5.3.4 Message size exceeds fixed maximum message size {at}";
    if (s->message == NULL)
        return "452 4.3.1 Insufficient system resources {at}";
    if (bare_lf)
        return "550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds, which cannot be sent via "
               "DATA {at}";
    if (sp_box_seats_over(s->server->seats, s->guest->number)) {
        sp_box_stats_add(s->server->stats, SP_BOX_SUBMISSION_OVER_SEATS, 1);
        return "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more "
               "information. {at}";
    }
    if (!sender_allowed(s))
        return "554 5.2.252 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to "
               "process message due to a permanent exception with message Cannot submit message. {at}";
    return over_day(s);
}

static void
say_accepted(struct sp_box_session *s)
{
    struct sp_str words = { 0 };
    SP_AUTO_FREE char *id = sp_box_message_header(s->message, "Message-ID");
    const char *shown = id != NULL && *id != '\0' ? id : "<none@sandbox>";
    int64_t ms = sp_mono_ms(&sp_clock_system) - s->receiving_since;
    double seconds = (double)(ms > 0 ? ms : 1) / 1000;
    if (s->server->where == SP_BOX_MX)
        sp_str_addf(&words,
                    "250 2.6.0 %.200s [InternalId=%u, Hostname=%s] %llu bytes in %.3f, %.3f KB/sec Queued mail for "
                    "delivery -> 250 2.1.5",
                    shown, s->guest->number, s->server->inner_host, (unsigned long long)s->received, seconds,
                    (double)s->received / 1024 / seconds);
    else
        sp_str_addf(&words, "250 2.0.0 OK %.200s [Hostname=%s]", shown, s->server->inner_host);
    sp_box_say(s, sp_str_text(&words), NULL);
    sp_str_free(&words);
}

static bool
keep(struct sp_box_session *s, const char *transfer, unsigned *ret_number)
{
    const struct sp_box_envelope envelope = {
        .method = s->where == SP_BOX_RELAY ? "relay" : s->server->method,
        .mail_from = s->sender,
        .rcpts = (const char *const *)s->rcpts,
        .n_rcpts = s->n_rcpts,
        .helo = s->helo,
        .tls = sp_box_peer_tls_version(s->peer),
        .cipher = sp_box_peer_cipher(s->peer),
        .peer = s->guest->ip,
        .auth_user = s->user,
        .mechanism = s->mechanism,
        .transfer = transfer,
        .body = s->body,
        .connection = s->guest->number,
    };
    struct sp_err err = { 0 };
    if (sp_box_message_keep(s->message, &envelope, ret_number, &err) == SP_OK)
        return true;
    sp_error(s->server->log, "%s", err.text);
    return false;
}

static void
count(const struct sp_box_session *s)
{
    struct sp_box_stats *stats = s->server->stats;
    if (s->server->where == SP_BOX_SUBMISSION) {
        sp_box_stats_add(stats, SP_BOX_SUBMISSION_RECIPIENTS, s->n_rcpts);
        sp_box_stats_add(stats, SP_BOX_SUBMISSION_MESSAGES, 1);
    } else {
        sp_box_stats_add(stats, s->where == SP_BOX_RELAY ? SP_BOX_RELAY_MESSAGES : SP_BOX_MX_MESSAGES, 1);
    }
}

static void
accept_message(struct sp_box_session *s, const char *transfer)
{
    unsigned number = 0;
    if (!keep(s, transfer, &number)) {
        sp_box_say(s, "452 4.3.1 Insufficient system resources {at}", NULL);
        return;
    }
    s->reserved = false; /* it is used up */
    count(s);
    sp_info(s->server->log, "%s %u: message %u, %llu bytes from <%s> for %zu", s->server->method, s->guest->number,
            number, (unsigned long long)s->received, s->sender, s->n_rcpts);
    if (sp_box_loses_answer(s->server->scenarios, s->where))
        sp_box_drop(s, "the answer is lost");
    else
        say_accepted(s);
}

/* The message is whole: says what becomes of it. */
static void
conclude(struct sp_box_session *s, const char *transfer, bool bare_lf)
{
    if (sp_box_may(s, SP_BOX_MESSAGE, NULL)) {
        const char *words = objection(s, bare_lf);
        if (words != NULL)
            sp_box_say(s, words, NULL);
        else
            accept_message(s, transfer);
    }
    sp_box_reset(s);
}

/* DATA. */

struct lines {
    enum { START, DOT, DOT_CR, INSIDE, ENDED } state;
    bool cr;      /* the last byte inside was one */
    bool bare_lf; /* a line ended by LF alone: nothing that is sent by DATA may have one */
};

/* Goes to the end of the line, or of what is here. Only CRLF starts a line: what ends in a bare LF and goes on with a
 * dot could smuggle a second message in. */
static size_t
inside(struct lines *lines, const char *bytes, size_t size)
{
    const char *lf = memchr(bytes, '\n', size);
    if (lf == NULL) {
        lines->cr = bytes[size - 1] == '\r';
        return size;
    }
    bool crlf = lf > bytes ? lf[-1] == '\r' : lines->cr;
    lines->state = crlf ? START : INSIDE;
    lines->bare_lf = lines->bare_lf || !crlf;
    lines->cr = false;
    return (size_t)(lf - bytes) + 1;
}

/* Takes the bytes apart and receives them without the stuffed dots. Returns how many were used: all of them, or up to
 * the end of the message. */
static size_t
unstuff(struct sp_box_session *s, struct lines *lines, const char *bytes, size_t size)
{
    size_t at = 0, run = 0; /* [run, at): to be received */
    while (at < size && lines->state != ENDED) {
        switch (lines->state) {
        case START:
            lines->state = INSIDE;
            if (bytes[at] == '.') {
                receive(s, bytes + run, at - run);
                run = ++at;
                lines->state = DOT;
            }
            break;
        case DOT:
            lines->state = INSIDE;
            if (bytes[at] == '\r') {
                run = ++at;
                lines->state = DOT_CR;
            }
            break;
        case DOT_CR:
            lines->state = INSIDE;
            if (bytes[at] == '\n') {
                run = ++at;
                lines->state = ENDED;
            } else {
                receive(s, "\r", 1);
            }
            break;
        case INSIDE:
            at += inside(lines, bytes + at, size - at);
            break;
        case ENDED:
            break;
        }
    }
    receive(s, bytes + run, at - run);
    return at;
}

/* false: the client is gone, or a scenario ended it. */
static bool
read_data(struct sp_box_session *s, struct lines *lines)
{
    bool first = true;
    while (lines->state != ENDED) {
        const char *bytes;
        size_t size;
        if (!sp_box_peer_view(s->peer, &bytes, &size)) {
            s->ended = true;
            return false;
        }
        if (first && !sp_box_enter(s, SP_BOX_BODY))
            return false;
        first = false;
        sp_box_peer_take(s->peer, unstuff(s, lines, bytes, size));
    }
    return true;
}

void
sp_box_data(struct sp_box_session *s, const char *arguments)
{
    struct lines lines = { .state = START };
    if (*arguments != '\0')
        sp_box_say_mistake(s, "501 5.5.4 Invalid arguments {at}");
    else if (s->message != NULL || strcmp(s->body, "BINARYMIME") == 0)
        sp_box_say_mistake(s, "503 5.5.2 BINARYMIME and BDAT do not go with DATA {at}");
    else if (s->n_rcpts == 0)
        sp_box_say_mistake(s, s->has_sender ? "503 5.5.2 Need rcpt command {at}" : "503 5.5.2 Need mail command {at}");
    else if (sp_box_may(s, SP_BOX_DATA, NULL)) {
        sp_box_say(s, "354 Start mail input; end with <CRLF>.<CRLF>", NULL);
        receive_begin(s);
        if (read_data(s, &lines))
            conclude(s, "DATA", lines.bare_lf);
        else
            sp_box_reset(s);
    }
}

/* BDAT. */

static bool
bdat_parse(const char *arguments, uint64_t *ret_size, bool *ret_last)
{
    char *end = NULL;
    if (*arguments < '0' || *arguments > '9')
        return false;
    *ret_size = strtoull(arguments, &end, 10);
    *ret_last = strcasecmp(end, " LAST") == 0;
    return *ret_size <= UINT32_MAX && (*ret_last || *end == '\0');
}

/* Reads a chunk; it is forgotten unless `wanted`. Its octets follow the command whatever we think of it. */
static bool
read_chunk(struct sp_box_session *s, uint64_t size, bool wanted)
{
    bool first = s->received == 0;
    while (size > 0) {
        const char *bytes;
        size_t here;
        if (!sp_box_peer_view(s->peer, &bytes, &here)) {
            s->ended = true;
            return false;
        }
        if (wanted && first && !sp_box_enter(s, SP_BOX_BODY))
            return false;
        first = false;
        if (here > size)
            here = (size_t)size;
        if (wanted)
            receive(s, bytes, here);
        sp_box_peer_take(s->peer, here);
        size -= here;
    }
    return true;
}

static void
chunk_done(struct sp_box_session *s, uint64_t size, bool last)
{
    struct sp_str words = { 0 };
    if (last) {
        conclude(s, "BDAT", false);
        return;
    }
    sp_str_addf(&words, "250 2.6.0 CHUNK received OK, %llu octets", (unsigned long long)size);
    sp_box_say(s, sp_str_text(&words), NULL);
    sp_str_free(&words);
}

void
sp_box_bdat(struct sp_box_session *s, const char *arguments)
{
    uint64_t size = 0;
    bool last = false, begun = s->message != NULL || s->received > 0;
    if (!bdat_parse(arguments, &size, &last)) {
        sp_box_say(s, "501 5.5.4 Invalid arguments {at}", NULL);
        sp_box_drop(s, "a BDAT whose size we do not understand cannot be skipped");
        return;
    }
    if (s->n_rcpts == 0) {
        if (read_chunk(s, size, false))
            sp_box_say_mistake(s, "503 5.5.2 Need rcpt command {at}");
        return;
    }
    if (!begun && !sp_box_may(s, SP_BOX_DATA, NULL)) {
        if (!s->ended)
            (void)read_chunk(s, size, false);
        sp_box_reset(s);
        return;
    }
    if (!begun)
        receive_begin(s);
    if (read_chunk(s, size, true))
        chunk_done(s, size, last);
    else
        sp_box_reset(s);
}

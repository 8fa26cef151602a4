/* transaction.c - one message: MAIL, RCPT each, and DATA or BDAT (RFC 5321 section 3.3, 2920, 3030).
 *
 * A transaction is a row of steps. Some are asked before the ones in front of them are answered:
 *
 *   no PIPELINING          each waits for the answer to the one before
 *   PIPELINING             MAIL RCPT... DATA  |  body and dot
 *   and CHUNKING           MAIL RCPT...       |  BDAT with the body
 *   and a small message    MAIL RCPT... BDAT with the body           a single turn-around
 *
 * may_ask() decides that, ask() says what a step says, answer() understands what comes back. Answers come in the order
 * of the questions, and each is read, whatever became of the ones before. */
#include <inttypes.h>
#include <string.h>

#include "backend/net/transcript.h"
#include "backend/smtp/body.h"
#include "backend/smtp/session.h"
#include "backend/smtp/session_inside.h"
#include "base/address.h"
#include "base/str.h"
#include "base/text.h"

/* How many commands may wait for an answer: few enough that the answers fit the buffers between us. */
enum { WINDOW = 64 };

enum step { STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_BODY };

struct transaction {
    struct sp_smtp *smtp;
    const char *mail_from;
    struct sp_smtp_recipient *recipients;
    size_t n;
    const struct sp_smtp_body *body; /* NULL: a probe, which ends after RCPT */
    uint64_t size;                   /* of the form that is sent */
    bool pipelining, chunking, binary, utf8;
    bool one_flight; /* the body goes with the commands */
    bool loaded;     /* and is in memory already */

    size_t asked, answered, total;
    size_t accepted; /* recipients */
    bool mail_refused, go_ahead /* 354 */;
    bool handed_over; /* the last octet is gone */
    bool unfinished;  /* the body was begun and not ended: no further message here */
    bool refused;     /* refusal tells what ended it */
    struct sp_smtp_outcome refusal;
};

static enum step
step_of(const struct transaction *t, size_t number)
{
    if (number == 0)
        return STEP_MAIL;
    if (number <= t->n)
        return STEP_RCPT;
    return !t->chunking && number == t->n + 1 ? STEP_DATA : STEP_BODY;
}

static bool
may_ask(const struct transaction *t)
{
    size_t waiting = t->asked - t->answered;
    if (t->asked == t->total || waiting >= (t->pipelining ? WINDOW : 1))
        return false;
    switch (step_of(t, t->asked)) {
    case STEP_MAIL:
        return true;
    case STEP_RCPT:
        return !t->mail_refused;
    case STEP_DATA:
        return waiting > 0 ? !t->mail_refused : t->accepted > 0;
    case STEP_BODY:
        if (t->chunking)
            return waiting > 0 ? t->one_flight && !t->mail_refused : t->accepted > 0;
        return waiting == 0 && t->go_ahead;
    }
    return false;
}

static void
say_mail(struct transaction *t)
{
    struct sp_str line = { 0 };
    sp_str_addf(&line, "MAIL FROM:<%s>", t->mail_from);
    if (t->body != NULL && t->smtp->facts.size)
        sp_str_addf(&line, " SIZE=%" PRIu64, t->size);
    if (t->binary)
        sp_str_add(&line, " BODY=BINARYMIME");
    if (t->utf8)
        sp_str_add(&line, " SMTPUTF8");
    sp_smtp_say(t->smtp, "%s", sp_str_text(&line));
    sp_str_free(&line);
}

/* The message cannot be read: with half of it said, the only honest end is to hang up. */
static bool
body_unreadable(struct transaction *t, const struct sp_err *err, struct sp_smtp_outcome *outcome)
{
    t->smtp->alive = false;
    sp_smtp_enter(t->smtp, SP_STAGE_MESSAGE);
    return sp_smtp_fail(t->smtp, outcome, SP_TROUBLE_LOCAL, "%s", err->text);
}

static bool
ask_body(struct transaction *t, struct sp_smtp_outcome *outcome)
{
    struct sp_err err = { 0 };
    enum sp_body_end end = SP_BODY_CUT;
    if (!t->chunking && t->accepted == 0) {
        /* DATA went along with recipients who were all refused, and got its 354 (RFC 2920 section 3.1). */
        sp_smtp_say(t->smtp, ".");
        return true;
    }
    if (t->asked == t->answered)
        sp_smtp_enter(t->smtp, SP_STAGE_MESSAGE);
    if (t->loaded)
        end = sp_body_send_loaded(t->smtp, t->body, t->size, &err);
    else if (t->chunking)
        end = sp_body_send_chunk(t->smtp, t->body, t->binary, t->asked > t->answered, &err);
    else
        end = sp_body_send_dotted(t->smtp, t->body, &err);
    if (end == SP_BODY_SENT)
        sp_transcript_us(t->smtp->transcript, "(%" PRIu64 " octets of message)", t->size);
    else
        sp_transcript_us(t->smtp->transcript, "(a part of the message, broken off)");
    t->handed_over = end == SP_BODY_SENT;
    t->unfinished = end != SP_BODY_SENT;
    return end != SP_BODY_OURS || body_unreadable(t, &err, outcome);
}

/* What a step says. false: it is over, and outcome tells why. */
static bool
ask(struct transaction *t, struct sp_smtp_outcome *outcome)
{
    size_t number = t->asked;
    switch (step_of(t, number)) {
    case STEP_MAIL:
        say_mail(t);
        break;
    case STEP_RCPT:
        sp_smtp_say(t->smtp, "RCPT TO:<%s>", t->recipients[number - 1].address);
        break;
    case STEP_DATA:
        sp_smtp_say(t->smtp, "DATA");
        break;
    case STEP_BODY:
        if (!ask_body(t, outcome))
            return false;
        break;
    }
    t->asked++;
    return true;
}

static enum sp_stage
stage_of(enum step step)
{
    switch (step) {
    case STEP_MAIL:
        return SP_STAGE_MAIL;
    case STEP_RCPT:
        return SP_STAGE_RCPT;
    case STEP_DATA:
        return SP_STAGE_DATA;
    case STEP_BODY:
        return SP_STAGE_MESSAGE;
    }
    return SP_STAGE_NONE;
}

/* The first refusal is the one that is told; what is refused after it only follows from it. */
static void
note_refusal(struct transaction *t, const struct sp_reply *reply)
{
    if (t->refused)
        return;
    t->refused = true;
    sp_smtp_refused(t->smtp, &t->refusal, reply);
}

static void
note_recipient(struct transaction *t, size_t number, const struct sp_reply *reply)
{
    struct sp_smtp_recipient *recipient = &t->recipients[number - 1];
    if (t->mail_refused)
        return; /* "503 need MAIL first" says nothing about the recipient */
    recipient->reply = *reply;
    recipient->accepted = sp_reply_positive(reply);
    if (recipient->accepted)
        t->accepted++;
    if (number == t->n && t->accepted == 0)
        note_refusal(t, &t->recipients[0].reply);
}

/* Does the reply fit the step at all? 2xx or a refusal; 354 for DATA. */
static bool
sensible(enum step step, const struct sp_reply *reply)
{
    bool good = step == STEP_DATA ? reply->code == 354 : sp_reply_positive(reply);
    return good || sp_reply_negative(reply);
}

/* What a reply means. false: the conversation is over, and outcome tells why. */
static bool
answer(struct transaction *t, struct sp_smtp_outcome *outcome)
{
    size_t number = t->answered++;
    enum step step = step_of(t, number);
    struct sp_reply reply;
    sp_smtp_enter(t->smtp, stage_of(step));
    if (!sp_smtp_hear(t->smtp, &reply, outcome))
        return false;
    if (!sensible(step, &reply) || (step == STEP_BODY && t->unfinished && sp_reply_positive(&reply)))
        return sp_smtp_senseless(t->smtp, outcome, &reply);
    switch (step) {
    case STEP_MAIL:
        t->mail_refused = sp_reply_negative(&reply);
        break;
    case STEP_RCPT:
        note_recipient(t, number, &reply);
        outcome->reply = reply; /* a probe that goes well ends with it */
        break;
    case STEP_DATA:
        t->go_ahead = reply.code == 354;
        break;
    case STEP_BODY:
        *outcome = (struct sp_smtp_outcome){ .stage = SP_STAGE_MESSAGE, .reply = reply, .alive = t->smtp->alive };
        break;
    }
    if (step != STEP_RCPT && sp_reply_negative(&reply))
        note_refusal(t, &reply);
    if (reply.code == 421) /* it leaves, and answers nothing more */
        return sp_smtp_refused(t->smtp, outcome, &reply);
    return true;
}

static bool
converse(struct transaction *t, struct sp_smtp_outcome *outcome)
{
    for (;;) {
        while (may_ask(t))
            if (!ask(t, outcome))
                return false;
        if (t->answered == t->asked)
            return true;
        if (!answer(t, outcome))
            return false;
    }
}

/* Leaves a clean slate for the next message. */
static void
reset(struct sp_smtp *smtp)
{
    struct sp_smtp_outcome ignored;
    struct sp_reply reply;
    if (!smtp->alive)
        return;
    sp_smtp_say(smtp, "RSET");
    if (!sp_smtp_hear(smtp, &reply, &ignored) || !sp_reply_positive(&reply))
        smtp->alive = false;
}

/* What is told of a transaction that did not go well: a refusal that decided it, even when the connection was lost
 * afterwards; else whatever broke it, and whether the message may have arrived all the same. */
static bool
conclude(struct transaction *t, bool finished, struct sp_smtp_outcome *outcome)
{
    if (t->unfinished)
        t->smtp->alive = false;
    if (finished && !t->refused) {
        outcome->alive = t->smtp->alive;
        return true;
    }
    if (t->refused)
        *outcome = t->refusal;
    else
        outcome->maybe_sent = t->handed_over && outcome->trouble != SP_TROUBLE_REPLY;
    reset(t->smtp);
    outcome->alive = t->smtp->alive;
    return false;
}

static bool
ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* Nothing but addresses gets between the angle brackets, whatever callers checked before. */
static bool
check_addresses(struct transaction *t, struct sp_smtp_outcome *outcome)
{
    if (*t->mail_from != '\0' && !sp_address_valid(t->mail_from))
        return sp_smtp_fail(t->smtp, outcome, SP_TROUBLE_LOCAL, "the sender is not an address");
    t->utf8 = !ascii(t->mail_from);
    for (size_t i = 0; i < t->n; i++) {
        t->recipients[i].accepted = false;
        sp_reply_begin(&t->recipients[i].reply);
        if (!sp_address_valid(t->recipients[i].address))
            return sp_smtp_fail(t->smtp, outcome, SP_TROUBLE_LOCAL, "a recipient is not an address");
        t->utf8 = t->utf8 || !ascii(t->recipients[i].address);
    }
    if (t->n == 0)
        return sp_smtp_fail(t->smtp, outcome, SP_TROUBLE_LOCAL, "there is no recipient");
    if (t->utf8 && !t->smtp->facts.smtputf8)
        return sp_smtp_fail(t->smtp, outcome, SP_TROUBLE_LOCAL,
                            "addresses beyond ASCII are not taken there (SMTPUTF8)");
    return true;
}

static bool
prepare_body(struct transaction *t, struct sp_smtp_outcome *outcome)
{
    const struct sp_smtp_facts *facts = &t->smtp->facts;
    t->chunking = facts->chunking;
    t->binary = t->smtp->binarymime && facts->binarymime && facts->chunking && t->body->binary_size > 0;
    t->size = t->binary ? t->body->binary_size : t->body->size;
    t->total += t->chunking ? 1 : 2;
    if (facts->max_size > 0 && t->size > facts->max_size)
        return sp_smtp_fail(t->smtp, outcome, SP_TROUBLE_TOO_LARGE,
                            "the message has %" PRIu64 " bytes, and no more than %" PRIu64 " are taken", t->size,
                            facts->max_size);
    t->one_flight = t->chunking && t->pipelining && t->size <= SP_SMTP_FLIGHT_MAX;
    t->loaded = t->one_flight && t->size <= SP_SMTP_BLOCK_SIZE;
    struct sp_err err = { 0 };
    if (t->loaded && sp_body_load(t->smtp, t->body, t->binary, &err) != SP_OK)
        return sp_smtp_fail(t->smtp, outcome, SP_TROUBLE_LOCAL, "%s", err.text);
    return true;
}

static bool
run(struct transaction *t, struct sp_smtp_outcome *outcome)
{
    struct sp_smtp *smtp = t->smtp;
    sp_smtp_enter(smtp, SP_STAGE_MAIL);
    t->pipelining = smtp->pipelining && smtp->facts.pipelining;
    t->total = 1 + t->n;
    if (!check_addresses(t, outcome) || (t->body != NULL && !prepare_body(t, outcome)))
        return false;
    *outcome = (struct sp_smtp_outcome){ .stage = SP_STAGE_RCPT };
    return conclude(t, converse(t, outcome), outcome);
}

bool
sp_smtp_deliver(struct sp_smtp *smtp, const char *mail_from, struct sp_smtp_recipient *recipients, size_t n,
                const struct sp_smtp_body *body, struct sp_smtp_outcome *outcome)
{
    struct transaction t = { .smtp = smtp, .mail_from = mail_from, .recipients = recipients, .n = n, .body = body };
    return run(&t, outcome);
}

bool
sp_smtp_probe(struct sp_smtp *smtp, const char *mail_from, struct sp_smtp_recipient *recipients, size_t n,
              struct sp_smtp_outcome *outcome)
{
    struct transaction t = { .smtp = smtp, .mail_from = mail_from, .recipients = recipients, .n = n };
    bool fine = run(&t, outcome);
    if (fine)
        reset(smtp);
    outcome->alive = smtp->alive;
    return fine;
}

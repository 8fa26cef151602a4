/* smtp_way.c - one attempt over SMTP, and the connections that are kept for the next one; see smtp_way.h.
 *
 * A kept connection may have been closed by the other side without our noticing. When that shows before the message was
 * handed over, a new one is opened and the same attempt goes on there: the scan's story does not mention it.
 *
 * The same goes for who we are: where the present password, certificate or token is refused and there is another, the
 * attempt goes on with that one, once. What works stays in use. */
#include "backend/delivery/smtp_way.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/delivery/point.h"
#include "backend/mail/compose.h"
#include "backend/net/dns.h"
#include "backend/net/tls.h"
#include "backend/net/transcript.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

enum { KEPT_MAX = 64, DNS_TIMEOUT_MS = 30 * 1000, SPARE_STEP_MS = 5000 };

/* A connection in hand. */
struct line {
    struct sp_smtp *smtp;             /* NULL: none */
    struct sp_transcript *transcript; /* of the attempt under way */
    char host[256];
    int proof;  /* enum sp_way_proof */
    bool spare; /* opened ahead, and nothing was sent on it yet */
};

struct kept {
    struct line line;
    int64_t since; /* monotonic */
};

struct sp_smtp_way {
    const struct sp_smtp_way_kind *kind;
    const struct sp_method_settings *settings;
    const struct sp_tenant_settings *tenant;
    struct sp_way_env env;
    void *own;                     /* the kind's */
    struct sp_tls *tls[SP_PROOFS]; /* with the client certificate, where there is one */
    struct sp_secret *password[SP_PROOFS];
    bool ready[SP_PROOFS]; /* this proof can be used */
    struct sp_err unready; /* no proof can; or the kind is not ready */
    pthread_mutex_t lock;  /* for what follows */
    int proof;             /* the one in use: what worked last */
    struct kept kept[KEPT_MAX];
    size_t n_kept, n_delivering;
};

const struct sp_method_settings *
sp_smtp_way_settings(const struct sp_smtp_way *way)
{
    return way->settings;
}

const struct sp_tenant_settings *
sp_smtp_way_tenant(const struct sp_smtp_way *way)
{
    return way->tenant;
}

const struct sp_way_env *
sp_smtp_way_env(const struct sp_smtp_way *way)
{
    return &way->env;
}

const struct sp_smtp_way_kind *
sp_smtp_way_kind(const struct sp_smtp_way *way)
{
    return way->kind;
}

void *
sp_smtp_way_own(const struct sp_smtp_way *way)
{
    return way->own;
}

bool
sp_way_fail(struct sp_smtp_outcome *outcome, enum sp_stage stage, enum sp_trouble trouble, const char *format, ...)
{
    va_list args;
    *outcome = (struct sp_smtp_outcome){ .stage = stage, .trouble = trouble };
    va_start(args, format);
    (void)sp_text_vformat(outcome->words, sizeof outcome->words, format, args);
    va_end(args);
    return false;
}

/* --- making ready --- */

static bool
signs_in_by_password(const struct sp_smtp_way *way)
{
    return way->kind->sign_in != NULL && way->settings->auth == SP_AUTH_PASSWORD;
}

static bool
has_next(const struct sp_smtp_way *way)
{
    const struct sp_method_settings *s = way->settings;
    return s->next_client_certificate[0] != '\0' || (signs_in_by_password(way) && s->next_password_file[0] != '\0');
}

/* A successor of one thing goes with the other thing as it is. */
static enum sp_rc
make_proof(struct sp_smtp_way *way, enum sp_way_proof which, struct sp_err *err)
{
    const struct sp_method_settings *s = way->settings;
    bool next_certificate = which == SP_PROOF_NEXT && s->next_client_certificate[0] != '\0';
    bool next_password = which == SP_PROOF_NEXT && s->next_password_file[0] != '\0';
    enum sp_rc rc = sp_tls_new(s->ca_file, next_certificate ? s->next_client_certificate : s->client_certificate,
                               next_certificate ? s->next_client_key : s->client_key, &way->tls[which], err);
    if (rc == SP_OK && signs_in_by_password(way))
        rc = sp_secret_from_file(next_password ? s->next_password_file : s->password_file, &way->password[which], err);
    return rc;
}

/* A proof whose files cannot be read is told in the log, and by every attempt when there is no other. */
static void
make_proofs(struct sp_smtp_way *way)
{
    struct sp_err err[SP_PROOFS] = { 0 };
    for (int which = SP_PROOF_NOW; which < SP_PROOFS; which++) {
        if (which == SP_PROOF_NEXT && !has_next(way))
            break;
        way->ready[which] = make_proof(way, (enum sp_way_proof)which, &err[which]) == SP_OK;
        if (!way->ready[which])
            sp_warn(way->env.log, "method %s: %s", way->settings->name, err[which].text);
    }
    if (!way->ready[SP_PROOF_NOW] && way->ready[SP_PROOF_NEXT])
        way->proof = SP_PROOF_NEXT;
    else if (!way->ready[SP_PROOF_NOW])
        way->unready = err[SP_PROOF_NOW];
}

enum sp_rc
sp_smtp_way_open(const struct sp_smtp_way_kind *kind, const struct sp_method_settings *settings,
                 const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    struct sp_smtp_way *way = calloc(1, sizeof *way);
    if (way == NULL)
        return sp_fail(err, SP_E_NOMEM, "method %s: out of memory", settings->name);
    way->kind = kind;
    way->settings = settings;
    way->env = *env;
    way->tenant = sp_settings_tenant(env->settings, settings->tenant);
    pthread_mutex_init(&way->lock, NULL);
    make_proofs(way);
    if (kind->make != NULL && kind->make(way, &way->own, err) != SP_OK) {
        sp_smtp_way_close(way);
        return err->rc;
    }
    *ret = way;
    return SP_OK;
}

void
sp_smtp_way_close(void *context)
{
    struct sp_smtp_way *way = context;
    for (size_t i = 0; i < way->n_kept; i++)
        sp_smtp_close(&way->kept[i].line.smtp);
    if (way->own != NULL)
        way->kind->unmake(way->own);
    for (int which = SP_PROOF_NOW; which < SP_PROOFS; which++) {
        sp_tls_free(&way->tls[which]);
        sp_secret_free(&way->password[which]);
    }
    pthread_mutex_destroy(&way->lock);
    free(way);
}

/* --- who we are --- */

static int
present_proof(struct sp_smtp_way *way)
{
    pthread_mutex_lock(&way->lock);
    int proof = way->proof;
    pthread_mutex_unlock(&way->lock);
    return proof;
}

/* After a refusal of `refused`: the other one from now on, if there is one. */
static bool
turn_to_other(struct sp_smtp_way *way, int refused)
{
    int other = refused == SP_PROOF_NOW ? SP_PROOF_NEXT : SP_PROOF_NOW;
    if (!way->ready[other])
        return false;
    pthread_mutex_lock(&way->lock);
    way->proof = other;
    pthread_mutex_unlock(&way->lock);
    sp_notice(way->env.log, "method %s: the %s password or certificate was refused, trying the %s one",
              way->settings->name, refused == SP_PROOF_NOW ? "present" : "next",
              other == SP_PROOF_NOW ? "present" : "next");
    return true;
}

/* --- kept connections --- */

static bool
take_newest(struct sp_smtp_way *way, struct line *ret)
{
    struct sp_transcript *transcript = ret->transcript;
    pthread_mutex_lock(&way->lock);
    bool there = way->n_kept > 0;
    if (there)
        *ret = way->kept[--way->n_kept].line;
    ret->transcript = transcript;
    pthread_mutex_unlock(&way->lock);
    return there;
}

/* One that still lives; false: there is none. */
static bool
take_kept(struct sp_smtp_way *way, struct line *ret)
{
    while (take_newest(way, ret)) {
        if (sp_smtp_idle_ok(ret->smtp)) {
            sp_smtp_transcribe(ret->smtp, ret->transcript);
            sp_transcript_note(ret->transcript, "a connection %s, to %s, %s",
                               ret->spare ? "made ready ahead" : "kept since the last message", ret->host,
                               sp_smtp_facts(ret->smtp)->ip);
            ret->spare = false;
            return true;
        }
        sp_smtp_close(&ret->smtp);
    }
    return false;
}

static void
keep(struct sp_smtp_way *way, const struct line *line)
{
    struct sp_smtp *left_over = line->smtp;
    pthread_mutex_lock(&way->lock);
    if (way->n_kept < KEPT_MAX) {
        way->kept[way->n_kept] = (struct kept){ .line = *line, .since = sp_mono_ms(way->env.clock) };
        way->kept[way->n_kept++].line.transcript = NULL;
        left_over = NULL;
    }
    pthread_mutex_unlock(&way->lock);
    sp_smtp_close(&left_over);
}

/* Takes out the oldest one that was idle for too long; the others tell when to come again. While a message is under way
 * the last one stays: the next scan may come any moment. */
static struct sp_smtp *
take_stale(struct sp_smtp_way *way, int64_t *ret_next)
{
    struct sp_smtp *stale = NULL;
    int64_t now = sp_mono_ms(way->env.clock);
    pthread_mutex_lock(&way->lock);
    bool some = way->n_kept > (way->n_delivering > 0 ? 1U : 0U);
    *ret_next = some ? way->kept[0].since + SP_WAY_IDLE_MS : 0;
    if (some && *ret_next <= now) {
        stale = way->kept[0].line.smtp;
        memmove(way->kept, way->kept + 1, --way->n_kept * sizeof way->kept[0]);
    }
    pthread_mutex_unlock(&way->lock);
    return stale;
}

int64_t
sp_smtp_way_tidy(void *context)
{
    int64_t next = 0;
    struct sp_smtp *stale = NULL;
    while ((stale = take_stale(context, &next)) != NULL)
        sp_smtp_close(&stale);
    return next;
}

void
sp_smtp_way_shed(void *context)
{
    struct line line = { 0 };
    while (take_newest(context, &line))
        sp_smtp_close(&line.smtp);
}

/* --- a new connection --- */

/* A seat is in use meanwhile, for which a scan may wait. */
static int64_t
spare_step(enum sp_stage stage)
{
    (void)stage;
    return SPARE_STEP_MS;
}

static bool
connect_to(struct sp_smtp_way *way, struct line *line, struct sp_smtp_outcome *outcome)
{
    struct sp_net_address addresses[SP_DNS_ADDRESSES_MAX];
    size_t n = 0;
    struct sp_err err = { 0 };
    int64_t deadline = sp_mono_ms(way->env.clock) + (line->spare ? SPARE_STEP_MS : DNS_TIMEOUT_MS);
    bool v4_only = way->kind->v4_only;
    if (sp_dns_addresses(way->env.dns, line->host, way->settings->port, v4_only, deadline, addresses, &n, &err) !=
        SP_OK)
        return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS, "%s", err.text);
    const struct sp_smtp_options options = {
        .host = line->host,
        .addresses = addresses,
        .n_addresses = n,
        .hostname = way->env.settings->gateway.hostname,
        .tls = way->tls[line->proof],
        .clock = way->env.clock,
        .log = way->env.log,
        .pipelining = way->settings->pipelining,
        .binarymime = way->settings->binarymime,
        .timeout_ms = line->spare && way->env.timeout_ms == NULL ? spare_step : way->env.timeout_ms,
        .transcript = line->transcript,
    };
    if (!sp_smtp_open(&options, &line->smtp, outcome))
        return false;
    if (!v4_only)
        sp_dns_prefer(way->env.dns, line->host, sp_smtp_facts(line->smtp)->ip);
    return true;
}

static bool
sign_in(struct sp_smtp_way *way, struct line *line, struct sp_smtp_outcome *outcome)
{
    if (way->kind->sign_in == NULL || way->kind->sign_in(way, line->smtp, way->password[line->proof], outcome))
        return true;
    outcome->alive = false; /* kept open only for what is known of the other side */
    return false;
}

/* Tries the hosts in their order; another one only when the first was not reached at all. */
static bool
connect_new(struct sp_smtp_way *way, struct line *line, struct sp_smtp_outcome *outcome)
{
    struct sp_way_hosts hosts = { 0 };
    if (way->unready.rc != SP_OK)
        return sp_way_fail(outcome, SP_STAGE_AUTH, SP_TROUBLE_LOCAL, "%s", way->unready.text);
    if (!way->kind->find(way, line->transcript, &hosts, outcome))
        return false;
    line->proof = present_proof(way);
    for (size_t i = 0; i < hosts.count; i++) {
        memcpy(line->host, hosts.name[i], sizeof line->host);
        if (connect_to(way, line, outcome))
            return sign_in(way, line, outcome);
        if (outcome->stage > SP_STAGE_CONNECT)
            return false;
    }
    if (way->kind->unreachable != NULL)
        way->kind->unreachable(way);
    return false;
}

/* --- an attempt --- */

struct source {
    struct sp_composer *composer;
    struct sp_point *point;
};

static enum sp_rc
body_begin(void *context, bool binary, struct sp_err *err)
{
    return sp_composer_begin(((struct source *)context)->composer, binary, err);
}

static enum sp_rc
body_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    return sp_composer_read(((struct source *)context)->composer, buffer, room, ret_got, err);
}

static bool
body_may_end(void *context)
{
    return sp_point_pass(((struct source *)context)->point);
}

static struct sp_smtp_recipient *
make_recipients(const struct sp_message *message)
{
    struct sp_smtp_recipient *recipients = calloc(message->n_recipients, sizeof *recipients);
    for (size_t i = 0; recipients != NULL && i < message->n_recipients; i++)
        recipients[i].address = message->recipients[i];
    return recipients;
}

static bool
deliver_on(struct sp_smtp *smtp, const struct sp_message *message, struct sp_composer *composer,
           struct sp_smtp_recipient *recipients, struct sp_smtp_outcome *outcome)
{
    struct source source = { composer, message->point };
    const struct sp_smtp_body body = {
        .context = &source,
        .size = sp_composer_size(composer, false),
        .binary_size = sp_composer_size(composer, true),
        .begin = body_begin,
        .read = body_read,
        .may_end = body_may_end,
    };
    for (size_t i = 0; i < message->n_recipients; i++) {
        recipients[i].accepted = false;
        recipients[i].reply = (struct sp_reply){ 0 };
    }
    return sp_smtp_deliver(smtp, message->mail_from, recipients, message->n_recipients, &body, outcome);
}

/* The other side had closed a kept connection before we said anything that counts. */
static bool
was_stale(const struct sp_smtp_outcome *outcome)
{
    return !outcome->alive && !outcome->maybe_sent && outcome->stage == SP_STAGE_MAIL &&
           (outcome->trouble == SP_TROUBLE_CLOSED || outcome->reply.code == 421);
}

/* Whether the attempt may go on with another proof of who we are. */
static bool
may_prove_otherwise(struct sp_smtp_way *way, const struct line *line, const struct sp_smtp_outcome *outcome)
{
    if (way->kind->not_believed == NULL || outcome->maybe_sent ||
        !way->kind->not_believed(way, outcome, sp_smtp_way_class(way, outcome)))
        return false;
    bool renewable = way->kind->renewable != NULL && way->kind->renewable(way);
    return renewable || turn_to_other(way, line->proof);
}

/* One connection and one try on it. */
static bool
try_once(struct sp_smtp_way *way, const struct sp_message *message, struct sp_composer *composer,
         struct sp_smtp_recipient *recipients, struct line *line, struct sp_smtp_outcome *outcome)
{
    if (line->smtp == NULL && !connect_new(way, line, outcome))
        return false;
    if (message->connected != NULL)
        message->connected(message->context);
    return deliver_on(line->smtp, message, composer, recipients, outcome);
}

/* Connects where needed and hands the message over. */
static bool
attempt(struct sp_smtp_way *way, const struct sp_message *message, struct sp_composer *composer,
        struct sp_smtp_recipient *recipients, struct line *line, struct sp_smtp_outcome *outcome)
{
    bool reused = take_kept(way, line), proven_otherwise = false;
    for (;;) {
        if (try_once(way, message, composer, recipients, line, outcome))
            return true;
        if (reused && was_stale(outcome))
            sp_debug(way->env.log, "job %s: the kept connection was closed, opening another", message->id);
        else if (!proven_otherwise && may_prove_otherwise(way, line, outcome))
            proven_otherwise = true;
        else
            return false;
        sp_transcript_note(line->transcript, proven_otherwise ? "again, with another proof of who we are"
                                                              : "it had been closed meanwhile: another one");
        sp_smtp_close(&line->smtp);
        reused = false;
    }
}

static void
report_no_memory(struct sp_report *report)
{
    report->diagnosis =
        (struct sp_diagnosis){ .class_ = SP_CLASS_OTHER, .scope = SP_SCOPE_LATER, .cause = "out_of_memory" };
    (void)sp_text_copy(report->diagnosis.summary, sizeof report->diagnosis.summary,
                       "scanpost has no memory left on this machine; the scan is tried again later");
}

static void
count_delivering(struct sp_smtp_way *way, bool begins)
{
    pthread_mutex_lock(&way->lock);
    if (begins)
        way->n_delivering++;
    else
        way->n_delivering--;
    pthread_mutex_unlock(&way->lock);
}

void
sp_smtp_way_deliver(void *context, const struct sp_message *message, struct sp_report *report)
{
    struct sp_smtp_way *way = context;
    struct sp_smtp_outcome outcome = { 0 };
    struct sp_composer *composer = NULL;
    struct sp_err err = { 0 };
    struct line line = { .transcript = &report->transcript };
    SP_AUTO_FREE struct sp_smtp_recipient *recipients = make_recipients(message);
    if (recipients == NULL || sp_composer_new(message->mail, &composer, &err) != SP_OK) {
        report_no_memory(report);
        return;
    }
    sp_transcript_begin(line.transcript, way->env.clock);
    count_delivering(way, true);
    report->accepted = attempt(way, message, composer, recipients, &line, &outcome);
    sp_smtp_way_report(way, recipients, &outcome, line.host, line.smtp != NULL ? sp_smtp_facts(line.smtp) : NULL,
                       report);
    if (line.transcript->len == 0) /* it ended before anything was said */
        sp_transcript_note(line.transcript, "%s", report->reply);
    if (line.smtp != NULL)
        sp_smtp_transcribe(line.smtp, NULL);
    if (line.smtp != NULL && outcome.alive)
        keep(way, &line);
    else
        sp_smtp_close(&line.smtp);
    count_delivering(way, false);
    sp_composer_free(&composer);
}

/* --- one connection ahead --- */

size_t
sp_smtp_way_kept(void *context)
{
    struct sp_smtp_way *way = context;
    pthread_mutex_lock(&way->lock);
    size_t n = way->n_kept;
    pthread_mutex_unlock(&way->lock);
    return n;
}

bool
sp_smtp_way_spare(void *context)
{
    struct sp_smtp_way *way = context;
    struct line line = { .spare = true };
    struct sp_smtp_outcome outcome = { 0 };
    if (sp_smtp_way_kept(way) > 0)
        return true;
    bool ready = connect_new(way, &line, &outcome);
    if (ready) {
        sp_smtp_time(line.smtp, way->env.timeout_ms);
        keep(way, &line);
    } else {
        sp_debug(way->env.log, "method %s: no spare connection (%s): %s", way->settings->name,
                 sp_stage_name(outcome.stage), outcome.reply.code != 0 ? outcome.reply.text : outcome.words);
        sp_smtp_close(&line.smtp);
    }
    return ready;
}

/* --- for a check --- */

bool
sp_smtp_way_credentials(struct sp_smtp_way *way, struct sp_way_credentials *ret, struct sp_smtp_outcome *outcome)
{
    if (way->unready.rc != SP_OK)
        return sp_way_fail(outcome, SP_STAGE_AUTH, SP_TROUBLE_LOCAL, "%s", way->unready.text);
    ret->which = (enum sp_way_proof)present_proof(way);
    ret->tls = way->tls[ret->which];
    ret->password = way->password[ret->which];
    return true;
}

bool
sp_smtp_way_may_try_again(struct sp_smtp_way *way, const struct sp_way_credentials *refused,
                          const struct sp_smtp_outcome *outcome)
{
    const struct line line = { .proof = (int)refused->which };
    return way->unready.rc == SP_OK && may_prove_otherwise(way, &line, outcome);
}
